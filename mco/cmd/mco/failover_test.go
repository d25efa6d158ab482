package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/agent/fleet"
	"github.com/mco-go/mco-go/agent/node"
	"github.com/mco-go/mco-go/mco/broker"
	"github.com/mco-go/mco-go/mco/cli"
	"github.com/mco-go/mco-go/mco/config"
	"github.com/mco-go/mco-go/mco/failover"
)

func devBrokers(t *testing.T, n int) []*broker.Broker {
	t.Helper()
	all := make([]*broker.Broker, n)
	for i := range all {
		b, err := broker.Start(broker.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { b.Close() })
		all[i] = b
	}
	return all
}

// startNode runs a node until the test, or stop, ends it.
func startNode(t *testing.T, name, file string, p node.Providers) (stop func()) {
	t.Helper()
	cfg, err := config.Load(file, config.Server)
	if err != nil {
		t.Fatal(err)
	}
	ready := make(chan struct{})
	f, err := fleet.New(fleet.Options{N: 1, Config: cfg, Providers: p, Identity: func(int) string { return name }, OnReady: func(int) { close(ready) }})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- f.Run(ctx) }()
	select {
	case <-ready:
	case err := <-ended:
		t.Fatalf("node %s ended: %v", name, err)
	}
	stop = func() {
		if cancel(); ended != nil {
			<-ended
			ended = nil
		}
	}
	t.Cleanup(stop)
	return stop
}

// fleetCommand runs mco failover and returns what it printed.
func fleetCommand(t *testing.T, ctx context.Context, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs strings.Builder
	code = cli.Run(ctx, cli.Options{Program: "mco", Args: append([]string{"failover"}, args...), Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs,
		Getenv: func(string) string { return "" }, Connect: connect, Security: provider, Extra: extra()})
	return code, out.String(), errs.String()
}

// fleetStatus looks at the fleet and returns what was seen, with the kinds of its findings.
func fleetStatus(t *testing.T, file string, more ...string) (s failover.Status, kinds string, code int) {
	t.Helper()
	code, out, errs := fleetCommand(t, t.Context(), append([]string{"status", "--json", "-c", file}, more...)...)
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		t.Fatalf("%v in %q, %s", err, out, errs)
	}
	var all []string
	for _, f := range s.Findings {
		all = append(all, string(f.Kind)+"="+f.Broker+strings.Join(f.Nodes, ","))
	}
	return s, strings.Join(all, " "), code
}

