package chaos

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/lab/faults"
	"github.com/mco-go/mco-go/internal/lab/history"
)

// A broker stops where it stands while nodes write replies of nearly 8 MiB. With heart-beats of 30 s it is the deadline of a write that
// tells them. What waits to be written is bounded by what was asked, and whoever asked is told who did not answer.
func TestF04HalfOpenWhileWriting(t *testing.T) {
	const (
		nodes = 3
		asks  = 4
		reply = 8<<20 - 64<<10   // with its envelope it stays below plugin.mco.max_frame
		limit = 12 * time.Second // of a call
		bound = 11 * time.Second // 10 s for a write, and one
		held  = 512 << 20        // bytes of a node
	)
	w := newWorld(t, plan{Brokers: 2, HeartBeat: 30 * time.Second})
	for i := range nodes {
		c := w.server(fmt.Sprintf("go%03d", i+1), "ours")
		c.Facts = "role: web\nbig: " + strings.Repeat("x", reply) + "\n"
		w.nodes = append(w.nodes, lab.GoNode(t, c))
		w.names = append(w.names, c.Identity)
	}
	w.ready(t, w.brokers[0], 90*time.Second)
	list := filepath.Join(w.dir, "nodes.txt")
	if err := os.WriteFile(list, []byte(strings.Join(w.names, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	config := lab.GoMco(t, lab.ClientCfg{Cfg: lab.Cfg{Brokers: w.brokers}}).Config
	var asking []*lab.Process
	began := time.Now()
	for range asks {
		asking = append(asking, w.hosts["client"].Start(t, lab.Program(t, "mco"), "rpc", "rpcutil", "get_fact", "fact=big", "--np", "--json",
			"-t", fmt.Sprintf("%.0f", limit.Seconds()), "--nodes", list, "--config", config))
	}
	lab.Wait(t, "every node to work", time.Minute, func() error {
		for _, n := range w.nodes {
			if len(w.audited(t, n)) == 0 {
				return errors.New(n.Identity + " does not")
			}
		}
		return nil
	})
	frozen := time.Now()
	heal := w.inject.Make(faults.Freeze(w.brokers[0], 0))
	noticed := w.left(t, w.brokers[0], frozen)
	var most int64
	for _, n := range w.nodes {
		most = max(most, lab.RSS(n.PID()))
	}
	ours := w.answering(t, w.brokers[1], frozen, 20*time.Second)
	for _, p := range asking {
		code := p.ExitCode()
		for _, name := range w.names {
			if said := p.Log(); !strings.Contains(said, name) {
				t.Errorf("mco ended with %d and does not name %s:\n%.2000s", code, name, said)
			}
		}
	}
	told := time.Since(began)
	heal()
	w.load(t, 5, "plugin.mco.client.all_brokers = 1") // the nodes stay where they are
	loaded := time.Since(w.begin)
	w.calls(t, "whole calls when all is well", time.Minute, history.Call.Whole, 10)
	w.check(t, func(terms *history.Terms) { terms.BackBy = loaded })

	figures.add(t, figure{"F04", "broker frozen while 8 MiB replies are written, noticed", noticed.String(), "all within " + short(bound), "", w.seed})
	figures.add(t, figure{"F04", "the same, Ready elsewhere", ours.String(), "", "", w.seed})
	figures.add(t, figure{"F04", fmt.Sprintf("the same, what a node holds with %d replies under way", asks), fmt.Sprintf("%d MiB", most>>20), fmt.Sprintf("%d MiB", held>>20), "", w.seed})
	figures.add(t, figure{"F04", "the same, callers were told who is silent after", short(told), short(limit + 8*time.Second), "", w.seed})
	if len(noticed) != nodes || noticed.at(100) > bound {
		t.Errorf("noticed: %s, want %d nodes within %v", noticed, nodes, bound)
	}
	if most > held {
		t.Errorf("a node held %d MiB, want %d at most", most>>20, held>>20)
	}
	if told > limit+8*time.Second {
		t.Errorf("the callers were told after %v", told)
	}
}
