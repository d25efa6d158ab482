package acceptance

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/lab/wire"
)

// finding is one line of mco doctor --json.
type finding struct{ Level, Check, Where, Text, Mend string }

// examine runs the doctor on a client's file and returns what it found.
func examine(t *testing.T, mco *lab.Client, args ...string) ([]finding, lab.Output) {
	t.Helper()
	out := mco.Run(t, append([]string{"doctor", "--json", "-c", mco.Config}, args...)...)
	var all []finding
	for line := range strings.Lines(out.Stdout) {
		var f finding
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			t.Fatalf("%q is no finding: %v\n%s", line, err, out.All())
		}
		all = append(all, f)
	}
	return all, out
}

// told fails unless a finding of a level and check has all parts in its text and place.
func told(t *testing.T, all []finding, level, check string, parts ...string) {
	t.Helper()
	if !slices.ContainsFunc(all, func(f finding) bool {
		return f.Level == level && f.Check == check && !slices.ContainsFunc(parts, func(p string) bool { return !strings.Contains(f.Where+" "+f.Text, p) })
	}) {
		t.Errorf("no %s %s with %q among\n%s", level, check, parts, show(all))
	}
}

func show(all []finding) string {
	var b strings.Builder
	for _, f := range all {
		fmt.Fprintf(&b, "  %-8s%-20s%s: %s\n", f.Level, f.Check, f.Where, f.Text)
	}
	return b.String()
}

// sound is a psk that nobody finds too short.
const sound = "0123456789abcdef"

// TestDoctorNamesWhatTheBrokerRefuses makes each thing go wrong that a cfg file can get wrong about a broker.
func TestDoctorNamesWhatTheBrokerRefuses(t *testing.T) {
	lab.Need(t, lab.RabbitMQServer)
	t.Parallel()
	b := lab.RabbitMQ(t, lab.BrokerOptions{TLS: true})
	for _, args := range [][]string{
		{"add_user", "reader", "marionette"},
		{"set_permissions", "-p", b.VHost, "reader", ".*", "^stomp|^amq|^$", ".*"},
	} {
		if _, err := b.Control(args...); err != nil {
			t.Fatal(err)
		}
	}
	silent, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and says nothing
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { silent.Close() }) // after the parallel tests
	member := lab.Member{Host: b.Host, Port: b.Port, User: b.User, Password: b.Password}
	with := func(change func(*lab.Member)) lab.Cfg {
		m := member
		change(&m)
		return lab.Cfg{Pool: []lab.Member{m}, VHost: b.VHost, Secret: sound}
	}
	vhost := func(name string) lab.Cfg { return lab.Cfg{Pool: []lab.Member{member}, VHost: name, Secret: sound} }
	tests := []struct {
		name  string
		cfg   lab.Cfg
		check string
		parts []string
	}{
		{"wrong password", with(func(m *lab.Member) { m.Password = "mistaken" }), "broker-login", []string{"mcollective"}},
		{"wrong user", with(func(m *lab.Member) { m.User = "nosuch" }), "broker-login", []string{"nosuch"}},
		{"missing vhost", vhost("/nosuch"), "broker-vhost", []string{"/nosuch"}},
		{"vhost that is closed to us", vhost("/forbidden"), "broker-vhost", []string{"/forbidden"}},
		{"missing exchange", vhost("/bare"), "broker-exchange", []string{"mcollective_broadcast", "/bare"}},
		{"the other missing exchange", vhost("/bare"), "broker-exchange", []string{"mcollective_directed", "/bare"}},
		{"no permission", with(func(m *lab.Member) { m.User = "reader" }), "broker-permission", []string{"mcollective_broadcast", "reader"}},
		{"name that nobody knows", with(func(m *lab.Member) { m.Host = "mq.invalid" }), "broker-name", []string{"mq.invalid"}},
		{"port that nobody listens on", with(func(m *lab.Member) { m.Port = 1 }), "broker-refused", []string{":1"}},
		{"broker that hangs", with(func(m *lab.Member) { m.Port = silent.Addr().(*net.TCPAddr).Port }), "broker-timeout", []string{strconv.Itoa(silent.Addr().(*net.TCPAddr).Port)}},
		{"TLS where there is none", with(func(m *lab.Member) { m.TLS = b.TLS }), "broker-tls", nil},
		{"no TLS where there is some", with(func(m *lab.Member) { m.Port = b.TLSPort }), "broker-protocol", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			all, out := examine(t, lab.GoMco(t, lab.ClientCfg{Cfg: tt.cfg}), "--timeout", "3")
			told(t, all, "error", tt.check, tt.parts...)
			if out.Exit != 2 {
				t.Errorf("exit code %d, want 2\n%s", out.Exit, out.All())
			}
			for _, f := range all {
				if f.Level == "error" && f.Check != tt.check { // one mistake, one finding
					t.Errorf("also told: %+v", f)
				}
			}
		})
	}
	t.Run("a broker that answers and nobody behind it", func(t *testing.T) {
		all, out := examine(t, lab.GoMco(t, lab.ClientCfg{Cfg: with(func(m *lab.Member) { m.TLS, m.Port = b.TLS, b.TLSPort; m.Host = "localhost" })}))
		told(t, all, "warning", "nobody")
		if out.Exit != 1 {
			t.Errorf("exit code %d, want 1\n%s", out.Exit, show(all))
		}
	})
	t.Run("nothing is left behind", func(t *testing.T) {
		lab.Wait(t, "the queues to be gone", 10*time.Second, func() error {
			queues, err := b.Queues()
			if err == nil && len(queues) > 0 {
				err = fmt.Errorf("%q", queues)
			}
			return err
		})
	})
}

