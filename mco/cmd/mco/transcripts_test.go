package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/mco-go/mco-go/internal/vectors"
	"github.com/mco-go/mco-go/mco/ddl"
)

type transcript struct {
	Args           []string
	Stdin          string
	Exit           int
	Stdout, Stderr string
}

// desk is the machine that the transcripts were made on: a home with a client.cfg, and the plugins of the vectors.
type desk struct {
	program, dir string
}

const clientConfig = `main_collective = mcollective
collectives = mcollective
libdir = %[1]s/lib
logger_type = console
loglevel = warn
securityprovider = psk
plugin.psk = lab
connector = rabbitmq
plugin.rabbitmq.vhost = /mcollective
plugin.rabbitmq.pool.size = 1
plugin.rabbitmq.pool.1.host = 127.0.0.1
plugin.rabbitmq.pool.1.port = 1
plugin.rabbitmq.pool.1.user = mcollective
plugin.rabbitmq.pool.1.password = lab
factsource = yaml
plugin.yaml = %[1]s/none.yaml
`

// shellDDL declares the one agent of the transcripts that the vectors do not bring along.
const shellDDL = `metadata :name => "shell", :description => "Remote execution of bash commands", :author => "x", :license => "x",
  :version => "1.0", :url => "x", :timeout => 60
`

func newDesk(t *testing.T) desk {
	t.Helper()
	d := desk{dir: t.TempDir()}
	d.program = filepath.Join(d.dir, "bin", "mco")
	if out, err := exec.Command("go", "build", "-o", d.program, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	lib := filepath.Join(d.dir, "lib")
	if err := os.CopyFS(lib, os.DirFS(filepath.Join(vectors.Dir(t), "plugins"))); err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string]string{
		filepath.Join(d.dir, ".mcollective"):                    fmt.Sprintf(clientConfig, d.dir),
		filepath.Join(lib, "mcollective", "agent", "shell.ddl"): shellDDL,
		filepath.Join(d.dir, "hosts"):                           "node1.example.net\nnode2.example.net\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// run calls the program as the transcripts did.
func (d desk) run(t *testing.T, stdin string, args ...string) transcript {
	t.Helper()
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "<dir>", d.dir)
	}
	cmd := exec.CommandContext(t.Context(), d.program, args...)
	cmd.Dir = d.dir
	cmd.Env = []string{"HOME=" + d.dir, "PATH=" + os.Getenv("PATH"), "TZ=UTC", "LANG=C.UTF-8"}
	cmd.Stdin = strings.NewReader(stdin)
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if e, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		t.Fatalf("mco %q: %v", args, e)
	}
	return transcript{Args: args, Exit: cmd.ProcessState.ExitCode(), Stdout: d.mask(stdout.String()), Stderr: d.mask(stderr.String())}
}

var stamp = regexp.MustCompile("\\d{4}/\\d\\d/\\d\\d \\d\\d:\\d\\d:\\d\\d: \\S+:\\d+:in [`'][^']*'")

// mask replaces what is of this machine and this run.
func (d desk) mask(text string) string {
	text = strings.ReplaceAll(text, d.program, "/usr/bin/mco")
	return stamp.ReplaceAllString(strings.ReplaceAll(text, d.dir, "<dir>"), "<stamp>:")
}

// original is the place in the original's source that a warning names.
var original = regexp.MustCompile("<stamp>: [a-z_]+\\.rb:\\d+:in `[^']*'")

func TestTranscriptsOffline(t *testing.T) {
	v := vectors.Load[struct{ Offline []transcript }](t, "transcripts.json")
	d := newDesk(t)
	done := 0
	for _, tc := range v.Offline {
		t.Run("mco "+strings.Join(tc.Args, " "), func(t *testing.T) {
			done++
			tc.Stderr = original.ReplaceAllString(tc.Stderr, "<stamp>:")
			got := d.run(t, tc.Stdin, slices.Clone(tc.Args)...)
			tc.compare(t, d, got)
		})
	}
	vectors.Count(t, "transcripts.json", "offline", done, len(v.Offline))
}

