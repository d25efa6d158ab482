package rabbitmq

import (
	"slices"
	"strings"
	"testing"

	"github.com/mco-go/mco-go/generators/erlang"
	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/secret"
	"github.com/mco-go/mco-go/generators/target"
)

func TestConfByVersion(t *testing.T) {
	rows := []struct {
		name, version string
		kind          estate.Kind
		change        func(*estate.BrokerGroup)
		has, hasNot   []string
	}{
		{"3.7 loads definitions by the management plugin", "3.7.1", estate.Cluster, nil,
			[]string{"management.load_definitions = /etc/rabbitmq/definitions.json", "management.listener.port = 15672", "queue_master_locator = min-masters"},
			[]string{"target_cluster_size_hint", "management.tcp", "cluster_name"}},
		{"3.9.8 knows no size of a cluster", "3.9.8", estate.Cluster, nil, []string{"cluster_name = cluster-a"}, []string{"target_cluster_size_hint"}},
		{"3.10 cluster", "3.10.8", estate.Cluster, nil,
			[]string{"listeners.tcp.1 = 192.0.2.1:5672", "load_definitions = /etc/rabbitmq/definitions.json", "cluster_formation.classic_config.nodes.2 = rabbit@a2",
				"cluster_formation.target_cluster_size_hint = 3", "queue_master_locator = min-masters", "cluster_partition_handling = pause_minority",
				"disk_free_limit.absolute = 8200MB", "vm_memory_high_watermark.relative = 0.4", "stomp.listeners.tcp.1 = 61613", "management.tcp.ip = 192.0.2.1"},
			[]string{"queue_leader_locator", "default_user"}},
		{"3.10 with quorum queues", "3.10.8", estate.Cluster, func(g *estate.BrokerGroup) { g.Replication = estate.Quorum },
			[]string{"queue_leader_locator = balanced"}, []string{"queue_master_locator"}},
		{"4.0", "4.0.5", estate.Cluster, nil, []string{"queue_leader_locator = balanced", "cluster_partition_handling = pause_minority"}, []string{"queue_master_locator"}},
		{"4.3", "4.3.0", estate.Cluster, nil, []string{"queue_leader_locator = balanced"}, []string{"queue_master_locator", "cluster_partition_handling"}},
		{"ram node", "3.10.8", estate.Cluster, func(g *estate.BrokerGroup) { g.Members[0].RAM = true }, []string{"cluster_formation.node_type = ram"}, nil},
		{"standalone", "3.10.8", estate.Standalone, nil, nil, []string{"cluster_formation", "cluster_partition", "locator"}},
		{"every address", "3.10.8", estate.ActivePassive, func(g *estate.BrokerGroup) { g.Members[0].Wildcard = true },
			[]string{"listeners.tcp.1 = 5672", "management.tcp.port = 15672"}, []string{"management.tcp.ip", "192.0.2.1"}},
		{"STOMP beside a balancer of STOMP", "3.10.8", estate.Standalone, func(g *estate.BrokerGroup) { g.Members[0].StompBound = true },
			[]string{"stomp.listeners.tcp.1 = 192.0.2.1:61613"}, nil},
		{"no AMQP", "3.10.8", estate.Standalone, func(g *estate.BrokerGroup) { g.Listen.AMQP = 0 }, []string{"listeners.tcp = none"}, nil},
		{"absolute watermark", "3.10.8", estate.Standalone, func(g *estate.BrokerGroup) { g.Members[0].Watermark = estate.Watermark{Absolute: 123} },
			[]string{"vm_memory_high_watermark.absolute = 123"}, []string{"relative"}},
		{"what the topology adds replaces what is derived", "3.10.8", estate.Standalone,
			func(g *estate.BrokerGroup) {
				g.Extra = map[string]string{"heartbeat": "30", "vm_memory_high_watermark.absolute": "1GB", "channel_max": "2047"}
			},
			[]string{"heartbeat = 30", "vm_memory_high_watermark.absolute = 1GB", "channel_max = 2047"}, []string{"heartbeat = 60", "relative"}},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			g := group(t, "a", r.version, r.kind, 3)
			if r.change != nil {
				r.change(g)
			}
			files := written(t, &estate.Estate{Name: "e", Brokers: []*estate.BrokerGroup{g}}, g.Members[0].Node)
			lines := strings.Split(string(files["rabbitmq.conf"].Content), "\n")
			for _, want := range r.has {
				if !slices.Contains(lines, want) {
					t.Errorf("no line %q in\n%s", want, strings.Join(lines, "\n"))
				}
			}
			for _, not := range r.hasNot {
				if slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, not) }) {
					t.Errorf("%q in\n%s", not, strings.Join(lines, "\n"))
				}
			}
		})
	}
}