// TestDoctorKnowsTheFleet asks the doctor about two brokers that know nothing of each other, with nodes of both programs behind them.
func TestDoctorKnowsTheFleet(t *testing.T) {
	lab.Need(t, lab.Ruby, lab.RabbitMQServer)
	t.Parallel()
	brokers := lab.Brokers(t, lab.RabbitMQKind, 2, lab.BrokerOptions{})
	cfg := func(b ...*lab.Broker) lab.Cfg { return lab.Cfg{Brokers: b, Secret: sound} }
	first := lab.RubyNode(t, lab.ServerCfg{Identity: "first.ruby", Cfg: cfg(brokers[0])})
	second := lab.GoNode(t, lab.ServerCfg{Identity: "second.go", Cfg: cfg(brokers[0])})
	away := lab.GoNode(t, lab.ServerCfg{Identity: "away.go", Cfg: cfg(brokers[1])})
	first.WaitReady(t, brokers[0], time.Minute)
	second.WaitReady(t, brokers[0], time.Minute)
	away.WaitReady(t, brokers[1], time.Minute)

	one := lab.GoMco(t, lab.ClientCfg{Cfg: cfg(brokers[0])})
	t.Run("a fleet in good order", func(t *testing.T) {
		all, out := examine(t, one)
		told(t, all, "good", "nodes", "2 nodes answer", "first.ruby", "second.go")
		told(t, all, "good", "clock")
		for _, f := range all {
			if f.Level != "good" && f.Check != "psk-without-tls" && f.Level != "note" {
				t.Errorf("also told: %+v", f)
			}
		}
		if out.Exit != 1 {
			t.Errorf("exit code %d, want 1 for psk without TLS", out.Exit)
		}
	})
	t.Run("a split fleet", func(t *testing.T) {
		all, out := examine(t, lab.GoMco(t, lab.ClientCfg{Cfg: cfg(brokers...)}))
		told(t, all, "error", "fleet-split", "2 nodes answer here", "1 over "+brokers[1].Addr(), "away.go")
		if out.Exit != 2 {
			t.Errorf("exit code %d, want 2", out.Exit)
		}
		split := cfg(brokers...)
		split.Extra = []string{"plugin.mco.client.all_brokers = 1"}
		all, _ = examine(t, lab.GoMco(t, lab.ClientCfg{Cfg: split}))
		told(t, all, "note", "fleet-split", "away.go")
	})
	t.Run("a member of the pool that is dead", func(t *testing.T) {
		dead := lab.Cfg{Secret: sound, VHost: brokers[0].VHost, Pool: []lab.Member{{Host: "127.0.0.1", Port: 1, User: "x", Password: "x"},
			{Host: brokers[0].Host, Port: brokers[0].Port, User: brokers[0].User, Password: brokers[0].Password}}}
		all, _ := examine(t, lab.GoMco(t, lab.ClientCfg{Cfg: dead}))
		told(t, all, "error", "broker-refused", "127.0.0.1:1")
		told(t, all, "good", "nodes", brokers[0].Addr(), "2 nodes answer")
	})
	t.Run("a misspelt key", func(t *testing.T) {
		c := cfg(brokers[0])
		c.Extra = []string{"plugin.rabbitmq.heartbeat_intervall = 30", "colectives = a"}
		all, out := examine(t, lab.GoMco(t, lab.ClientCfg{Cfg: c}))
		told(t, all, "warning", "key-unknown", "heartbeat_intervall", " line ")
		told(t, all, "error", "key-unknown", "colectives", " line ")
		if out.Exit != 2 {
			t.Errorf("exit code %d, want 2", out.Exit)
		}
	})
	t.Run("a node of this file", func(t *testing.T) {
		for _, n := range []*lab.Node{first, second} {
			out := one.Run(t, "doctor", "-c", n.Config)
			if !strings.Contains(out.Stdout, "all 1 nodes that are known answer") || !strings.Contains(out.Stdout, "no authorisation") || out.Exit != 1 {
				t.Errorf("exit code %d\n%s", out.Exit, out.All())
			}
		}
	})
	t.Run("clocks and strangers", func(t *testing.T) { knowsClocks(t, brokers[0], one) })
	t.Run("a psk that is not shared", func(t *testing.T) {
		if out := one.Run(t, "ping"); !strings.Contains(out.Stdout, "first.ruby") {
			t.Fatal(out.All())
		}
		rewrite(t, one.Config, "plugin.psk = "+sound, "plugin.psk = another"+sound)
		all, out := examine(t, one)
		rewrite(t, one.Config, "plugin.psk = another"+sound, "plugin.psk = "+sound)
		told(t, all, "error", "psk-unshared", "none of the 2 nodes", "first.ruby")
		if out.Exit != 2 {
			t.Errorf("exit code %d, want 2", out.Exit)
		}
	})
	t.Run("a silent node", func(t *testing.T) {
		if err := first.Stop(20 * time.Second); err != nil {
			t.Fatal(err)
		}
		all, _ := examine(t, one)
		told(t, all, "error", "node-silent", "first.ruby", "not seen on this broker")
		if out := one.Run(t, "doctor", "-c", first.Config); !strings.Contains(out.Stdout, "the daemon of this file answers over no broker") || out.Exit != 2 {
			t.Errorf("exit code %d\n%s", out.Exit, out.All())
		}
	})
}

