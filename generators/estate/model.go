package estate

import (
	"net/netip"
	"time"

	"github.com/mco-go/mco-go/generators/facts"
	"github.com/mco-go/mco-go/generators/secret"
	"github.com/mco-go/mco-go/generators/version"
)

// Estate is the whole set-up, resolved: every name is a pointer, every "auto" a value, every address known, every rule held. The
// writers of files read it and decide nothing that two files must agree on. All slices have a fixed order.
type Estate struct {
	Name        string
	Nodes       []*Node // sorted by name
	Brokers     []*BrokerGroup
	Balancers   []*Balancer
	Collectives []*Collective
	Clients     []*ClientProfile
	Links       []*Link
	OpenStack   *OpenStack // nil: none
	Origins     []Origin   // where values came from, by key; for explain
}

// Origin tells where one value of the estate came from.
type Origin struct {
	Key   string // as brokers.main.memory, or node bhz76 rabbitmq.conf vm_memory_high_watermark
	Value string // never a secret
	From  string // topology file:line, fact NAME of NODE, rule NAME, default
}

// Node is a machine of the estate and all that it is there for.
type Node struct {
	Name     string // as the topology spells it
	Facts    *facts.Node
	Software Software
	// What the node is. Each may be nil or empty.
	Broker    *BrokerMember
	Balancers []*BalancerMember
	Servers   []*Collective // collectives whose server.cfg it has
	Clients   []*Collective // collectives whose client.cfg it has
}

// Software is what a node's programs are, as far as it matters to their files; unknown ones count as the newest.
type Software struct {
	RabbitMQ, HAProxy, Keepalived, MCollective, Corosync, Pacemaker, DRBD version.Version
	AIO                                                                   bool // MCollective from Puppet's all-in-one packages
}

// Kind of a broker group.
type Kind string

// The kinds of broker groups.
const (
	Standalone    Kind = "standalone"
	StandaloneSet Kind = "standalone-set"
	Cluster       Kind = "cluster"
	ActivePassive Kind = "active-passive"
)

// BrokerGroup is one or more RabbitMQ nodes that hold the same users, vhosts and, in a cluster, queues.
type BrokerGroup struct {
	Name        string
	Kind        Kind
	Members     []*BrokerMember // in the topology's order: the first seeds a cluster
	ClusterName string
	Classic     bool // format rabbitmq.config instead of rabbitmq.conf
	Version     version.Version
	Listen      Listen
	LongNames   bool
	Partitions  string // cluster_partition_handling; empty: left out
	Replication Replication
	VHosts      []VHost
	Users       []User
	Permissions []Permission
	Exchanges   []Exchange
	Policies    []Policy
	Queues      []Queue
	Data, Log   string            // paths; empty: the package's
	VIP         netip.Prefix      // active-passive; zero: none
	Stonith     *bool             // active-passive
	Storage     *Storage          // active-passive; may be nil
	Cookie      secret.Value      // not Set: none is written
	ClusterKey  secret.Value      // active-passive: Corosync's authkey, from authkey: {secret: NAME}; not Set: no encryption
	Extra       map[string]string // further keys of rabbitmq.conf
	Heartbeat   int               // seconds, AMQP
	StompHeart  int               // largest STOMP heart-beat of its clients, seconds; 0: none
	ReplyExch   bool              // some collective asks for mcollective_reply
	Stomp       bool              // STOMP is listened for
	Management  bool
	DefaultType string   // default queue type: quorum, or empty
	Extensions  []string // further plugins asked for
}

// Listen holds ports; 0: not listened for.
type Listen struct{ AMQP, STOMP, Management, Dist int }

// Replication of queues.
type Replication string

// The kinds of replication.
const (
	NotReplicated Replication = "none"
	Mirrored      Replication = "mirrored"
	Quorum        Replication = "quorum"
)

// BrokerMember is one RabbitMQ node of a group.
type BrokerMember struct {
	Node      *Node
	Group     *BrokerGroup
	RAM       bool
	Interface string
	IPv4      netip.Prefix // zero: none
	IPv6      netip.Prefix // zero: none
	NodeName  string       // rabbit@bhz76
	Watermark Watermark
	DiskLimit int64 // bytes; 0: the topology's Extra says it
	// Wildcard: AMQP, STOMP and management take every address, since packets arrive for a VIP that the node may hold (direct routing,
	// active-passive). Else AMQP and management take Addresses alone.
	Wildcard bool
	// StompBound: STOMP takes Addresses alone too, because a balancer on the node has the VIP's port. Else it takes every address.
	StompBound bool
}

// Address is the one that others connect to: IPv4 unless there is only IPv6.
func (m *BrokerMember) Address() netip.Addr {
	if m.IPv4.IsValid() {
		return m.IPv4.Addr()
	}
	return m.IPv6.Addr()
}

// Addresses lists the member's addresses, IPv4 first.
func (m *BrokerMember) Addresses() []netip.Addr {
	var all []netip.Addr
	for _, p := range []netip.Prefix{m.IPv4, m.IPv6} {
		if p.IsValid() {
			all = append(all, p.Addr())
		}
	}
	return all
}

// Watermark of memory: relative to what there is, or, if that is 0, absolute in bytes.
type Watermark struct {
	Relative float64
	Absolute int64
}

// VHost is a virtual host.
type VHost struct {
	Name             string
	DefaultQueueType string // empty: classic
}

// User is a user of the broker.
type User struct {
	Name   string
	Secret secret.Value
	Tags   []string
}

