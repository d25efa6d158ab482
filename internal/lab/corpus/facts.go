package corpus

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// writeFacts writes what each machine tells of itself, all in one of the forms in which facts come.
func (m *maker) writeFacts(dir string) error {
	form := pick(m.dice, "facter.json", "facter.yaml", "puppet.json", "inventory.json")
	var err error
	var inventory []tree
	for _, n := range m.machines {
		values := n.structured()
		if m.legacy {
			values = n.flat()
		}
		for name, value := range n.more {
			values[name] = value
		}
		file := filepath.Join(dir, n.name+"."+form)
		switch certname := n.name + "." + n.domain; form {
		case "facter.yaml":
			err = errors.Join(err, writeYAML(file, values))
		case "facter.json":
			err = errors.Join(err, writeJSON(file, values))
		case "puppet.json":
			err = errors.Join(err, writeJSON(file, tree{"name": certname, "values": values, "timestamp": "2026-01-02T03:04:05+00:00"}))
		default:
			inventory = append(inventory, tree{"certname": certname, "timestamp": "2026-01-02T03:04:05.006Z", "environment": "production", "facts": values})
		}
	}
	if inventory != nil {
		err = errors.Join(err, writeJSON(filepath.Join(dir, "inventory.json"), inventory))
	}
	return err
}

func writeJSON(path string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o600)
}

// structured are the facts of facter 3 and 4.
func (n *machine) structured() tree {
	interfaces := tree{"lo": tree{"bindings": bindings([]netip.Prefix{netip.MustParsePrefix("127.0.0.1/8")}), "ip": "127.0.0.1", "mtu": 65536}}
	for _, i := range n.nics {
		iface := tree{"mac": i.mac, "mtu": 1500}
		if len(i.v4) > 0 {
			iface["bindings"], iface["ip"], iface["netmask"] = bindings(i.v4), i.v4[0].Addr().String(), mask(i.v4[0])
		}
		six := bindings([]netip.Prefix{netip.MustParsePrefix("fe80::1/64")})
		six[0]["scope6"] = "link"
		for _, b := range bindings(i.v6) {
			b["scope6"], b["flags"] = "global", []any{"permanent"}
			six = append(six, b)
		}
		iface["bindings6"] = six
		interfaces[i.name] = iface
	}
	return tree{
		"facterversion": "4.3.0", "kernel": "Linux",
		"networking":    tree{"hostname": n.name, "domain": n.domain, "fqdn": n.name + "." + n.domain, "primary": n.primary, "interfaces": interfaces},
		"memory":        tree{"system": tree{"total_bytes": n.memory, "available_bytes": n.memory / 3, "total": "some GiB"}},
		"processors":    tree{"count": n.cpus},
		"os":            tree{"family": n.os.family, "name": n.os.name, "release": tree{"full": n.os.release, "major": n.os.major}},
		"load_averages": tree{"1m": 0.25},
	}
}

func bindings(prefixes []netip.Prefix) []tree {
	var all []tree
	for _, p := range prefixes {
		all = append(all, tree{"address": p.Addr().String(), "netmask": mask(p), "network": p.Masked().Addr().String()})
	}
	return all
}

func mask(p netip.Prefix) string {
	return net.IP(net.CIDRMask(p.Bits(), p.Addr().BitLen())).String()
}

// flat are the facts of facter 1 and 2: texts, whose names hold the interfaces'.
func (n *machine) flat() tree {
	facts := tree{
		"facterversion": "1.7.5", "kernel": "Linux", "hostname": n.name, "domain": n.domain, "fqdn": n.name + "." + n.domain,
		"memorysize_mb": strconv.FormatFloat(float64(n.memory)/(1<<20), 'f', 2, 64), "processorcount": strconv.Itoa(n.cpus),
		"osfamily": n.os.family, "operatingsystem": n.os.name, "operatingsystemrelease": n.os.release, "operatingsystemmajrelease": n.os.major,
		"ipaddress_lo": "127.0.0.1", "netmask_lo": "255.0.0.0", "mtu_lo": "65536", "uptime_seconds": "123",
	}
	names := []string{"lo"}
	for _, i := range n.nics {
		names = append(names, i.name)
		facts["macaddress_"+i.name], facts["mtu_"+i.name] = strings.ToUpper(i.mac), "1500"
		for _, p := range i.v4 {
			facts["ipaddress_"+i.name], facts["netmask_"+i.name] = p.Addr().String(), mask(p)
			facts["network_"+i.name] = p.Masked().Addr().String()
		}
		for _, p := range i.v6 {
			facts["ipaddress6_"+i.name], facts["netmask6_"+i.name] = p.Addr().String(), fmt.Sprint(mask(p))
		}
	}
	facts["interfaces"] = strings.Join(names, ",")
	return facts
}
