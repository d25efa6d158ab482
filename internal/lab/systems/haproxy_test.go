package systems

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/lab/estates"
	"github.com/mco-go/mco-go/internal/lab/site"
)

// counts are a column of "show stat", by server.
func counts(t testing.TB, s *site.Site, host, listener, column string) map[string]int {
	t.Helper()
	got := make(map[string]int)
	for server, cells := range s.Stat(t, host, listener) {
		n, err := strconv.Atoi(cells[column])
		if err != nil {
			t.Fatalf("%s of %s: %v", column, server, err)
		}
		got[server] = n
	}
	return got
}

// taken tells how many sessions each server was given while f ran.
func taken(t testing.TB, s *site.Site, host, listener string, f func()) map[string]int {
	t.Helper()
	before := counts(t, s, host, listener, "stot")
	f()
	after := counts(t, s, host, listener, "stot")
	for server := range after {
		after[server] -= before[server]
	}
	return after
}

// state waits until HAProxy takes a server for what it is, "UP" or "DOWN", and returns how long that took.
func state(t testing.TB, s *site.Site, host, listener, server, want string) time.Duration {
	t.Helper()
	before := time.Now()
	lab.Wait(t, server+" "+want, time.Minute, func() error {
		if got := s.Stat(t, host, listener)[server]["status"]; got != want {
			return errors.New(got)
		}
		return nil
	})
	return time.Since(before)
}

// T11: two brokers behind an HAProxy on one of them, with a port of its own.
func TestRoundRobin(t *testing.T) {
	t.Parallel()
	e := estates.Run{Topology: "seed004.haproxy.yaml", Facts: "fleet-seed004", Software: estates.Laboratory(t)}.Load(t)
	s := site.New(t, e, "rabbitmq01", "rabbitmq02")
	client := s.Guest(t, "client", netip.MustParsePrefix("192.168.1.9/24"))
	s.RabbitMQ(t, "rabbitmq01", "rabbitmq02")
	s.Ready(t, "rabbitmq01", "rabbitmq02")
	s.HAProxy(t, "rabbitmq01")
	state(t, s, "rabbitmq01", "front_amqp", "rabbitmq02", "UP")
	hundred := func() map[string]int {
		t.Helper()
		return taken(t, s, "rabbitmq01", "front_amqp", func() {
			if err := greetings(client, "192.168.1.1:5670", 100); err != nil {
				t.Error(err)
			}
		})
	}
	both := hundred()
	if want := map[string]int{"rabbitmq01": 50, "rabbitmq02": 50}; !maps.Equal(both, want) {
		t.Errorf("100 connections: %v, want %v", both, want)
	}
	s.Broker("rabbitmq02").Kill()
	gone := netip.AddrPortFrom(s.Hosts["rabbitmq02"].Address, 5672).String()
	lab.Wait(t, gone+" to be closed", 10*time.Second, func() error { // what the kernel still took would end unserved
		c, err := client.Dial("tcp", gone, time.Second)
		switch {
		case errors.Is(err, syscall.ECONNREFUSED):
			return nil
		case err == nil:
			err = errors.Join(errors.New("it is open"), c.Close())
		}
		return err
	})
	if err := greetings(client, "192.168.1.1:5670", 10); err != nil { // it is not known to be dead: a connection is tried again elsewhere
		t.Error("right behind the death:", err)
	}
	down := within(t, "the dead one is out after", state(t, s, "rabbitmq01", "front_amqp", "rabbitmq02", "DOWN"), 7*time.Second)
	one := hundred()
	if want := map[string]int{"rabbitmq01": 100, "rabbitmq02": 0}; !maps.Equal(one, want) {
		t.Errorf("100 connections with one dead: %v, want %v", one, want)
	}
	figures.add(t, line{"T11", "HAProxy before two brokers, own port", "100 connections; one broker killed; 100 connections",
		"50 and 50; out after 3 x 2 s; 100 and 0; none refused", fmt.Sprintf("%d and %d; %s; %d and %d; 0 refused",
			both["rabbitmq01"], both["rabbitmq02"], down, one["rabbitmq01"], one["rabbitmq02"])})
}
