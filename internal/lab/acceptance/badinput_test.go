package acceptance

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
)

// desk is where the malformed command lines are typed: a client with two nodes at a broker, and a folder of bad files.
type desk struct {
	*lab.Client
	broker *lab.Broker
	audit  string // the file in which both nodes note requests

	queues, files []string // what was there when [desk.remember] looked
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	lib := t.TempDir()
	b := lab.RabbitMQ(t, lab.BrokerOptions{})
	cfg := lab.Cfg{Brokers: []*lab.Broker{b}, LibDirs: []string{filepath.Join(lab.Vectors(), "plugins"), lib}}
	audit := filepath.Join(t.TempDir(), "audit.log")
	for name, role := range map[string]string{"node1.example.net": "web", "node2.example.net": "db"} {
		cfg := cfg
		cfg.Extra = []string{"rpcaudit = 1", "rpcauditprovider = Logfile", "plugin.rpcaudit.logfile = " + audit}
		lab.GoNode(t, lab.ServerCfg{Cfg: cfg, Identity: name, Facts: "role: " + role + "\n", Classes: []string{"base"}}).WaitReady(t, b, time.Minute)
	}
	d := &desk{Client: lab.GoMco(t, lab.ClientCfg{Cfg: cfg}), broker: b, audit: audit}
	good, err := os.ReadFile(d.Config)
	if err != nil {
		t.Fatal(err)
	}
	metadata := `metadata :name => "x", :description => "x", :author => "x", :license => "x", :version => "1", :url => "x", :timeout => 5` + "\n"
	for name, text := range map[string]string{
		"hosts": "node1.example.net\nnode2.example.net\n", "bad": "node1.example.net\nnode 2\n", "binary": "\x00\x01\xff\xfe\n", "empty": "",
		"garbage.cfg": "\x7fELF\x00\x00", "nopsk.cfg": without(string(good), "plugin.psk"), "nodirect.cfg": string(good) + "direct_addressing = 0\n",
		"nosuchconnector.cfg": without(string(good), "connector") + "connector = carrier_pigeon\n", "badnumber.cfg": string(good) + "ttl = soon\n",
		"nopool.cfg": without(string(good), "plugin.rabbitmq.pool"),
		"evil.rb":    "inventory do\n format '%s'\n fields { [ `touch evil` ] }\nend\nsystem('touch evil')\n", "half.rb": "inventory do\n", "nofields.rb": "inventory do\n format '%s'\nend\n",
		"endless.rb": "while true\nend\n", "huge.rb": "x = 'a'\n99.times { |i| x = x + x }\nputs x\n",
		"badplugin/agent/bad.ddl": "metadata\n", "goodplugin/agent/good.ddl": metadata, "goodplugin/agent/good.rb": "# agent\n",
		filepath.Join(lib, "mcollective/agent/badddl.ddl"):  "metadata :name => \n",
		filepath.Join(lib, "mcollective/agent/rubyddl.ddl"): metadata + "File.write('evil', 'x')\n",
		filepath.Join(lib, "mcollective/agent/hugeddl.ddl"): metadata + strings.Repeat("# comment\n", 1<<18),
	} {
		if !filepath.IsAbs(name) {
			name = filepath.Join(d.Dir, name)
		}
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// without leaves out the lines of a cfg file whose key begins so.
func without(text, key string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, key) {
			b.WriteString(line)
		}
	}
	return b.String()
}

// audits counts the requests that the nodes have noted.
func (d *desk) audits(t *testing.T) int {
	t.Helper()
	log, err := os.ReadFile(d.audit)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return bytes.Count(log, []byte("\n"))
}

