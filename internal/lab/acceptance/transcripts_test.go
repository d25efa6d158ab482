package acceptance

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/vectors"
)

type transcripts struct {
	Nodes []struct {
		Identity    string
		FactsYAML   vectors.Text `json:"facts_yaml"`
		Classes     []string
		Collectives string
	}
	Online, Terminal []transcript
}

type transcript struct {
	Args           []string
	Stdin          vectors.Text
	Env            map[string]string
	Exit           int
	Stdout, Stderr vectors.Text
	LinesSorted    bool `json:"lines_sorted"`
	AnyOrder       bool `json:"any_order"`
	Terminal       vectors.Text
	Columns        uint16 `json:"terminal_columns"`
	Typed          string
	Files          map[string]vectors.Text
}

// TestTranscripts repeats what the original was seen to say before three of its own nodes, through pipes and on a terminal.
func TestTranscripts(t *testing.T) {
	lab.Need(t, lab.Ruby, lab.RabbitMQServer)
	t.Parallel()
	set := vectors.Load[transcripts](t, "transcripts.json")
	collectives := []string{"mcollective"}
	for _, n := range set.Nodes {
		collectives = append(collectives, strings.Split(n.Collectives, ",")...)
	}
	slices.Sort(collectives)
	b := lab.RabbitMQ(t, lab.BrokerOptions{Collectives: slices.Compact(collectives)})
	cfg := lab.Cfg{Brokers: []*lab.Broker{b}, LibDirs: []string{filepath.Join(vectors.Dir(t), "plugins")}}
	mco := lab.GoMco(t, lab.ClientCfg{Cfg: cfg})
	cfg.LibDirs = append(cfg.LibDirs, shellLib(t, "execute"))
	var hosts []string
	var nodes []*lab.Node
	for _, n := range set.Nodes {
		c := lab.ServerCfg{Cfg: cfg, Identity: n.Identity, Facts: string(n.FactsYAML), Classes: n.Classes}
		c.Collectives, c.MainCollective = strings.Split(n.Collectives, ","), "mcollective"
		nodes = append(nodes, lab.RubyNode(t, c))
		hosts = append(hosts, n.Identity)
	}
	for _, n := range nodes {
		n.WaitReady(t, b, time.Minute)
	}
	file := filepath.Join(mco.Dir, "hosts")
	if err := os.WriteFile(file, []byte(strings.Join(hosts[:2], "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}

	repeat := func(list string, cases []transcript) {
		t.Run(list, func(t *testing.T) {
			done := 0
			for _, c := range cases {
				t.Run(strings.Join(append(c.Args, string(c.Stdin)), " "), func(t *testing.T) {
					if c.Args[0] == "shell" {
						c.compareShell(t, mco)
					} else {
						c.compare(t, mco)
					}
					done++
				})
			}
			vectors.Count(t, "transcripts.json", list, done, len(cases))
		})
	}
	repeat("online", set.Online)
	repeat("terminal", set.Terminal)
}

func (c transcript) compare(t *testing.T, mco *lab.Client) {
	var args, env []string
	for _, a := range c.Args {
		args = append(args, strings.ReplaceAll(a, "<dir>", mco.Dir))
	}
	for k, v := range c.Env {
		env = append(env, k+"="+strings.ReplaceAll(v, "<dir>", mco.Dir))
	}
	var got lab.Output
	want := c
	if c.Terminal != "" {
		got = mco.RunOnTerminal(t, c.Columns, c.Typed, args...)
		want.Stdout = c.Terminal
	} else {
		got = mco.RunWith(t, string(c.Stdin), env, args...)
	}
	if slices.Contains(c.Args, "--help") {
		// Ours is always printed, which is a success; and it names our version.
		want.Exit = 0
		want.Stdout = vectors.Text(regexp.MustCompile(`The Marionette Collective \S+`).ReplaceAllString(string(want.Stdout), "The Marionette Collective <version>"))
	}
	if got.Exit != want.Exit {
		t.Errorf("mco %q: exit %d, want %d", args, got.Exit, want.Exit)
	}
	for name, text := range c.Files {
		b, err := os.ReadFile(filepath.Join(mco.Dir, name))
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.SplitAfter(string(b), "\n")
		slices.Sort(lines) // those of the transcripts are in the order of their text
		match(t, name, string(text), strings.Join(lines, ""), mco.Dir)
	}
	match(t, "standard output", c.order(string(want.Stdout)), c.order(got.Stdout), mco.Dir)
	match(t, "standard error", string(want.Stderr), got.Stderr, mco.Dir)
}

// order puts what may come in any order into one.
func (c transcript) order(text string) string {
	lines := strings.SplitAfter(text, "\n")
	switch {
	case c.AnyOrder:
		slices.Sort(lines)
	case c.LinesSorted: // each run of lines that are not empty
		for i := 0; i < len(lines); {
			end := i
			for end < len(lines) && strings.TrimSpace(lines[end]) != "" {
				end++
			}
			slices.Sort(lines[i:end])
			i = end + 1
		}
	}
	return strings.Join(lines, "")
}

// volatile says what stands for a placeholder of the transcripts.
var volatile = strings.NewReplacer(
	"<t>", `[0-9.]+`, "<epoch>", `\d+`, "<n>", `\d+`, "<pid>", `\d+`, "<id>", `[0-9a-f]{32}`, "<uuid>", `[0-9a-f-]{36}`,
	"<date>", `\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}`, "<stamp>", `[0-9/]+ [0-9:]+`, "<version>", `\S+`,
	"<path>", `\S+/server\.cfg`)

// nodeConfig is the cfg file of a node, which lies elsewhere here.
var nodeConfig = regexp.MustCompile(`(Config File: )<dir>/\S+/server\.cfg`)

// position is where in the original's source a warning was written.
var position = regexp.MustCompile("[a-z_]+\\.rb:\\d+:in `[^']*'")

// match compares got with a text that has placeholders.
func match(t *testing.T, what, want, got, dir string) {
	t.Helper()
	want = nodeConfig.ReplaceAllString(want, "${1}<path>")
	pattern := volatile.Replace(regexp.QuoteMeta(strings.ReplaceAll(want, "<dir>", dir)))
	pattern = position.ReplaceAllString(strings.ReplaceAll(pattern, `\.rb`, `.rb`), `\S+:\d+(:in .+?)?`)
	re, err := regexp.Compile(`^` + pattern + `$`)
	if err != nil {
		t.Fatal(err)
	}
	if !re.MatchString(got) {
		t.Errorf("%s:\n got %q\nwant %q", what, got, want)
	}
}
