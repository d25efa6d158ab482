package estate

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/mco-go/mco-go/generators/facts"
)

func brokersAt(addresses ...string) []Endpoint {
	var all []Endpoint
	for _, a := range addresses {
		all = append(all, Endpoint{Host: a, Port: 61613, Node: &Node{Name: a, Facts: &facts.Node{}}})
	}
	return all
}

func order(all []Endpoint) string {
	s := ""
	for _, e := range all {
		s += " " + e.Host
	}
	return s
}

func TestPoolOrder(t *testing.T) {
	fixed := &Collective{Pool: Pool{Order: "fixed", Endpoints: brokersAt("10.0.0.1", "10.0.0.2", "10.0.0.3")}}
	rotated := &Collective{Pool: Pool{Order: "rotate", Endpoints: fixed.Pool.Endpoints}}
	first := make(map[string]int)
	for i := range 300 {
		n := &Node{Name: fmt.Sprintf("node%03d", i)}
		if got := order(fixed.EndpointsOf(n)); got != " 10.0.0.1 10.0.0.2 10.0.0.3" {
			t.Fatalf("fixed: %s", got)
		}
		ring := rotated.EndpointsOf(n)
		first[ring[0].Host]++
		start := slices.Index(fixed.Pool.Endpoints, ring[0])
		for k, e := range ring {
			if e != fixed.Pool.Endpoints[(start+k)%3] {
				t.Fatalf("%s does not go round in a ring:%s", n.Name, order(ring))
			}
		}
		if again := rotated.EndpointsOf(n); !slices.Equal(ring, again) {
			t.Fatalf("%s: %s, then %s", n.Name, order(ring), order(again))
		}
	}
	for host, n := range first {
		if n < 80 || n > 120 {
			t.Errorf("%d of 300 nodes start on %s", n, host)
		}
	}
	if len(first) != 3 {
		t.Errorf("nodes start on %v", first)
	}
}

// TestPoolStart pins the hash: a node must not change its broker with a version of the program.
func TestPoolStart(t *testing.T) {
	c := &Collective{Pool: Pool{Order: "rotate", Endpoints: brokersAt("10.0.0.1", "10.0.0.2", "10.0.0.3")}}
	// fnv32a of the names: 0xe40c292c and 0xbf9cf968, each 1 more than a multiple of 3.
	for name, want := range map[string]string{"a": " 10.0.0.2 10.0.0.3 10.0.0.1", "foobar": " 10.0.0.2 10.0.0.3 10.0.0.1"} {
		if got := order(c.EndpointsOf(&Node{Name: name})); got != want {
			t.Errorf("%s: got%s, want%s", name, got, want)
		}
	}
}

func TestNearestComesFirst(t *testing.T) {
	subnet := []facts.Interface{{Name: "lo", IPv4: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/8")}}, {Name: "eth0", IPv4: []netip.Prefix{netip.MustParsePrefix("10.2.0.7/16")}}}
	c := &Collective{Pool: Pool{Order: "nearest", Endpoints: brokersAt("10.1.0.1", "10.2.0.1", "10.3.0.1", "10.2.0.2")}}
	for i := range 20 {
		got := c.EndpointsOf(&Node{Name: fmt.Sprint("n", i), Facts: &facts.Node{Interfaces: subnet}})
		if got[0].Host[:5] != "10.2." || got[1].Host[:5] != "10.2." || len(got) != 4 {
			t.Errorf("by subnet: got%s", order(got))
		}
	}
	for i := range c.Pool.Endpoints {
		c.Pool.Endpoints[i].Node.Facts.Datacenter = fmt.Sprint("dc", i)
	}
	got := c.EndpointsOf(&Node{Name: "n", Facts: &facts.Node{Datacenter: "dc2", Interfaces: subnet}})
	if got[0].Host != "10.3.0.1" {
		t.Errorf("by data centre: got%s", order(got))
	}
	vip := &Collective{Pool: Pool{Order: "nearest", Endpoints: []Endpoint{{Host: "10.9.0.1"}, {Host: "10.2.0.9"}}}}
	if got := vip.EndpointsOf(&Node{Name: "n", Facts: &facts.Node{Interfaces: subnet}}); len(got) != 2 {
		t.Errorf("VIPs: got%s", order(got))
	}
}

func TestClientsStartWhereMostServersDo(t *testing.T) {
	c := &Collective{Name: "c", Pool: Pool{Order: "rotate", Endpoints: brokersAt("10.0.0.1", "10.0.0.2", "10.0.0.3")}}
	for i := range 50 {
		n := &Node{Name: fmt.Sprint("node", i)}
		if c.EndpointsOf(n)[0].Host != "10.0.0.1" || i%10 == 0 {
			c.Servers = append(c.Servers, n)
		}
	}
	starts := make(map[string]int)
	for _, n := range c.Servers {
		starts[c.EndpointsOf(n)[0].Host]++
	}
	r := &resolver{estate: &Estate{}}
	r.clientOrder(c)
	for host, n := range starts {
		if n > starts[c.ClientEndpoints[0].Host] {
			t.Errorf("clients start on %s, where %d servers do; %d do on %s", c.ClientEndpoints[0].Host, starts[c.ClientEndpoints[0].Host], n, host)
		}
	}
	if c.ClientEndpoints[0].Host == "10.0.0.1" || len(c.ClientEndpoints) != 3 {
		t.Errorf("got%s of %v", order(c.ClientEndpoints), starts)
	}
}
