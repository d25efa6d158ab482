package rabbitmq

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/target"
)

// conf writes rabbitmq.conf.
func (w *writer) conf() {
	path := folder + "rabbitmq.conf"
	settings := w.settings()
	dialect := DialectOf(w.group.Version)
	content, err := dialect.Encode(target.Remark, settings)
	if err != nil {
		w.refuse("topology.type", path, "%v", err)
	}
	w.add(target.File{Kind: "rabbitmq.conf", Path: path, Content: content, Order: orderConf, Service: restart(), Check: func(content []byte) error {
		return compareSettings(dialect, content, settings)
	}})
}

func compareSettings(d Dialect, content []byte, want []Setting) error {
	got, err := d.Parse(content)
	if err != nil {
		return err
	}
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			return fmt.Errorf("%s is missing", want[i].Key)
		case i >= len(want):
			return fmt.Errorf("%s should not be there", got[i].Key)
		case got[i] != want[i]:
			return fmt.Errorf("%s has another value than %s should have", got[i].Key, want[i].Key)
		}
	}
	return nil
}

// settings lists what rabbitmq.conf says, in the order of the file. What the topology adds of its own replaces what is derived.
func (w *writer) settings() []Setting {
	g, m := w.group, w.member
	var all []Setting
	add := func(key, value string) {
		if _, extra := g.Extra[key]; !extra && value != "" {
			all = append(all, Setting{key, value})
		}
	}
	listeners := func(key string, port int, wildcard bool) {
		for i, l := range listenOn(m, port, wildcard) {
			add(fmt.Sprintf("%s.%d", key, i+1), l)
		}
	}
	if g.Listen.AMQP == 0 {
		add("listeners.tcp", "none")
	}
	listeners("listeners.tcp", g.Listen.AMQP, m.Wildcard)
	add("loopback_users.guest", "true")
	if g.Heartbeat > 0 {
		add("heartbeat", strconv.Itoa(g.Heartbeat))
	}
	if !asked(g.Extra, "vm_memory_high_watermark.") {
		switch {
		case m.Watermark.Relative > 0:
			add("vm_memory_high_watermark.relative", strconv.FormatFloat(m.Watermark.Relative, 'f', -1, 64))
		case m.Watermark.Absolute > 0:
			add("vm_memory_high_watermark.absolute", strconv.FormatInt(m.Watermark.Absolute, 10))
		}
	}
	if m.DiskLimit > 0 && !asked(g.Extra, "disk_free_limit.") {
		add("disk_free_limit.absolute", megabytes(m.DiskLimit))
	}
	if g.Version.AtLeast(3, 8) { // before, it is a global parameter alone
		add("cluster_name", g.ClusterName)
	}
	if g.Version.Below(4, 3) {
		add("cluster_partition_handling", g.Partitions)
	}
	for _, s := range w.clusterSettings() {
		add(s.Key, s.Value)
	}
	if g.Stomp {
		listeners("stomp.listeners.tcp", g.Listen.STOMP, m.Wildcard || !m.StompBound)
	}
	if g.Management && g.Listen.Management != 0 {
		prefix := "management.tcp."
		if g.Version.Below(3, 7, 9) {
			prefix = "management.listener."
		}
		add(prefix+"port", strconv.Itoa(g.Listen.Management))
		if !m.Wildcard && m.Address().IsValid() {
			add(prefix+"ip", m.Address().String())
		}
	}
	if key := w.loadDefinitions(); key != "" {
		add(key, folder+"definitions.json")
	}
	extras := make([]Setting, 0, len(g.Extra))
	for key, value := range g.Extra {
		extras = append(extras, Setting{key, value})
	}
	slices.SortFunc(extras, func(a, b Setting) int { return cmp.Compare(a.Key, b.Key) })
	w.checkExtra(extras)
	return append(all, extras...)
}

