package estate

import (
	_ "embed"
	"slices"
	"strconv"
	"strings"

	"github.com/mco-go/mco-go/generators/estate/topology"
	"github.com/mco-go/mco-go/generators/problem"
	"github.com/mco-go/mco-go/generators/safe"
	"github.com/mco-go/mco-go/mco/spelling"
)

//go:embed conf-keys.txt
var confKeys string

// confType returns what the schema of rabbitmq.conf says of a key: int, bool, float, size, text, or one of some words.
func confType(key string) (kind string, ok bool) {
	for line := range strings.Lines(confKeys) {
		pattern, kind, ok := strings.Cut(strings.TrimSpace(line), " ")
		if ok && pattern != "#" && matchesKey(pattern, key) {
			return kind, true
		}
	}
	return "", false
}

// matchesKey compares part by part; a part with $ in front matches any.
func matchesKey(pattern, key string) bool {
	for {
		p, restOfPattern, more := strings.Cut(pattern, ".")
		k, restOfKey, moreKey := strings.Cut(key, ".")
		if more != moreKey || k == "" || p != k && !strings.HasPrefix(p, "$") {
			return false
		}
		if !more {
			return true
		}
		pattern, key = restOfPattern, restOfKey
	}
}

func confNames() []string {
	var names []string
	for line := range strings.Lines(confKeys) {
		if name, _, ok := strings.Cut(line, " "); ok && name != "#" {
			names = append(names, name)
		}
	}
	return names
}

// managed are the keys, or beginnings of keys, that follow from the rest of the topology.
func managed() []string {
	return []string{"listeners.", "stomp.listeners.", "management.tcp.", "management.listener.", "cluster_name", "cluster_partition_handling",
		"cluster_formation.peer_discovery_backend", "cluster_formation.classic_config.", "cluster_formation.target_cluster_size_hint",
		"load_definitions", "management.load_definitions", "definitions.", "loopback_users", "default_user", "default_pass", "default_vhost"}
}

// classicKeys are those of rabbitmq.conf that the classic format has words for.
func classicKeys() []string {
	return []string{"heartbeat", "channel_max", "collect_statistics_interval", "vm_memory_high_watermark_paging_ratio", "vm_memory_high_watermark.relative",
		"disk_free_limit.relative", "queue_master_locator", "queue_leader_locator"}
}

// extra takes further keys of rabbitmq.conf, as far as the schema knows them.
func (r *resolver) extra(g *BrokerGroup, t *topology.Broker) {
	g.Extra = make(map[string]string)
	for _, key := range sortedKeys(t.Extra) {
		v := t.Extra[key]
		kind, known := confType(key)
		switch {
		case topology.SecretKey(key):
			r.bad("secret.inline", v.Place, "a topology holds no secrets", "", "")
		case key == "hipe_compile":
			r.bad("feature.removed", v.Place, "Erlang has lost it with OTP 24", key, "leave the key out")
		case !known:
			p := problem.Problem{Class: "topology.unknown-key", Where: v.Place.String(), What: "rabbitmq.conf has no such key"}
			if near := spelling.Nearest(key, confNames()); near != "" {
				p.Todo = "did you mean " + near + "?"
			}
			r.problems.Add(p)
		case slices.ContainsFunc(managed(), func(m string) bool { return key == m || strings.HasSuffix(m, ".") && strings.HasPrefix(key, m) }):
			r.bad("topology.reference", v.Place, "this key follows from the rest of the topology", key, "")
		case g.Classic && !slices.Contains(classicKeys(), key):
			r.bad("topology.reference", v.Place, "this key of rabbitmq.conf has no place in the classic format", key, "format: conf, or one of "+listed(classicKeys()))
		case !confValue(kind, v.V):
			r.bad("topology.type", v.Place, "wrong type", safe.Quote(v.V), kind)
		case !plainConf(g, v.V):
			r.bad("topology.type", v.Place, "rabbitmq.conf cannot hold this value", safe.Quote(v.V), "printable ASCII without #, $(, outer blanks, and from 4.0 on quotes")
		case key == "vm_memory_high_watermark.relative" && tooMuch(v.V):
			r.bad("topology.type", v.Place, "a broker that takes more than this of the memory has none left to page out", v.V, "at most 0.7")
		case key == "heartbeat":
			g.Heartbeat, _ = strconv.Atoi(v.V)
			r.origin("brokers."+g.Name+".heartbeat", v.V, v.Place)
		default:
			g.Extra[key] = v.V
			r.origin("brokers."+g.Name+".extra."+key, v.V, v.Place)
		}
	}
}

func confValue(kind, value string) bool {
	switch kind {
	case "int":
		n, err := strconv.Atoi(value)
		return err == nil && n >= 0
	case "bool":
		return value == "true" || value == "false"
	case "float":
		_, err := strconv.ParseFloat(value, 64)
		return err == nil
	case "size":
		return confSize(value)
	}
	if words, ok := strings.CutPrefix(kind, "one of "); ok {
		return slices.Contains(strings.Fields(words), value)
	}
	return true
}

// confSize accepts numbers with the units of cuttlefish.
func confSize(value string) bool {
	number := strings.TrimRight(value, "kKmMgGbB")
	_, err := strconv.Atoi(number)
	unit := strings.ToLower(value[len(number):])
	return err == nil && slices.Contains([]string{"", "b", "k", "kb", "m", "mb", "g", "gb"}, unit)
}

func plainConf(g *BrokerGroup, value string) bool {
	return value != "" && value == strings.TrimSpace(value) && safe.Plain("a value", value) == nil &&
		!strings.Contains(value, "#") && !strings.Contains(value, "$(") && (g.Version.Below(4) || !strings.Contains(value, "'"))
}

func tooMuch(share string) bool {
	f, err := strconv.ParseFloat(share, 64)
	return err != nil || f <= 0 || f > 0.7
}

// overridden finds a key of the topology's that begins so.
func overridden(extra map[string]string, prefix string) (string, bool) {
	for key := range extra {
		if strings.HasPrefix(key, prefix) {
			return key, true
		}
	}
	return "", false
}
