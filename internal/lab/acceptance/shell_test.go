package acceptance

import (
	"fmt"
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

// shellLib is the folder with one of the Ruby shell agents, execute or jobs.
func shellLib(t *testing.T, which string) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("..", "testdata", "ruby", which))
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// shellNodes starts nodes of a program with a shell agent: a Ruby one with the agent of the folder which, ours with the built-in one.
func shellNodes(t *testing.T, b *lab.Broker, program, which string, nodes ...lab.ServerCfg) {
	t.Helper()
	var started []*lab.Node
	for _, n := range nodes {
		jobs := filepath.Join(t.TempDir(), "jobs")
		n.Brokers, n.Extra = []*lab.Broker{b}, append(n.Extra, "plugin.shell.state_path = "+jobs)
		if program == golang {
			started = append(started, lab.GoNode(t, n))
			continue
		}
		if err := os.Mkdir(jobs, 0o700); err != nil {
			t.Fatal(err)
		}
		n.LibDirs = append(slices.Clone(n.LibDirs), shellLib(t, which))
		started = append(started, lab.RubyNode(t, n))
	}
	for i, n := range started {
		n.WaitReadyIn(t, b, nodes[i].MainCollective, time.Minute)
	}
}

type shellTranscripts struct {
	Nodes []struct {
		Identity    string
		FactsYAML   vectors.Text `json:"facts_yaml"`
		Classes     []string
		Collectives string
	}
	Execute  []transcript `json:"shell_execute"`
	Run      []transcript `json:"shell_run"`
	Terminal []transcript
}

// TestShellTranscripts repeats what the two original applications named shell were seen to say, before nodes of the original with an
// agent like theirs, and before our own nodes.
func TestShellTranscripts(t *testing.T) {
	lab.Need(t, lab.Ruby, lab.RabbitMQServer)
	t.Parallel()
	set := vectors.Load[shellTranscripts](t, "transcripts.json")
	terminal := slices.DeleteFunc(set.Terminal, func(c transcript) bool { return c.Args[0] != "shell" })
	for _, program := range []string{ruby, golang} {
		t.Run("nodes in "+program, func(t *testing.T) {
			t.Run("execute", func(t *testing.T) {
				mco := set.fleet(t, program, "execute", 3)
				vectors.Count(t, "transcripts.json", "shell_execute", repeatShell(t, mco, set.Execute), len(set.Execute))
				repeatShell(t, mco, terminal)
			})
			t.Run("run", func(t *testing.T) {
				done := repeatShell(t, set.fleet(t, program, "jobs", 2), set.Run)
				vectors.Count(t, "transcripts.json", "shell_run", done, len(set.Run))
			})
		})
	}
}

// fleet starts the first nodes of the transcripts and returns a client of ours for them.
func (s shellTranscripts) fleet(t *testing.T, program, which string, size int) *lab.Client {
	t.Helper()
	var nodes []lab.ServerCfg
	var collectives []string
	for _, n := range s.Nodes[:size] {
		c := lab.ServerCfg{Identity: n.Identity, Facts: string(n.FactsYAML), Classes: n.Classes}
		c.LibDirs = []string{filepath.Join(vectors.Dir(t), "plugins")}
		c.Collectives, c.MainCollective = strings.Split(n.Collectives, ","), "mcollective"
		collectives = append(collectives, c.Collectives...)
		nodes = append(nodes, c)
	}
	slices.Sort(collectives)
	b := lab.RabbitMQ(t, lab.BrokerOptions{Collectives: slices.Compact(collectives)})
	shellNodes(t, b, program, which, nodes...)
	return lab.GoMco(t, lab.ClientCfg{Cfg: lab.Cfg{Brokers: []*lab.Broker{b}, LibDirs: []string{shellLib(t, which)}}})
}

// repeatShell runs the cases and returns how many it compared.
func repeatShell(t *testing.T, mco *lab.Client, cases []transcript) (done int) {
	for _, c := range cases {
		t.Run(strings.Join(append(c.Args, string(c.Stdin), c.Typed), " "), func(t *testing.T) {
			c.compareShell(t, mco)
			done++
		})
	}
	return done
}

// otherShell are complaints of mcollective-shell-agent's application about a missing sub-command.
var otherShell = regexp.MustCompile(`(Please specify an action|Action has to be one of run, start, watch, list, kill)`)

