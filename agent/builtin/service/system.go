package service

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/mco-go/mco-go/agent/command"
	"github.com/mco-go/mco-go/mco/config"
)

// system is the init system of a node. It is safe for concurrent use.
type system struct {
	runner     *command.Runner
	systemd    bool
	scripts    string // folder of init scripts
	hasRestart bool   // scripts have a verb restart
	hasStatus  bool   // scripts have a verb status; without, processes are looked for
}

// newSystem reads plugin.service.provider and its options.
func newSystem(c *config.Config) (*system, error) {
	runner, err := command.New(command.FromConfig(c))
	if err != nil {
		return nil, err
	}
	provider, ok := c.Plugin("service.provider")
	if !ok {
		provider = "puppet"
	}
	s := &system{runner: runner, scripts: "/etc/init.d"}
	switch strings.ToLower(provider) {
	case "puppet":
		_, err := os.Stat("/run/systemd/system") // as sd_booted(3) looks
		s.systemd = err == nil
	case "systemd":
		s.systemd = true
	case "init", "debian", "redhat", "service":
	default:
		return nil, fmt.Errorf("plugin.service.provider = %s: this program has puppet, systemd and init", provider)
	}
	if s.hasRestart, err = c.PluginBool("service."+provider+".hasrestart", false); err != nil {
		return nil, err
	}
	s.hasStatus, err = c.PluginBool("service."+provider+".hasstatus", true)
	return s, err
}

func (s *system) status(ctx context.Context, name string) (string, error) {
	if err := s.exists(name); err != nil {
		return "", err
	}
	argv := []string{"service", name, "status"}
	switch {
	case s.systemd:
		argv = []string{"systemctl", "is-active", "--", name}
	case !s.hasStatus:
		return s.lookFor(name)
	}
	res, err := s.runner.Run(ctx, command.Spec{Argv: argv, Daemons: true})
	if err != nil {
		return "", err
	}
	if res.ExitCode == 0 {
		return running, nil
	}
	return stopped, nil
}

// exists refuses names that are none, and services that have no init script. systemd is asked about any name.
func (s *system) exists(name string) error {
	if err := checkName(name); err != nil || s.systemd {
		return err
	}
	info, err := os.Stat(filepath.Join(s.scripts, name))
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
		//lint:ignore ST1005 Puppet's text
		return fmt.Errorf("Could not find init script for '%s'", name)
	}
	return err
}

// lookFor tells whether a process has the name of the service in its command line.
func (s *system) lookFor(name string) (string, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return "", err
	}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		line, err := os.ReadFile(filepath.Join("/proc", e.Name(), "cmdline"))
		if err == nil && bytes.Contains(line, []byte(name)) {
			return running, nil
		}
	}
	return stopped, nil
}

// do starts or stops a service.
func (s *system) do(ctx context.Context, name, verb string) error {
	if err := s.exists(name); err != nil {
		return err
	}
	if s.systemd {
		return s.must(ctx, "systemctl", verb, "--", name)
	}
	return s.must(ctx, "service", name, verb)
}

// restart is a stop and a start where init scripts are not known to do better.
func (s *system) restart(ctx context.Context, name string) error {
	if s.systemd || s.hasRestart {
		return s.do(ctx, name, "restart")
	}
	state, err := s.status(ctx, name)
	if err != nil {
		return err
	}
	if state == running {
		if err := s.do(ctx, name, "stop"); err != nil {
			return err
		}
	}
	return s.do(ctx, name, "start")
}

// boot says whether the service starts with the system.
func (s *system) boot(ctx context.Context, name string, on bool) error {
	if err := s.exists(name); err != nil {
		return err
	}
	verb := "disable"
	if on {
		verb = "enable"
	}
	if s.systemd {
		return s.must(ctx, "systemctl", verb, "--", name)
	}
	if _, err := command.LookPath("update-rc.d"); err == nil {
		if on { // a script that update-rc.d has not seen yet
			if err := s.must(ctx, "update-rc.d", name, "defaults"); err != nil {
				return err
			}
		}
		return s.must(ctx, "update-rc.d", name, verb)
	}
	return s.must(ctx, "chkconfig", name, map[bool]string{true: "on", false: "off"}[on])
}

// must runs a program that has to succeed. What it starts lives on.
func (s *system) must(ctx context.Context, argv ...string) error {
	res, err := s.runner.Run(ctx, command.Spec{Argv: argv, Daemons: true})
	if err != nil {
		return err
	}
	if res.ExitCode != 0 {
		out := strings.TrimSpace(string(res.Stdout) + string(res.Stderr))
		//lint:ignore ST1005 Puppet's text
		return fmt.Errorf("Execution of '%s' returned %d: %s", strings.Join(argv, " "), res.ExitCode, out)
	}
	return nil
}
