package acceptance

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
)

// run is a command under way, whose outputs can be looked at.
type run struct {
	cmd            *exec.Cmd
	stdout, stderr screen
	ended          chan error
}

// screen collects what a command prints.
type screen struct {
	mu   sync.Mutex
	text bytes.Buffer // guarded by mu
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// start runs a shell line at the desk, in which $MCO is our program.
func (d *desk) start(t *testing.T, stdin io.Reader, line string) *run {
	t.Helper()
	r := &run{cmd: exec.Command("bash", "-c", line), ended: make(chan error, 1)}
	r.cmd.Dir = d.Dir
	r.cmd.Env = []string{"HOME=" + d.Dir, "PATH=" + os.Getenv("PATH"), "MCO=" + lab.Program(t, "mco")}
	r.cmd.Stdin, r.cmd.Stdout, r.cmd.Stderr = stdin, &r.stdout, &r.stderr
	r.cmd.WaitDelay = time.Second
	if err := lab.Leash(r.cmd, func(err error) { r.ended <- err }); err != nil {
		t.Fatal(err)
	}
	return r
}

// exit waits for the end and returns the exit code, as the shell counts.
func (r *run) exit(t *testing.T, limit time.Duration) int {
	t.Helper()
	select {
	case err := <-r.ended:
		if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok && !errors.Is(err, exec.ErrWaitDelay) {
			t.Fatal(err)
		}
		return r.cmd.ProcessState.ExitCode()
	case <-time.After(limit):
		_ = r.cmd.Process.Kill()
		<-r.ended
		t.Fatalf("did not end within %s\nstdout %q\nstderr %q", limit, &r.stdout, &r.stderr)
	}
	return -1
}

// silent is a broker's address that takes connections and never answers.
func silent(t *testing.T) (addr string, taken <-chan struct{}) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	got := make(chan struct{}, 1)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = c.Close() })
			select {
			case got <- struct{}{}:
			default:
			}
		}
	}()
	return l.Addr().String(), got
}

// TestInterrupted presses Ctrl-C, or sends SIGTERM, in each phase of a command: before a broker answers, while nodes are looked for,
// while replies are waited for, between batches, and while names are read. The command ends at once with its exit code and whole lines,
// and leaves nothing at the broker.
func TestInterrupted(t *testing.T) {
	lab.Need(t, lab.RabbitMQServer)
	t.Parallel()
	d := newDesk(t)
	good, err := os.ReadFile(d.Config)
	if err != nil {
		t.Fatal(err)
	}
	addr, taken := silent(t)
	_, port, _ := net.SplitHostPort(addr)
	nobody := without(string(good), "plugin.rabbitmq.pool.1.port") + "plugin.rabbitmq.pool.1.port = " + port + "\n"
	if err := os.WriteFile(filepath.Join(d.Dir, "silent.cfg"), []byte(nobody), 0o600); err != nil {
		t.Fatal(err)
	}
	d.remember(t)

	stderr := func(text string) func(*run) error {
		return func(r *run) error {
			if !strings.Contains(r.stderr.String(), text) {
				return fmt.Errorf("standard error is %q", r.stderr.String())
			}
			return nil
		}
	}
	stdout := func(text string) func(*run) error {
		return func(r *run) error {
			if !strings.Contains(r.stdout.String(), text) {
				return fmt.Errorf("standard output is %q", r.stdout.String())
			}
			return nil
		}
	}
	accepted := func(*run) error {
		select {
		case <-taken:
			return nil
		default:
			return errors.New("no connection yet")
		}
	}
	connected := func(r *run) error {
		for _, s := range lab.Sockets(r.cmd.Process.Pid) {
			if s.Remote == d.broker.Addr() && s.State == "ESTABLISHED" {
				return nil
			}
		}
		return errors.New("no session yet")
	}
	audits := 0
	asked := func(*run) error { // the request is out: a node has noted it
		if now := d.audits(t); now == audits {
			return fmt.Errorf("%d requests audited, as before", now)
		}
		return nil
	}
	const gone = " -I gone.example.net -t 60"
	for _, tc := range []struct {
		phase, line string
		when        func(*run) error
		exit        int
		stdout      string // what it must end with
		open        bool   // standard input stays open
	}{
		{"before a broker answers", "ping -c silent.cfg", accepted, 1, "", false},
		{"before a broker answers", "find -c silent.cfg", accepted, 1, "", false},
		{"before a broker answers", "rpc rpcutil ping -c silent.cfg", accepted, 1, "", false},
		{"before a broker answers", "rpc rpcutil ping --nr -c silent.cfg", accepted, 1, "", false},
		{"before a broker answers", "facts role -c silent.cfg", accepted, 1, "", false},
		{"before a broker answers", "inventory node1.example.net -c silent.cfg", accepted, 1, "", false},
		{"before a broker answers", "inventory --lc -c silent.cfg", accepted, 1, "", false},
		{"before a broker answers", "describe_filter -F role=web --count -c silent.cfg", accepted, 1, "", false},
		{"while nodes are looked for", "rpc rpcutil ping -F role=none --dt 60", stderr(".... "), 1, "", false},
		{"while nodes are looked for", "find -v -F role=none --dt 60", stderr(".... "), 1, "", false},
		{"while nodes are looked for", "find -F role=web --dt 60", connected, -1, "", false},
		{"while nodes are looked for", "facts role -v -F role=none --dt 60", stderr(".... "), 1, "", false},
		{"while nodes are looked for", "inventory --lc -v -F role=none --dt 60", stderr(".... "), 1, "", false},
		{"while nodes answer", "ping -t 60", stdout(" ms\n"), 0, "\n", false},
		{"while nodes answer", "ping -t 60 -F role=none", connected, -1, "", false},
		{"while nodes answer", "ping --expect 9 -t 60", stdout(" ms\n"), 2, "\n", false},
		{"while replies are waited for", "rpc rpcutil ping" + gone, stdout("\r0 / 1"), 4, " \n\n", false},
		{"while replies are waited for", "rpc rpcutil ping -I node1.example.net" + gone, stdout("\r1 / 2"), 0, " \n\n", false},
		{"while replies are waited for", "rpc rpcutil ping -j -I node1.example.net" + gone, asked, -1, "]\n", false},
		{"while replies are waited for", "facts role -I node1.example.net" + gone, asked, -1, "", false},
		{"while replies are waited for", "inventory gone.example.net -t 60", connected, 1, "", false},
		{"between batches", "rpc rpcutil ping --nodes hosts --batch 1 --batch-sleep 60", stdout("\r1 / 2"), 0, "\n\n", false},
		{"while names are read", "find --dm stdin", func(*run) error { return nil }, -1, "", true},
		{"while it asks", "shell uptime", stdout("(y/n): "), -1, "", true},
	} {
		for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
			t.Run(tc.phase+"/"+tc.line+"/"+signal.String(), func(t *testing.T) {
				var stdin io.Reader
				if tc.open {
					read, write, err := os.Pipe()
					if err != nil {
						t.Fatal(err)
					}
					defer read.Close()
					defer write.Close()
					stdin = read
				}
				audits = d.audits(t)
				r := d.start(t, stdin, "exec $MCO "+tc.line)
				lab.Wait(t, tc.phase, 20*time.Second, func() error { return tc.when(r) })
				if err := r.cmd.Process.Signal(signal); err != nil {
					t.Fatal(err)
				}
				code := r.exit(t, 5*time.Second)
				if tc.exit >= 0 && code != tc.exit {
					t.Errorf("exit code %d, want %d\nstdout %q\nstderr %q", code, tc.exit, &r.stdout, &r.stderr)
				}
				row := badLine{exit: code}
				if tc.phase == "while it asks" {
					row.says = prompt
				}
				row.check(t, lab.Output{Exit: code, Stdout: r.stdout.String(), Stderr: r.stderr.String()})
				if !strings.HasSuffix(r.stdout.String(), tc.stdout) {
					t.Errorf("stdout %q\nmust end with %q", &r.stdout, tc.stdout)
				}
			})
		}
	}
	d.nothingLeft(t)
}

