package acceptance

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/mco"
)

// twins are a node of the original and one of ours with the same cfg file, facts and classes, and a client that asks both, whom a file
// names: nobody has to be discovered.
type twins struct {
	broker       *lab.Broker
	ruby, golang *lab.Node
	client       *lab.Client
	hosts        string
	audits       string // folder of the audit logs, by identity
}

// TestServices compares what a node of ours offers beside its agents with what one of the original does.
func TestServices(t *testing.T) {
	lab.Need(t, lab.Ruby, lab.RabbitMQServer)
	t.Parallel()
	b := lab.RabbitMQ(t, lab.BrokerOptions{Collectives: []string{"mcollective"}})
	w := startTwins(t, b)
	t.Run("rpcutil", w.tellsTheSame)
	t.Run("statistics", w.countsTheSame)
	t.Run("audit", w.auditsTheSame)
	t.Run("registration meta", w.isRegistered)
	t.Run("policies and facter", w.decidesByPolicy)
}

func startTwins(t *testing.T, b *lab.Broker) *twins {
	t.Helper()
	lib, audits := t.TempDir(), t.TempDir()
	node := func(start func(testing.TB, lab.ServerCfg) *lab.Node, identity string) *lab.Node {
		return start(t, lab.ServerCfg{
			Cfg: lab.Cfg{Brokers: []*lab.Broker{b}, LibDirs: []string{lib}, Extra: []string{
				"rpcaudit = 1", "rpcauditprovider = Logfile", "plugin.rpcaudit.logfile = " + filepath.Join(audits, identity)}},
			Identity: identity,
			Facts:    "---\nrole: web\ncores: 2\nnested:\n  a: [1, two, true]\n  b: ~\nyes: no\ngreeting: grüß\n",
			Classes:  []string{"base", "role::web"},
		})
	}
	w := &twins{broker: b, audits: audits, ruby: node(lab.RubyNode, "twin.ruby"), golang: node(lab.GoNode, "twin.go")}
	w.ruby.WaitReady(t, b, 60*time.Second)
	w.golang.WaitReady(t, b, 60*time.Second)
	// What looks for silent nodes asks those of ours more than the original's.
	w.client = lab.GoMco(t, lab.ClientCfg{Cfg: lab.Cfg{Brokers: []*lab.Broker{b}, Extra: []string{"plugin.mco.client.explain_silent = 0"}}})
	w.hosts = filepath.Join(t.TempDir(), "hosts")
	if err := os.WriteFile(w.hosts, []byte("twin.ruby\ntwin.go\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return w
}

// ask returns both answers to one request, with what must differ between two nodes made the same: names and folders, the version, and
// that ours has more agents and data plugins built in.
func (w *twins) ask(t *testing.T, args ...string) (original, ours answer) {
	t.Helper()
	answers, out, err := rpc(t, w.client, append([]string{"rpcutil", "--dm", "flatfile", "--do", w.hosts}, args...)...)
	if err != nil {
		t.Fatal(err)
	}
	if len(answers) != 2 {
		t.Fatalf("mco rpc rpcutil %q: %d answers, want 2\n%s", args, len(answers), out.All())
	}
	return w.plain(t, w.ruby, answers["twin.ruby"]), w.plain(t, w.golang, answers["twin.go"])
}

func (w *twins) plain(t *testing.T, n *lab.Node, a answer) answer {
	t.Helper()
	raw, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer(w.audits, "<audits>", n.Identity, "<identity>", filepath.Dir(n.Config), "<dir>", mco.Version(), mco.OriginalVersion).Replace(string(raw))
	var out answer
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatal(err)
	}
	for key, originals := range map[string][]string{
		"agents": {"discovery", "rpcutil"}, "data_plugins": {"agent_data", "collective_data", "fact_data", "fstat_data"},
	} {
		if list, ok := out.Data[key].([]any); ok {
			out.Data[key] = slices.DeleteFunc(list, func(item any) bool { return !slices.Contains(originals, nameOf(item)) })
		}
	}
	return out
}

// nameOf is the name of an agent or plugin, alone or in its description.
func nameOf(item any) string {
	if m, ok := item.(map[string]any); ok {
		item = m["agent"]
	}
	return fmt.Sprint(item)
}

// settings are what the original's configuration object tells, by get_config_item.
var settings = strings.Fields(`mode daemonize pluginconf configured logfile keeplogs max_log_size loglevel logfacility identity connector securityprovider
	factsource registration registerinterval classesfile rpcauditprovider rpcaudit configdir rpcauthprovider rpcauthorization color configfile
	rpclimitmethod logger_type fact_cache_time collectives main_collective ssl_cipher registration_collective direct_addressing
	direct_addressing_threshold ttl default_discovery_method default_discovery_options publish_timeout threaded soft_shutdown activate_agents
	registration_splay discovery_timeout soft_shutdown_timeout connection_timeout default_batch_size default_batch_sleep_time nosuch`)

// tellsTheSame compares what rpcutil answers, key by key.
func (w *twins) tellsTheSame(t *testing.T) {
	for _, args := range [][]string{
		{"inventory"}, {"collective_info"}, {"agent_inventory"},
		{"get_fact", "fact=role"}, {"get_fact", "fact=cores"}, {"get_fact", "fact=nested"}, {"get_fact", "fact=false"}, {"get_fact", "fact=greeting"}, {"get_fact", "fact=none"},
		{"get_facts", "facts=role, cores,none"},
		{"get_data", "source=agent", "query=rpcutil"}, {"get_data", "source=agent", "query=nosuch"},
		{"get_data", "source=collective", "query=mcollective"}, {"get_data", "source=collective", "query=eu"},
		{"get_data", "source=fact", "query=role"}, {"get_data", "source=fact", "query=none"},
		{"get_data", "source=fstat", "query=/etc/hostname"}, {"get_data", "source=fstat", "query=/nonexistent"}, {"get_data", "source=fstat", "query=/etc"},
		{"get_data", "source=fstat", "query=/dev/null"}, {"get_data", "source=fstat_data", "query=/etc/mtab"},
		{"get_data", "source=nosuch", "query=x"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			original, ours := w.ask(t, args...)
			if diff := cmp.Diff(original, ours); diff != "" {
				t.Errorf("(-original +ours)\n%s", diff)
			}
		})
	}
	t.Run("get_config_item", func(t *testing.T) {
		for _, item := range settings {
			original, ours := w.ask(t, "get_config_item", "item="+item)
			if item == "pluginconf" {
				// Exception: secrets are not told.
				maskSecrets(t, original.Data["value"], ours.Data["value"])
			}
			if diff := cmp.Diff(original, ours); diff != "" {
				t.Errorf("%s (-original +ours)\n%s", item, diff)
			}
		}
	})
	t.Run("daemon_stats", func(t *testing.T) {
		original, ours := w.ask(t, "daemon_stats")
		if diff := cmp.Diff(shapes(original.Data), shapes(ours.Data)); diff != "" {
			t.Errorf("kinds of outputs (-original +ours)\n%s", diff)
		}
	})
}

