package chaos

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/lab/history"
)

// Two brokers that know nothing of each other have half of the nodes each. Who asks one of them names the other half; who asks all
// reaches everybody.
func TestF08ClientAndNodesApart(t *testing.T) {
	w := newWorld(t, plan{Brokers: 2, Ours: 3, Originals: 2, Simulated: 20})
	swapped := []*lab.Broker{w.brokers[1], w.brokers[0]}
	var away []string
	for i := range 3 {
		c := w.server([]string{"go101", "go102", "ruby101"}[i], "ours")
		c.Brokers = swapped
		start := lab.GoNode
		if i == 2 {
			start = lab.RubyNode
		}
		w.nodes = append(w.nodes, start(t, c))
		away = append(away, c.Identity)
	}
	here := slices.Clone(w.names)
	w.names = append(w.names, away...)
	if _, err := w.brokers[1].ReadyTimes(away, "lab", time.Minute); err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(w.dir, "nodes.txt")
	if err := os.WriteFile(list, []byte(strings.Join(w.names, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	mco := lab.GoMco(t, lab.ClientCfg{Cfg: lab.Cfg{Brokers: w.brokers, Host: w.hosts["client"], Extra: []string{"color = 0"}}})
	ask := []string{"rpc", "rpcutil", "get_fact", "fact=role", "--np", "--nodes", list}

	plain := mco.Run(t, append(ask, "-t", "3")...)
	for _, n := range away {
		if !strings.Contains(plain.All(), n) {
			t.Errorf("a plain mco does not name %s:\n%s", n, plain.All())
		}
	}
	all := mco.Run(t, append(ask, "--all-brokers")...)
	if want := "Finished processing 28 / 28 hosts"; !strings.Contains(all.All(), want) {
		t.Errorf("mco --all-brokers does not say %q:\n%s", want, all.All())
	}
	w.step(t, "asked by hand")

	// The same by requests in a row: first of one broker, then of all.
	w.apart(t, here, away)
}

// apart makes many calls in each manner.
func (w *world) apart(t *testing.T, here, away []string) {
	t.Helper()
	const calls = 25
	w.ask(t)
	w.calls(t, "calls over one broker", time.Minute, func(k history.Call) bool { return len(k.Answers) == len(here) }, calls)
	if err := w.asker.Stop(30 * time.Second); err != nil {
		t.Fatal(err)
	}
	one := time.Since(w.begin)
	w.ask(t, "plugin.mco.client.all_brokers = 1")
	w.calls(t, "whole calls over all brokers", time.Minute, history.Call.Whole, calls)
	events := w.check(t, func(terms *history.Terms) {
		terms.BackBy = one
		terms.Cause = func(e history.Event) bool { return e.What == history.Called && e.Call.Began < one } // the fault is the plan
	})
	asked, partial := w.named(t, events, 0, one)
	if asked != partial {
		t.Errorf("%d of %d calls over one broker reached both halves", asked-partial, asked)
	}
	whole := 0
	after := 0
	for _, e := range events {
		switch {
		case e.What != history.Called:
		case e.Call.Began > one:
			after++
			if e.Call.Whole() {
				whole++
			}
		case !slices.Equal(slices.Sorted(slices.Values(e.Call.Missing())), away):
			t.Errorf("%s: missing %v, want %v", e.Call.Token, e.Call.Missing(), away)
		}
	}
	figures.add(t, figure{"F08", "nodes on two brokers, one asked: calls that name exactly the missing half", share(partial, asked), "all", "silent loss", w.seed})
	figures.add(t, figure{"F08", "the same, all brokers asked: calls that reach every node", share(whole, after), "all", "silent loss", w.seed})
	if whole != after || after < calls {
		t.Errorf("%s calls over all brokers are whole", share(whole, after))
	}
}
