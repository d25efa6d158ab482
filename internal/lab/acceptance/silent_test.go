package acceptance

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
)

// aheadRuby lets a Ruby node's clock be an hour ahead. It is loaded as an agent is, and is none.
const aheadRuby = `class << Time
  alias_method :right, :now
  def now(*args, **named)
    right(*args, **named) + 3600
  end
end
module MCollective; module Agent; class Ahead; def activate?; false; end; end; end; end
`

// quietFleet is two brokers and nodes of both programs that have each a reason to be silent.
type quietFleet struct {
	brokers     []*lab.Broker
	mco         *lab.Client
	goes, hangs *lab.Node // the original's: to be killed, and to be frozen
	ours        *lab.Node // to be killed
	list        string    // of all, and of one that never was
}

func startQuiet(t *testing.T) *quietFleet {
	t.Helper()
	f := &quietFleet{brokers: lab.Brokers(t, lab.RabbitMQKind, 2, lab.BrokerOptions{Management: true})}
	cfg := func(identity string, brokers []*lab.Broker, more ...string) lab.ServerCfg {
		return lab.ServerCfg{Identity: identity, Cfg: lab.Cfg{Brokers: brokers, Extra: append([]string{"plugin.mco.pool.failback = off"}, more...)}}
	}
	first, second := f.brokers[:1], f.brokers[1:]
	ahead := cfg("rahead", first)
	lib := t.TempDir()
	agents := filepath.Join(lib, "mcollective", "agent")
	if err := os.MkdirAll(agents, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(agents, "ahead.rb"), []byte(aheadRuby), 0o600); err != nil {
		t.Fatal(err)
	}
	ahead.LibDirs = []string{lib}
	lab.RubyNode(t, ahead) // nothing that has a time limit reaches it
	f.goes, f.hangs = lab.RubyNode(t, cfg("rgoes", first)), lab.RubyNode(t, cfg("rhangs", first))
	f.ours = lab.GoNode(t, cfg("ggoes", first))
	guarded := lab.GoNode(t, cfg("guarded", first, "rpcauthorization = 1", "rpcauthprovider = action_policy"))
	policies := filepath.Join(filepath.Dir(guarded.Config), "policies")
	if err := os.Mkdir(policies, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"bus":     "policy default allow\n",
		"rpcutil": "policy default allow\n# who asks for the time\ndeny\t*\tping\t*\t*\n",
	} {
		if err := os.WriteFile(filepath.Join(policies, name+".policy"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	here := []*lab.Node{f.goes, f.hangs, f.ours, guarded, lab.RubyNode(t, cfg("rstays", first)), lab.GoNode(t, cfg("gstays", first))}
	there := []*lab.Node{lab.RubyNode(t, cfg("rother", second)), lab.GoNode(t, cfg("gother", second))}
	for _, n := range here {
		n.WaitReady(t, f.brokers[0], time.Minute)
	}
	for _, n := range there {
		n.WaitReady(t, f.brokers[1], time.Minute)
	}
	c := lab.ClientCfg{Cfg: lab.Cfg{Brokers: f.brokers, Extra: []string{"plugin.mco.state_dir = " + t.TempDir()}}}
	for i, b := range f.brokers {
		key := fmt.Sprintf("plugin.mco.management.%d.", i+1)
		c.Extra = append(c.Extra, key+"url = "+b.Management, key+"user = "+lab.Monitor, key+"password = "+b.Password)
	}
	f.mco = lab.GoMco(t, c)
	f.list = filepath.Join(f.mco.Dir, "all")
	if err := os.WriteFile(f.list, []byte(strings.ReplaceAll("rahead rgoes rhangs ggoes guarded rstays gstays rother gother never", " ", "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return f
}

// tells runs a command, which must tell of each node, and of no other, what the pattern says.
func (f *quietFleet) tells(t *testing.T, want map[string]string, args ...string) {
	t.Helper()
	out := f.mco.Run(t, args...)
	got := map[string]string{}
	for line := range strings.Lines(out.Stderr) {
		text, ours := strings.CutPrefix(strings.TrimSpace(line), "mco: ")
		if i := strings.LastIndex(text, ": "); ours && i > 0 && regexp.MustCompile(`^(filtered|refused|expired|still|gave|on another|connected|not connected|never|unknown)`).MatchString(text) {
			for _, n := range strings.Split(text[i+2:], ", ") {
				got[n] = text[:i]
			}
		}
	}
	for n, pattern := range want {
		if !regexp.MustCompile("^" + pattern).MatchString(got[n]) {
			t.Errorf("%s: %q, want %q", n, got[n], pattern)
		}
	}
	if len(got) != len(want) || t.Failed() {
		t.Errorf("mco %q tells of %d nodes, want %d, after %v:\n%s", args, len(got), len(want), out.Took, out.All())
	}
	t.Logf("mco %q took %.1f s", args, out.Took.Seconds())
}

// TestWhyNodesAreSilent makes each reason happen, with nodes of both programs where both can have it.
func TestWhyNodesAreSilent(t *testing.T) {
	lab.Need(t, lab.Ruby, lab.RabbitMQServer)
	t.Parallel()
	f := startQuiet(t)
	if out := f.mco.Run(t, "ping", "--all-brokers"); !strings.Contains(out.Stdout, "8 replies") || strings.Contains(out.Stderr, "mco:") {
		t.Fatalf("first contact:\n%s", out.All())
	}
	expired := `expired \(its clock is (1h0m\d|59m5\d)s ahead of ours, and the request lives for 1m0s\)`
	elsewhere := `on another broker \(` + f.brokers[1].Addr() + `\)`
	list := []string{"-t", "3", "--nodes", f.list}
	t.Run("all is well", func(t *testing.T) {
		for _, step := range []struct {
			name string
			want map[string]string
			args []string
		}{
			{"who is there", map[string]string{"rother": elsewhere, "gother": elsewhere}, []string{"ping"}},
			{"a list", map[string]string{"rahead": expired, "rother": elsewhere, "gother": elsewhere, "never": "never seen",
				"guarded": `refused \(.*/policies/rpcutil.policy line 3 denies it\)`}, append([]string{"rpc", "rpcutil", "ping"}, list...)},
			// The list holds nodes without the agent.
			{"an agent", map[string]string{"rahead": expired, "rother": "filtered out", "gother": elsewhere, "never": "never seen",
				"rgoes": "filtered out", "rhangs": "filtered out", "rstays": "filtered out", "guarded": "refused"},
				append([]string{"rpc", "shell", "run", "command=true"}, list...)},
			// The filter leaves out those on the other broker.
			{"long", map[string]string{"ggoes": "still running", "gstays": "still running"}, []string{"rpc", "shell", "run", "command=sleep 20", "-t", "2", "-I", "/stays|ggoes/"}},
			// Nobody answers a request that is expired when it is made.
			{"no time", map[string]string{"gstays": "expired", "rstays": "expired"},
				[]string{"rpc", "rpcutil", "get_fact", "fact=x", "--ttl", "-1", "-t", "2", "--nodes", f.of(t, "gstays", "rstays")}},
		} {
			t.Run(step.name, func(t *testing.T) {
				t.Parallel()
				f.tells(t, step.want, step.args...)
			})
		}
	})

	if err := f.hangs.Freeze(); err != nil {
		t.Fatal(err)
	}
	f.goes.Kill()
	f.ours.Kill()
	hangs := `unknown \(it is subscribed at ` + f.brokers[0].Addr()
	f.tells(t, map[string]string{"rgoes": "not connected", "ggoes": "not connected", "rhangs": hangs, "rother": elsewhere, "gother": elsewhere}, "ping")
	if err := f.hangs.Thaw(); err != nil {
		t.Fatal(err)
	}

	f.forgetBroadcasts(t)
	deaf := `connected but not subscribed \(` + f.brokers[0].Addr() + `\)`
	f.tells(t, map[string]string{"rgoes": "not connected", "ggoes": "not connected", "rhangs": deaf, "rstays": deaf, "gstays": deaf, "guarded": deaf,
		"rother": elsewhere, "gother": elsewhere}, "ping")
}

// of writes a list of nodes.
func (f *quietFleet) of(t *testing.T, names ...string) string {
	t.Helper()
	file := filepath.Join(f.mco.Dir, strings.Join(names, "-"))
	if err := os.WriteFile(file, []byte(strings.Join(names, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// forgetBroadcasts takes the nodes' subscriptions to broadcasts away at the first broker, behind the back of their sessions: the exchange
// is deleted, and made again.
func (f *quietFleet) forgetBroadcasts(t *testing.T) {
	t.Helper()
	b := f.brokers[0]
	for _, step := range []struct{ method, body string }{{http.MethodDelete, ""}, {http.MethodPut, `{"type":"topic","durable":true}`}} {
		r, err := http.NewRequestWithContext(t.Context(), step.method, b.Management+"/api/exchanges/%2Fmcollective/mcollective_broadcast", bytes.NewReader([]byte(step.body)))
		if err != nil {
			t.Fatal(err)
		}
		r.SetBasicAuth(lab.Administrator, b.Password)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if res.Body.Close(); res.StatusCode/100 != 2 {
			t.Fatalf("%s: %s", step.method, res.Status)
		}
	}
}
