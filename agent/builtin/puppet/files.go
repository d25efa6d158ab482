package puppet

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/psych"
	"github.com/mco-go/mco-go/mco/rubynum"
)

// files are where Puppet's agent keeps what it tells of itself.
type files struct {
	disabled  string // agent_disabled_lockfile: there while the agent is disabled
	running   string // agent_catalog_run_lockfile: the process id of the run that applies a catalog
	pid       string // pidfile: that of the daemon
	summary   string // lastrunfile
	report    string // lastrunreport
	resources string // resourcefile: a line per managed resource, type[title] in small letters
}

// Bounds of the files.
const (
	maxLock      = 64 << 10
	maxReport    = 16 << 20
	maxResources = 32 << 20
)

// readUpTo reads a file of at most so many bytes.
func readUpTo(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(text)) > most {
		err = fmt.Errorf("%s: longer than %d bytes", path, most)
	}
	return text, err
}

func (f *files) isDisabled() bool { return exists(f.disabled) }

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// lockMessage returns why the agent is disabled, "" while it is not.
func (f *files) lockMessage() (string, error) {
	text, err := readUpTo(f.disabled, maxLock)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	var lock struct {
		Message string `json:"disabled_message"`
	}
	if err := json.Unmarshal(text, &lock); err != nil {
		return "", fmt.Errorf("%s: %w", f.disabled, err)
	}
	return lock.Message, nil
}

// lock disables the agent as Puppet itself does, also one that has never run. Of two who try, one succeeds.
func (f *files) lock(message string) error {
	if err := os.MkdirAll(filepath.Dir(f.disabled), 0o755); err != nil {
		return err
	}
	text, err := json.Marshal(map[string]string{"disabled_message": message})
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(f.disabled), filepath.Base(f.disabled)+".")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(text)
	if err = errors.Join(err, tmp.Close()); err != nil {
		return err
	}
	return os.Link(tmp.Name(), f.disabled)
}

// applying tells whether a catalog is being applied.
func (f *files) applying() bool { return processIn(f.running) }

// daemonPresent tells whether Puppet's agent runs as a daemon.
func (f *files) daemonPresent() bool { return processIn(f.pid) }

// processIn tells whether the process lives whose number a file holds.
func processIn(path string) bool {
	pid, err := pidIn(path)
	return err == nil && syscall.Kill(pid, 0) == nil
}

func pidIn(path string) (int, error) {
	text, err := readUpTo(path, 64)
	if err != nil {
		return 0, err
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || pid <= 0 {
		return 0, fmt.Errorf("%s: no process id in it", path)
	}
	return pid, nil
}

// loadSummary reads the summary of the last run. The parts that the original relies on are always there.
func (f *files) loadSummary() (*mco.Map, error) {
	summary := new(mco.Map)
	for _, part := range []string{"changes", "time", "resources", "version", "events"} {
		summary.Set(mco.String(part), mco.Hash(new(mco.Map)))
	}
	text, err := readUpTo(f.summary, psych.MaxBytes)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err == nil {
		read, err := psych.Load(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.summary, err)
		}
		m, ok := read.AsMap()
		if !ok {
			return nil, fmt.Errorf("%s: no hash", f.summary)
		}
		for k, v := range m.All() {
			summary.Set(k, v)
		}
	}
	resources := new(mco.Map)
	for _, count := range []string{"failed", "changed", "corrective_change", "total", "restarted", "out_of_sync"} {
		resources.Set(mco.String(count), mco.Int(0))
	}
	for k, v := range part(summary, "resources").All() {
		resources.Set(k, v)
	}
	summary.Set(mco.String("resources"), mco.Hash(resources))
	return summary, nil
}

// part returns a section of a summary, nil when it is no hash.
func part(summary *mco.Map, name string) *mco.Map {
	v, _ := summary.Get(mco.String(name))
	m, _ := v.AsMap()
	return m
}

// entry returns one value of a summary, or what stands for it when there is none.
func entry(summary *mco.Map, section, name string, otherwise mco.Value) mco.Value {
	if v, ok := part(summary, section).Get(mco.String(name)); ok && !v.IsNil() {
		return v
	}
	return otherwise
}

// lastRun returns when the last run was over, in seconds since 1970, 0 when nobody knows.
func lastRun(summary *mco.Map) int64 {
	v := entry(summary, "time", "last_run", mco.Int(0))
	if n, ok := v.AsInt(); ok {
		return n
	}
	if x, ok := v.AsFloat(); ok {
		return int64(x)
	}
	text, _ := v.AsString()
	n, err := rubynum.Int64(text)
	if err != nil {
		return 0
	}
	return n
}

// eachResource calls do for each managed resource until it returns false.
func (f *files) eachResource(do func(line string) bool) error {
	file, err := os.Open(f.resources)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	lines := bufio.NewScanner(io.LimitReader(file, maxResources))
	lines.Buffer(nil, 64<<10)
	for lines.Scan() {
		if !do(lines.Text()) {
			return nil
		}
	}
	return lines.Err()
}

// manages tells whether Puppet manages a resource, given as type[title]. Case does not matter: Puppet writes small letters, whatever
// the title is.
func (f *files) manages(resource string) (bool, error) {
	found := false
	err := f.eachResource(func(line string) bool {
		found = strings.EqualFold(line, resource)
		return !found
	})
	return found, err
}
