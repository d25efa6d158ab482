package validate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	// usually is how long a program may take to judge a file.
	usually = 10 * time.Second
	// maxOutput bounds what is kept of a program's output, in bytes.
	maxOutput = 64 << 10
	// path is where programs are looked for, whatever the caller's environment says.
	path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
)

// command is one run of a program.
type command struct {
	name  string // looked for in path unless absolute
	args  []string
	dir   string        // working folder; HOME and TMPDIR as well
	env   []string      // beside PATH, HOME, TMPDIR and a UTF-8 locale
	limit time.Duration // 0: usually
	// unable are exit codes that say nothing about the file.
	unable []int
}

// need returns an Available function for programs, named or with their absolute path (a pattern may stand there), with the package
// that has them.
func need(pkg string, names ...string) func() error {
	return func() error {
		for _, name := range names {
			if _, err := find(name); err != nil {
				return fmt.Errorf("%s is not there (package %s)", name, pkg)
			}
		}
		return nil
	}
}

// find returns the absolute path of a program; a pattern stands for what it matches last.
func find(name string) (string, error) {
	candidates := []string{name}
	if !filepath.IsAbs(name) {
		candidates = candidates[:0]
		for dir := range strings.SplitSeq(path, ":") {
			candidates = append(candidates, filepath.Join(dir, name))
		}
	}
	for _, c := range candidates {
		if found, _ := filepath.Glob(c); len(found) > 0 {
			return found[len(found)-1], nil
		}
	}
	return "", fmt.Errorf("%s: %w", name, exec.ErrNotFound)
}

// run starts the program in a process group of its own, waits until it ends or its time is up, ends what is left of the group, and
// reads the exit code as the rule is: 0 accepted, more refused, no exit code at all unable.
func (c command) run(ctx context.Context) (output string, r Result) {
	file, err := find(c.name)
	if err != nil {
		return "", Result{Missing, err.Error()}
	}
	limit := c.limit
	if limit == 0 {
		limit = usually
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("%s did not end within %v", c.name, limit))
	defer cancel()
	cmd := exec.CommandContext(ctx, file, c.args...)
	cmd.Dir = c.dir
	cmd.Env = append([]string{"PATH=" + path, "HOME=" + c.dir, "TMPDIR=" + c.dir, "LANG=C.UTF-8", "LC_ALL=C.UTF-8"}, c.env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	said := &capped{}
	cmd.Stdout, cmd.Stderr = said, said // one writer: one goroutine of exec's copies both
	err = cmd.Run()
	if cmd.Process != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // children that outlived it
	}
	output = said.buf.String()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && ctx.Err() == nil && exit.Exited() {
		for _, code := range c.unable {
			if exit.ExitCode() == code {
				return output, Result{Unable, fmt.Sprintf("exit code %d: %s", code, output)}
			}
		}
		return output, Result{Refused, fmt.Sprintf("exit code %d: %s", exit.ExitCode(), output)}
	}
	switch {
	case err == nil:
		return output, Result{Accepted, output}
	case ctx.Err() != nil:
		return output, Result{Unable, context.Cause(ctx).Error()}
	case errors.Is(err, os.ErrNotExist):
		return output, Result{Missing, err.Error()}
	}
	return output, Result{Unable, fmt.Sprintf("%v: %s", err, output)}
}

// capped keeps the beginning of what a program says and takes the rest without keeping it.
type capped struct{ buf bytes.Buffer }

func (c *capped) Write(p []byte) (int, error) {
	if room := maxOutput - c.buf.Len(); room > 0 {
		c.buf.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}
