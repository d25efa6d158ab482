package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
)

// said are command lines that both programs carry out: with a blank between words, `·` for a blank in a word, and what they find on
// standard input or in the environment behind <<< or ENV.
var said = []string{
	"ping --timout 3", "ping -n", "ping -T eu", "ping -W role=db -t 1", "ping x y z -t 1", "ping -c /nonexistent", "ping -S nosuch('x').y=1",
	"find -c", "find --verbose=3", "find -I node1.example.net -F role=db", "find --nodes <dir>/hosts -I /2/", "find --nodes <dir>/bad", "find --dt x",
	"find --dm flatfile --do <dir>/hosts", "find --dm flatfile --do /nonexistent", `find --dm stdin --do json <<< [{"sender":"x"}]`, "find --dm stdin <<< a·b",
	"find --dm stdin", "find --dm stdin --do xml <<< a", "find -v <<< a", "find -v --nodes <dir>/hosts", "find -S (base", "find -S base·and",
	"rpc", "rpc a", "rpc rpcutil ping x", "rpc rpcutil ping a=b -I node1.example.net", "rpc rpcutil ping --np -I node1.example.net -v",
	"rpc -a rpcutil ping", "rpc -a rpcutil --action ping x -I node1.example.net", "rpc -a x rpcutil ping -I node1.example.net", "rpc --agent=",
	"rpc rpcutil agent_inventory -I node1.example.net", "rpc rpcutil get_config_item item=collectives -I node1.example.net",
	"rpc rpcutil get_fact fact=role --display failed --nodes <dir>/hosts", "rpc rpcutil daemon_stats -I nosuch -t 1",
	"rpc vec echo msg=x times=1.5 -I node1.example.net", "rpc vec echo times=1", "rpc vec nosuch", "rpc vec quiet -I node1.example.net",
	"rpc vec misfire how=2 -I node1.example.net", "rpc vec misfire how=4 -I node1.example.net -v", "rpc vec misfire how=!3 -I node1.example.net -j",
	"rpc rpcutil ping --batch 1 --batch-sleep 0 --nodes <dir>/hosts --sort", "rpc rpcutil ping --batch 1 --limit 1 --nodes <dir>/hosts",
	"rpc rpcutil ping --batch 2 --batch-sleep 0 -I nosuch -I node1.example.net -t 1", "rpc rpcutil ping --limit 0 -I node1.example.net",
	"rpc rpcutil ping --limit 1 --limit-seed 3 -j --nodes <dir>/hosts",
	"rpc rpcutil ping --nr --nodes <dir>/hosts", "rpc rpcutil ping --nr -v -F role=db", "rpc rpcutil ping --nr --batch 2", "rpc rpcutil ping --nr -j",
	"rpc rpcutil ping -t 1 <<< node1.example.net\nnode9.example.net", "rpc rpcutil ping --dm stdin", "rpc vec types -I node1.example.net -j",
	"rpc rpcutil ping ENV --np -I node1.example.net", "rpc rpcutil ping ENV --nosuch", "help --nosuch",
	"completion --list-nothing", "completion --list-inputs --agent vec --action nosuch", "completion --list-actions --agent nosuch",
	"completion --list-agents --list-agents", "completion --agent",
}

// changing is what differs from run to run: times, counters, request ids, places in the source.
var changing = regexp.MustCompile("[0-9]+\\.[0-9]+ ?(ms|seconds)|(max|min|avg): [0-9.]+|[0-9a-f]{32}|\\b\\d{10}\\b|\\d{4}[-/]\\d\\d[-/]\\d\\d \\d\\d:\\d\\d:\\d\\d|" +
	"time=[0-9.]+|\\S+\\.(rb|go):\\d+:in [`'][^']*'")

func TestSaysWhatTheOriginalSays(t *testing.T) {
	lab.Need(t, lab.Ruby, lab.RabbitMQServer)
	broker := lab.RabbitMQ(t, lab.BrokerOptions{})
	cfg := lab.Cfg{Brokers: []*lab.Broker{broker}}
	for name, role := range map[string]string{"node1.example.net": "web", "node2.example.net": "db"} {
		lab.RubyNode(t, lab.ServerCfg{Cfg: cfg, Identity: name, Facts: "role: " + role + "\n", Classes: []string{"base"}}).WaitReady(t, broker, time.Minute)
	}
	original, ours := lab.RubyMco(t, lab.ClientCfg{Cfg: cfg}), lab.GoMco(t, lab.ClientCfg{Cfg: cfg})
	for _, m := range []*lab.Client{original, ours} {
		for name, text := range map[string]string{"hosts": "node1.example.net\nnode2.example.net\n", "bad": "node 1\n"} {
			if err := os.WriteFile(filepath.Join(m.Dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, line := range said {
		t.Run(line, func(t *testing.T) {
			want, got := say(t, original, line), say(t, ours, line)
			if got.Exit != want.Exit || got.Stdout != want.Stdout || got.Stderr != want.Stderr {
				t.Errorf("ours: exit %d\n%q\n%q\noriginal: exit %d\n%q\n%q", got.Exit, got.Stdout, got.Stderr, want.Exit, want.Stdout, want.Stderr)
			}
		})
	}
}

// say carries out one line and takes out of the answer what changes, and the order in which nodes answered.
func say(t *testing.T, m *lab.Client, line string) lab.Output {
	t.Helper()
	line, env, _ := strings.Cut(line, " ENV ")
	line, stdin, _ := strings.Cut(line, " <<< ")
	args := strings.Fields(strings.ReplaceAll(line, "<dir>", m.Dir))
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "·", " ")
	}
	out := m.RunWith(t, strings.ReplaceAll(stdin, "·", " "), []string{"MCOLLECTIVE_EXTRA_OPTS=" + env}, args...)
	steady := func(text string) string {
		lines := strings.SplitAfter(changing.ReplaceAllString(strings.ReplaceAll(text, m.Dir, "<dir>"), "~"), "\n")
		slices.Sort(lines)
		return strings.Join(lines, "")
	}
	out.Stdout, out.Stderr = steady(out.Stdout), steady(out.Stderr)
	return out
}
