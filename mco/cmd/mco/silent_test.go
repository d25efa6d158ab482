package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/mco-go/mco-go/mco/cli"
	"github.com/mco-go/mco-go/mco/failover/silent"
)

// answer is what one command printed.
type answer struct {
	code           int
	stdout, stderr string
}

// mco runs a command with a cfg file.
func mco(t *testing.T, file string, args ...string) answer {
	t.Helper()
	return mcoIn(t, t.Context(), file, args...)
}

func mcoIn(t *testing.T, ctx context.Context, file string, args ...string) answer {
	t.Helper()
	var out, errs strings.Builder
	code := cli.Run(ctx, cli.Options{Program: "mco", Args: append(args, "-c", file), Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs,
		Getenv: func(string) string { return "" }, Connect: connect, Security: provider, Pool: pool})
	return answer{code, out.String(), errs.String()}
}

// lines fails unless standard error has exactly these lines of ours, each a pattern.
func (s answer) lines(t *testing.T, what string, want ...string) {
	t.Helper()
	var got []string
	for line := range strings.Lines(s.stderr) {
		if strings.HasPrefix(line, "mco: ") {
			got = append(got, strings.TrimSuffix(line, "\n"))
		}
	}
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || !regexp.MustCompile("^mco: "+want[i]+"$").MatchString(got[i]) {
			t.Errorf("%s: exit code %d\n got %s\nwant %s\n%s", what, s.code, strings.Join(got, "\n     "), strings.Join(want, "\n     "), s.stdout)
			return
		}
	}
}

func nodesFile(t *testing.T, names ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "nodes")
	if err := os.WriteFile(file, []byte(strings.Join(names, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// The trap: the nodes are on the second broker, and a client asks the first.
func TestSilentElsewhere(t *testing.T) {
	t.Parallel()
	b := devBrokers(t, 2)
	first, second := regexp.QuoteMeta(b[0].Addr()), regexp.QuoteMeta(b[1].Addr())
	stop := startNode(t, "one", poolFile(t, "", b[0]), nodeProviders())
	file := poolFile(t, "", b...)
	mco(t, file, "ping").lines(t, "first contact")
	startNode(t, "two", poolFile(t, "", b[1]), nodeProviders())
	mco(t, file, "ping").lines(t, "a node that was never met")
	mco(t, file, "ping", "--all-brokers").lines(t, "all answer")
	tale := func(n string) []string {
		return []string{n + " of 2 nodes answered", first + " has " + n + " of 2, and was asked", second + " has 1 of 2", "on another broker \\(" + second + "\\): two",
			".*does not reach.*", "-> mco --all-brokers.*"}
	}
	for range 2 { // the alarm does not end because it was raised
		mco(t, file, "ping").lines(t, "the split fleet", tale("1")...)
	}
	for _, args := range [][]string{{"find"}, {"rpc", "rpcutil", "ping"}, {"facts", "x"}, {"inventory", "--lc"}} {
		mco(t, file, args...).lines(t, args[0], tale("1")...)
	}
	mco(t, file, "ping", "--no-explain").lines(t, "not asked for")
	mco(t, file, "ping", "-C", "/x/").lines(t, "a filter that nobody matches")
	quiet := mco(t, file, "rpc", "rpcutil", "ping", "-j")
	var report struct{ Silent silent.Report }
	if err := json.Unmarshal([]byte(quiet.stderr), &report); err != nil || len(report.Silent.Nodes) != 1 || report.Silent.Nodes[0].Reason != silent.Elsewhere ||
		!json.Valid([]byte(quiet.stdout)) || strings.Contains(quiet.stdout, "silent") {
		t.Errorf("%v, %+v in\n%s%s", err, report, quiet.stdout, quiet.stderr)
	}
	stop()
	s := mco(t, file, "ping")
	s.lines(t, "the trap", "0 of 2 nodes answered; why 1 did not is unknown", first+" has 0 of 2, and was asked", second+" has 1 of 2",
		"on another broker \\("+second+"\\): two", "unknown \\(it answers over no broker: .*\\): one", "a plain mco asks "+first+" and does not reach 1 of 1 node.*", "->.*")
	if s.code != 4 || !strings.HasSuffix(s.stdout, "No responses received\n") {
		t.Errorf("exit code %d\n%s", s.code, s.stdout)
	}
}

// Nodes of a list.
func TestSilentOfAList(t *testing.T) {
	t.Parallel()
	b := devBrokers(t, 1)
	file := poolFile(t, "", b...)
	deaf := nodeProviders()
	deaf.Plain = nil
	startNode(t, "deaf", file, deaf)
	startNode(t, "bare", file, nodeProviders())
	list := nodesFile(t, "bare", "deaf", "never")
	addr := regexp.QuoteMeta(b[0].Addr())
	mco(t, file, "rpc", "rpcutil", "ping", "--nodes", list, "-t", "1").lines(t, "ping", "2 of 3 nodes answered", addr+" has 2 of 3, and was asked", "never seen: never")
	mco(t, file, "rpc", "shell", "list", "--nodes", list, "-t", "1").lines(t, "an agent that nobody has", "0 of 3 nodes answered.*", addr+" has 2 of 3, and was asked",
		"filtered out .*: bare", "never seen: never", "unknown .*: deaf")
	mco(t, file, "rpc", "rpcutil", "ping", "-I", "never", "-t", "1").lines(t, "named by the operator")
}
