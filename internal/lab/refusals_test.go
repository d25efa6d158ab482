package lab_test

import (
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/lab/wire"
)

// TestBrokersRefuse pins what the brokers say, word for word, because the tests of our programs look for it.
func TestBrokersRefuse(t *testing.T) {
	tests := []struct {
		name   string
		kind   lab.Kind
		change func(*wire.Login)
		want   string
	}{
		{"rabbitmq password", lab.RabbitMQKind, func(l *wire.Login) { l.Password = "mistaken" }, "Access refused for user 'mcollective'"},
		{"rabbitmq unknown vhost", lab.RabbitMQKind, func(l *wire.Login) { l.VHost = "/nosuch" }, "Virtual host '/nosuch' access denied"},
		{"rabbitmq vhost not permitted", lab.RabbitMQKind, func(l *wire.Login) { l.VHost = "/forbidden" }, "Virtual host '/forbidden' access denied"},
		{"activemq password", lab.ActiveMQKind, func(l *wire.Login) { l.Password = "mistaken" }, "password is invalid"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := peers.Broker(t, tt.kind).Login()
			tt.change(&l)
			s, err := wire.Dial(l, 5*time.Second)
			if err == nil {
				_ = s.Close()
				t.Fatal("it lets us in")
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("it says %q, want %q in it", err, tt.want)
			}
		})
	}
	t.Run("rabbitmq missing exchange", func(t *testing.T) {
		l := peers.Broker(t, lab.RabbitMQKind).Login()
		l.VHost = "/bare"
		s, err := wire.Dial(l, 5*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if err := s.Send(wire.Broadcast("rabbitmq", "mcollective", "discovery", "x", nil)); err != nil {
			t.Fatal(err)
		}
		f, err := s.Receive(5 * time.Second)
		if want := "no exchange 'mcollective_broadcast' in vhost '/bare'"; err != nil || f.Command != "ERROR" || !strings.Contains(string(f.Body), want) {
			t.Errorf("got %s %v %q, %v, want an ERROR with %q", f.Command, f.Header, f.Body, err, want)
		}
	})
}
