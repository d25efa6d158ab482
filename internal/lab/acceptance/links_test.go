package acceptance

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/generators"
	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/target"
	"github.com/mco-go/mco-go/generators/validate"
	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/lab/estates"
)

// brokerScript keeps a RabbitMQ in processes of its own, which end with it, among them the port mapper. It says ready when the broker is.
const brokerScript = `
printf '{lookup, [file, native]}.\n{host, {127,0,0,1}, ["%s"]}.\n' "$(hostname)" >"$ERL_INETRC"
sbin=$(echo /usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin)
"$sbin/rabbitmq-server" &
"$sbin/rabbitmqctl" wait --timeout 90 "$RABBITMQ_PID_FILE" && echo is ready
wait
`

// linked is an estate of the documentation whose brokers run from generated files, each on a host of its own.
type linked struct {
	estate  *estate.Estate
	network *lab.Network
	hosts   map[string]*lab.Host
	brokers map[string]*lab.Process
	starts  map[string]int // of each broker
}

// newLinked starts the brokers of an estate of docs/topologies.
func newLinked(t *testing.T, topology string) *linked {
	t.Helper()
	lab.Need(t, lab.RabbitMQServer)
	file := filepath.Join(lab.Root(), "docs", "topologies", topology)
	l := &linked{estate: estates.LoadDocumented(t, file, estates.Installed(t)), network: lab.NewNetwork(t),
		hosts: make(map[string]*lab.Host), brokers: make(map[string]*lab.Process), starts: make(map[string]int)}
	for _, n := range l.estate.Nodes {
		if n.Broker != nil {
			l.host(t, n)
			l.start(t, n.Name)
		}
	}
	for name := range l.brokers {
		l.ready(t, name)
	}
	return l
}

// host makes a node's host, which sees its generated files at their places and reaches every address.
func (l *linked) host(t *testing.T, n *estate.Node) *lab.Host {
	t.Helper()
	i, ok := n.Facts.Interface(n.Facts.Primary)
	if !ok {
		t.Fatalf("%s has no interface", n.Name)
	}
	h := l.network.Host(t, n.Facts.Hostname, i.MAC, i.IPv4...)
	l.hosts[n.Name] = h
	h.Run(t, "ip", "route", "add", "default", "dev", "eth0")
	set, problems := generators.Files(l.estate, n)
	if problems.Failed() {
		t.Fatal(problems)
	}
	if err := validate.Write(h.Folder, set.Files); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"/var/log", "/run"} {
		h.Run(t, "mount", "-t", "tmpfs", "tmpfs", folder)
	}
	for _, folder := range []string{"/etc/rabbitmq", "/var/lib/rabbitmq", "/etc/mcollective"} {
		if from := filepath.Join(h.Folder, folder); exists(from) {
			h.Run(t, "mount", "--bind", from, folder)
		}
	}
	for _, f := range set.Files {
		if err := mode(h, f); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

// mode gives a file the mode that it was made with: a cookie that others could read stops a broker.
func mode(h *lab.Host, f target.File) error {
	return os.Chmod(validate.At(h.Folder, f), f.Mode.Perm())
}

// environment is what RabbitMQ's programs need on a host.
func (l *linked) environment() []string {
	return []string{"HOME=/var/lib/rabbitmq", "ERL_INETRC=/run/inetrc", "ERL_CRASH_DUMP=/dev/null", "RABBITMQ_PID_FILE=/run/rabbitmq.pid"}
}

func (l *linked) start(t *testing.T, name string) {
	t.Helper()
	h := l.hosts[name]
	l.starts[name]++
	h.Run(t, "mkdir", "-p", "/var/log/rabbitmq")
	args := append([]string{"env"}, l.environment()...)
	l.brokers[name] = h.Start(t, append(args, "unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-euc", brokerScript)...)
}

func (l *linked) ready(t *testing.T, name string) {
	t.Helper()
	lab.Wait(t, "RabbitMQ on "+name, 2*time.Minute, func() error {
		if log := l.brokers[name].Log(); strings.Count(log, "is ready\n") < l.starts[name] {
			return errors.New(log)
		}
		return nil
	})
}

// control runs rabbitmqctl on a broker's host.
func (l *linked) control(t *testing.T, name string, args ...string) string {
	t.Helper()
	line := append([]string{"env"}, l.environment()...)
	line = append(line, "sh", "-c", `exec /usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmqctl -q "$@"`, "sh")
	return l.hosts[name].Run(t, append(line, args...)...)
}

// A client on one broker of the federated pair reaches nodes on the other, and has their replies.
func TestFederationCarriesRequestsAndReplies(t *testing.T) {
	l := newLinked(t, "federation.yaml")
	c := l.estate.Collectives[0]
	over := make(map[string]int) // nodes by the address of the broker that they try first
	for _, n := range c.Servers {
		h := l.host(t, n)
		h.Start(t, lab.Program(t, "mcollectived"), "--no-daemonize", "--config", "/etc/mcollective/server.cfg")
		over[c.EndpointsOf(n)[0].Host]++
	}
	if len(over) != 2 {
		t.Fatalf("all nodes are on one broker: %v", over)
	}
	client := l.host(t, c.Clients[0])
	lab.Wait(t, fmt.Sprintf("answers of the nodes on %v to a client on %s", over, c.ClientEndpoints[0].Host), time.Minute, func() error {
		out, _ := client.Try(t, "timeout", "20", lab.Program(t, "mco"), "ping", "--config", "/etc/mcollective/client.cfg")
		for _, n := range c.Servers {
			if !strings.Contains(out, n.Name) {
				return fmt.Errorf("no answer of %s: %s", n.Name, out)
			}
		}
		return nil
	})
	for broker, n := range over {
		t.Logf("%d nodes on %s; the client is on %s", n, broker, c.ClientEndpoints[0].Host)
	}
}

// What is put into the queue at the edge arrives at the centre, also what was put there while the centre was away.
func TestShovelCarriesMessages(t *testing.T) {
	l := newLinked(t, "shovel.yaml")
	link := l.estate.Links[0]
	edge, centre := link.A.Members[0].Node.Name, link.B.Members[0].Node.Name
	put := func(text string) {
		t.Helper()
		l.control(t, edge, "eval", fmt.Sprintf(`rabbit_basic:publish(rabbit_misc:r(<<"/">>, exchange, <<"">>), <<"orders">>, [{delivery_mode, 2}], <<"%s">>).`, text))
	}
	arrived := func(want int) {
		t.Helper()
		lab.Wait(t, fmt.Sprintf("%d messages at the centre", want), time.Minute, func() error {
			if got := l.control(t, centre, "list_queues", "--no-table-headers", "name", "messages"); strings.Join(strings.Fields(got), " ") != fmt.Sprintf("orders %d", want) {
				return fmt.Errorf("the centre has %q", got)
			}
			return nil
		})
	}
	arrived(0)
	put("one")
	arrived(1)
	l.brokers[centre].Kill()
	put("two")
	put("three")
	l.start(t, centre)
	l.ready(t, centre)
	arrived(3)
}
