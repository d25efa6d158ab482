package acceptance

import (
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
)

// TestDoctorNamesWhatActiveMQRefuses makes go wrong what can go wrong with ActiveMQ, which has no vhosts and makes its destinations
// when they are first named.
func TestDoctorNamesWhatActiveMQRefuses(t *testing.T) {
	lab.Need(t, lab.ActiveMQServer)
	t.Parallel()
	b := lab.ActiveMQ(t, lab.BrokerOptions{})
	lab.GoNode(t, lab.ServerCfg{Cfg: lab.Cfg{Brokers: []*lab.Broker{b}, Secret: sound}, Identity: "web1"}).WaitReady(t, b, time.Minute)
	with := func(change func(*lab.Member)) lab.Cfg {
		c := lab.Cfg{Connector: lab.ActiveMQKind, VHost: b.VHost, Secret: sound}
		m := lab.Member{Host: b.Host, Port: b.Port, User: b.User, Password: b.Password}
		change(&m)
		c.Pool = []lab.Member{m}
		return c
	}
	for _, tt := range []struct {
		name  string
		cfg   lab.Cfg
		check string // empty: all is well
		parts []string
	}{
		{"nothing", with(func(*lab.Member) {}), "", nil},
		{"wrong password", with(func(m *lab.Member) { m.Password = "mistaken" }), "broker-login", []string{"mcollective"}},
		{"wrong user", with(func(m *lab.Member) { m.User = "nosuch" }), "broker-login", []string{"nosuch"}},
		{"port that nobody listens on", with(func(m *lab.Member) { m.Port = 1 }), "broker-refused", []string{":1"}},
		{"no permission", with(func(m *lab.Member) { m.User = "reader" }), "broker-permission", []string{"reader is not authorized to write"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			all, out := examine(t, lab.GoMco(t, lab.ClientCfg{Cfg: tt.cfg}), "--timeout", "3")
			exit := 1 // a psk on the way without TLS
			if tt.check != "" {
				told(t, all, "error", tt.check, tt.parts...)
				exit = 2
			}
			if out.Exit != exit {
				t.Errorf("exit code %d, want %d\n%s", out.Exit, exit, show(all))
			}
			for _, f := range all {
				if f.Level == "error" && f.Check != tt.check { // one mistake, one finding
					t.Errorf("also told: %+v", f)
				}
			}
		})
	}
}
