package estate_test

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"testing"
)

// routers is an estate of n balancers over the same two nodes.
func routers(n int, vrrp func(i int) string) string {
	s := "version: 1\nestate: e\nsoftware: {rabbitmq: \"3.10.8\", haproxy: \"2.6\", keepalived: \"2.2.7\"}\n" +
		"brokers: {main: {kind: standalone, nodes: [q]}}\nbalancers:\n"
	for i := range n {
		s += fmt.Sprintf("  b%03d: {kind: haproxy, nodes: [x, y], to: main, vip: 10.0.%d.%d/16, ports: {amqp: 5672}, vrrp: {%s}}\n", i, 1+i/200, 1+i%200, vrrp(i))
	}
	return s
}

func machines() []host {
	return []host{eth("q", "10.0.0.9/16"), eth("x", "10.0.0.1/16"), eth("y", "10.0.0.2/16")}
}

func TestVirtualRoutersOfASubnetDiffer(t *testing.T) {
	e, problems := loadWith(t, routers(255, func(i int) string {
		if i%50 == 7 {
			return fmt.Sprint("id: ", 1+i)
		}
		return "id: auto"
	}), machines()...)
	if e == nil {
		t.Fatal(problems)
	}
	seen := make(map[int]string)
	for i, b := range e.Balancers {
		if id := b.VRRP.ID; id < 1 || id > 255 || seen[id] != "" {
			t.Errorf("%s has id %d, as has %q", b.Name, id, seen[id])
		}
		seen[b.VRRP.ID] = b.Name
		if i%50 == 7 && b.VRRP.ID != 1+i {
			t.Errorf("%s has id %d, and was given %d", b.Name, b.VRRP.ID, 1+i)
		}
		if !b.BindVIP {
			t.Errorf("%s takes the wildcard beside others", b.Name)
		}
	}
	if _, problems := loadWith(t, routers(256, func(int) string { return "" }), machines()...); !strings.Contains(problems, "vrrp.id-range") {
		t.Errorf("256 on one subnet: %s", problems)
	}
}

func TestVirtualRouterIsAHashOfNames(t *testing.T) {
	e, problems := loadWith(t, routers(1, func(int) string { return "" }), machines()...)
	if e == nil {
		t.Fatal(problems)
	}
	h := fnv.New32a()
	h.Write([]byte("eb000"))
	if want := 1 + int(h.Sum32()%255); e.Balancers[0].VRRP.ID != want {
		t.Errorf("got %d, want %d", e.Balancers[0].VRRP.ID, want)
	}
}