// contents lists the files of the desk.
func (d *desk) contents(t *testing.T) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(d.Dir, func(path string, _ os.DirEntry, err error) error {
		if !strings.HasPrefix(path, filepath.Join(d.Dir, ".local")) { // who answered the last time
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// remember looks at what nothingLeft will compare with.
func (d *desk) remember(t *testing.T) {
	t.Helper()
	var err error
	if d.queues, err = d.broker.Queues(); err != nil {
		t.Fatal(err)
	}
	d.files = d.contents(t)
}

// nothingLeft checks that the broker has the queues that it had, that no program of the desk runs, and that it has the files that it had.
func (d *desk) nothingLeft(t *testing.T) {
	t.Helper()
	lab.Wait(t, "the queues that were there before", 10*time.Second, func() error {
		now, err := d.broker.Queues()
		if err == nil && !slices.Equal(now, d.queues) {
			err = fmt.Errorf("%q, %q before", now, d.queues)
		}
		return err
	})
	if pids := lab.Naming(d.Dir); len(pids) > 0 {
		t.Errorf("processes %v still run", pids)
	}
	if now := d.contents(t); !slices.Equal(now, d.files) {
		t.Errorf("files are %q, were %q", now, d.files)
	}
}

// badLine is one row of testdata/badinput.txt: a command line, what stands on its standard input and in the environment, the exit code
// and what it must say.
type badLine struct {
	text, stdin, env string
	args             []string
	exit             int
	says             string
}

func badLines(t *testing.T, dir string) []badLine {
	t.Helper()
	raw, err := os.ReadFile("testdata/badinput.txt")
	if err != nil {
		t.Fatal(err)
	}
	long := strings.NewReplacer("<dir>", dir, "<long>", strings.Repeat("x", 300), "<longcmd>", strings.Repeat("true·", 100), `\n`, "\n", "··", "", "·", " ")
	var rows []badLine
	for line := range strings.Lines(string(raw)) {
		if line = strings.TrimSuffix(line, "\n"); line == "" || line[0] == '#' {
			continue
		}
		command, want, ok := strings.Cut(line, " => ")
		code, says, _ := strings.Cut(want, " ")
		exit, err := strconv.Atoi(code)
		if !ok || err != nil {
			t.Fatalf("testdata/badinput.txt: %q", line)
		}
		row := badLine{text: command, exit: exit, says: strings.ReplaceAll(says, "<dir>", dir)}
		command, row.env, _ = strings.Cut(command, " ENV ")
		command, row.stdin, _ = strings.Cut(command, " <<< ")
		row.env, row.stdin = long.Replace(row.env), long.Replace(row.stdin)
		for _, word := range strings.Fields(command) {
			row.args = append(row.args, long.Replace(word))
		}
		rows = append(rows, row)
	}
	return rows
}

// TestBadInput types malformed command lines: each must end soon, with its exit code, say what is wrong, and leave nothing behind.
func TestBadInput(t *testing.T) {
	lab.Need(t, lab.RabbitMQServer)
	t.Parallel()
	d := newDesk(t)
	d.remember(t)
	rows := badLines(t, d.Dir)
	if len(rows) < 200 {
		t.Errorf("%d rows, want at least 200", len(rows))
	}
	t.Run("line", func(t *testing.T) {
		for _, row := range rows {
			t.Run(row.text, func(t *testing.T) {
				t.Parallel()
				row.check(t, d.RunWith(t, row.stdin, []string{"MCOLLECTIVE_EXTRA_OPTS=" + row.env}, row.args...))
			})
		}
	})
	d.nothingLeft(t)
}

// On a terminal the operator is told why nobody will answer; scripts read what the original prints, which is nothing.
func TestHopelessFilters(t *testing.T) {
	lab.Need(t, lab.RabbitMQServer)
	t.Parallel()
	d := newDesk(t)
	for _, tc := range []struct{ args, says string }{
		{"-F role=/[/", "mco: no node can match: -F role=~ /[/: "},
		{"-F role=~[", "mco: no node can match: -F role=~ [: "},
		{"-S role=/[/", "mco: no node can match: -S role=/[/: /[/: "},
		{"-S ·", "mco: no node can match: -S asks nothing"},
		{"-C /[/", "mco: no node can match: -C /[/: "},
		{"-I /[/", "mco: no node can match: -I /[/: "},
		{"-A /[/", "mco: no node can match: -A /[/: "},
	} {
		t.Run(tc.args, func(t *testing.T) {
			args := []string{"find", "--dt", "1"}
			for _, word := range strings.Fields(tc.args) {
				args = append(args, strings.ReplaceAll(word, "·", ""))
			}
			if got := d.RunOnTerminal(t, 100, "", args...); got.Exit != 1 || !strings.Contains(got.Stdout, tc.says) {
				t.Errorf("exit %d, %q, want %q", got.Exit, got.Stdout, tc.says)
			}
			if got := d.Run(t, args...); got.Exit != 1 || got.All() != "" {
				t.Errorf("into a pipe: exit %d, %q", got.Exit, got.All())
			}
		})
	}
}

var colours = regexp.MustCompile(`\x1b\[\d+m`)

const prompt = "Do you really want to send this command unfiltered? (y/n): "

const noNodes = "\nNo request sent, we did not discover any nodes." // the original's, without a newline

func (row badLine) check(t *testing.T, got lab.Output) {
	if got.Exit != row.exit || !strings.Contains(colours.ReplaceAllString(got.All(), ""), row.says) {
		t.Errorf("exit %d\nstdout %q\nstderr %q\nwant exit %d, %q", got.Exit, got.Stdout, got.Stderr, row.exit, row.says)
	}
	if got.Took > 20*time.Second {
		t.Errorf("took %s", got.Took)
	}
	if strings.Contains(got.Stderr, "goroutine ") || strings.Contains(got.Stderr, "panic: ") {
		t.Errorf("panic: %s", got.Stderr)
	}
	if row.says == strings.TrimRight(prompt, " ") || row.says == prompt {
		return // what is asked ends without a newline
	}
	for stream, text := range map[string]string{"standard output": got.Stdout, "standard error": strings.TrimSuffix(got.Stderr, noNodes)} {
		if text != "" && !strings.HasSuffix(text, "\n") {
			t.Errorf("half a line on %s: %q", stream, text)
		}
	}
}
