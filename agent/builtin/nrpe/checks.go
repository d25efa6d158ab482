package nrpe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mco-go/mco-go/agent/command"
	"github.com/mco-go/mco-go/mco/config"
)

// checks are the commands of a node's NRPE files. It is safe for concurrent use.
type checks struct {
	runner *command.Runner
	files  []string // patterns of shells
	user   string   // plugin.nrpe.runas_user; "": ours
}

// check is one of them.
type check struct{ name, line string }

// newChecks reads where the files are: conf_file in conf_dir, else the folders of conf_path, else conf_dir.
func newChecks(c *config.Config) (*checks, error) {
	runner, err := command.New(command.FromConfig(c))
	if err != nil {
		return nil, err
	}
	s := &checks{runner: runner}
	s.user, _ = c.Plugin("nrpe.runas_user")
	dir, given := c.Plugin("nrpe.conf_dir")
	if !given {
		dir = "/etc/nagios/nrpe.d"
	}
	file, hasFile := c.Plugin("nrpe.conf_file")
	path, hasPath := c.Plugin("nrpe.conf_path")
	switch {
	case hasFile:
		s.files = []string{filepath.Join(dir, file)}
	case hasPath:
		for _, d := range strings.Split(path, ":") {
			s.files = append(s.files, filepath.Join(d, "*.cfg"))
		}
	default:
		s.files = []string{filepath.Join(dir, "*.cfg")}
	}
	return s, nil
}

// maxFile bounds one file of checks.
const maxFile = 1 << 20

// all reads the checks anew, so that one that has come or gone is noticed. Of two with one name the later counts.
func (s *checks) all() ([]check, error) {
	var found []check
	for _, pattern := range s.files {
		names, err := filepath.Glob(pattern)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", pattern, err)
		}
		for _, name := range names {
			text, err := read(name)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return nil, err
			}
			for _, c := range parse(text) {
				found = slices.DeleteFunc(found, func(have check) bool { return have.name == c.name })
				found = append(found, c)
			}
		}
	}
	return found, nil
}

func read(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = fmt.Errorf("%s: longer than %d bytes", name, maxFile)
	}
	return string(text), err
}

// parse reads lines "command[name] = line".
func parse(text string) []check {
	var found []check
	for line := range strings.SplitSeq(text, "\n") {
		rest, ok := strings.CutPrefix(strings.TrimSuffix(line, "\r"), "command[")
		if !ok {
			continue
		}
		name, rest, ok := strings.Cut(rest, "]")
		rest, isSetting := strings.CutPrefix(strings.TrimLeft(rest, " \t"), "=")
		if rest = strings.TrimLeft(rest, " \t"); ok && isSetting && name != "" && rest != "" {
			found = append(found, check{name, rest})
		}
	}
	return found
}

// run runs a check. One that is not there, or that did not end by itself, is of unknown state.
func (s *checks) run(ctx context.Context, name string, args []string) (code int, text string, err error) {
	all, err := s.all()
	if err != nil {
		return unknown, "", err
	}
	i := slices.IndexFunc(all, func(c check) bool { return c.name == name })
	if i < 0 {
		return unknown, "No such command: " + name, nil
	}
	argv := append([]string{"/bin/sh", "-c", parameters(all[i].line), "nrpe"}, args...)
	res, err := s.runner.Run(ctx, command.Spec{Argv: argv, User: s.user})
	switch {
	case errors.Is(err, command.ErrTimeout), errors.Is(err, context.DeadlineExceeded):
		return unknown, "The check was ended after " + res.Duration.Round(1e8).String(), nil
	case err != nil:
		return unknown, "", err
	case res.ExitCode < 0:
		return unknown, fmt.Sprintf("The check was ended by signal %d", res.Signal), nil
	}
	return res.ExitCode, string(bytes.TrimSuffix(res.Stdout, []byte("\n"))), nil
}
