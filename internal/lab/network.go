package lab

import (
	"errors"
	"fmt"
	"net/netip"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Network is a bridge in a namespace of its own, which hosts are plugged into. Nothing of it reaches the machine's own network, and all
// of it ends with the test.
type Network struct {
	hub   *Host
	hosts int
}

// Host is a machine of a [Network], as far as a namespace goes: its own interfaces, addresses, rules, host name and mounts.
type Host struct {
	Name    string
	Folder  string     // a scratch folder of its own
	Address netip.Addr // its first one
	hub     *Host      // where its cable ends; nil: it has none
	port    string     // the end of the cable
	holder  *Process
}

// NewNetwork makes an empty network. It needs the superuser.
func NewNetwork(t testing.TB) *Network {
	t.Helper()
	Need(t, Superuser)
	hub := newHost(t, "hub")
	hub.Run(t, "ip", "link", "add", "br0", "type", "bridge")
	hub.Run(t, "ip", "link", "set", "br0", "up")
	return &Network{hub: hub}
}

// newHost starts what holds the namespaces: a process that does nothing.
func newHost(t testing.TB, name string) *Host {
	t.Helper()
	h := &Host{Name: name, Folder: t.TempDir()}
	const script = `mount --make-rprivate / && hostname "$1" && ip link set lo up && echo ready && exec sleep infinity`
	var err error
	h.holder, err = startProcess(name, filepath.Join(h.Folder, "holder.log"), exec.Command("unshare", "-n", "-m", "-u", "sh", "-c", script, "sh", name))
	if err != nil {
		t.Fatal(err)
	}
	keep(t, h.holder)
	Wait(t, "the namespaces of "+name, 10*time.Second, func() error {
		if log := h.holder.Log(); log != "ready\n" {
			return fmt.Errorf("says %q", log)
		}
		return nil
	})
	return h
}

// Host adds a machine with one interface, eth0, that has the MAC address (empty: any) and the addresses.
func (n *Network) Host(t testing.TB, name, mac string, addresses ...netip.Prefix) *Host {
	t.Helper()
	h := newHost(t, name)
	n.hosts++
	port := "port" + strconv.Itoa(n.hosts)
	h.hub, h.port = n.hub, port
	if len(addresses) > 0 {
		h.Address = addresses[0].Addr()
	}
	n.hub.Run(t, "ip", "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", strconv.Itoa(h.holder.PID()))
	n.hub.Run(t, "ip", "link", "set", port, "master", "br0", "up")
	if mac != "" {
		h.Run(t, "ip", "link", "set", "eth0", "address", mac)
	}
	for _, a := range addresses {
		args := []string{"ip", "address", "add", a.String(), "dev", "eth0"}
		if a.Addr().Is6() {
			args = append(args, "nodad")
		}
		h.Run(t, args...)
	}
	h.Run(t, "ip", "link", "set", "eth0", "up")
	return h
}

// command is Command, on this machine where there is no host.
func (h *Host) command(args ...string) *exec.Cmd {
	if h == nil {
		return exec.Command(args[0], args[1:]...)
	}
	return h.Command(args...)
}

// Command is a program that is to run on the host.
func (h *Host) Command(args ...string) *exec.Cmd {
	return exec.Command("nsenter", append([]string{"-t", strconv.Itoa(h.holder.PID()), "-n", "-m", "-u", "--"}, args...)...)
}

// Try runs a program on the host to its end, and returns what it printed and its exit code.
func (h *Host) Try(t testing.TB, args ...string) (output string, exit int) {
	t.Helper()
	out, err := h.Command(args...).CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return string(out), exit.ExitCode()
	}
	if err != nil {
		t.Fatalf("%s on %s: %v", args[0], h.Name, err)
	}
	return string(out), 0
}

// Run is Try for what must go well.
func (h *Host) Run(t testing.TB, args ...string) string {
	t.Helper()
	out, exit := h.Try(t, args...)
	if exit != 0 {
		t.Fatalf("%s on %s: exit code %d: %s", strings.Join(args, " "), h.Name, exit, out)
	}
	return out
}

// Start starts a program on the host, which ends with the test at the latest.
func (h *Host) Start(t testing.TB, args ...string) *Process {
	t.Helper()
	name := filepath.Base(args[0]) + "-" + h.Name
	p, err := startProcess(name, filepath.Join(h.Folder, name+".log"), h.Command(args...))
	if err != nil {
		t.Fatal(err)
	}
	keep(t, p)
	return p
}

// Has tells whether the host's eth0 has the address now.
func (h *Host) Has(t testing.TB, a netip.Addr) bool {
	t.Helper()
	return strings.Contains(h.Run(t, "ip", "-o", "address", "show", "dev", "eth0"), " "+a.String()+"/")
}