// compareShell is compare with the rule by which one front end stands for two: without a sub-command the command line is phobos182's, so
// that what mcollective-shell-agent's application said of it was about another program.
func (c transcript) compareShell(t *testing.T, mco *lab.Client) {
	want := c
	var got lab.Output
	if c.Terminal != "" {
		got, want.Stdout = mco.RunOnTerminal(t, c.Columns, c.Typed, c.Args...), c.Terminal
	} else {
		got = mco.RunWith(t, string(c.Stdin), nil, c.Args...)
	}
	if otherShell.MatchString(string(c.Stderr)) {
		refused := strings.Contains(got.Stderr, "You must pass a command!") || strings.HasPrefix(got.Stdout, "Do you really want to send")
		if got.Exit != want.Exit || !refused {
			t.Errorf("exit %d, %q", got.Exit, got.All())
		}
		return
	}
	if got.Exit != want.Exit {
		t.Errorf("exit %d, want %d", got.Exit, want.Exit)
	}
	// The order of nodes is that of their answers; the question stands in front of the first of them, and a terminal shows what is typed
	// when it is typed, which may be before the question.
	blocks := func(text string) string {
		if typed := strings.ReplaceAll(c.Typed, "\n", "\r\n"); typed != "" {
			text = strings.Replace(text, typed, "", 1)
		}
		return c.order(strings.ReplaceAll(text, ": Host: ", ": \nHost: "))
	}
	match(t, "standard output", blocks(string(want.Stdout)), blocks(got.Stdout), mco.Dir)
	match(t, "standard error", string(want.Stderr), got.Stderr, mco.Dir)
}

// TestShellsMeet lets either program's client use either shell agent of either program's nodes.
func TestShellsMeet(t *testing.T) {
	lab.Need(t, lab.Ruby, lab.RabbitMQServer)
	t.Parallel()
	for _, which := range []string{"execute", "jobs"} {
		t.Run(which, func(t *testing.T) {
			b := lab.RabbitMQ(t, lab.BrokerOptions{Collectives: []string{"mcollective"}})
			node := func(name string) lab.ServerCfg {
				return lab.ServerCfg{Identity: name, Facts: "---\nos: Debian\n", Cfg: lab.Cfg{MainCollective: "mcollective", LibDirs: []string{t.TempDir()}}}
			}
			shellNodes(t, b, ruby, which, node("ruby.example.net"))
			shellNodes(t, b, golang, which, node("go.example.net"))
			cfg := lab.ClientCfg{Cfg: lab.Cfg{Brokers: []*lab.Broker{b}, LibDirs: []string{shellLib(t, which)}}}
			ours, theirs := lab.GoMco(t, cfg), lab.RubyMco(t, cfg)
			for program, mco := range map[string]*lab.Client{golang: ours, ruby: theirs} {
				t.Run("client in "+program, func(t *testing.T) {
					if which == "execute" {
						askBoth(t, mco, map[string]any{"exitcode": 3.0, "stdout": "Grüße\n", "stderr": "err\n", "output": nil, "error": nil},
							"execute", "cmd=echo Grüße; echo err >&2; exit 3")
						return
					}
					askBoth(t, mco, map[string]any{"exitcode": 3.0, "stdout": "out\n", "stderr": "err\n", "success": true},
						"run", "command=echo out; echo err >&2; exit 3")
					askBoth(t, mco, map[string]any{"exitcode": nil, "stdout": "out\n", "stderr": "", "success": false},
						"run", "command=echo out; sleep 976", "timeout=0.5")
					runInBackground(t, mco)
				})
			}
			for program, mco := range map[string]*lab.Client{golang: ours, ruby: theirs} {
				t.Run("mco shell in "+program, func(t *testing.T) {
					if which == "jobs" {
						followBoth(t, mco)
						return
					}
					out := mco.Run(t, "shell", "echo out; exit 4", "-F", "os=Debian")
					for _, n := range []string{"ruby", "go"} {
						if block := "Host: " + n + ".example.net\nStatuscode: 4\nOutput:\nout\n"; !strings.Contains(out.Stdout, block) || out.Exit != 0 {
							t.Errorf("exit %d, no %q in %q", out.Exit, block, out.All())
						}
					}
				})
			}
		})
	}
}

