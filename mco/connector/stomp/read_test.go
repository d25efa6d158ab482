package stomp

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/mco/config"
)

func source(pairs ...string) Source {
	m := map[string]string{"rabbitmq.pool.size": "1", "rabbitmq.pool.1.host": "broker1"}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return Source{
		Plugin: func(key string) (string, bool) { v, ok := m[key]; return v, ok },
		Env:    func(string) (string, bool) { return "", false },
	}
}

func TestPrompts(t *testing.T) {
	src := source("rabbitmq.prompt_user", "1", "rabbitmq.prompt_password", "yes")
	if _, err := Read(RabbitMQ, src); err == nil || !strings.Contains(err.Error(), "nobody to ask") {
		t.Errorf("without anybody to ask: %v", err)
	}
	src.Ask = func(prompt string, hidden bool) (string, error) {
		switch {
		case prompt == "Please enter user to connect to middleware: " && !hidden:
			return "typed", nil
		case prompt == "Please enter password: " && hidden:
			return "secret", nil
		}
		return "", errors.New("an unknown question: " + prompt)
	}
	o, err := Read(RabbitMQ, src)
	if err != nil || o.Hosts[0].Login != "typed" || o.Hosts[0].Passcode != "secret" {
		t.Errorf("asked: %+v, %v", o.Hosts, err)
	}
	ask := src.Ask
	src = source("rabbitmq.prompt_user", "1", "rabbitmq.pool.1.user", "file")
	src.Ask = ask
	o, err = Read(RabbitMQ, src)
	if err != nil || o.Hosts[0].Login != "file" {
		t.Errorf("a user in the file wins: %+v, %v", o.Hosts, err)
	}
	if want := "Using file from config file to connect to broker1. plugin.rabbitmq.prompt_user should be set to false to remove the prompt."; o.Notices[len(o.Notices)-1].Text != want {
		t.Errorf("notices %+v, want %q at the end", o.Notices, want)
	}
}

// Right-hand sides are Ruby's to_i.
func TestLenient(t *testing.T) {
	for text, want := range map[string]int{"61613": 61613, " 12x": 12, "abc": 0, "": 0, "-5": -5, "+7 ": 7, "1_000": 1000, "1__0": 1, "_1": 0, "0x10": 0, "99999999999999999999": 0} {
		if got := lenient(text); got != want {
			t.Errorf("lenient(%q) = %d, want %d", text, got, want)
		}
	}
}

func TestFromConfig(t *testing.T) {
	dir := t.TempDir()
	for _, test := range []struct {
		role     config.Role
		failback time.Duration
	}{{config.Server, time.Minute}, {config.Client, 0}} {
		file := filepath.Join(dir, "x.cfg")
		text := "identity = n.example.net\ncollectives = mcollective,eu\nmain_collective = mcollective\nconnector = rabbitmq\nsecurityprovider = psk\nplugin.psk = x\nlibdir = " + dir + "\n" +
			"plugin.rabbitmq.pool.size = 2\nplugin.rabbitmq.pool.1.host = a\nplugin.rabbitmq.pool.2.host = b\nplugin.rabbitmq.vhost = /mcollective\n" +
			"plugin.mco.pool.reconnect_spread = 2.5\nplugin.mco.pool.barrier = subscription\nplugin.mco.rabbitmq.broadcast = wildcard\nplugin.mco.max_frame = 1 MiB\n"
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		cfg, err := config.Load(file, test.role)
		if err != nil {
			t.Fatal(err)
		}
		o, err := FromConfig(cfg, RabbitMQ, func(s *Source) { s.Env = func(string) (string, bool) { return "", false } })
		if err != nil {
			t.Fatal(err)
		}
		if o.Identity != "n.example.net" || len(o.Collectives) != 2 || len(o.Hosts) != 2 || o.Hosts[1].Name != "b" || o.VHost != "/mcollective" ||
			o.Requests != (test.role == config.Server) || o.Pool.Failback != test.failback || o.Pool.Spread != 2500*time.Millisecond ||
			!o.BarrierSubscription || !o.WildcardBroadcast || o.MaxFrame != 1<<20 || o.HeartBeat != DefaultHeartBeat || o.Pool.BackOff.Series {
			t.Errorf("role %d: %+v", test.role, o)
		}
		if _, err := New(o); err != nil {
			t.Error(err)
		}
	}
	if _, err := New(Options{}); err == nil {
		t.Error("a connector of nothing")
	}
}

func TestBase64(t *testing.T) {
	long := strings.Repeat("\x04\b", 50)
	if got := string(encode64([]byte(long))); len(strings.Split(got, "\n")[0]) != 60 || !strings.HasSuffix(got, "\n") {
		t.Errorf("lines of %q", got)
	}
	for _, payload := range []string{"", "a", long} {
		back, err := decode64(encode64([]byte(payload)))
		if err != nil || string(back) != payload {
			t.Errorf("%q came back as %q, %v", payload, back, err)
		}
	}
	for text, want := range map[string]string{"YQ==": "a", " Y\r\nQ=\t=\n": "a"} {
		if back, err := decode64([]byte(text)); err != nil || string(back) != want {
			t.Errorf("decode64(%q) = %q, %v", text, back, err)
		}
	}
	for _, text := range []string{"\x04\b", "YQ==\n!!!!\n", "YQ"} {
		if back, err := decode64([]byte(text)); err == nil {
			t.Errorf("decode64(%q) = %q, want a refusal", text, back)
		}
	}
}

func FuzzDecode64(f *testing.F) {
	f.Add([]byte("YQ==\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		payload, err := decode64(text)
		if err != nil {
			return
		}
		if back, err := decode64(encode64(payload)); err != nil || string(back) != string(payload) {
			t.Errorf("%q: %q came back as %q, %v", text, payload, back, err)
		}
	})
}
