package main

import (
	"bytes"
	"context"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mco-go/mco-go/mco/broker"
)

// watched is an output whose growth a test can wait for.
type watched struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{}
}

func newWatched() *watched { return &watched{more: make(chan struct{}, 1)} }

func (w *watched) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	select {
	case w.more <- struct{}{}:
	default:
	}
	return w.text.Write(p)
}

func (w *watched) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

func (w *watched) wait(t *testing.T, want string) {
	t.Helper()
	deadline := time.After(time.Minute)
	for !strings.Contains(w.String(), want) {
		select {
		case <-w.more:
		case <-deadline:
			t.Fatalf("output has no %q:\n%s", want, w)
		}
	}
}

func TestDemo(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	before := runtime.NumGoroutine()
	out, errs := newWatched(), newWatched()
	if err := runDemo(t.Context(), out, errs); err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, errs)
	}
	for _, want := range []string{
		`node3\.example\.net is ready, on broker 1, after \d+\.\d\d s\n`,
		`(?s)\$ mco ping\nnode.*3 replies max.*\$ mco rpc rpcutil ping\n.*Timestamp: \d+.*broker 1 dies.*\$ mco ping\nnode.*3 replies max`,
		`The fleet has moved: 3 of 3 nodes ready on broker 2, \d+\.\d\d s after broker 1 died\.\n`,
	} {
		if !regexp.MustCompile(want).MatchString(out.String()) {
			t.Errorf("output does not match %s:\n%s", want, out)
		}
	}
	if left, err := filepath.Glob(filepath.Join(tmp, "*")); err != nil || len(left) != 0 {
		t.Errorf("files are left: %q, %v", left, err)
	}
	for deadline := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
	}
}

func TestDemoEndsWhenItIsInterrupted(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	out := newWatched()
	ended := make(chan error, 1)
	go func() { ended <- runDemo(ctx, out, out) }()
	out.wait(t, "is ready")
	stop()
	if err := <-ended; err == nil {
		t.Error("an interrupted demonstration says that all went well")
	}
}

func TestSimulate(t *testing.T) {
	b, err := broker.Start(broker.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	host, port, err := net.SplitHostPort(b.Addr())
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "client.cfg")
	text := "connector = rabbitmq\nplugin.psk = lab\nplugin.rabbitmq.pool.size = 1\nplugin.rabbitmq.pool.1.host = " + host + "\nplugin.rabbitmq.pool.1.port = " + port + "\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	cmd, out := simulate(), newWatched()
	cmd.SetArgs([]string{"50", "-c", file})
	cmd.SetOut(out)
	cmd.SetErr(out)
	ended := make(chan error, 1)
	go func() { ended <- cmd.ExecuteContext(ctx) }()
	out.wait(t, "50 nodes ready")
	if n := b.Clients(); n != 50 {
		t.Errorf("%d connections", n)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestSimulateRefuses(t *testing.T) {
	for _, tc := range []struct {
		name, want string
		args       []string
	}{
		{"none", "between 1 and", []string{"0"}},
		{"no number", "between 1 and", []string{"many"}},
		{"too many", "between 1 and", []string{"50001"}},
		{"no cfg file", "Cannot find config file", []string{"3", "-c", "/nonexistent/client.cfg"}},
		{"nothing said", "accepts 1 arg", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			cmd := simulate()
			cmd.SetArgs(tc.args)
			cmd.SetOut(newWatched())
			cmd.SetErr(newWatched())
			if err := cmd.Execute(); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
		})
	}
}