// askBoth calls an action of the nodes of both programs, which must answer the same.
func askBoth(t *testing.T, mco *lab.Client, want map[string]any, args ...string) {
	t.Helper()
	answers, out, err := rpc(t, mco, append([]string{"shell"}, args...)...)
	if err != nil {
		t.Fatal(err)
	}
	for _, sender := range []string{"ruby.example.net", "go.example.net"} {
		a, ok := answers[sender]
		if !ok || a.StatusCode != 0 {
			t.Errorf("%s: %+v\n%s", sender, a, out.All())
			continue
		}
		for key, value := range want {
			if got, there := a.Data[key]; !there || got != value {
				t.Errorf("%s: %s is %v, want %v", sender, key, got, value)
			}
		}
	}
}

// runInBackground starts a job on both nodes, sees it run, ends it and sees that.
func runInBackground(t *testing.T, mco *lab.Client) {
	answers, out, err := rpc(t, mco, "shell", "start", "command=echo begun; sleep 975")
	if err != nil || len(answers) != 2 {
		t.Fatalf("%v\n%s", err, out.All())
	}
	for sender, a := range answers {
		handle := fmt.Sprint(a.Data["handle"])
		ask := func(action string) answer {
			answers, out, err := rpc(t, mco, "shell", action, "handle="+handle, "-I", sender)
			if err != nil {
				t.Fatalf("%v\n%s", err, out.All())
			}
			return answers[sender]
		}
		status := func(state, stdout string) {
			t.Helper()
			lab.Wait(t, sender+": job is "+state, 20*time.Second, func() error {
				if a := ask("status"); a.Data["status"] != state || a.Data["stdout"] != stdout {
					return fmt.Errorf("%+v", a)
				}
				return nil
			})
		}
		status("running", "begun\n")
		if a := ask("kill"); a.StatusCode != 0 {
			t.Errorf("%s: kill: %+v", sender, a)
		}
		status("stopped", "begun\n")
		answers, _, err := rpc(t, mco, "shell", "list", "-I", sender)
		if err != nil {
			t.Fatal(err)
		}
		jobs, _ := answers[sender].Data["jobs"].(map[string]any)
		job, _ := jobs[handle].(map[string]any)
		if job["id"] != handle || job["command"] != "echo begun; sleep 975" || job["status"] != "stopped" || job["signal"] != 15.0 {
			t.Errorf("%s: list tells %+v", sender, jobs)
		}
		if a := ask("kill"); a.StatusCode != 0 {
			t.Errorf("%s: kill once more: %+v", sender, a)
		}
	}
	if answers, _, err := rpc(t, mco, "shell", "kill", "handle=none"); err != nil || len(answers) != 2 {
		t.Error(err)
	} else {
		for sender, a := range answers {
			if a.StatusCode != 5 {
				t.Errorf("%s: a handle that is none: %+v", sender, a)
			}
		}
	}
}

// followBoth shows the output of one command on both nodes while it runs.
func followBoth(t *testing.T, mco *lab.Client) {
	green := filepath.Join(t.TempDir(), "go")
	ended := make(chan lab.Output, 1)
	go func() {
		ended <- mco.Run(t, "shell", "run", "--tail", "echo one; while [ ! -e "+green+" ]; do sleep 0.05; done; echo two >&2; printf three")
	}()
	// Both have begun when both are listed; the file is then what lets them end.
	lab.Wait(t, "both run", 30*time.Second, func() error {
		out := mco.Run(t, "shell", "list", "-v")
		if strings.Count(out.Stdout, green) != 2 {
			return fmt.Errorf("exit %d after %v: %q", out.Exit, out.Took, out.All())
		}
		return nil
	})
	if err := os.WriteFile(green, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	out := <-ended
	for _, n := range []string{"ruby", "go"} {
		for _, line := range []string{" stdout: one\n", " stderr: two\n", " stdout: three\n"} {
			if strings.Count(out.Stdout, n+".example.net"+line) != 1 {
				t.Errorf("%s%s in %q", n, line, out.Stdout)
			}
		}
	}
	if out.Exit != 0 {
		t.Errorf("exit %d: %s", out.Exit, out.All())
	}
}
