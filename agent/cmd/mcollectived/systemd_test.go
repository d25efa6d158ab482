package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/mco-go/mco-go/mco/connector"
	"github.com/mco-go/mco-go/mco/logging"
)

// patient is a daemon that may be ill.
type patient struct{ ill atomic.Bool }

func (p *patient) Alive() error {
	if p.ill.Load() {
		return errors.New("the receive loop hangs")
	}
	return nil
}

func (*patient) Status() connector.Status {
	return connector.Status{State: connector.Ready, Broker: "b1:61613"}
}

// manager listens as systemd does.
func manager(t *testing.T) (socket string, next func(limit time.Duration) string) {
	t.Helper()
	socket = filepath.Join(t.TempDir(), "notify")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return socket, func(limit time.Duration) string {
		t.Helper()
		if err := l.SetReadDeadline(time.Now().Add(limit)); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 4096)
		n, err := l.Read(buf)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return ""
		}
		if err != nil {
			t.Fatal(err)
		}
		return string(buf[:n])
	}
}

func TestSystemdHearsOfTheDaemon(t *testing.T) {
	socket, next := manager(t)
	s := systemd{socket: socket, watchdog: 40 * time.Millisecond}
	d := new(patient)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); s.watch(ctx, logging.Discard(), d) }()
	const limit = 20 * time.Second
	if got := next(limit); got != "READY=1" {
		t.Errorf("first %q", got)
	}
	const alive = "WATCHDOG=1\nSTATUS=ready b1:61613"
	for range 3 {
		if got := next(limit); got != alive {
			t.Errorf("then %q, want %q", got, alive)
		}
	}
	d.ill.Store(true)
	for range 2 { // one may be on its way
		if got := next(400 * time.Millisecond); got == "" {
			break
		} else if got != alive {
			t.Errorf("an ill daemon says %q", got)
		}
	}
	if got := next(400 * time.Millisecond); got != "" {
		t.Errorf("a daemon that hangs says %q", got)
	}
	d.ill.Store(false)
	if got := next(limit); got != alive {
		t.Errorf("a daemon that moves again says %q", got)
	}
	stop()
	<-ended
	for got := next(limit); got != "STOPPING=1"; got = next(limit) {
		if got != alive {
			t.Fatalf("at the end %q", got)
		}
	}
}

func TestSystemdEnvironment(t *testing.T) {
	for _, tc := range []struct {
		name, socket, usec, pid string
		want                    systemd
	}{
		{name: "not there"},
		{name: "without a watchdog", socket: "/run/x", want: systemd{socket: "/run/x"}},
		{name: "with one", socket: "@x", usec: "60000000", want: systemd{"@x", time.Minute}},
		{name: "for another process", socket: "/run/x", usec: "60000000", pid: "1", want: systemd{socket: "/run/x"}},
		{name: "no number", socket: "/run/x", usec: "soon", want: systemd{socket: "/run/x"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Setenv("NOTIFY_SOCKET", tc.socket)
			t.Setenv("WATCHDOG_USEC", tc.usec)
			t.Setenv("WATCHDOG_PID", tc.pid)
			if got := underSystemd(); got != tc.want {
				t.Errorf("%+v, want %+v", got, tc.want)
			}
			if left := strings.Join(os.Environ(), "\n"); strings.Contains(left, "NOTIFY_SOCKET") || strings.Contains(left, "WATCHDOG_") {
				t.Error("the environment still names it")
			}
		})
	}
}

func TestSystemdThatIsGone(t *testing.T) {
	if err := (systemd{socket: filepath.Join(t.TempDir(), "none")}).tell("READY=1"); err == nil {
		t.Error("no error")
	}
	if err := (systemd{}).tell("READY=1"); err != nil {
		t.Errorf("without systemd: %v", err)
	}
}

// The whole program tells the service manager of itself, shows its metrics, and keeps its state.
func TestServicesOfTheProgram(t *testing.T) {
	socket, next := manager(t)
	p, _ := newPlace(t, "plugin.mco.metrics.listen = 127.0.0.1:0")
	cmd := exec.Command(self(t), "--no-daemonize", "--config", p.cfg)
	cmd.Env = append(os.Environ(), programEnv+"=1", "NOTIFY_SOCKET="+socket, "WATCHDOG_USEC=100000")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	const limit = 20 * time.Second
	if got := next(limit); got != "READY=1" {
		t.Errorf("first %q", got)
	}
	for got := next(limit); !strings.HasPrefix(got, "WATCHDOG=1\nSTATUS=ready 127.0.0.1:"); got = next(limit) {
		if !strings.HasPrefix(got, "WATCHDOG=1\n") {
			t.Fatalf("then %q", got)
		}
	}
	p.logged(t, "Showing metrics at http://127.0.0.1:")
	raw, err := os.ReadFile(p.log)
	if err != nil {
		t.Fatal(err)
	}
	_, address, _ := strings.Cut(string(raw), "Showing metrics at ")
	address, _, _ = strings.Cut(address, "\n")
	r, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if page, err := io.ReadAll(r.Body); err != nil || !strings.Contains(string(page), "\nmco_session_ready 1\n") {
		t.Errorf("%v, page:\n%s", err, page)
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(p.cfg), "state", "replay-n1")); err != nil {
		t.Error(err)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for got := next(limit); got != "STOPPING=1"; got = next(limit) {
		if !strings.HasPrefix(got, "WATCHDOG=1\n") {
			t.Fatalf("at the end %q", got)
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}
