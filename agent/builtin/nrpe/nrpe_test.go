package nrpe

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/agent/agenttest"
	"github.com/mco-go/mco-go/agent/command"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/config"
	"github.com/mco-go/mco-go/mco/inspect"
)

func TestMain(m *testing.M) {
	command.Shim()
	os.Exit(m.Run())
}

const checksOfTest = `# a comment
command[check_ok]=echo 'all is well|load=1;2;3'
command[check_warning] = echo "so so" ; exit 1
command[check_critical]=echo broken >&2; echo gone; exit 2
command[check_odd]=exit 77
command[check_dead]=kill -9 $$
command[check_slow]=sleep 60
command[check_args]=printf '%s/' $ARG1$ "$ARG2$" 'x$ARG1$y' "$(printf '%s' $ARG2$)"
`

func newAgent(t *testing.T) (agent.Agent, *config.Config) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"a.cfg": "command[check_ok]=false\n", "b.cfg": checksOfTest, "c.txt": "command[check_no]=true\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := agenttest.Config(t, "plugin.nrpe.conf_dir = "+dir+"\n")
	return agenttest.New(t, Name, New, c), c
}

func TestCommands(t *testing.T) {
	a, c := newAgent(t)
	for _, row := range []struct{ name, args, want string }{
		{"check_ok", "", `0 OK: 0 "all is well" "load=1;2;3"`},
		{"check_warning", "", `1 WARNING: 1 "so so" ""`},
		{"check_critical", "", `1 CRITICAL: 2 "gone" ""`},
		{"check_odd", "", `1 UNKNOWN: 77 "" ""`},
		{"check_dead", "", `1 UNKNOWN: 3 "The check was ended by signal 9" ""`},
		{"check_no", "", `1 UNKNOWN: 3 "No such command: check_no" ""`},
		{"check_args", "a b!c d", `0 OK: 0 "a b/c d/xa by/c d/" ""`},
		{"check_args", "$(id)!`id`;reboot", "0 OK: 0 \"$(id)/`id`;reboot/x$(id)y/`id`;reboot/\" \"\""},
		{"check_args", `'"!'; id; '`, `0 OK: 0 "'\"/'; id; '/x'\"y/'; id; '/" ""`},
		{"check_args", "", `0 OK: 0 "//xy//" ""`},
	} {
		r := agenttest.Ask(t, a, "runcommand", agenttest.Texts("command", row.name, "args", row.args)...)
		text := func(name mco.Symbol) string { return agenttest.Output(r, name) }
		got := fmt.Sprintf("%d %s: %s %q %q", r.Status, r.Message, text("exitcode"), text("output"), text("perfdata"))
		if got != row.want || text("command") != row.name {
			t.Errorf("%s %s: %s\nwant %s", row.name, row.args, got, row.want)
		}
	}
	plugins, err := Data(c)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int64{"check_critical": 2, "nosuch": 3} {
		m, err := plugins[0].Query(t.Context(), mco.String(name))
		if got, _ := m.Symbol("exitcode").AsInt(); err != nil || got != want {
			t.Errorf("data plugin: %s: %d, %v", name, got, err)
		}
	}
}

// A check that hangs is over before the reply is due.
func TestSlowCheck(t *testing.T) {
	a, _ := newAgent(t)
	start := time.Now()
	r := agenttest.Ask(t, a, "runcommand", agenttest.Texts("command", "check_slow")...)
	if r.Message != "UNKNOWN" || !strings.HasPrefix(inspect.Text(r.Data.Symbol("output")), "The check was ended after ") || time.Since(start) > 5*time.Second {
		t.Errorf("after %s: %s", time.Since(start), inspect.Text(r.Value()))
	}
}

func TestParse(t *testing.T) {
	got := parse("command[a]=x\ncommand[b] =  y z \n command[c]=x\ncommand[]=x\ncommand[d]\ncommand[e]=\ncommand[f]=g\r\n")
	if want := "[{a x} {b y z } {f g}]"; fmt.Sprint(got) != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

// FuzzParameters asks the real shell: whatever the argument, it arrives as one word and runs nothing.
func FuzzParameters(f *testing.F) {
	f.Add("$(touch /tmp/x)")
	f.Add("`id`'\"\\;|&<>*?~")
	f.Fuzz(func(t *testing.T, arg string) {
		if strings.ContainsRune(arg, 0) || len(arg) > 1000 {
			t.Skip("no argument of a process")
		}
		for _, line := range []string{`printf %s $ARG1$`, `printf %s "$ARG1$"`, `printf %s '$ARG1$'`, `printf %s "$(printf %s $ARG1$; printf .)"`} {
			out, err := exec.Command("/bin/sh", "-c", parameters(line), "nrpe", arg).Output()
			want := arg
			if strings.Contains(line, "; printf .") {
				want += "."
			}
			if err != nil || string(out) != want {
				t.Errorf("%s with %q: %q, %v", line, arg, out, err)
			}
		}
	})
}
