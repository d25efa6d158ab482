package systems

import (
	"fmt"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/lab/site"
)

// T04: one broker works, the other waits, HAProxy chooses. Nodes and their client know HAProxy alone.
func TestWarren(t *testing.T) {
	t.Parallel()
	s := site.New(t, load(t, "warren.yaml", "debian12-facter4"))
	fleet := s.Estate.Collectives[0].Servers
	client := s.Hosts["ha2"]
	const amqp = "192.168.233.103:5672"
	s.RabbitMQ(t, "rabbitmq01", "rabbitmq02")
	s.Ready(t, "rabbitmq01", "rabbitmq02")
	s.HAProxy(t, "ha1")
	for _, n := range fleet {
		s.Daemon(t, n.Name)
	}
	// all is well when the fleet answers over the one broker alone, and a new connection gets there.
	over := func(want, other string) time.Duration {
		t.Helper()
		before := time.Now()
		lab.Wait(t, "everybody on "+want, time.Minute, func() error {
			if err := greetings(client, amqp, 1); err != nil {
				return err
			}
			if at := counts(t, s, "ha1", "front_stomp", "scur"); at[want] != len(fleet) || at[other] != 0 {
				return fmt.Errorf("sessions: %v", at)
			}
			if out, silent := s.Ping(t, "ha2", "20", fleet); len(silent) > 0 {
				return fmt.Errorf("no answer of %v: %s", silent, out)
			}
			return nil
		})
		took := time.Since(before)
		var err error
		if got := taken(t, s, "ha1", "front_amqp", func() { err = greetings(client, amqp, 10) }); err != nil || got[want] != 10 {
			t.Errorf("10 connections: %v, want all on %s (%v)", got, want, err)
		}
		return took
	}
	over("rabbitmq01", "rabbitmq02")

	s.Broker("rabbitmq01").Kill()
	down := within(t, "to the second after", state(t, s, "ha1", "front_amqp", "rabbitmq01", "DOWN"), 16*time.Second)
	away := within(t, "fleet there", over("rabbitmq02", "rabbitmq01"), 15*time.Second)

	s.RabbitMQ(t, "rabbitmq01")
	s.Ready(t, "rabbitmq01")
	up := within(t, "back after", state(t, s, "ha1", "front_amqp", "rabbitmq01", "UP"), 11*time.Second)
	back := within(t, "fleet back, its sessions on the second cut", over("rabbitmq01", "rabbitmq02"), 15*time.Second)
	figures.add(t, line{"T04", "warren: active and backup behind HAProxy", "first broker killed, and started again",
		"3 x 5 s, fleet 15 s later; 2 x 5 s, fleet 15 s later", down + ", " + away + " later; " + up + ", " + back})
}
