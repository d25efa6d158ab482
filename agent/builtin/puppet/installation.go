package puppet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/mco-go/mco-go/agent/command"
)

// installation is a node's Puppet. It is safe for concurrent use.
type installation struct {
	runner  *command.Runner
	command []string // plugin.puppet.command, in words
	config  string   // plugin.puppet.config; "": Puppet's own

	mu    sync.Mutex // guards what is below; held while Puppet is asked
	known *files
	stamp stamp // of the file that the answer came from
}

// stamp tells one state of a file from another.
type stamp struct {
	path string
	at   time.Time
	size int64
}

func stampOf(path string) stamp {
	info, err := os.Stat(path)
	if err != nil {
		return stamp{path: path} // no file is a state too
	}
	return stamp{path, info.ModTime(), info.Size()}
}

// environment is what Puppet's programs get on top: they read manifests and facts as UTF-8 only where the locale says so.
func environment() map[string]string {
	return map[string]string{"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
}

// askTime is how long Puppet may take to tell its settings.
const askTime = 15 * time.Second

// files returns where Puppet keeps its state. Puppet is asked, which takes about a second, once and whenever its configuration has
// changed: the places differ between its versions and packages.
func (in *installation) files(ctx context.Context) (*files, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.known != nil && in.stamp == stampOf(in.stamp.path) {
		return in.known, nil
	}
	f, from, err := in.ask(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask Puppet for its settings: %w", err)
	}
	in.known, in.stamp = f, from
	return f, nil
}

func (in *installation) ask(ctx context.Context) (*files, stamp, error) {
	f := new(files)
	var config string
	want := map[string]*string{
		"agent_disabled_lockfile": &f.disabled, "agent_catalog_run_lockfile": &f.running, "pidfile": &f.pid,
		"lastrunfile": &f.summary, "lastrunreport": &f.report, "resourcefile": &f.resources, "config": &config,
	}
	argv := in.program("config", "print", "--section", "agent")
	for name := range want {
		argv = append(argv, name)
	}
	before := stamp{}
	if in.config != "" {
		before = stampOf(in.config)
	}
	res, err := in.runner.Run(ctx, command.Spec{Argv: argv, Env: environment(), Timeout: askTime})
	if err != nil {
		return nil, stamp{}, err
	}
	if res.ExitCode != 0 {
		return nil, stamp{}, fmt.Errorf("%s: exit code %d: %s", argv[0], res.ExitCode, lastLine(res.Stderr))
	}
	for line := range strings.Lines(string(res.Stdout)) {
		name, value, _ := strings.Cut(strings.TrimRight(line, "\n"), " = ")
		if to := want[name]; to != nil {
			*to = value
		}
	}
	for name, to := range want {
		if *to == "" {
			return nil, stamp{}, errors.New("no value of " + name + " in its answer")
		}
	}
	if in.config == "" {
		before = stampOf(config)
	}
	return f, before, nil
}

// program returns a command of Puppet's with its configuration named where the cfg file names one.
func (in *installation) program(words ...string) []string {
	argv := append([]string{in.command[0]}, words...)
	if in.config != "" {
		argv = append(argv, "--config="+in.config)
	}
	return argv
}

func lastLine(text []byte) string {
	text = bytes.TrimSpace(text)
	if i := bytes.LastIndexByte(text, '\n'); i >= 0 {
		text = text[i+1:]
	}
	return string(text)
}
