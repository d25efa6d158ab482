package estate_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/facts"
	"github.com/mco-go/mco-go/internal/lab/estates"
)

// host is a machine of a test: facts as facter 4 prints them.
type host struct {
	name       string
	interfaces map[string][]string // addresses with prefix length, in the kernel's order
	primary    string
	more       map[string]any
}

func (h host) facts() map[string]any {
	interfaces := make(map[string]any)
	i := 0
	for name, addresses := range h.interfaces {
		var v4, v6 []any
		for _, a := range addresses {
			b, six := binding(a)
			if six {
				v6 = append(v6, b)
			} else {
				v4 = append(v4, b)
			}
		}
		one := map[string]any{"mtu": 1500}
		if name != "lo" {
			one["mac"] = fmt.Sprintf("02:00:00:00:%02x:%02x", len(h.name), i)
		}
		if v4 != nil {
			one["bindings"] = v4
		}
		if v6 != nil {
			one["bindings6"] = v6
		}
		interfaces[name] = one
		i++
	}
	networking := map[string]any{"hostname": h.name, "fqdn": h.name + ".example.test", "domain": "example.test", "interfaces": interfaces}
	if h.primary != "" {
		networking["primary"] = h.primary
	}
	all := map[string]any{
		"facterversion": "4.3.0", "networking": networking, "processors": map[string]any{"count": 4},
		"memory": map[string]any{"system": map[string]any{"total_bytes": 8 << 30}},
		"os":     map[string]any{"family": "Debian", "name": "Debian", "release": map[string]any{"full": "12.5", "major": "12"}},
	}
	for key, value := range h.more {
		all[key] = value
	}
	return all
}

func binding(address string) (map[string]any, bool) {
	p := prefix(address)
	b := map[string]any{"address": p.Addr().String(), "network": p.Masked().Addr().String()}
	if p.Addr().Is6() {
		b["netmask"] = mask6(p.Bits())
		b["scope6"] = "global"
		return b, true
	}
	b["netmask"] = mask4(p.Bits())
	return b, false
}

// gather writes the hosts' facts to a folder and reads them.
func gather(t testing.TB, hosts ...host) *facts.Set {
	t.Helper()
	dir := t.TempDir()
	for _, h := range hosts {
		data, err := json.Marshal(h.facts())
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, h.name+".json"), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return estates.Fleet(t, dir)
}

// eth is a host with one interface beside lo.
func eth(name string, addresses ...string) host {
	return host{name: name, interfaces: map[string][]string{"lo": {"127.0.0.1/8"}, "eth0": addresses}, primary: "eth0"}
}

func loadWith(t testing.TB, topology string, hosts ...host) (*estate.Estate, string) {
	t.Helper()
	e, problems := loadText(t, topology, estate.Options{Facts: gather(t, hosts...), Secrets: estates.Secrets(t, nil)})
	return e, show(problems)
}
