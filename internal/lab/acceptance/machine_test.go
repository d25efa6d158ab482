package acceptance

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
)

// machine is a host of the laboratory's network that can be managed: what it writes below /etc and /var is its own, packages' files are
// there, and its daemons end with it. What is written lies on disk and not in memory, where RabbitMQ would find too little space and hold
// back whoever publishes.
type machine struct {
	*lab.Host
	name string
	init int // its first process
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// etcHosts names the machines of the tests.
const etcHosts = "127.0.0.1 localhost\n192.0.2.11 ha1\n192.0.2.21 mq1\n192.0.2.31 web1\n192.0.2.41 op1\n"

const machineScript = `
mount --make-rprivate /
for dir in etc var; do
	mkdir -p "$1/$dir/upper" "$1/$dir/work"
	mount -t overlay overlay -o "lowerdir=/$dir,upperdir=$1/$dir/upper,workdir=$1/$dir/work" "/$dir"
done
mount -t tmpfs tmpfs /run
mkdir -p /run/haproxy
cp "$2" /etc/hosts
: >/run/calls
exec sleep infinity
`

// newMachine starts the named machine of etcHosts.
func newMachine(t *testing.T, n *lab.Network, name string) *machine {
	t.Helper()
	h := n.Host(t, name, "", addressOf(t, name))
	hosts := filepath.Join(h.Folder, "hosts")
	own := filepath.Join(h.Folder, "own")
	if err := os.WriteFile(hosts, []byte(etcHosts), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(own, 0o755); err != nil {
		t.Fatal(err)
	}
	holder := h.Start(t, "unshare", "-m", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-euc", machineScript, "sh", own, hosts)
	m := &machine{Host: h, name: name}
	lab.Wait(t, name+" to be up", 10*time.Second, func() error {
		children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", holder.PID()))
		if err != nil {
			return err
		}
		if m.init, err = strconv.Atoi(strings.TrimSpace(string(children))); err != nil {
			return err
		}
		if comm, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", m.init)); err != nil || string(comm) != "sleep\n" {
			return fmt.Errorf("it runs %q (%v): %s", comm, err, holder.Log())
		}
		return nil
	})
	return m
}

// try runs a program on the machine to its end.
func (m *machine) try(t *testing.T, args ...string) (string, int) {
	t.Helper()
	return m.Try(t, append([]string{"nsenter", "-t", strconv.Itoa(m.init), "-m", "-p", "--"}, args...)...)
}

// run is try for what must go well.
func (m *machine) run(t *testing.T, args ...string) string {
	t.Helper()
	out, exit := m.try(t, args...)
	if exit != 0 {
		t.Fatalf("%s on %s: exit code %d: %s", strings.Join(args, " "), m.name, exit, out)
	}
	return out
}

// calls returns which services were started, reloaded, restarted or stopped since it was asked last.
func (m *machine) calls(t *testing.T) string {
	t.Helper()
	return strings.Join(strings.Fields(m.run(t, "sh", "-c", "cat /run/calls; : >/run/calls")), " ")
}

// pid is the number of a service's process on its machine.
func (m *machine) pid(t *testing.T, service string) string {
	t.Helper()
	return strings.TrimSpace(m.run(t, "cat", "/run/"+service+".pid"))
}

// services is what a machine with systemd has in systemctl: it notes what it is asked for, which is how tests know.
const services = `#!/bin/sh
set -eu
pid=/run/$1.pid
running() { grep -qs '^State:[[:space:]][^Z]' "/proc/$1/status"; }
alive() { [ -s "$pid" ] && running "$(cat "$pid")"; }
[ "$2" = status ] || echo "$1:$2" >>/run/calls
case $1:$2 in
*:status) alive ;;
*:restart) "$0" "$1" stop; "$0" "$1" start ;;
*:stop)
	alive || exit 0
	process=$(cat "$pid") # RabbitMQ removes the file before it ends
	kill "$process"
	while running "$process"; do sleep 0.1; done
	rm -f "$pid" ;;
haproxy:start) haproxy -W -D -p "$pid" -f /etc/haproxy/haproxy.cfg ;;
haproxy:reload) kill -USR2 "$(cat "$pid")" ;;
keepalived:start) keepalived -p "$pid" -r /run/vrrp.pid -c /run/checkers.pid -f /etc/keepalived/keepalived.conf ;;
keepalived:reload) kill -HUP "$(cat "$pid")" ;;
mcollective:start) MCOLLECTIVED --config /etc/mcollective/server.cfg --pidfile "$pid" --daemonize ;;
rabbitmq:start)
	export HOME=/var/lib/rabbitmq RABBITMQ_PID_FILE=$pid ERL_CRASH_DUMP=/dev/null
	sbin=$(echo /usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin)
	setsid setpriv --reuid rabbitmq --regid rabbitmq --clear-groups "$sbin/rabbitmq-server" >/var/log/rabbitmq/out 2>&1 </dev/null &
	"$sbin/rabbitmqctl" wait --timeout 90 "$pid" >/dev/null ;;
*) echo "there is no $1 $2" >&2; exit 2 ;;
esac
`