func TestClassicByVersion(t *testing.T) {
	rows := []struct {
		name, version string
		change        func(*estate.BrokerGroup)
		has, hasNot   []string
	}{
		{"2.7", "2.7.1", func(g *estate.BrokerGroup) { g.Members[1].RAM = true }, []string{"{cluster_nodes, [rabbit@a1]}"},
			[]string{"heartbeat", "disk_free_limit", "partition", "listener, ["}},
		{"3.1", "3.1.5", nil, []string{"{cluster_nodes, {[rabbit@a1, rabbit@a2], disc}}", "{cluster_partition_handling, pause_minority}", "{rabbitmq_management, [\n",
			`{load_definitions, "/etc/rabbitmq/definitions.json"}`, `{"192.0.2.1", 5672}`, `{tcp_listeners, [61613]}`}, []string{"queue_master_locator"}},
		{"3.5 knows no absolute watermark", "3.5.4", func(g *estate.BrokerGroup) { g.Members[0].Watermark = estate.Watermark{Absolute: 3 << 30} },
			[]string{"{vm_memory_high_watermark, 0.37}"}, nil},
		{"3.6", "3.6.4", func(g *estate.BrokerGroup) { g.Members[0].Watermark = estate.Watermark{Absolute: 3 << 30} },
			[]string{"{vm_memory_high_watermark, {absolute, 3221225472}}", `{queue_master_locator, <<"min-masters">>}`}, nil},
		{"3.10", "3.10.8", func(g *estate.BrokerGroup) { g.Listen.Dist = 25680; g.Members[0].RAM = true },
			[]string{"{inet_dist_listen_min, 25680}", "{[rabbit@a1, rabbit@a2], ram}", `{load_definitions, "/etc/rabbitmq/definitions.json"}`}, nil},
		{"extra", "3.10.8", func(g *estate.BrokerGroup) {
			g.Extra = map[string]string{"channel_max": "100", "disk_free_limit.relative": "1.5"}
			g.Members[0].DiskLimit = 0
		}, []string{"{channel_max, 100}", "{disk_free_limit, {mem_relative, 1.5}}"}, nil},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			g := group(t, "a", r.version, estate.Cluster, 2)
			g.Classic = true
			if r.change != nil {
				r.change(g)
			}
			files := written(t, &estate.Estate{Name: "e", Brokers: []*estate.BrokerGroup{g}}, g.Members[0].Node)
			text := string(files["rabbitmq.config"].Content)
			for _, want := range r.has {
				if !strings.Contains(text, want) {
					t.Errorf("no %q in\n%s", want, text)
				}
			}
			for _, not := range r.hasNot {
				if strings.Contains(text, not) {
					t.Errorf("%q in\n%s", not, text)
				}
			}
		})
	}
}

func TestFilesOfANode(t *testing.T) {
	g := group(t, "a", "3.10.8", estate.Standalone, 1)
	e := &estate.Estate{Name: "e", Brokers: []*estate.BrokerGroup{g}}
	for _, classic := range []bool{false, true} {
		g.Classic = classic
		set, _ := Files(e, g.Members[0].Node)
		slices.SortFunc(set.Files, func(a, b target.File) int { return a.Order - b.Order })
		var kinds []string
		for _, f := range set.Files {
			kinds = append(kinds, f.Kind)
		}
		want, gone := []string{"erlang.cookie", "definitions.json", "enabled_plugins", "rabbitmq-env.conf", "rabbitmq.conf"}, "/etc/rabbitmq/rabbitmq.config"
		if classic {
			want[4], gone = "rabbitmq.config", "/etc/rabbitmq/rabbitmq.conf"
		}
		if !slices.Equal(kinds, want) || !slices.ContainsFunc(set.Gone, func(g target.Gone) bool { return g.Path == gone && !g.Foreign }) {
			t.Errorf("classic %t: %v, gone %v", classic, kinds, set.Gone)
		}
		if f := set.Files[0]; f.Mode != 0o400 || f.Owner != "rabbitmq" || string(f.Content) != "GENCOOKIEFORTESTSONLY" {
			t.Errorf("cookie: %v %s", f.Mode, f.Owner)
		}
		if f := set.Files[4]; f.Mode != 0o640 || f.Owner != "root" || f.Group != "rabbitmq" || f.Service.How != target.Restart || set.Files[1].Service.How != target.Import {
			t.Errorf("configuration: %+v", f.Service)
		}
	}
	if set, problems := Files(e, &estate.Node{Name: "x"}); len(set.Files)+len(set.Gone)+len(problems) != 0 {
		t.Error("a node that is no broker has files")
	}
}

