package topology

// File is a whole topology, includes and all. Maps keep no order: what depends on one is a list in the file too.
type File struct {
	Place
	Version     Int                    `key:"version,required"`
	Include     Value                  `key:"include"` // done by then
	Estate      Text                   `key:"estate,required"`
	Software    Software               `key:"software"`
	Secrets     *Secrets               `key:"secrets"`
	Brokers     map[string]*Broker     `key:"brokers"`
	Balancers   map[string]*Balancer   `key:"balancers"`
	Collectives map[string]*Collective `key:"collectives"`
	OpenStack   *OpenStack             `key:"openstack"`
	Storage     map[string]*Storage    `key:"storage"`
	Links       []*Link                `key:"links"`
	Addresses   map[string]Many        `key:"addresses"`
	Clients     map[string]*Client     `key:"clients"`
	Limits      Limits                 `key:"limits"`
}

// Software is which versions the estate has, whatever facts say.
type Software struct {
	Place
	RabbitMQ    Word `key:"rabbitmq"`
	HAProxy     Word `key:"haproxy"`
	Keepalived  Word `key:"keepalived"`
	MCollective Word `key:"mcollective"`
	Corosync    Word `key:"corosync"`
	Pacemaker   Word `key:"pacemaker"`
	DRBD        Word `key:"drbd"`
	OpenStack   Word `key:"openstack"`
}

// Secrets tells where secrets are kept.
type Secrets struct {
	Place
	File        Text `key:"file"`
	Directory   Text `key:"directory"`
	Environment Bool `key:"environment"`
}

// Limits of the machines that no fact tells.
type Limits struct {
	Place
	NoFile Int `key:"nofile"`
}

// Broker is a group of RabbitMQ nodes.
type Broker struct {
	Place
	Kind        Text               `key:"kind,required"`
	Nodes       []Text             `key:"nodes,required"`
	RAM         []Text             `key:"ram"`
	Interface   Text               `key:"interface"`
	Family      Word               `key:"family"`
	Listen      Listen             `key:"listen"`
	Replication Text               `key:"replication"`
	Mirror      *Mirror            `key:"mirror"`
	Partitions  Text               `key:"partitions"`
	VHosts      map[string]*VHost  `key:"vhosts"`
	Users       map[string]*User   `key:"users"`
	Permissions []*Permission      `key:"permissions"`
	Exchanges   []*Exchange        `key:"exchanges"`
	Queues      []*Queue           `key:"queues"`
	Policies    []*Policy          `key:"policies"`
	Paths       Paths              `key:"paths"`
	Format      Text               `key:"format"`
	ClusterName Text               `key:"cluster_name"`
	NodeName    NodeName           `key:"node_name"`
	VIP         Text               `key:"vip"`
	Stonith     Bool               `key:"stonith"`
	Cookie      SecretRef          `key:"cookie"`
	AuthKey     SecretRef          `key:"authkey"`
	Extra       map[string]Setting `key:"extra"`
	Plugins     []Text             `key:"plugins"`
}

// Listen holds ports; null turns one off.
type Listen struct {
	Place
	AMQP       Int `key:"amqp"`
	STOMP      Int `key:"stomp"`
	Management Int `key:"management"`
	Dist       Int `key:"dist"`
}

// Mirror is how queues are mirrored.
type Mirror struct {
	Place
	Mode    Text   `key:"mode"`
	Params  Value  `key:"params"`
	Sync    Text   `key:"sync"`
	Pattern Text   `key:"pattern"`
	VHosts  []Text `key:"vhosts"`
}

// VHost is a virtual host.
type VHost struct {
	Place
	DefaultQueueType Text `key:"default_queue_type"`
}

// User is a user of a broker group.
type User struct {
	Place
	Secret SecretRef `key:"secret,required"`
	Tags   []Text    `key:"tags"`
}

// Permission is what a user may do in a virtual host.
type Permission struct {
	Place
	User      Text `key:"user,required"`
	VHost     Text `key:"vhost,required"`
	Configure Text `key:"configure"`
	Write     Text `key:"write"`
	Read      Text `key:"read"`
}

// Exchange is one to be declared.
type Exchange struct {
	Place
	VHost   Text `key:"vhost"`
	Name    Text `key:"name,required"`
	Type    Text `key:"type,required"`
	Durable Bool `key:"durable"`
}

// Queue is one to be declared.
type Queue struct {
	Place
	VHost     Text             `key:"vhost"`
	Name      Text             `key:"name,required"`
	Durable   Bool             `key:"durable"`
	Arguments map[string]Value `key:"arguments"`
}

// Policy is one to be set.
type Policy struct {
	Place
	VHost      Text             `key:"vhost"`
	Name       Text             `key:"name,required"`
	Pattern    Text             `key:"pattern,required"`
	ApplyTo    Text             `key:"apply_to"`
	Priority   Int              `key:"priority"`
	Definition map[string]Value `key:"definition,required"`
}

// Paths of a broker's data and logs.
type Paths struct {
	Place
	Data Text `key:"data"`
	Log  Text `key:"log"`
}

// Balancer stands in front of a broker group.
type Balancer struct {
	Place
	Kind    Text           `key:"kind,required"`
	Nodes   []Text         `key:"nodes,required"`
	To      Text           `key:"to,required"`
	ToNodes []Text         `key:"to_nodes"`
	VIP     Many           `key:"vip"`
	Ports   map[string]Int `key:"ports"`
	Mode    Text           `key:"mode"`
	Check   Check          `key:"check"`
	MaxConn Int            `key:"maxconn"`
	Stats   *Stats         `key:"stats"`
	VRRP    *VRRP          `key:"vrrp"`
	LVS     *LVS           `key:"lvs"`
}