// maskSecrets makes the value of a secret the same on both sides, and looks that ours does not hold it.
func maskSecrets(t *testing.T, original, ours any) {
	t.Helper()
	o, ok := original.(map[string]any)
	g, ok2 := ours.(map[string]any)
	if !ok || !ok2 {
		t.Fatalf("pluginconf is %T and %T", original, ours)
	}
	for key, value := range g {
		if value == "[masked]" {
			o[key] = value
		}
	}
	if g["psk"] != "[masked]" {
		t.Errorf("psk is told as %v", g["psk"])
	}
}

// auditsTheSame compares the audit logs of both, byte for byte but for the times: of the requests before, and of inputs of each kind.
func (w *twins) auditsTheSame(t *testing.T) {
	for _, note := range []string{"it's", `a "b" \ #{c} #$d #@e`, "grüß €", "\x1b[31m", "a\tb", strings.Repeat("long ", 60)} {
		w.ask(t, "get_fact", "fact=role", "note="+note) // inputs that no DDL declares pass
	}
	read := func(identity string) []string {
		raw, err := os.ReadFile(filepath.Join(w.audits, identity))
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.SplitAfter(string(raw), "\n")
		for i, line := range lines {
			if time, rest, ok := strings.Cut(line, "] "); ok && len(time) == len("[2026-11-20 20:26:49 UTC") {
				lines[i] = rest
			}
		}
		return lines
	}
	original, ours := read("twin.ruby"), read("twin.go")
	if len(original) < 70 {
		t.Errorf("the original audited %d requests: the test shows too little", len(original))
	}
	if diff := cmp.Diff(original, ours); diff != "" {
		t.Errorf("(-original +ours)\n%s", diff)
	}
}