// TestOutputs gives commands standard streams that are closed, full, or read by somebody who leaves.
func TestOutputs(t *testing.T) {
	lab.Need(t, lab.RabbitMQServer)
	t.Parallel()
	d := newDesk(t)
	d.remember(t)
	for _, tc := range []struct {
		line string
		exit int
		says string // on standard error
	}{
		{"$MCO ping <&-", 0, ""},
		{"$MCO find <&-", 0, ""},
		{"$MCO rpc rpcutil ping <&-", 0, ""},
		{"$MCO find --dm stdin <&-", 1, "could not discover hosts from it"},
		{"$MCO shell uptime <&-", 1, ""},
		{"$MCO facts role <&- >&-", 0, ""},
		{"$MCO ping >/dev/full", 1, "mco: standard output: "},
		{"$MCO find >/dev/full", 1, "no space left on device"},
		{"$MCO rpc rpcutil ping -j >/dev/full", 1, "no space left on device"},
		{"$MCO facts role >/dev/full", 1, "no space left on device"},
		{"$MCO inventory node1.example.net >/dev/full", 1, "no space left on device"},
		{"$MCO plugin doc >/dev/full", 1, "no space left on device"},
		{"$MCO help >/dev/full", 1, "no space left on device"},
		{"$MCO --version >/dev/full", 1, "no space left on device"},
		{"$MCO completion bash >/dev/full", 1, "no space left on device"},
		{"$MCO ping 2>&-", 0, ""},
		{"$MCO nosuch 2>&-", 1, ""},
		{"$MCO ping -t x 2>/dev/full", 1, ""},
		{"$MCO ping | head -1", 0, ""},
		{"$MCO find | head -1", 0, ""},
		{"$MCO rpc rpcutil inventory | head -1", 0, ""},
		{"$MCO rpc rpcutil inventory -j | head -c 1", 0, ""},
		{"$MCO facts role | head -1", 0, ""},
		{"$MCO inventory node1.example.net | head -1", 0, ""},
		{"$MCO plugin doc rpcutil | head -1", 0, ""},
		{"$MCO help rpc | head -1", 0, ""},
		{"$MCO completion bash | head -1", 0, ""},
		{"$MCO ping | true", 0, ""},
		{"yes node1.example.net | $MCO find --limit 1 -t 1 | head -1", 0, ""},
	} {
		t.Run(tc.line, func(t *testing.T) {
			r := d.start(t, strings.NewReader(""), tc.line)
			code := r.exit(t, 30*time.Second)
			if code != tc.exit || !strings.Contains(r.stderr.String(), tc.says) || strings.Contains(r.stderr.String(), "goroutine ") {
				t.Errorf("exit code %d, want %d, %q\nstdout %q\nstderr %q", code, tc.exit, tc.says, &r.stdout, &r.stderr)
			}
		})
	}
	d.nothingLeft(t)
}
