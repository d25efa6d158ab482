package packages

import (
	"context"
	"fmt"
	"strings"

	"github.com/mco-go/mco-go/agent/command"
)

// tools runs the programs of package managers. It is safe for concurrent use.
type tools struct{ runner *command.Runner }

// has tells whether a program is there.
func has(program string) bool {
	_, err := command.LookPath(program)
	return err == nil
}

// run runs a program and returns what it wrote to its standard output.
func (t *tools) run(ctx context.Context, argv ...string) (result, error) {
	res, err := t.exec(ctx, argv)
	return result{string(res.Stdout), res.ExitCode}, err
}

// change runs a program that changes the system, and returns everything that it wrote. It is asked nothing, and what its packages
// start lives on.
func (t *tools) change(ctx context.Context, argv ...string) (string, error) {
	res, err := t.exec(ctx, argv)
	if err != nil {
		return "", err
	}
	text := string(res.Stdout) + string(res.Stderr)
	if res.ExitCode != 0 {
		//lint:ignore ST1005 Puppet's text
		return "", fmt.Errorf("Execution of '%s' returned %d: %s", strings.Join(argv, " "), res.ExitCode, strings.TrimSpace(text))
	}
	return text, nil
}

func (t *tools) exec(ctx context.Context, argv []string) (command.Result, error) {
	if !has(argv[0]) {
		//lint:ignore ST1005 the original's text
		return command.Result{}, fmt.Errorf("Cannot find %[1]s at /usr/bin/%[1]s", argv[0])
	}
	return t.runner.Run(ctx, command.Spec{Argv: argv, Daemons: true, Env: map[string]string{
		"DEBIAN_FRONTEND": "noninteractive", "DEBCONF_NONINTERACTIVE_SEEN": "true", "APT_LISTCHANGES_FRONTEND": "none",
	}})
}

// must is run for programs whose failure is the action's.
func (t *tools) must(ctx context.Context, what string, argv ...string) (result, error) {
	res, err := t.run(ctx, argv...)
	if err == nil && res.code != 0 {
		err = fmt.Errorf("%s failed, exit code was %d", what, res.code)
	}
	return res, err
}

// checkVersion refuses what is no version: nothing in it may end the word, or make it an option or a pattern.
func checkVersion(version string) error {
	if version != "" && version[0] == '-' || !made(version, "+.:~^_-") {
		return fmt.Errorf("%q is no version of a package", version)
	}
	return nil
}

// made tells whether s is made of ASCII letters, digits and the given signs.
func made(s, signs string) bool {
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !letter && strings.IndexByte(signs, c) < 0 {
			return false
		}
	}
	return true
}