// clusterSettings lists how members find one another, and where the leader of a new queue goes.
func (w *writer) clusterSettings() []Setting {
	g := w.group
	if g.Kind != estate.Cluster {
		return nil
	}
	all := []Setting{{"cluster_formation.peer_discovery_backend", "classic_config"}}
	for i, member := range g.Members {
		all = append(all, Setting{fmt.Sprintf("cluster_formation.classic_config.nodes.%d", i+1), member.NodeName})
	}
	if g.Version.AtLeast(3, 9, 9) { // those before do not start with a key that they do not know
		all = append(all, Setting{"cluster_formation.target_cluster_size_hint", strconv.Itoa(len(g.Members))})
	}
	if w.member.RAM {
		all = append(all, Setting{"cluster_formation.node_type", "ram"})
	}
	if leaderLocator(g) {
		return append(all, Setting{"queue_leader_locator", "balanced"})
	}
	return append(all, Setting{"queue_master_locator", "min-masters"})
}

// asked tells whether the topology names a key that begins so.
func asked(extra map[string]string, prefix string) bool {
	for key := range extra {
		if strings.HasPrefix(key, prefix) {
			return true
		}
	}
	return false
}

// leaderLocator tells which of the two words places leaders: the new one exists from 3.10, the old one, which alone places mirrored
// queues, ends with 3.13.
func leaderLocator(g *estate.BrokerGroup) bool {
	return g.Version.AtLeast(4, 0) || g.Version.AtLeast(3, 10) && g.Replication == estate.Quorum
}

// loadDefinitions is the key that names the definitions: the server's own from 3.8.2, the management plugin's before; none where that
// is not there, and then somebody must import them.
func (w *writer) loadDefinitions() string {
	switch {
	case w.group.Version.AtLeast(3, 8, 2):
		return "load_definitions"
	case w.group.Management:
		return "management.load_definitions"
	}
	return ""
}

// removed are keys that make a node of these versions fail, or that it no longer knows.
func removed() []struct {
	prefix string
	from   [2]int
	todo   string
} {
	return []struct {
		prefix string
		from   [2]int
		todo   string
	}{
		{"classic_queue.default_version", [2]int{4, 0}, "leave it out: there is one version of classic queues"},
		{"cluster_formation.randomized_startup_delay_range.", [2]int{4, 0}, "leave it out"},
		{"queue_master_locator", [2]int{4, 0}, "use queue_leader_locator"},
		{"mirroring_", [2]int{4, 0}, "leave it out: mirrored queues are gone"},
		{"cluster_partition_handling", [2]int{4, 3}, "leave it out: Khepri needs no such choice"},
		{"mnesia_table_loading_retry_", [2]int{4, 3}, "leave it out: Mnesia is gone"},
		{"cluster_formation.node_type", [2]int{4, 3}, "leave it out: every node is a disc node"},
	}
}

// checkExtra refuses what the topology adds and the version no longer takes.
func (w *writer) checkExtra(extras []Setting) {
	for _, s := range extras {
		for _, r := range removed() {
			if strings.HasPrefix(s.Key, r.prefix) && w.group.Version.AtLeast(r.from[0], r.from[1]) {
				w.refuse("feature.removed", folder+"rabbitmq.conf", "%s is gone from RabbitMQ %d.%d; %s", s.Key, r.from[0], r.from[1], r.todo)
			}
		}
	}
}

// listenOn lists what a protocol listens on: the bare port for every address, else each address with the port behind a colon, IPv6 too
// without brackets.
func listenOn(m *estate.BrokerMember, port int, wildcard bool) []string {
	if port == 0 {
		return nil
	}
	if wildcard {
		return []string{strconv.Itoa(port)}
	}
	var all []string
	for _, a := range m.Addresses() {
		all = append(all, a.String()+":"+strconv.Itoa(port))
	}
	return all
}

// megabytes writes a size in MB, which RabbitMQ counts as 1,000,000 bytes, where it is a whole number of them.
func megabytes(n int64) string {
	if n%1_000_000 != 0 {
		return strconv.FormatInt(n, 10)
	}
	return strconv.FormatInt(n/1_000_000, 10) + "MB"
}