func TestEnv(t *testing.T) {
	g := group(t, "a", "3.10.8", estate.ActivePassive, 1)
	g.LongNames, g.Listen.Dist, g.Data, g.Log = true, 25680, "/var/lib/rabbitmq", "/var/log/rabbit mq"
	files := written(t, &estate.Estate{Name: "e"}, g.Members[0].Node)
	want := target.Managed + "NODENAME='rabbit@a1'\nUSE_LONGNAME='true'\nDIST_PORT='25680'\nLOG_BASE='/var/log/rabbit mq'\nMNESIA_BASE='/var/lib/rabbitmq/mnesia'\n"
	if got := string(files["rabbitmq-env.conf"].Content); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestEnabledPlugins(t *testing.T) {
	near, far := group(t, "a", "3.10.8", estate.Standalone, 1), group(t, "b", "3.10.8", estate.Standalone, 1)
	near.Extensions = []string{"rabbitmq_prometheus"}
	far.Management = false
	e := &estate.Estate{Name: "e", Brokers: []*estate.BrokerGroup{near, far}, Links: []*estate.Link{
		{Kind: "federation", A: near, B: far, VHost: "/", Exchanges: "^x$"}, {Kind: "shovel", A: near, B: far, VHost: "/", Queues: "q"}}}
	for g, want := range map[*estate.BrokerGroup]string{
		near: "%% " + target.Remark + "\n[rabbitmq_management,rabbitmq_prometheus,rabbitmq_shovel,rabbitmq_shovel_management,rabbitmq_stomp].\n",
		far:  "%% " + target.Remark + "\n[rabbitmq_federation,rabbitmq_stomp].\n",
	} {
		if got := string(written(t, e, g.Members[0].Node)["enabled_plugins"].Content); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestStaticShovels(t *testing.T) {
	near, far := group(t, "a", "3.10.8", estate.Standalone, 1), group(t, "b", "3.10.8", estate.Cluster, 2)
	e := &estate.Estate{Name: "e", Links: []*estate.Link{
		{Kind: "shovel", A: near, B: far, VHost: "/", Queues: "^q$", Static: true, User: estate.User{Name: "u@x", Secret: secret.New("s", "p:/ä")}}}}
	files := written(t, e, near.Members[0].Node)
	text := string(files["advanced.config"].Content)
	for _, want := range []string{`'b-1'`, `"amqp://u%40x:p%3A%2F%C3%A4@192.0.2.1:5672/%2F"`, `{uris, ["amqp:///%2F"]}`, "{ack_mode, on_confirm}", "{reconnect_delay, 5}", `{'queue.declare', [{queue, <<"q">>}, durable]}`} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	if s := files["advanced.config"].Secrets; len(s) != 1 || s[0].Reveal() != "p%3A%2F%C3%A4" {
		t.Error("the secret's form in the file is not told")
	}
	near.Classic, near.Version = true, release(t, "3.3.1")
	text = string(written(t, e, near.Members[0].Node)["rabbitmq.config"].Content)
	for _, want := range []string{"{sources, [", "{brokers, [", "{rabbitmq_shovel, ["} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	if terms, err := erlang.Parse([]byte(text)); err != nil || len(terms) != 1 {
		t.Errorf("%v", err)
	}
}

// What works, and yet is not meant, is told as a warning.
func TestWarnings(t *testing.T) {
	rows := []struct {
		name   string
		change func(*estate.Estate, *estate.BrokerGroup)
		class  string
	}{
		{"definitions that nothing loads", func(_ *estate.Estate, g *estate.BrokerGroup) { g.Version, g.Management = release(t, "3.8.1"), false }, "version.unsupported"},
		{"shovels in both directions", func(e *estate.Estate, g *estate.BrokerGroup) {
			e.Links = []*estate.Link{{Kind: "shovel", A: g, B: group(t, "b", "3.10.8", estate.Standalone, 1), Both: true, Queues: "q"}}
		}, "cross.mismatch"},
		{"blank in the data's folder", func(_ *estate.Estate, g *estate.BrokerGroup) { g.Data = "/data of the node" }, "topology.type"},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			g := group(t, "a", "3.10.8", estate.Standalone, 1)
			e := &estate.Estate{Name: "e", Brokers: []*estate.BrokerGroup{g}}
			r.change(e, g)
			set, problems := Files(e, g.Members[0].Node)
			if len(problems) != 1 || !problems[0].Warning || string(problems[0].Class) != r.class || len(set.Files) != 5 {
				t.Errorf("%v, %d files", problems, len(set.Files))
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	rows := []struct {
		name   string
		change func(*estate.Estate, *estate.BrokerGroup)
		class  string
	}{
		{"short cookie", func(_ *estate.Estate, g *estate.BrokerGroup) { g.Cookie = secret.New("c", "short") }, "secret.unrepresentable"},
		{"control byte in a password", func(_ *estate.Estate, g *estate.BrokerGroup) { g.Users[0].Secret = secret.New("c", "a\x00b") }, "secret.unrepresentable"},
		{"key gone in 4.0", func(_ *estate.Estate, g *estate.BrokerGroup) {
			g.Version, g.Extra = release(t, "4.0.1"), map[string]string{"classic_queue.default_version": "1"}
		}, "feature.removed"},
		{"partition key gone in 4.3", func(_ *estate.Estate, g *estate.BrokerGroup) {
			g.Version, g.Extra = release(t, "4.3.0"), map[string]string{"cluster_partition_handling": "autoheal"}
		}, "feature.removed"},
		{"apply-to of 3.12", func(_ *estate.Estate, g *estate.BrokerGroup) { g.Policies[0].ApplyTo = "classic_queues" }, "policy.unsupported"},
		{"apply-to of nobody", func(_ *estate.Estate, g *estate.BrokerGroup) { g.Policies[0].ApplyTo = "bindings" }, "policy.invalid"},
		{"remark in the cluster's name", func(_ *estate.Estate, g *estate.BrokerGroup) { g.ClusterName = "a # b" }, "topology.type"},
		{"variable in the cluster's name", func(_ *estate.Estate, g *estate.BrokerGroup) { g.ClusterName = "$(HOME)" }, "topology.type"},
		{"quotation mark in 4.0", func(_ *estate.Estate, g *estate.BrokerGroup) { g.ClusterName, g.Version = "it's", release(t, "4.0.1") }, "topology.type"},
		{"quotation mark in a path", func(_ *estate.Estate, g *estate.BrokerGroup) { g.Data = "/a'; rm -rf x; '" }, "topology.type"},
		{"shovel of a pattern", func(e *estate.Estate, g *estate.BrokerGroup) {
			e.Links = []*estate.Link{{Kind: "shovel", A: g, B: g, Queues: "^work.*"}}
		}, "topology.type"},
		{"static shovel of a pattern", func(e *estate.Estate, g *estate.BrokerGroup) {
			e.Links = []*estate.Link{{Kind: "shovel", A: g, B: g, Queues: "a|b", Static: true}}
		}, "topology.type"},
		{"federation of several patterns before 3.2", func(e *estate.Estate, g *estate.BrokerGroup) {
			g.Version = release(t, "3.1.5")
			e.Links = []*estate.Link{{Kind: "federation", A: g, B: g, Exchanges: "^a"}, {Kind: "federation", A: g, B: g, Exchanges: "^b"}}
		}, "policy.unsupported"},
		{"classic has no such key", func(_ *estate.Estate, g *estate.BrokerGroup) {
			g.Classic, g.Extra = true, map[string]string{"consumer_timeout": "1"}
		}, "version.unsupported"},
		{"plugin with a term in its name", func(_ *estate.Estate, g *estate.BrokerGroup) { g.Extensions = []string{"a]. [b"} }, "fact.unsafe"},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			g := group(t, "a", "3.10.8", estate.Cluster, 2)
			e := &estate.Estate{Name: "e", Brokers: []*estate.BrokerGroup{g}}
			r.change(e, g)
			_, problems := Files(e, g.Members[0].Node)
			var classes []string
			for _, p := range problems {
				classes = append(classes, string(p.Class))
			}
			if !slices.Contains(classes, r.class) {
				t.Errorf("problems %v, want one of class %s", problems, r.class)
			}
		})
	}
}