func TestVRRP(t *testing.T) {
	for _, c := range []struct{ name, vrrp, want string }{
		{"defaults", "", "200 BACKUP, 190 BACKUP, weight 0, version 2, multicast"},
		{"preempt", "preempt: true", "200 MASTER, 190 BACKUP, weight -11, version 2, multicast"},
		{"given priorities", "preempt: true, priority: {x: 90, y: 100}", "90 BACKUP, 100 MASTER, weight -11, version 2, multicast"},
		{"enough weight", "preempt: true, priority: {x: 150, y: 100}, weight: -51", "150 MASTER, 100 BACKUP, weight -51, version 2, multicast"},
		{"too little weight", "preempt: true, priority: {x: 150, y: 100}, weight: -50", "vrrp.preempt-weight"},
		{"weight upwards", "preempt: true, weight: 20", "vrrp.preempt-weight"},
		{"weight without preempt", "weight: -20", "vrrp.preempt-weight"},
		{"delay without preempt", "preempt_delay: 5", "vrrp.preempt-weight"},
		{"unicast", "transport: unicast", "200 BACKUP, 190 BACKUP, weight 0, version 2, unicast"},
		{"version 3", "version: 3", "200 BACKUP, 190 BACKUP, weight 0, version 3, multicast"},
		{"version 4", "version: 4", "topology.type"},
		{"one priority", "priority: {x: 90}", "vrrp.priority"},
		{"priority of a stranger", "priority: {x: 90, q: 80}", "topology.reference"},
		{"priority 0", "priority: {x: 90, y: 0}", "vrrp.priority"},
		{"id in words", "id: seven", "topology.type"},
		{"tracked interface", "track_interface: eth0", "200 BACKUP, 190 BACKUP, weight 0, version 2, multicast"},
		{"tracked interface of nobody", "track_interface: eth9", "interface.unknown"},
		{"advert 0", "advert: 0", "topology.type"},
		{"secret of quotes", "secret: quotes", "secret.missing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e, problems := loadWith(t, routers(1, func(int) string { return c.vrrp }), machines()...)
			if e == nil {
				if !strings.Contains(problems, "\t"+c.want+":") {
					t.Errorf("want %s, got\n%s", c.want, problems)
				}
				return
			}
			v, m := e.Balancers[0].VRRP, e.Balancers[0].Members
			transport := map[bool]string{true: "unicast", false: "multicast"}[v.Unicast]
			got := fmt.Sprintf("%d %s, %d %s, weight %d, version %d, %s", m[0].Priority, m[0].State, m[1].Priority, m[1].State, v.Weight, v.Version, transport)
			if got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// One balancer has nobody to speak to, and Keepalived refuses to be told to.
func TestNoUnicastAlone(t *testing.T) {
	topology := strings.Replace(routers(1, func(int) string { return "transport: unicast" }), "[x, y]", "[x]", 1)
	e, problems := loadWith(t, topology, machines()...)
	if e == nil {
		t.Fatal(problems)
	}
	if e.Balancers[0].VRRP.Unicast {
		t.Error("it speaks to peers, of whom there are none")
	}
}

func TestUnicastWhereMulticastDoesNotPass(t *testing.T) {
	for name, x := range map[string]host{
		"cloud":          {name: "x", primary: "eth0", interfaces: map[string][]string{"eth0": {"10.0.0.1/16"}}, more: map[string]any{"ec2_metadata": map[string]any{"instance-id": "i-1"}}},
		"another subnet": {name: "x", primary: "eth0", interfaces: map[string][]string{"eth0": {"10.0.0.1/15"}}},
	} {
		all := machines()
		all[1] = x
		e, problems := loadWith(t, routers(1, func(int) string { return "" }), all...)
		if e == nil {
			t.Fatal(name, problems)
		}
		if !e.Balancers[0].VRRP.Unicast {
			t.Errorf("%s: multicast", name)
		}
	}
}

func TestPrioritiesOfManyNodes(t *testing.T) {
	for _, n := range []int{15, 16, 200} {
		topology := "version: 1\nestate: e\nsoftware: {rabbitmq: \"3.10.8\", haproxy: \"2.6\", keepalived: \"2.2.7\"}\nbrokers: {main: {kind: standalone, nodes: [q]}}\n" +
			"balancers: {b: {kind: haproxy, to: main, vip: 10.0.3.1/16, nodes: ["
		all := []host{eth("q", "10.0.0.9/16")}
		for i := range n {
			name := fmt.Sprintf("n%03d", i)
			topology += name + ", "
			all = append(all, eth(name, fmt.Sprintf("10.0.1.%d/16", i+1)))
		}
		e, problems := loadWith(t, topology+"]}}\n", all...)
		if e == nil {
			t.Fatal(problems)
		}
		var priorities []int
		for _, m := range e.Balancers[0].Members {
			priorities = append(priorities, m.Priority)
		}
		first := map[int]int{15: 200, 16: 254, 200: 254}[n]
		if priorities[0] != first || slices.Min(priorities) < 1 || len(slices.Compact(slices.Clone(priorities))) != n || !slices.IsSortedFunc(priorities, func(a, b int) int { return b - a }) {
			t.Errorf("%d nodes: %v", n, priorities)
		}
	}
}
