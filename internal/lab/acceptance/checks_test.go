package acceptance

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/internal/lab"
)

// rabbitMQ starts a real broker on the host, with AMQP, STOMP and management on their usual ports.
func (s *site) rabbitMQ(t *testing.T, name string) *lab.Process {
	t.Helper()
	lab.Need(t, lab.RabbitMQServer)
	h := s.hosts[name]
	file := func(name string) string { return filepath.Join(h.Folder, name) }
	for name, text := range map[string]string{"rabbitmq.conf": "loopback_users.guest = true\n", "plugins": "[rabbitmq_management,rabbitmq_stomp].\n"} {
		if err := os.WriteFile(file(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	h.Start(t, "epmd", "-address", "127.0.0.1") // else the broker starts one that nobody ends
	scripts, err := filepath.Glob("/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server")
	if err != nil || len(scripts) == 0 {
		t.Fatal("no rabbitmq-server", err)
	}
	return h.Start(t, "env", "-i", "PATH="+os.Getenv("PATH"), "LANG=C.UTF-8", "HOME="+h.Folder, "RABBITMQ_CONF_ENV_FILE=/dev/null",
		"RABBITMQ_NODENAME=rabbit@localhost", "RABBITMQ_CONFIG_FILE="+file("rabbitmq.conf"), "RABBITMQ_ENABLED_PLUGINS_FILE="+file("plugins"),
		"RABBITMQ_MNESIA_BASE="+file("mnesia"), "RABBITMQ_LOG_BASE="+h.Folder, "RABBITMQ_LOGS=-", "RABBITMQ_PID_FILE="+file("pid"),
		"ERL_EPMD_ADDRESS=127.0.0.1", "ERL_CRASH_DUMP=/dev/null", "RABBITMQ_ALLOW_INPUT=1", "RABBITMQ_SERVER_START_ARGS=-noinput", scripts[0])
}

// verdicts asks the host's HAProxy what the last check of each server of amqp said, by server.
func (s *site) verdicts(t *testing.T, name string) map[string]string {
	t.Helper()
	socket := "UNIX-CONNECT:/run/haproxy/admin.sock"
	out := s.hosts[name].Run(t, "sh", "-c", "echo show stat | socat - "+socket)
	lines := strings.Split(strings.TrimPrefix(out, "# "), "\n")
	columns := strings.Split(lines[0], ",")
	verdicts := make(map[string]string)
	for _, line := range lines[1:] {
		if !strings.HasPrefix(line, "front_amqp,mq") {
			continue
		}
		cells := strings.Split(line, ",")
		for i, column := range columns {
			if column == "check_status" {
				verdicts[cells[1]] = strings.TrimPrefix(cells[i], "* ")
			}
		}
	}
	return verdicts
}

// Each kind of check takes a real broker for one, and not what only accepts connections.
func TestChecksKnowABroker(t *testing.T) {
	for kind, want := range map[string][2]string{ // mq1, a broker; mq2, which accepts and says nothing of use
		"tcp":   {"L4OK", "L4OK"},
		"amqp":  {"L7OK", "L7"},
		"stomp": {"L7OK", "L7"},
		"http":  {"L7OK", "L7"},
	} {
		t.Run(kind, func(t *testing.T) {
			s := newSite(t, func(e *estate.Estate) {
				quick(estate.RoundRobin)(e)
				b := e.Balancers[0]
				b.Check.Kind, b.To = kind, b.To[:2]
			}, "ha1", "mq1", "mq2")
			s.rabbitMQ(t, "mq1")
			for _, port := range []int{5672, 15672, 61613} {
				s.broker(t, "mq2", port)
			}
			s.haproxy(t, "ha1")
			lab.Wait(t, "the checks to tell them apart", time.Minute, func() error {
				got := s.verdicts(t, "ha1")
				other := strings.HasPrefix(got["mq2"], want[1]) && (want[1] == "L4OK" || got["mq2"] != "L7OK")
				if got["mq1"] != want[0] || !other {
					return fmt.Errorf("%v", got)
				}
				return nil
			})
		})
	}
}