func rewrite(t *testing.T, file, old, fresh string) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(raw, []byte(old)) {
		t.Fatalf("%s has no %q", file, old)
	}
	if err := os.WriteFile(file, bytes.ReplaceAll(raw, []byte(old), []byte(fresh)), 0o600); err != nil {
		t.Fatal(err)
	}
}

// knowsClocks lets nodes answer whose clocks are wrong, and one that signs with another psk.
func knowsClocks(t *testing.T, b *lab.Broker, mco *lab.Client) {
	masks := []mask{{"ahead.raw", 10 * time.Second, sound}, {"far.raw", time.Hour, sound}, {"behind.raw", -2 * time.Hour, sound}, {"stranger.raw", 0, "another"}}
	var wg sync.WaitGroup
	defer wg.Wait()
	for _, m := range masks {
		s, err := b.Session(10 * time.Second)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		for _, f := range []wire.Frame{
			{Command: "SUBSCRIBE", Header: map[string]string{"destination": "/exchange/mcollective_broadcast/discovery", "id": "1"}},
			{Command: "BEGIN", Header: map[string]string{"transaction": "1", "receipt": "1"}},
		} {
			if err := s.Send(f); err != nil {
				t.Fatal(err)
			}
		}
		if f, err := s.Receive(10 * time.Second); err != nil || f.Command != "RECEIPT" {
			t.Fatalf("%s does not subscribe: %v %v", m.identity, f, err)
		}
		wg.Go(func() { m.answer(s) })
	}
	all, _ := examine(t, mco)
	told(t, all, "warning", "clock", "ahead.raw", "10s ahead")
	told(t, all, "error", "clock", "far.raw", "1h0m0s ahead", "too late")
	told(t, all, "error", "clock", "behind.raw", "2h0m0s behind", "future")
	told(t, all, "error", "psk-differs", "stranger.raw")
}

// mask is a node of the laboratory's own, with a clock and a psk as the test wants them.
type mask struct {
	identity string
	skew     time.Duration
	secret   string
}

var requestID = regexp.MustCompile(`requestid.{0,4}"%([0-9a-f]{32})`)

// answer answers each ping until the session ends.
func (m mask) answer(s *wire.Session) {
	for {
		f, err := s.Receive(time.Minute)
		if err != nil {
			return
		}
		id := requestID.FindSubmatch(f.Body)
		if f.Command != "MESSAGE" || id == nil {
			continue
		}
		body := string(wire.Dump("pong"))
		sum := md5.Sum([]byte(body + m.secret))
		reply := wire.Dump(wire.Hash{
			{Key: wire.Sym("senderid"), Value: m.identity},
			{Key: wire.Sym("requestid"), Value: string(id[1])},
			{Key: wire.Sym("senderagent"), Value: "discovery"},
			{Key: wire.Sym("msgtime"), Value: int(time.Now().Add(m.skew).Unix())},
			{Key: wire.Sym("body"), Value: body},
			{Key: wire.Sym("hash"), Value: hex.EncodeToString(sum[:])},
		})
		if s.Send(wire.Frame{Command: "SEND", Header: map[string]string{"destination": f.Header["reply-to"], "mc_sender": m.identity}, Body: reply}) != nil {
			return
		}
	}
}