// shapes gives each value's kind in place of it, sorted by key.
func shapes(m map[string]any) map[string]string {
	out := map[string]string{}
	for k, v := range m {
		out[k] = fmt.Sprintf("%T", v)
		if inner, ok := v.(map[string]any); ok {
			out[k] = fmt.Sprint(slices.Sorted(maps.Keys(inner)))
		}
	}
	return out
}

// countsTheSame sends both nodes the same messages, good and bad, and compares what was counted.
func (w *twins) countsTheSame(t *testing.T) {
	counters := []string{"total", "validated", "unvalidated", "passed", "filtered", "ttlexpired", "replies"}
	read := func() (original, ours map[string]float64) {
		o, g := w.ask(t, "daemon_stats")
		take := func(data map[string]any) map[string]float64 {
			m := map[string]float64{}
			for _, c := range counters {
				m[c], _ = data[c].(float64)
			}
			return m
		}
		return take(o.Data), take(g.Data)
	}
	rubyBefore, goBefore := read()
	forger := lab.RubyMco(t, lab.ClientCfg{Cfg: lab.Cfg{Brokers: []*lab.Broker{w.broker}, Secret: "another"}})
	for _, do := range []func(){
		func() { w.client.Run(t, "rpc", "rpcutil", "ping", "--dt", "1") },
		func() { w.client.Run(t, "rpc", "rpcutil", "nosuch", "--dt", "1") },
		func() { w.client.Run(t, "find", "-F", "role=none", "--dt", "1") },
		func() { w.client.Run(t, "ping", "-F", "role=web", "--dt", "1") },
		func() { w.client.Run(t, "rpc", "rpcutil", "ping", "--nr", "--dt", "1") },
		func() {
			w.client.Run(t, "rpc", "rpcutil", "ping", "--dm", "flatfile", "--do", w.hosts, "-t", "1", "--ttl=-1")
		},
		func() { forger.Run(t, "ping", "--dt", "1") },
	} {
		do()
	}
	rubyAfter, goAfter := read()
	for _, c := range counters {
		if original, ours := rubyAfter[c]-rubyBefore[c], goAfter[c]-goBefore[c]; original != ours {
			t.Errorf("%s: ours counted %v, the original %v", c, ours, original)
		}
	}
	for _, c := range counters {
		if rubyAfter[c] == rubyBefore[c] {
			t.Errorf("%s was not counted at all: the test shows nothing about it", c)
		}
	}
}

