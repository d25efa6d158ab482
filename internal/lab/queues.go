package lab

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Control runs rabbitmqctl for a RabbitMQ and returns what it printed.
func (b *Broker) Control(args ...string) (out string, err error) {
	// A broker takes clients a moment before it calls itself running.
	_ = Sparingly(20*time.Second, func() error {
		if out, err = b.control(args...); err != nil && strings.Contains(err.Error(), "requires the 'rabbit' app to be running") {
			return err
		}
		return nil
	})
	return out, err
}

func (b *Broker) control(args ...string) (string, error) {
	scripts, err := filepath.Glob(rabbitScripts)
	if err != nil || len(scripts) == 0 {
		return "", fmt.Errorf("no %s", rabbitScripts)
	}
	cmd := b.on.command(append([]string{filepath.Join(scripts[0], "rabbitmqctl"), "-q", "-n", b.Node}, args...)...)
	cmd.Dir = b.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8", "HOME=" + b.dir, "RABBITMQ_CONF_ENV_FILE=/dev/null", "ERL_EPMD_PORT=" + b.epmdPort}
	out, err := cmd.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return "", fmt.Errorf("rabbitmqctl %s: %w: %s%s", args[0], err, out, exit.Stderr)
	}
	if err != nil {
		return "", fmt.Errorf("rabbitmqctl %s: %w", args[0], err)
	}
	return string(out), nil
}

// Queues lists the queues of a RabbitMQ's vhost, sorted by name, as rabbitmqctl tells them.
func (b *Broker) Queues() ([]string, error) {
	out, err := b.Control("list_queues", "-p", b.VHost, "name", "--no-table-headers")
	if err != nil {
		return nil, err
	}
	names := strings.Fields(out)
	slices.Sort(names)
	return names, nil
}
