package lab

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Queues lists the queues of a RabbitMQ's vhost, sorted by name, as rabbitmqctl tells them.
func (b *Broker) Queues() ([]string, error) {
	scripts, err := filepath.Glob(rabbitScripts)
	if err != nil || len(scripts) == 0 {
		return nil, fmt.Errorf("no %s", rabbitScripts)
	}
	cmd := exec.Command(filepath.Join(scripts[0], "rabbitmqctl"), "-q", "-n", "rabbit@localhost", "list_queues", "-p", b.VHost, "name", "--no-table-headers")
	cmd.Dir = b.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8", "HOME=" + b.dir, "RABBITMQ_CONF_ENV_FILE=/dev/null", "ERL_EPMD_PORT=" + b.epmdPort}
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("rabbitmqctl list_queues: %w", err)
	}
	names := strings.Fields(string(out))
	slices.Sort(names)
	return names, nil
}
