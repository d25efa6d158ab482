package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mco-go/mco-go/mco/broker"
	"github.com/mco-go/mco-go/mco/config"
)

// What the command prints is a cfg file with which a fleet and a client find the broker.
func TestBroker(t *testing.T) {
	t.Setenv("STOMP_USER", "me")
	t.Setenv("STOMP_PASSWORD", "secret")
	ctx, stop := context.WithCancel(t.Context())
	out, errs := newWatched(), newWatched()
	cmd := devBroker()
	cmd.SetArgs([]string{"--listen", "127.0.0.1:0", "--collectives", "eu,us"})
	cmd.SetOut(out)
	cmd.SetErr(errs)
	ended := make(chan error, 1)
	go func() { ended <- cmd.ExecuteContext(ctx) }()
	out.wait(t, "plugin.psk = ")
	if strings.Contains(out.String(), "secret") {
		t.Errorf("the password is shown:\n%s", out)
	}
	file := filepath.Join(t.TempDir(), "dev.cfg")
	if err := os.WriteFile(file, []byte(out.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(file, config.Client)
	if err != nil {
		t.Fatal(err)
	}
	if cfg.MainCollective != "eu" || len(cfg.Warnings) > 0 {
		t.Errorf("main collective %q, warnings %v", cfg.MainCollective, cfg.Warnings)
	}

	fleetCtx, stopFleet := context.WithCancel(t.Context())
	nodes, nodesOut := simulate(), newWatched()
	nodes.SetArgs([]string{"5", "-c", file})
	nodes.SetOut(nodesOut)
	nodes.SetErr(nodesOut)
	left := make(chan error, 1)
	go func() { left <- nodes.ExecuteContext(fleetCtx) }()
	nodesOut.wait(t, "5 nodes ready")
	stopFleet()
	if err := <-left; err != nil {
		t.Errorf("simulate: %v\n%s", err, nodesOut)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("broker: %v\n%s", err, errs)
	}
	if !strings.Contains(errs.String(), "sessions: 5,") {
		t.Errorf("the account at the end: %s", errs)
	}
}

func TestBrokerRefuses(t *testing.T) {
	for _, tc := range []struct {
		name, user, password, want string
		args                       []string
	}{
		{"an open door", "", "", "other machines can reach 0.0.0.0:0", []string{"--listen", "0.0.0.0:0"}},
		{"an open door by default", "", "", "other machines can reach :0", []string{"--listen", ":0"}},
		{"a login without a password", "me", "", "go together", nil},
		{"no address", "me", "secret", "listen tcp", []string{"--listen", "nowhere"}},
		{"a word", "", "", "unknown command", []string{"x"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Setenv("STOMP_USER", tc.user)
			t.Setenv("STOMP_PASSWORD", tc.password)
			cmd := devBroker()
			cmd.SetArgs(append([]string{}, tc.args...))
			cmd.SetOut(newWatched())
			cmd.SetErr(newWatched())
			if err := cmd.ExecuteContext(t.Context()); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
		})
	}
}

func TestLoopback(t *testing.T) {
	for addr, want := range map[string]bool{
		"127.0.0.1:61613": true, "127.9.9.9:1": true, "[::1]:1": true, "localhost:1": true, "0.0.0.0:1": false, "[::]:1": false, ":1": false,
		"broker.example.net:1": false, "127.0.0.1": false,
	} {
		if got := loopback(addr); got != want {
			t.Errorf("loopback(%q) = %v", addr, got)
		}
	}
}

// The lines of an open broker parse, too, and carry no word of a login.
func TestBrokerConfigWithoutLogin(t *testing.T) {
	file := filepath.Join(t.TempDir(), "dev.cfg")
	text := brokerConfig("[::1]:61613", broker.Options{})
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(file, config.Server)
	if err != nil {
		t.Fatal(err)
	}
	if host, _ := cfg.Plugin("rabbitmq.pool.1.host"); host != "::1" || strings.Contains(text, "STOMP_USER") {
		t.Errorf("host %q of\n%s", host, text)
	}
}
