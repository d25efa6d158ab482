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
	"rpc rpcutil ping --batch 50% --batch-sleep 0 --nodes <dir>/hosts --np --sort", "rpc rpcutil ping --reply-to /queue/elsewhere", "rpc rpcutil ping -A vec -I node1.example.net",
	"rpc vec misfire how=1 --display ok -I node1.example.net", "rpc vec misfire how=1 --display all -I node1.example.net", "rpc rpcutil ping --threaded --publish_timeout 1 -I node1.example.net",
	"rpc rpcutil ping --limit-nodes 50% --limit-seed 7 --nodes <dir>/hosts --sort -j", "rpc rpcutil ping -q -v -I node1.example.net", "rpc rpcutil ping -W role=web --dt 1",
	"find -A vec", "find -A nosuch --dt 1", "find -W role=web", "find -C base", "find -S role=web·and·base", "find -q -v", "find --limit 50% --nodes <dir>/hosts", "ping -A vec -q -v",
	"inventory --lc --batch 1 --batch-sleep 0", "inventory --lc --nodes <dir>/hosts -j", "inventory --lc -W role=db", "inventory --lc -v --dm flatfile --do <dir>/hosts",
	"facts role --limit 100% --sort -C base", "facts role --np", "facts role -j", "facts role -q -v", "facts role --sort -t 3 --dt 1", "facts nosuch -F role=db", "facts role -1 --np -I node1.example.net",
	"facts role --batch 1 --batch-sleep 0 --nodes <dir>/hosts", "facts role --batch 0%", "facts role --limit 1 --nodes <dir>/hosts --limit-seed 4", "facts", "facts a·b",
	"facts role --display x", "facts role -I nosuch -t 1", "facts role --ttl -5 -t 1 -I node1.example.net", "facts role --reply-to /queue/elsewhere",
	"facts role -W role=web", "facts role -S role=db", "facts role -A nosuch --dt 1", "facts role -C /bas/", "facts role --dm stdin <<< node1.example.net",
	"facts role <<< node1.example.net", "facts role --nodes <dir>/bad", "facts role --publish_timeout 1 --threaded", "facts role --publish-timeout x",
	"facts role --connection-timeout 5", "facts role -T eu", "inventory", "inventory nosuch -t 1", "inventory --lc", "inventory --list-coll -F role=db",
	"inventory --lc --dt 1 -F role=none", "inventory --map <dir>/map.dot", "inventory --cg", "inventory --map /nonexistent/x", "inventory --script /nonexistent",
	"inventory --script <dir>/report", "inventory node1.example.net -T eu", "describe_filter -W role=db·base -C x",
	"describe_filter -S (a·and·b=1)·or·!fstat('x').size>=3", "describe_filter -S a=1·and·(b>=2·or·(c<=3·and·d=/x/))", "describe_filter -S a==b",
	"describe_filter -T eu", "describe_filter -F x", "describe_filter -I a -A b", "describe_filter -S not·(a)·or·b", "describe_filter -S fact('a.b').value=~x",
	"plugin", "plugin x", "plugin doc", "plugin doc vec", "plugin doc vec_data", "plugin doc data/probe", "plugin doc /x", "plugin doc agent/", "plugin doc agent/../x",
	"plugin doc validator/length", "plugin doc discovery/stdin", "plugin doc x y", "plugin generate", "plugin generate fact x", "plugin generate data x",
	"plugin generate agent x y", "plugin generate agent x=1 y", "plugin doc --template", "plugin -n", "plugin doc vec -T eu", "plugin --timeout x",
	"find -F role=/[/", "find -S not", "find -S &", "plugin info <dir>/nosuch", "plugin generate agent made actions=a,b --author me", "plugin generate data made2 --outputs x,y", "plugin generate agent --actions",
}

const report = `inventory do
  format "%-25s %s"
  fields { [ identity, facts["role"] ] }
end
`

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
		for name, text := range map[string]string{"hosts": "node1.example.net\nnode2.example.net\n", "bad": "node 1\n", "report": report} {
			if err := os.WriteFile(filepath.Join(m.Dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, line := range said {
		t.Run(line, func(t *testing.T) {
			t.Parallel() // most of a line is waiting for nodes
			want, got := say(t, original, line), say(t, ours, line)
			if strings.Contains(line, "--list-agents") || line == "plugin doc" {
				got.Stdout = withoutOurs(want.Stdout, got.Stdout)
			}
			if got.Exit != want.Exit || got.Stdout != want.Stdout || got.Stderr != want.Stderr {
				t.Errorf("ours: exit %d\n%q\n%q\noriginal: exit %d\n%q\n%q", got.Exit, got.Stdout, got.Stderr, want.Exit, want.Stdout, want.Stderr)
			}
		})
	}
}

// explained is what ours says of silent nodes, behind all that the original says.
var explained = regexp.MustCompile(`(?s)\nmco: \d+ of \d+ nodes? answered.*`)

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
	out.Stdout, out.Stderr = steady(out.Stdout), steady(explained.ReplaceAllString(out.Stderr, ""))
	return out
}