// Nodes on one broker, on the other, on both, and gone: each is told where it is.
func TestFailoverStatus(t *testing.T) {
	t.Parallel()
	b := devBrokers(t, 2)
	startNode(t, "one", poolFile(t, "", b[0]), nodeProviders())
	stopTwo := startNode(t, "two", poolFile(t, "", b[1]), nodeProviders())
	startNode(t, "both", poolFile(t, "plugin.mco.pool.mode = all", b...), nodeProviders())
	file := poolFile(t, "plugin.mco.pool.failback = off", b...)
	first, second := b[0].Addr(), b[1].Addr()

	s, kinds, code := fleetStatus(t, file)
	// Node two has a pool of its own, in which its broker is the first.
	if kinds != "split=two" || code != 2 || s.Client != first || s.Unreached != 1 {
		t.Errorf("%s, exit code %d, %+v", kinds, code, s)
	}
	want := map[string][]string{"one": {first}, "two": {second}, "both": {first, second}}
	for _, n := range s.Nodes {
		if !slices.Equal(n.On, want[n.Identity]) || n.Told == nil || len(n.Told.Sessions) != len(n.On) || time.Since(n.Told.Since) > time.Minute {
			t.Errorf("%+v, want it on %v", n, want[n.Identity])
		}
	}
	code, out, _ := fleetCommand(t, t.Context(), "check", "-c", file)
	if code != 1 || !strings.Contains(out, "FAILOVER WARNING - a plain mco asks "+first+" and does not reach 1 of 3 nodes;") || !strings.Contains(out, " split=33.33%;0;50;0;100 ") {
		t.Errorf("exit code %d: %s", code, out)
	}
	code, out, _ = fleetCommand(t, t.Context(), "status", "-c", file)
	for _, line := range []string{", 3 of 3 nodes answer\n", "1  " + first + "  2      2        a plain mco asks this one\n", "both  on  on  2", "two   -   on  2", "critical two: the fleet is split: 2 over " + first + ", 2 over " + second, "-> mco --all-brokers"} {
		if code != 2 || !strings.Contains(out, line) {
			t.Errorf("exit code %d, no %q in\n%s", code, line, out)
		}
	}
	if strings.Contains(out, "\x1b") {
		t.Errorf("colours in a pipe:\n%q", out)
	}

	stopTwo()
	if s, kinds, code = fleetStatus(t, file); kinds != "silent=two" || code != 2 || s.Expected != 3 {
		t.Errorf("after two is gone: %s, exit code %d, %+v", kinds, code, s)
	}
	if _, kinds, _ = fleetStatus(t, file); kinds != "silent=two" {
		t.Errorf("the alarm ended because it was raised: %s", kinds)
	}
	if s, kinds, code = fleetStatus(t, file, "--forget"); kinds != "" || code != 0 || len(s.Nodes) != 2 {
		t.Errorf("after it is forgotten: %s, exit code %d, %+v", kinds, code, s)
	}
	list := filepath.Join(t.TempDir(), "nodes")
	if err := os.WriteFile(list, []byte("one\nboth\nnever\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, kinds, code = fleetStatus(t, file, "--nodes", list); kinds != "silent=never" || code != 2 || s.Expected != 3 {
		t.Errorf("with a list: %s, exit code %d, %+v", kinds, code, s)
	}
	if _, kinds, _ = fleetStatus(t, file); kinds != "" {
		t.Errorf("a list was taken for the fleet: %s", kinds)
	}
}

// What is wrong with nodes, each made to happen.
func TestFailoverFindingsOfNodes(t *testing.T) {
	t.Parallel()
	b := devBrokers(t, 1)
	deaf := nodeProviders()
	deaf.Plain = nil // nobody answers the broadcast
	startNode(t, "deaf", poolFile(t, "", b...), deaf)
	startNode(t, "shy", poolFile(t, "rpcauthorization = 1\nrpcauthprovider = action_policy\nlibdir = /nonexistent", b...), nodeProviders())
	startNode(t, "wants", poolFile(t, "plugin.mco.pool.mode = all", append(devBrokers(t, 1), b...)...), nodeProviders())
	list := filepath.Join(t.TempDir(), "nodes")
	if err := os.WriteFile(list, []byte("deaf\nshy\nwants\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, kinds, code := fleetStatus(t, poolFile(t, "", b...), "--nodes", list)
	if kinds != "deaf=deaf untold=shy" || code != 1 {
		t.Errorf("%s, exit code %d, %+v", kinds, code, s)
	}
	for _, n := range s.Nodes {
		if !slices.Equal(n.On, []string{b[0].Addr()}) || n.Deaf != (n.Identity == "deaf") || (n.Told == nil) != (n.Identity != "wants") {
			t.Errorf("%+v", n)
		}
	}
}

func TestFailoverKeepsNothing(t *testing.T) {
	t.Parallel()
	b := devBrokers(t, 1)
	startNode(t, "one", poolFile(t, "", b...), nodeProviders())
	file := poolFile(t, "plugin.mco.state_dir = /dev/null/state", b...)
	if _, kinds, code := fleetStatus(t, file); kinds != "unkept=" || code != 1 {
		t.Errorf("%s, exit code %d", kinds, code)
	}
	if code, out, _ := fleetCommand(t, t.Context(), "check", "-c", file); code != 1 || !strings.HasPrefix(out, "FAILOVER WARNING - who was seen could not be kept") {
		t.Errorf("exit code %d: %s", code, out)
	}
}

// A plugin that cannot look says so in its line, with the code for it, and in the text file.
func TestFailoverCheckUnknown(t *testing.T) {
	t.Parallel()
	b := devBrokers(t, 1)
	file := poolFile(t, "", b...)
	page := filepath.Join(t.TempDir(), "x.prom")
	interrupted, stop := context.WithCancel(t.Context())
	stop()
	for _, tc := range []struct {
		name string
		ctx  context.Context
		args []string
		says string
	}{
		{"nobody is known", t.Context(), []string{"-c", file}, "no node answers, and none is known"},
		{"no cfg file", t.Context(), []string{"-c", "/nonexistent"}, "/nonexistent"},
		{"words", t.Context(), []string{"now"}, "check takes no words"},
		{"an option that is none", t.Context(), []string{"--now"}, "unknown flag: --now"},
		{"a threshold of nothing", t.Context(), []string{"-c", file, "--warning", "3"}, "missing, split, unreachable, stale"},
		{"a range that is none", t.Context(), []string{"-c", file, "--critical", "split=x"}, "--critical split: 'x' is no range"},
		{"no time", t.Context(), []string{"-c", file, "--timeout", "0"}, "--timeout is a number of seconds"},
		{"an empty list", t.Context(), []string{"-c", file, "--nodes", "/dev/null"}, "names no nodes"},
		{"a text file that cannot be written", t.Context(), []string{"-c", file, "--textfile", "/nonexistent/x.prom"}, "write the text file"},
		{"interrupted", interrupted, []string{"-c", file}, "interrupted"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			args := append([]string{"check", "--textfile", page}, tc.args...)
			code, out, errs := fleetCommand(t, tc.ctx, args...)
			if code != 3 || !strings.HasPrefix(out, "FAILOVER UNKNOWN - ") || !strings.Contains(out, tc.says) || strings.Count(out, "\n") != 1 || errs != "" {
				t.Errorf("exit code %d, %q, %q", code, out, errs)
			}
		})
	}
	if raw, err := os.ReadFile(page); err != nil || !strings.Contains(string(raw), "\nmco_failover_state 3\n") {
		t.Errorf("%v, page:\n%s", err, raw)
	}
}

// --watch shows looks one after another and ends well when it is told to.
func TestFailoverWatch(t *testing.T) {
	t.Parallel()
	b := devBrokers(t, 1)
	startNode(t, "one", poolFile(t, "", b...), nodeProviders())
	ctx, stop := context.WithCancel(t.Context())
	out, errs := newWatched(), newWatched()
	ended := make(chan int, 1)
	go func() {
		ended <- cli.Run(ctx, cli.Options{Program: "mco", Args: []string{"failover", "status", "--watch", "--every", "0.01", "--json", "-c", poolFile(t, "", b...)},
			Stdin: strings.NewReader(""), Stdout: out, Stderr: errs, Getenv: func(string) string { return "" }, Connect: connect, Security: provider, Extra: extra()})
	}()
	out.wait(t, "}\n{")
	stop()
	if code := <-ended; code != 0 || errs.String() != "" {
		t.Errorf("exit code %d, %s", code, errs)
	}
	for line := range strings.Lines(out.String()) {
		var s failover.Status
		if err := json.Unmarshal([]byte(line), &s); err != nil || len(s.Nodes) != 1 {
			t.Errorf("%v in %s", err, line)
		}
	}
}
