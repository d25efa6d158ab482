package systems

import (
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/lab/site"
)

// outage makes something happen and has a client ask the whole fleet, again and again, until nobody was missing for ten seconds. It
// returns after how long that time began.
func outage(t testing.TB, s *site.Site, happens func()) time.Duration {
	t.Helper()
	fleet := s.Estate.Collectives[0].Servers
	const calm = 10 * time.Second
	before := time.Now()
	happens()
	well := before // since when every answer has come
	lab.Wait(t, "ten seconds in which the whole fleet answers", 2*time.Minute, func() error {
		asked := time.Now()
		if out, silent := s.Ping(t, "ha2", "10", fleet); len(silent) > 0 {
			well = time.Time{}
			return errors.New(out)
		}
		if well.IsZero() {
			well = time.Now()
		}
		if asked.Sub(well) < calm {
			return errors.New("not long enough")
		}
		return nil
	})
	return well.Sub(before)
}

// T07: three brokers with mirrored queues, two balancers that share an address. A fleet that knows this address alone outlives the loss
// of a broker, of a HAProxy and of a balancer.
func TestBalancedCluster(t *testing.T) {
	lab.NeedFull(t)
	s := site.New(t, load(t, "balanced.yaml", "fleet-seed001", "debian12-facter4/rabbitmq01.json", "debian12-facter4/rabbitmq02.json", "debian12-facter4/ha2.json"))
	vip := s.Estate.Balancers[0].VIP.Addr()
	fleet := s.Estate.Collectives[0].Servers
	form(t, s, trio...)
	haproxy := make(map[string]*lab.Process)
	for _, name := range []string{one, two} {
		haproxy[name] = s.HAProxy(t, name)
	}
	keepers := s.Share(t, vip, one, two)
	for _, n := range fleet {
		s.Daemon(t, n.Name)
	}
	s.Answered(t, "ha2", fleet, time.Minute)
	spread := taken(t, s, one, "front_amqp", func() { must(t, greetings(s.Hosts["ha2"], vip.String()+":5672", 30)) })
	if want := map[string]int{"bhz76": 10, "bhz77": 10, "bhz78": 10}; !maps.Equal(spread, want) {
		t.Errorf("30 connections: %v, want %v", spread, want)
	}

	const bound = 15 * time.Second // a dead balancer is silent: 9.5 s to notice at heart-beats of 5 s, 1 s of spread, a connection, a call
	proxy := within(t, "HAProxy of "+one, outage(t, s, haproxy[one].Kill), bound)
	s.Owned(t, vip, two, one)
	s.HAProxy(t, one)
	site.Standby(t, keepers[one])

	machine := within(t, "balancer "+two, outage(t, s, func() { must(t, s.Hosts[two].Plug(false)) }), bound)
	s.Owned(t, vip, one, two)
	must(t, s.Hosts[two].Plug(true))

	sessions := counts(t, s, one, "front_stomp", "scur")
	busiest := slices.MaxFunc(trio, func(a, b string) int { return sessions[a] - sessions[b] })
	broker := within(t, "broker "+busiest, outage(t, s, s.Broker(busiest).Kill), bound)
	figures.add(t, line{"T07", "three mirrored brokers, two HAProxies with Keepalived", "mco ping through the VIP, all the time: a HAProxy, a balancer, a broker lost in turn",
		"whole again after 15 s", proxy + "; " + machine + "; " + broker})
}