// compare applies the rules by which our output differs.
func (tc transcript) compare(t *testing.T, d desk, got transcript) {
	t.Helper()
	switch {
	case len(tc.Args) > 1 && slices.Contains(tc.Args, "--help"): // always printed, and no failure
		help := d.run(t, "", "help", tc.Args[0])
		tc.Exit, tc.Stdout = 0, strings.TrimSuffix(help.Stdout, "\n")
		got.Stdout = strings.TrimSuffix(got.Stdout, "\n")
	case strings.Contains(tc.Stdout, "Known commands:"): // lists of commands are ours
		tc.Stdout, got.Stdout = withoutRows(tc.Stdout), withoutRows(got.Stdout)
	case len(tc.Args) == 1 && tc.Args[0] == "help" || slices.Contains(tc.Args, "--list-applications"):
		tc.Stdout, got.Stdout = shared(tc.Stdout), shared(got.Stdout)
	case strings.Contains(tc.Stdout, "Available plugins are:"), slices.Contains(tc.Args, "--list-agents"):
		got.Stdout = withoutOurs(tc.Stdout, got.Stdout)
	case strings.Contains(tc.Stderr, "undefined method"): // a fault of the original: it stumbles over its own refusal
		if got.Exit != tc.Exit || got.Stdout != tc.Stdout || !strings.Contains(got.Stderr, "does not return a") {
			t.Errorf("%+v", got)
		}
		return
	}
	if got.Exit != tc.Exit {
		t.Errorf("exit code %d, want %d", got.Exit, tc.Exit)
	}
	if got.Stdout != tc.Stdout {
		t.Errorf("standard output\n got %q\nwant %q", got.Stdout, tc.Stdout)
	}
	if got.Stderr != tc.Stderr {
		t.Errorf("standard error\n got %q\nwant %q", got.Stderr, tc.Stderr)
	}
}

var (
	row        = regexp.MustCompile(`(?m)^   [a-z_]+ .*\n`)
	someListed = regexp.MustCompile(`^ {0,2}(completion|describe_filter|facts|find|help|inventory|ping|plugin|rpc)\b`)
)

// withoutOurs takes out of a list of plugins those that ship here and not with the original.
func withoutOurs(want, got string) string {
	var ours []string
	for _, kind := range []ddl.Kind{ddl.Agent, ddl.Aggregate, ddl.Data, ddl.Validator} {
		for _, name := range ddl.List(nil, kind) {
			ours = append(ours, strings.TrimSuffix(name, "_"+string(kind)))
		}
	}
	var b strings.Builder
	for line := range strings.Lines(got) {
		name, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		name, _, _ = strings.Cut(name, ":")
		if strings.Contains(want, line) || !slices.Contains(ours, name) {
			b.WriteString(line)
		}
	}
	return b.String()
}

func withoutRows(text string) string { return row.ReplaceAllString(text, "") }

// shared keeps the lines of a list of commands that both programs have.
func shared(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		if someListed.MatchString(line) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

func TestVersion(t *testing.T) {
	d := newDesk(t)
	for _, args := range [][]string{{"--version"}, {"ping", "--version"}, {"rpc", "--vers"}} {
		got := d.run(t, "", args...)
		if got.Exit != 0 || !strings.HasPrefix(got.Stdout, "mco 2.12.5+go.") || got.Stderr != "" {
			t.Errorf("mco %q: %+v", args, got)
		}
	}
}

// What the shell asks while the operator presses tab needs no broker.
func TestShellCompletion(t *testing.T) {
	d := newDesk(t)
	got := d.run(t, "", "__complete", "ping", "--disc")
	if got.Exit != 0 || !strings.Contains(got.Stdout, "--disc-method\tWhich discovery method to use\n") {
		t.Errorf("options of ping: %+v", got)
	}
	if got = d.run(t, "", "__complete", "pi"); !strings.HasPrefix(got.Stdout, "ping\tPing all nodes\n") {
		t.Errorf("commands: %+v", got)
	}
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"rpc", "ve"}, "vec\tReplies of each kind\n"},
		{[]string{"rpc", "-I", "x", "vec", "mis"}, "misfire\tFails in a chosen way\n"},
		{[]string{"rpc", "vec", "echo", "ms"}, "msg=\tText\n"},
		{[]string{"plugin", "doc", "data/fs"}, "data/fstat\tRetrieve file stat data for a given file\n"},
		{[]string{"plugin", "gen"}, "generate\n"},
		{[]string{"help", "fac"}, "facts\n"},
		{[]string{"ping", "--exp"}, "--expect\tEnd as soon as"},
	} {
		if got = d.run(t, "", append([]string{"__complete"}, tc.args...)...); got.Exit != 0 || !strings.HasPrefix(got.Stdout, tc.want) {
			t.Errorf("%q: %+v, want %q", tc.args, got, tc.want)
		}
	}
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if got = d.run(t, "", "completion", shell); got.Exit != 0 || !strings.Contains(got.Stdout, "__complete") {
			t.Errorf("script for %s: exit %d, %d bytes", shell, got.Exit, len(got.Stdout))
		}
	}
}
