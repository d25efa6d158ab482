package doctor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/mco/config"
	"github.com/mco-go/mco-go/mco/connector"
	"github.com/mco-go/mco-go/mco/connector/loopback"
	"github.com/mco-go/mco-go/mco/doctor"
	"github.com/mco-go/mco-go/mco/security"
	"github.com/mco-go/mco-go/mco/security/psk"
)

// run runs the command and returns its exit code.
func run(t *testing.T, ctx context.Context, w Wiring, args ...string) (code int, out, errs string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	c := Command(w)
	c.SetOut(&stdout)
	c.SetErr(&stderr)
	c.SetArgs(args)
	if err := c.ExecuteContext(ctx); err != nil {
		e, ok := errors.AsType[exit](err)
		if !ok {
			t.Fatalf("%q ends with %v, which is no exit code", args, err)
		}
		code = e.ExitStatus()
	}
	return code, stdout.String(), stderr.String()
}

// cfg writes a cfg file that is good but for more.
func cfg(t *testing.T, more ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "client.cfg")
	lines := append([]string{"connector = rabbitmq", "plugin.psk = 0123456789abcdef", "plugin.rabbitmq.pool.size = 1", "plugin.rabbitmq.pool.1.host = localhost",
		"plugin.mco.state_dir = " + t.TempDir() + "/state"}, more...)
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// wiring is a pool of one broker in memory, behind a port that takes connections.
func wiring(t *testing.T, bus *loopback.Bus) Wiring {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return Wiring{
		Members: func(*config.Config) ([]doctor.Member, error) {
			return []doctor.Member{{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, TLS: true, Open: func(identity string, log *slog.Logger) (connector.Connector, error) {
				return bus.Connect(loopback.Options{Identity: identity, Log: log}), nil
			}}}, nil
		},
		Security: func(*config.Config) (security.Provider, error) {
			return psk.New(psk.Options{Secret: "0123456789abcdef"})
		},
	}
}

func TestExitCodes(t *testing.T) {
	tests := []struct {
		name string
		args []string
		code int
		says string
	}{
		{"good", []string{"--offline", "-c", cfg(t)}, 0, "0 errors, 0 warnings"},
		{"warnings", []string{"--offline", "-c", cfg(t, "plugin.mco.nosuch = 1")}, 1, "0 errors, 1 warnings"},
		{"errors", []string{"--offline", "-c", cfg(t, "nosuch = 1")}, 2, "1 errors, 0 warnings"},
		{"no file", []string{"-c", "/nonexistent/client.cfg"}, 2, "/nonexistent/client.cfg"},
		{"server by its switch", []string{"--offline", "--server", "-c", cfg(t)}, 1, "no audit"},
		{"brokers are good, nobody answers", []string{"--timeout", "0.2", "-c", cfg(t)}, 1, "no node answers"},
		{"words", []string{"client.cfg"}, 2, "takes no words"},
		{"unknown option", []string{"--nosuch"}, 2, "unknown flag: --nosuch"},
		{"both roles", []string{"--client", "--server"}, 2, "exclude each other"},
		{"no time", []string{"--timeout", "0"}, 2, "above 0"},
		{"too much time", []string{"--timeout", "1e300"}, 2, "at most 3600"},
		{"no number", []string{"--timeout", "NaN"}, 2, "above 0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code, out, errs := run(t, t.Context(), wiring(t, loopback.NewBus("mq1:61613")), tt.args...)
			if code != tt.code || !strings.Contains(out+errs, tt.says) {
				t.Errorf("exit code %d, want %d with %q in\n%s%s", code, tt.code, tt.says, out, errs)
			}
		})
	}
}

func TestOutputs(t *testing.T) {
	file := cfg(t, "topicprefix = x\x1b[2J")
	w := wiring(t, loopback.NewBus("mq1:61613"))
	t.Run("json", func(t *testing.T) {
		_, out, errs := run(t, t.Context(), w, "--json", "--offline", "-c", file)
		for line := range strings.Lines(out) {
			var f doctor.Finding
			if err := json.Unmarshal([]byte(line), &f); err != nil || f.Level == "" || f.Check == "" || f.Text == "" {
				t.Errorf("%q: %v", line, err)
			}
		}
		if strings.Count(out, "\n") != 2 || errs != "" {
			t.Errorf("printed\n%s\nand %q", out, errs)
		}
	})
	t.Run("quiet", func(t *testing.T) {
		_, out, _ := run(t, t.Context(), w, "-q", "--offline", "-c", file)
		if strings.Contains(out, "good") || strings.Count(out, "\n") != 2 || strings.Contains(out, "\x1b") {
			t.Errorf("printed %q", out)
		}
	})
}

// TestInterrupt looks that nothing is left of an examination that its caller ended.
func TestInterrupt(t *testing.T) {
	bus := loopback.NewBus("mq1:61613")
	ctx, stop := context.WithCancel(t.Context())
	w := wiring(t, bus)
	inner := w.Members
	w.Members = func(c *config.Config) ([]doctor.Member, error) {
		all, err := inner(c)
		open := all[0].Open
		all[0].Open = func(identity string, log *slog.Logger) (connector.Connector, error) {
			conn, err := open(identity, log)
			time.AfterFunc(50*time.Millisecond, stop) // while nodes are waited for
			return conn, err
		}
		return all, err
	}
	start := time.Now()
	code, _, errs := run(t, ctx, w, "-c", cfg(t))
	if code != 2 || !strings.Contains(errs, "interrupted") || time.Since(start) > 3*time.Second {
		t.Errorf("exit code %d after %s, %q", code, time.Since(start), errs)
	}
	if n := bus.Links(0); n != 0 {
		t.Errorf("%d sessions are left", n)
	}
}