// isRegistered lets an agent of the original's receive what a node of ours registers.
func (w *twins) isRegistered(t *testing.T) {
	b := w.broker
	lib, out := t.TempDir(), filepath.Join(t.TempDir(), "registered")
	agent := filepath.Join(lib, "mcollective", "agent")
	if err := os.MkdirAll(agent, 0o755); err != nil {
		t.Fatal(err)
	}
	script := `module MCollective
  module Agent
    class Registration
      attr_reader :timeout, :meta
      def initialize
        @timeout = 2
        @meta = {:license => "none", :author => "lab", :url => "none"}
      end
      def handlemsg(msg, connection)
        msg[:body][:agentlist] &= ["discovery", "rpcutil"] # ours has more
        File.write("` + out + `.new", [msg[:senderid], msg[:body].class, msg[:body]].inspect)
        File.rename("` + out + `.new", "` + out + `")
        nil
      end
      def help; end
    end
  end
end
`
	if err := os.WriteFile(filepath.Join(agent, "registration.rb"), []byte(script), 0o644); err != nil {
		t.Fatal(err)
	}
	collector := lab.RubyNode(t, lab.ServerCfg{Cfg: lab.Cfg{Brokers: []*lab.Broker{b}, LibDirs: []string{lib}}, Identity: "collector.ruby"})
	collector.WaitReady(t, b, 60*time.Second)
	node := lab.GoNode(t, lab.ServerCfg{
		Cfg:      lab.Cfg{Brokers: []*lab.Broker{b}, LibDirs: []string{t.TempDir()}, Extra: []string{"registration = Meta", "registerinterval = 1"}},
		Identity: "registered.go", Facts: "role: web\n", Classes: []string{"base"},
	})
	want := `["registered.go", Hash, {:agentlist=>["discovery", "rpcutil"], :facts=>{"role"=>"web"}, :classes=>["base"], :collectives=>["mcollective"], :identity=>"registered.go"}]`
	err := lab.Eventually(30*time.Second, func() error {
		raw, err := os.ReadFile(out)
		if err == nil && string(raw) != want {
			err = fmt.Errorf("registered %s\nwant %s", raw, want)
		}
		return err
	})
	if err != nil {
		t.Error(err, "\n", node.DaemonLog())
	}
}

// decidesByPolicy asks a node of ours, whose facts are the real facter's, as an operator with the original's client: refused without a
// policy, and then allowed what the policy says of this node.
func (w *twins) decidesByPolicy(t *testing.T) {
	lab.Need(t, lab.Facter)
	node := lab.GoNode(t, lab.ServerCfg{
		Cfg: lab.Cfg{Brokers: []*lab.Broker{w.broker}, LibDirs: []string{t.TempDir()}, Extra: []string{
			"factsource = facter", "rpcauthorization = 1", "rpcauthprovider = action_policy"}},
		Identity: "guarded.go", Classes: []string{"base"},
	})
	node.WaitReady(t, w.broker, 60*time.Second)
	client := lab.RubyMco(t, lab.ClientCfg{Cfg: lab.Cfg{Brokers: []*lab.Broker{w.broker}}})
	lab.Wait(t, "facter's facts", 60*time.Second, func() error {
		// By a pattern: identities alone are taken for found without a question.
		if out := client.Run(t, "find", "-F", "kernel=Linux", "-I", `/^guarded\.go$/`, "--dt", "1"); strings.TrimSpace(out.Stdout) != "guarded.go" {
			return fmt.Errorf("found %q", out.All())
		}
		return nil
	})
	ask := func(action string) answer {
		t.Helper()
		answers, _, err := rpc(t, client, "rpcutil", action, "-I", "guarded.go")
		if err != nil {
			t.Fatal(err)
		}
		return answers["guarded.go"]
	}
	refused := func(action string) {
		t.Helper()
		if a := ask(action); a.StatusCode != 1 || a.StatusMsg != "You are not authorized to call this agent or action." {
			t.Errorf("%s: status %d %q, want a refusal", action, a.StatusCode, a.StatusMsg)
		}
	}
	refused("ping")
	policies := filepath.Join(filepath.Dir(node.Config), "policies")
	if err := os.Mkdir(policies, 0o755); err != nil {
		t.Fatal(err)
	}
	policy := fmt.Sprintf("policy default deny\nallow\tuid=%d\tping\tkernel=Linux\tbase\nallow\tuid=%[1]d\tinventory\tkernel=Darwin\n", os.Getuid())
	if err := os.WriteFile(filepath.Join(policies, "rpcutil.policy"), []byte(policy), 0o644); err != nil {
		t.Fatal(err)
	}
	if a := ask("ping"); a.StatusCode != 0 {
		t.Errorf("ping: status %d %q", a.StatusCode, a.StatusMsg)
	}
	refused("inventory")
	refused("daemon_stats")
}
