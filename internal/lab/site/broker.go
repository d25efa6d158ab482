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
	starts int
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
		b := s.brokers[name]
		if b == nil {
			b = new(broker)
			s.brokers[name] = b
		}
		b.starts++
		args := append(environment(), "unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-euc", brokerScript)
		b.Process = s.Hosts[name].Start(t, args...)
	}
}

// Ready waits until the brokers of the hosts take clients.
func (s *Site) Ready(t testing.TB, names ...string) {
	t.Helper()
	for _, name := range names {
		b := s.brokers[name]
		lab.Wait(t, "RabbitMQ on "+name, 2*time.Minute, func() error {
			if log := b.Log(); strings.Count(log, "is ready\n") < b.starts {
				return errors.New(log)
			}
			return nil
		})
	}
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
