package hiera

import (
	"bytes"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// The estate file, as far as hiera has something for it. Package topology says what the keys mean.
type (
	file struct {
		Version   int                  `yaml:"version"`
		Estate    string               `yaml:"estate"`
		Software  map[string]string    `yaml:"software,omitempty"`
		Brokers   map[string]*broker   `yaml:"brokers,omitempty"`
		Balancers map[string]*balancer `yaml:"balancers,omitempty"`
		Addresses map[string]string    `yaml:"addresses,omitempty"`
		Limits    map[string]int       `yaml:"limits,omitempty"`
	}
	broker struct {
		Kind        string              `yaml:"kind"`
		Nodes       []string            `yaml:"nodes,flow"`
		RAM         []string            `yaml:"ram,flow,omitempty"`
		Listen      map[string]*int     `yaml:"listen,flow,omitempty"`
		Replication string              `yaml:"replication,omitempty"`
		Mirror      *mirror             `yaml:"mirror,flow,omitempty"`
		Partitions  string              `yaml:"partitions,omitempty"`
		ClusterName string              `yaml:"cluster_name,omitempty"`
		VHosts      map[string]struct{} `yaml:"vhosts,flow,omitempty"`
		Users       map[string]*user    `yaml:"users,omitempty"`
		Permissions []permission        `yaml:"permissions,omitempty"`
		Exchanges   []exchange          `yaml:"exchanges,omitempty"`
		Queues      []queue             `yaml:"queues,omitempty"`
		Policies    []policy            `yaml:"policies,omitempty"`
		Paths       map[string]string   `yaml:"paths,flow,omitempty"`
		Plugins     []string            `yaml:"plugins,flow,omitempty"`
		Cookie      *secretRef          `yaml:"cookie,flow,omitempty"`
		Extra       map[string]any      `yaml:"extra,omitempty"`
	}
	mirror struct {
		Mode    string   `yaml:"mode"`
		Params  any      `yaml:"params,omitempty"`
		Sync    string   `yaml:"sync,omitempty"`
		Pattern string   `yaml:"pattern"`
		VHosts  []string `yaml:"vhosts,flow"`
	}
	user struct {
		Secret string   `yaml:"secret"`
		Tags   []string `yaml:"tags,flow,omitempty"`
	}
	permission struct {
		User      string `yaml:"user"`
		VHost     string `yaml:"vhost"`
		Configure string `yaml:"configure"`
		Write     string `yaml:"write"`
		Read      string `yaml:"read"`
	}
	exchange struct {
		VHost   string `yaml:"vhost"`
		Name    string `yaml:"name"`
		Type    string `yaml:"type"`
		Durable bool   `yaml:"durable"`
	}
	queue struct {
		VHost     string         `yaml:"vhost"`
		Name      string         `yaml:"name"`
		Durable   bool           `yaml:"durable"`
		Arguments map[string]any `yaml:"arguments,omitempty"`
	}
	policy struct {
		VHost      string         `yaml:"vhost"`
		Name       string         `yaml:"name"`
		Pattern    string         `yaml:"pattern"`
		ApplyTo    string         `yaml:"apply_to,omitempty"`
		Priority   int            `yaml:"priority,omitempty"`
		Definition map[string]any `yaml:"definition"`
	}
	secretRef struct {
		Secret string `yaml:"secret"`
	}
	balancer struct {
		Kind    string         `yaml:"kind"`
		Nodes   []string       `yaml:"nodes,flow"`
		To      string         `yaml:"to"`
		ToNodes []string       `yaml:"to_nodes,flow,omitempty"`
		VIP     string         `yaml:"vip,omitempty"`
		Ports   map[string]int `yaml:"ports,flow,omitempty"`
		Mode    string         `yaml:"mode,omitempty"`
		Check   *healthCheck   `yaml:"check,flow,omitempty"`
		MaxConn int            `yaml:"maxconn,omitempty"`
		Stats   *stats         `yaml:"stats,flow,omitempty"`
		VRRP    *vrrp          `yaml:"vrrp,omitempty"`
		LVS     *lvs           `yaml:"lvs,omitempty"`
	}
	healthCheck struct {
		Kind  string `yaml:"kind,omitempty"`
		Inter string `yaml:"inter,omitempty"`
		Rise  int    `yaml:"rise,omitempty"`
		Fall  int    `yaml:"fall,omitempty"`
	}
	stats struct {
		Port    int    `yaml:"port"`
		Path    string `yaml:"path,omitempty"`
		Refresh string `yaml:"refresh,omitempty"`
		User    string `yaml:"user,omitempty"`
		Secret  string `yaml:"secret"`
	}
	vrrp struct {
		ID             int            `yaml:"id,omitempty"`
		Priority       map[string]int `yaml:"priority,flow,omitempty"`
		Preempt        bool           `yaml:"preempt"`
		PreemptDelay   int            `yaml:"preempt_delay,omitempty"`
		Weight         int            `yaml:"weight,omitempty"`
		Transport      string         `yaml:"transport,omitempty"`
		Advert         int            `yaml:"advert,omitempty"`
		Secret         string         `yaml:"secret,omitempty"`
		TrackInterface []string       `yaml:"track_interface,flow,omitempty"`
	}
	lvs struct {
		Scheduler   string   `yaml:"scheduler,omitempty"`
		Weight      *int     `yaml:"weight,omitempty"`
		Persistence int      `yaml:"persistence,omitempty"`
		DelayLoop   int      `yaml:"delay_loop,omitempty"`
		Inhibit     *bool    `yaml:"inhibit_on_failure,omitempty"`
		Check       lvsCheck `yaml:"check,flow,omitempty"`
	}
	lvsCheck struct {
		Timeout int `yaml:"timeout,omitempty"`
		Retry   int `yaml:"retry,omitempty"`
		Delay   int `yaml:"delay,omitempty"`
	}
)

// render writes the file.
func (f *file) render() ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("# Made by mco generate import. Every password is a secret of the name that stands here.\n")
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(f); err != nil {
		return nil, fmt.Errorf("write the estate: %w", err)
	}
	return b.Bytes(), e.Close()
}
