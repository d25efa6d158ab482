package site

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
)

// brokerScript keeps a RabbitMQ in processes of its own, which end with it, among them the port mapper. It says ready when the broker is.
const brokerScript = `
sbin=$(echo /usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin)
"$sbin/rabbitmq-server" &
"$sbin/rabbitmqctl" wait --timeout 120 "$RABBITMQ_PID_FILE" && echo is ready
wait
`

// broker is the RabbitMQ of one host.
type broker struct {
	*lab.Process
	said int // how much of the log is of earlier starts
}

// environment is what RabbitMQ's programs need on a host.
func environment() []string {
	return []string{"env", "HOME=/var/lib/rabbitmq", "ERL_CRASH_DUMP=/dev/null", "RABBITMQ_PID_FILE=/run/rabbitmq.pid"}
}

// RabbitMQ starts the host's broker, which keeps its data from one start to the next. It is still starting when this returns, see [Site.Ready].
func (s *Site) RabbitMQ(t testing.TB, names ...string) {
	t.Helper()
	lab.Need(t, lab.RabbitMQServer)
	for _, name := range names {
		said := 0
		if before := s.brokers[name]; before != nil {
			said = len(before.Log())
		}
		args := append(environment(), "unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-euc", brokerScript)
		s.brokers[name] = &broker{s.Hosts[name].Start(t, args...), said}
	}
}

// A broker gets so many times so long to start. Nodes of a cluster that meet while they start can wait for each other for ever in
// RabbitMQ 3.10 (global:sync); who looks after one starts it again.
const (
	starts    = 3
	startTime = 2 * time.Minute
)

// Ready waits until the brokers of the hosts take clients.
func (s *Site) Ready(t testing.TB, names ...string) {
	t.Helper()
	for _, name := range names {
		for try := 1; ; try++ {
			err := s.started(name)
			if err == nil {
				break
			}
			own, _ := s.Hosts[name].Try(t, "sh", "-c", "tail -n 30 /var/log/rabbitmq/*.log")
			if try == starts {
				t.Fatalf("wait for RabbitMQ on %s: %v\n%s", name, err, own)
			}
			t.Logf("RabbitMQ on %s hangs and is started again; it said:\n%s", name, own)
			s.brokers[name].Kill()
			s.RabbitMQ(t, name)
		}
	}
}

func (s *Site) started(name string) error {
	b := s.brokers[name]
	return lab.Sparingly(startTime, func() error {
		if log := b.Log(); !strings.Contains(log[b.said:], "is ready\n") {
			return errors.New(log[b.said:])
		}
		return nil
	})
}

// Broker is the process that the host's broker and all that belongs to it ends with.
func (s *Site) Broker(name string) *lab.Process { return s.brokers[name].Process }

// Control runs rabbitmqctl on a host, which must go well.
func (s *Site) Control(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, exit := s.TryControl(t, name, args...)
	if exit != 0 {
		t.Fatalf("rabbitmqctl %s on %s: exit code %d: %s", strings.Join(args, " "), name, exit, out)
	}
	return out
}

// TryControl runs rabbitmqctl on a host and returns what it printed and its exit code.
func (s *Site) TryControl(t testing.TB, name string, args ...string) (string, int) {
	t.Helper()
	line := append(environment(), "sh", "-c", `exec /usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmqctl -q "$@"`, "sh")
	return s.Hosts[name].Try(t, append(line, args...)...)
}

// Echo starts what stands for a broker on the host: it tells whoever connects to the port the host's name.
func (s *Site) Echo(t testing.TB, name string, port int) *lab.Process {
	t.Helper()
	h := s.Hosts[name]
	p := h.Start(t, "socat", fmt.Sprintf("TCP-LISTEN:%d,fork,reuseaddr", port), "SYSTEM:echo "+name)
	lab.Wait(t, name+" to listen", 10*time.Second, func() error {
		if !strings.Contains(h.Run(t, "ss", "-Hltn"), fmt.Sprintf(":%d ", port)) {
			return errors.New("not yet")
		}
		return nil
	})
	return p
}
