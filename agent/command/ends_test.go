package command

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
)

// runsForEver names the variable with which this test binary runs a command that does not end.
const runsForEver = "COMMAND_TEST_RUNS"

func runForEver(mark string) {
	r, err := New(Options{})
	if err == nil {
		_, err = r.Run(context.Background(), Spec{
			Line: "setsid sleep 987 & echo up; sleep 986", Env: map[string]string{"MARK": mark},
			Output: func(_ Stream, p []byte) { os.Stdout.Write(p) },
		})
	}
	panic(err)
}

// marked returns a variable that names the processes of one test.
func marked(t *testing.T) (mark string, env map[string]string) {
	mark = strings.NewReplacer("/", "-", " ", "-").Replace(t.Name()) + time.Now().Format("-150405.000000000")
	return mark, map[string]string{"MARK": mark}
}

func wantNone(t *testing.T, mark string) {
	t.Helper()
	err := lab.Eventually(5*time.Second, func() error {
		if left := lab.Naming(mark); len(left) != 0 {
			return errors.New("there are processes left")
		}
		return nil
	})
	if err != nil {
		t.Errorf("%v: %v", err, lab.Naming(mark))
	}
}

// A program that is killed takes its commands along, also those that left their session.
func TestDeathOfTheCaller(t *testing.T) {
	mark, _ := marked(t)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	caller := exec.Command(exe)
	caller.Env = append(os.Environ(), runsForEver+"="+mark)
	out, err := caller.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := caller.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "up\n" {
		t.Fatalf("%q, %v", line, err)
	}
	if n := len(lab.Naming(mark)); n < 3 { // the caller, the shell, and a sleep at least
		t.Errorf("%d processes run", n)
	}
	caller.Process.Kill()
	caller.Wait()
	wantNone(t, mark)
}

// A shim that is killed takes the command along, and is told apart from a command that ended.
func TestDeathOfTheShim(t *testing.T) {
	lab.Leaks(t)
	mark, env := marked(t)
	r := newRunner(t, Options{})
	var killed bool
	_, err := r.Run(t.Context(), Spec{Line: "echo up; sleep 986", Env: env, Output: func(Stream, []byte) {
		for _, pid := range lab.Children(os.Getpid()) {
			if p, err := os.FindProcess(pid); err == nil {
				killed = p.Kill() == nil
			}
		}
	}})
	if !killed || !errors.Is(err, errShimLost) {
		t.Errorf("killed %v, error %v", killed, err)
	}
	wantNone(t, mark)
}

func TestCancel(t *testing.T) {
	lab.Leaks(t)
	mark, env := marked(t)
	why := errors.New("the daemon stops")
	ctx, cancel := context.WithCancelCause(t.Context())
	r := newRunner(t, Options{})
	res, err := r.Run(ctx, Spec{Line: "trap 'echo told; exit 5' TERM; echo up; while :; do sleep 0.1; done", Env: env,
		Output: func(Stream, []byte) { cancel(why) }})
	if !errors.Is(err, why) {
		t.Errorf("error %v", err)
	}
	if string(res.Stdout) != "up\ntold\n" || res.ExitCode != 5 {
		t.Errorf("a command that heeds SIGTERM told %q and ended with %d", res.Stdout, res.ExitCode)
	}
	wantNone(t, mark)
}

func TestOutputComesAtOnce(t *testing.T) {
	r := newRunner(t, Options{})
	// The command goes on only when its first line was seen.
	green := t.TempDir() + "/go"
	_, err := r.Run(t.Context(), Spec{Line: "echo first; while [ ! -e " + green + " ]; do sleep 0.02; done", Timeout: 20 * time.Second,
		Output: func(s Stream, p []byte) {
			if s == Stdout && string(p) == "first\n" {
				if err := os.WriteFile(green, nil, 0o600); err != nil {
					t.Error(err)
				}
			}
		}})
	if err != nil {
		t.Error(err)
	}
}

// What a command has let go stays when that is wanted: a daemon, or a program under nohup with its output elsewhere. Others do not.
func TestDaemons(t *testing.T) {
	for name, row := range map[string]struct {
		line    string
		daemons bool
		stays   bool
	}{
		"a daemon":                      {"setsid sleep 985 >/dev/null 2>&1 </dev/null & exit 0", true, true},
		"under nohup":                   {"nohup sleep 985 >/dev/null 2>&1 & exit 0", true, true},
		"in the command's session":      {"sleep 985 >/dev/null 2>&1 & exit 0", true, false},
		"a daemon that holds a stream":  {"setsid sleep 985 & exit 0", true, false},
		"a daemon that is not wanted":   {"setsid sleep 985 >/dev/null 2>&1 & exit 0", false, false},
		"a daemon of one that is ended": {"setsid sleep 985 >/dev/null 2>&1 & sleep 984", true, false},
		"a service's start script":      {"setsid sh -c 'exec >/dev/null 2>&1 </dev/null; sleep 985 & exit 0'; echo started", true, true},
	} {
		t.Run(name, func(t *testing.T) {
			lab.Leaks(t)
			mark, env := marked(t)
			r := newRunner(t, Options{})
			if _, err := r.Run(t.Context(), Spec{Line: row.line, Env: env, Daemons: row.daemons, Timeout: 3 * time.Second}); err != nil && !errors.Is(err, ErrTimeout) {
				t.Fatal(err)
			}
			left := lab.Naming(mark)
			if (len(left) == 1) != row.stays {
				t.Errorf("%d processes are left", len(left))
			}
			for _, pid := range left {
				if p, err := os.FindProcess(pid); err == nil {
					p.Kill()
				}
			}
			wantNone(t, mark)
		})
	}
}
