package facts

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/config"
	"github.com/mco-go/mco-go/mco/psych"
)

// Defaults of [FacterOptions].
const (
	// DefaultFacterLib is where facts of one's own are looked for (facts/facter_facts.rb).
	DefaultFacterLib = "/var/lib/puppet/lib/facter:/var/lib/puppet/facts"
	// DefaultFacterTimeout is how long one run of facter may take.
	DefaultFacterTimeout = 60 * time.Second

	firstWait = 3 * time.Second // what a question waits for the very first facts
	retryTime = time.Minute     // between runs that gave nothing, where the cache time is longer
)

// facterPlaces are tried in order: the one that comes with the agent of all-in-one packages, then the system's.
var facterPlaces = []string{"/opt/puppetlabs/bin/facter", "/usr/bin/facter", "/usr/local/bin/facter"}

// FacterOptions make a [Facter]. Zero values mean the defaults.
type FacterOptions struct {
	Command   string        // the program; looked for in the usual places if empty
	Lib       string        // FACTERLIB
	CacheTime time.Duration // how old facts may become before they are gathered again
	Timeout   time.Duration // of one run
	Log       *slog.Logger
}

// Facter is a fact source that asks the program facter. It runs in the background, one at a time: questions are answered from the facts
// of the last good run, however old, and only the first one waits a moment. It is safe for concurrent use.
type Facter struct {
	o     FacterOptions
	want  chan struct{} // a question found the facts too old
	first chan struct{} // closed when the first run is over

	mu    sync.Mutex // guards the fields below
	facts *mco.Map   // never changed, only replaced
	due   time.Time  // when they are too old
}

// NewFacter returns a source that has no facts before [Facter.Run] runs.
func NewFacter(o FacterOptions) (*Facter, error) {
	if o.Command == "" {
		for _, place := range facterPlaces {
			if info, err := os.Stat(place); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
				o.Command = place
				break
			}
		}
	}
	if o.Command == "" {
		return nil, fmt.Errorf("factsource = facter: there is no facter in %s; plugin.mco.facter.command names another place", strings.Join(facterPlaces, ", "))
	}
	o.Lib = cmp.Or(o.Lib, DefaultFacterLib)
	o.CacheTime = cmp.Or(o.CacheTime, DefaultCacheTime)
	o.Timeout = cmp.Or(o.Timeout, DefaultFacterTimeout)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Facter{o: o, want: make(chan struct{}, 1), first: make(chan struct{}), facts: new(mco.Map)}, nil
}

// FacterFromConfig returns the source that a cfg file describes: plugin.facter.facterlib, and plugin.facter.cache_time or
// fact_cache_time.
func FacterFromConfig(c *config.Config, log *slog.Logger) (*Facter, error) {
	seconds, err := c.PluginInt("facter.cache_time", int64(c.FactCacheTime/time.Second))
	if err != nil {
		return nil, err
	}
	lib, _ := c.Plugin("facter.facterlib")
	return NewFacter(FacterOptions{
		Command: c.Own.FacterCommand, Lib: lib, CacheTime: time.Duration(max(seconds, 1)) * time.Second, Log: log,
	})
}

// Facts returns all facts, to be read only. Where they are too old it asks for new ones and returns the old.
func (f *Facter) Facts() *mco.Map {
	f.mu.Lock()
	facts, due := f.facts, f.due
	f.mu.Unlock()
	if time.Now().Before(due) {
		return facts
	}
	select {
	case f.want <- struct{}{}:
	default: // somebody asked already
	}
	if !due.IsZero() {
		return facts
	}
	// A node that has just started must not seem to have no facts, nor hold up others for long.
	wait := time.NewTimer(firstWait)
	defer wait.Stop()
	select {
	case <-f.first:
	case <-wait.C:
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.facts
}

// Run gathers facts at once, and again when a question finds them too old, until ctx ends.
func (f *Facter) Run(ctx context.Context) {
	f.refresh(ctx)
	close(f.first)
	for {
		select {
		case <-ctx.Done():
			return
		case <-f.want:
		}
		f.mu.Lock()
		old := !time.Now().Before(f.due)
		f.mu.Unlock()
		if old {
			f.refresh(ctx)
		}
	}
}

// refresh runs facter once. A run that gives nothing leaves the facts as they are.
func (f *Facter) refresh(ctx context.Context) {
	facts, err := f.gather(ctx)
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case ctx.Err() != nil:
	case err != nil:
		f.o.Log.Error(fmt.Sprintf("Failed to load facts: %s", err))
		f.due = time.Now().Add(min(f.o.CacheTime, retryTime))
	default:
		f.o.Log.Info(fmt.Sprintf("Loaded %d facts from Facter", facts.Len()))
		f.facts, f.due = facts, time.Now().Add(f.o.CacheTime)
	}
}

// gather runs facter and reads what it prints. Facter exits with 0 where it could not find a thing, and with 1 where a single fact of
// hundreds failed: what it printed decides, its exit code and its complaints are only told.
func (f *Facter) gather(ctx context.Context) (*mco.Map, error) {
	ctx, cancel := context.WithTimeout(ctx, f.o.Timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, f.o.Command, "--json")
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=/opt/puppetlabs/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", "HOME=" + cmp.Or(os.Getenv("HOME"), "/"), "FACTERLIB=" + f.o.Lib}
	stdout, stderr := &capped{limit: psych.MaxBytes}, &capped{limit: 4096}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	// Facts run programs of their own: they are in its group and end with it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 2 * time.Second
	ended := cmd.Run()
	if cmd.Process != nil {
		// What a fact left running in the background would collect with each run.
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
	if ctx.Err() != nil {
		return nil, fmt.Errorf("%s was stopped after %s", f.o.Command, f.o.Timeout)
	}
	facts, err := readFacter(stdout)
	switch {
	case err != nil && ended != nil:
		return nil, fmt.Errorf("%s: %w (%s)%s", f.o.Command, err, ended, stderr.tail())
	case err != nil:
		return nil, fmt.Errorf("%s: %w%s", f.o.Command, err, stderr.tail())
	case ended != nil:
		f.o.Log.Warn(fmt.Sprintf("%s complains, its facts are used: %s%s", f.o.Command, ended, stderr.tail()))
	}
	return facts, nil
}

// readFacter reads the JSON that facter prints. JSON as Ruby writes it is YAML of the same meaning, and that reader has bounds.
func readFacter(out *capped) (*mco.Map, error) {
	if out.dropped > 0 {
		return nil, fmt.Errorf("it printed more than %d bytes", out.limit)
	}
	v, err := psych.Load(out.buf.Bytes())
	if err != nil {
		return nil, fmt.Errorf("what it printed cannot be read: %w", err)
	}
	hash, ok := v.AsMap()
	if !ok || hash.Len() == 0 {
		return nil, errors.New("it printed no facts")
	}
	return normalizeMap(hash), nil
}

// capped keeps the beginning of what is written to it.
type capped struct {
	buf     bytes.Buffer
	limit   int
	dropped int64
}

var _ io.Writer = (*capped)(nil)

// Write takes all of p, and keeps of it what there is room for.
func (c *capped) Write(p []byte) (int, error) {
	keep := min(len(p), c.limit-c.buf.Len())
	c.dropped += int64(len(p) - keep)
	c.buf.Write(p[:keep])
	return len(p), nil
}

// tail is the last line of what was kept, behind a colon; empty if there is none.
func (c *capped) tail() string {
	text := strings.TrimSpace(c.buf.String())
	if text == "" {
		return ""
	}
	return ": " + text[strings.LastIndexByte(text, '\n')+1:]
}