// Check of a broker by a balancer.
type Check struct {
	Place
	Kind  Text     `key:"kind"`
	Inter Duration `key:"inter"`
	Rise  Int      `key:"rise"`
	Fall  Int      `key:"fall"`
}

// Stats is HAProxy's page.
type Stats struct {
	Place
	Port    Int       `key:"port"`
	Path    Text      `key:"path"`
	Refresh Duration  `key:"refresh"`
	User    Text      `key:"user"`
	Secret  SecretRef `key:"secret,required"`
}

// VRRP is how balancers share a VIP.
type VRRP struct {
	Place
	ID             Number    `key:"id"`
	Priority       Priority  `key:"priority"`
	Preempt        Bool      `key:"preempt"`
	PreemptDelay   Int       `key:"preempt_delay"`
	Weight         Int       `key:"weight"`
	Transport      Text      `key:"transport"`
	Advert         Int       `key:"advert"`
	Version        Int       `key:"version"`
	Secret         SecretRef `key:"secret"`
	TrackInterface Many      `key:"track_interface"`
}

// LVS is how a director forwards.
type LVS struct {
	Place
	Scheduler   Text     `key:"scheduler"`
	Weight      Int      `key:"weight"`
	Persistence Int      `key:"persistence"`
	DelayLoop   Int      `key:"delay_loop"`
	Inhibit     Bool     `key:"inhibit_on_failure"`
	Marks       Int      `key:"marks"`
	Check       LVSCheck `key:"check"`
}

// LVSCheck is a director's check of a broker.
type LVSCheck struct {
	Place
	Timeout Int `key:"timeout"`
	Retry   Int `key:"retry"`
	Delay   Int `key:"delay"`
}

// Collective is a fleet of MCollective nodes.
type Collective struct {
	Place
	Servers        Servers            `key:"servers"`
	Clients        []Text             `key:"clients"`
	Via            Many               `key:"via,required"`
	VHost          Text               `key:"vhost"`
	Pool           Pool               `key:"pool"`
	PSK            SecretRef          `key:"psk,required"`
	User           CollectiveUser     `key:"user,required"`
	ExtraUsers     map[string]*User   `key:"extra_users"`
	ServerSettings map[string]Setting `key:"server_settings"`
	ClientSettings map[string]Setting `key:"client_settings"`
	SSL            *SSL               `key:"ssl"`
}

// CollectiveUser is who a collective's nodes log in as.
type CollectiveUser struct {
	Place
	Name   Text      `key:"name,required"`
	Secret SecretRef `key:"secret,required"`
}

// Pool is how a collective's nodes use the brokers.
type Pool struct {
	Place
	Order                 Text `key:"order"`
	Heartbeat             Int  `key:"heartbeat"`
	UseReplyExchange      Bool `key:"use_reply_exchange"`
	InitialReconnectDelay Word `key:"initial_reconnect_delay"`
	MaxReconnectDelay     Word `key:"max_reconnect_delay"`
	UseExponentialBackOff Bool `key:"use_exponential_back_off"`
	BackOffMultiplier     Int  `key:"back_off_multiplier"`
	MaxReconnectAttempts  Int  `key:"max_reconnect_attempts"`
	Randomize             Bool `key:"randomize"`
	Timeout               Int  `key:"timeout"`
	ConnectTimeout        Int  `key:"connect_timeout"`
	MaxHbreadFails        Int  `key:"max_hbread_fails"`
	MaxHbrlckFails        Int  `key:"max_hbrlck_fails"`
	AgentsMultiplex       Bool `key:"agents_multiplex"`
	Base64                Bool `key:"base64"`
	Backup                Bool `key:"backup"`
}

// SSL names the files of a collective's TLS.
type SSL struct {
	Place
	CA      Text `key:"ca,required"`
	Cert    Text `key:"cert,required"`
	Key     Text `key:"key,required"`
	Ciphers Text `key:"ciphers"`
}

// OpenStack is what OpenStack's services need.
type OpenStack struct {
	Place
	Via     Text      `key:"via,required"`
	User    Text      `key:"user,required"`
	Secret  SecretRef `key:"secret,required"`
	VHost   Text      `key:"vhost"`
	Release Word      `key:"release"`
	Durable Bool      `key:"durable"`
	RPC     RPC       `key:"rpc"`
	Nodes   []Text    `key:"nodes"`
}

// RPC are oslo.messaging's numbers.
type RPC struct {
	Place
	ConnPoolSize    Int `key:"conn_pool_size"`
	ResponseTimeout Int `key:"response_timeout"`
	ThreadPoolSize  Int `key:"thread_pool_size"`
}

// Storage lies under an active-passive group.
type Storage struct {
	Place
	Kind     Text      `key:"kind,required"`
	Resource Text      `key:"resource"`
	Minor    Int       `key:"minor"`
	Disk     Text      `key:"disk,required"`
	Port     Int       `key:"port"`
	FS       Text      `key:"fs"`
	Options  Text      `key:"options"`
	Secret   SecretRef `key:"secret"`
}

// Link joins two broker groups.
type Link struct {
	Place
	Kind      Text      `key:"kind,required"`
	Between   []Text    `key:"between,required"`
	Direction Text      `key:"direction"`
	VHost     Text      `key:"vhost"`
	Exchanges Text      `key:"exchanges"`
	Queues    Text      `key:"queues"`
	MaxHops   Int       `key:"max_hops"`
	User      Text      `key:"user,required"`
	Secret    SecretRef `key:"secret,required"`
	Static    Bool      `key:"static"`
}

// Client is an application's way to the brokers.
type Client struct {
	Place
	Via    Text      `key:"via,required"`
	Nodes  []Text    `key:"nodes"`
	VHost  Text      `key:"vhost"`
	User   Text      `key:"user"`
	Secret SecretRef `key:"secret"`
}
