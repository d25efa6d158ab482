package acceptance

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/lab/estates"
	"github.com/mco-go/mco-go/internal/lab/site"
)

// plainRabbitMQ starts a broker on the host that is none of an estate, with AMQP, STOMP and management on their usual ports.
func plainRabbitMQ(t *testing.T, h *lab.Host) *lab.Process {
	t.Helper()
	lab.Need(t, lab.RabbitMQServer)
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

// Each kind of check takes a real broker for one, and not what only accepts connections.
func TestChecksKnowABroker(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string][2]string{ // mq1, a broker; mq2, which accepts and says nothing of use
		"tcp":   {"L4OK", "L4OK"},
		"amqp":  {"L7OK", "L7"},
		"stomp": {"L7OK", "L7"},
		"http":  {"L7OK", "L7"},
	} {
		t.Run(kind, func(t *testing.T) {
			e := estates.Full()
			b := e.Balancers[0]
			b.Check.Inter, b.Check.Kind, b.To = 200*time.Millisecond, kind, b.To[:2]
			s := site.New(t, e, "ha1", "mq1", "mq2")
			plainRabbitMQ(t, s.Hosts["mq1"])
			for _, port := range []int{5672, 15672, 61613} {
				s.Echo(t, "mq2", port)
			}
			s.HAProxy(t, "ha1")
			lab.Wait(t, "the checks to tell them apart", time.Minute, func() error {
				stat := s.Stat(t, "ha1", "front_amqp")
				verdict := func(name string) string { return strings.TrimPrefix(stat[name]["check_status"], "* ") }
				other := strings.HasPrefix(verdict("mq2"), want[1]) && (want[1] == "L4OK" || verdict("mq2") != "L7OK")
				if verdict("mq1") != want[0] || !other {
					return fmt.Errorf("mq1 %s, mq2 %s", verdict("mq1"), verdict("mq2"))
				}
				return nil
			})
		})
	}
}