// Permission is what a user may do in a vhost: three Erlang regular expressions.
type Permission struct{ User, VHost, Configure, Write, Read string }

// Exchange that must be there.
type Exchange struct {
	VHost, Name, Type string
	Durable           bool
}

// Queue that must be there, as far as the topology declares one.
type Queue struct {
	VHost, Name string
	Durable     bool
	Arguments   map[string]any
}

// Policy of a vhost. Definition holds strings, integers, booleans and lists of strings.
type Policy struct {
	VHost, Name, Pattern, ApplyTo string
	Priority                      int
	Definition                    map[string]any
}

// Storage under an active-passive group.
type Storage struct {
	Resource    string
	Minor, Port int
	Disk        string
	FS, Options string
	Secret      secret.Value // may be not Set
}

// BalancerKind tells how a balancer works.
type BalancerKind string

// The kinds of balancers.
const (
	HAProxy BalancerKind = "haproxy"
	LVSDR   BalancerKind = "lvs-dr"
)

// Mode of a balancer.
type Mode string

// The modes of a balancer.
const (
	RoundRobin   Mode = "roundrobin"
	LeastConn    Mode = "leastconn"
	Source       Mode = "source"
	ActiveBackup Mode = "active-backup"
)

// Balancer spreads connections over a broker group.
type Balancer struct {
	Name    string
	Kind    BalancerKind
	Members []*BalancerMember
	To      []*BrokerMember
	Group   *BrokerGroup
	VIP     netip.Prefix // zero: none
	Ports   []BalancedPort
	Mode    Mode
	Check   Check
	Stats   *Stats        // nil: none
	MaxConn int           // asked for; 0: D4
	Timeout time.Duration // of client and server
	VRRP    *VRRP         // nil without a VIP
	LVS     LVS
	// BindVIP: listeners take the VIP alone, because a broker on the node has the same port.
	BindVIP bool
}

// BalancedPort is a port that is balanced.
type BalancedPort struct {
	Name    string // amqp, stomp, management, or a name of the topology's
	Port    int    // on the balancer
	Backend int    // on the broker
}

// BalancerMember is a machine that balances.
type BalancerMember struct {
	Node      *Node
	Balancer  *Balancer
	Interface string       // that holds the VIP, else the primary
	Address   netip.Prefix // its own, of the VIP's family
	MAC       string       // of Interface, lower case; for LVS
	Priority  int          // VRRP
	State     string       // VRRP: MASTER or BACKUP
	MaxConn   int
}

// Check of a balanced server.
type Check struct {
	Kind       string // tcp, amqp, stomp, http
	Inter      time.Duration
	Rise, Fall int
}

// Stats page of HAProxy.
type Stats struct {
	Port    int
	Path    string
	Refresh time.Duration
	User    string
	Secret  secret.Value
}

// VRRP is how members agree on who holds the VIP.
type VRRP struct {
	ID           int // virtual_router_id
	Preempt      bool
	PreemptDelay int
	Unicast      bool
	Advert       int
	Version      int // 2 or 3
	Weight       int // of the tracked script; 0: none
	Secret       secret.Value
	Track        []string // interfaces
}

// LVS is how a director forwards.
type LVS struct {
	Scheduler           string
	Weight, Persistence int // Persistence in seconds; 0: none
	DelayLoop           int
	Inhibit             bool
	Timeout, Retry      int
	Delay               int
	Marks               int // offset of the firewall marks
}

// Collective is a fleet of nodes and those who ask it.
type Collective struct {
	Name    string
	VHost   string
	User    User
	PSK     secret.Value
	Servers []*Node
	Clients []*Node
	Groups  []*BrokerGroup // whose exchanges it needs
	Balance *Balancer      // nil: the nodes connect to the brokers
	Pool    Pool
	// ClientEndpoints is the order of client.cfg: fixed, but first comes the broker that most servers start on.
	ClientEndpoints []Endpoint
	TLS             *TLS
	Server          map[string]string // further keys of server.cfg
	Client          map[string]string // further keys of client.cfg
}

// Pool is how nodes and clients use the brokers.
type Pool struct {
	Order          string // fixed, rotate, nearest
	Heartbeat      int    // seconds
	ReplyExchange  bool
	ServerSettings map[string]string // plugin.<connector>.* of both files, without the prefix
	Endpoints      []Endpoint        // in the topology's order; a node's own order is EndpointsOf's
}

// Endpoint is where a node connects to.
type Endpoint struct {
	Host string // address
	Port int
	Node *Node // that has the address; nil: it is a VIP
}

// TLS files of a collective's connections.
type TLS struct{ CA, Cert, Key, Ciphers string }

// ClientProfile is an application's way to the brokers.
type ClientProfile struct {
	Name      string
	VHost     string
	Endpoints []Endpoint // AMQP
	User      User       // may be not Set
}

// Link joins two broker groups by federation or shovels.
type Link struct {
	Kind      string // federation, shovel
	A, B      *BrokerGroup
	Both      bool // both directions, else from A to B
	VHost     string
	Exchanges string // pattern; empty: Queues
	Queues    string
	MaxHops   int
	User      User
	Static    bool // a shovel in the configuration file instead of a parameter
}

// OpenStack is what services of OpenStack need to know.
type OpenStack struct {
	Group           *BrokerGroup
	Endpoints       []Endpoint
	VHost           string
	User            User
	Release         string
	Durable         bool
	ConnPool        int
	ResponseTimeout int
	ThreadPool      int
	Nodes           []*Node // that get the fragment, from openstack.nodes; default: the members of Group
}
