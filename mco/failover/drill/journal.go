package drill

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Step is how far a drill came, as its journal has it.
type Step string

// The steps. Whatever the step, the broker may be away: only without a journal it is certainly not.
const (
	Planned Step = "planned" // written before the fault is made
	Gone    Step = "gone"    // the fault was made
	Giving  Step = "giving"  // the broker is being given back
)

// Entry is what a journal says. A secret is never in it: commands of a cfg file are named, not copied.
type Entry struct {
	Version  int       `json:"version"`
	Step     Step      `json:"step"`
	Time     time.Time `json:"time"`
	PID      int       `json:"pid"`
	Config   string    `json:"config"` // cfg file of the client
	Broker   string    `json:"broker"` // host:port
	Number   int       `json:"number"` // its place in the pool, from 1
	Fault    Kind      `json:"fault"`
	Start    string    `json:"start,omitempty"`     // the command that starts the broker, from the command line
	StartKey string    `json:"start_key,omitempty"` // or the setting of the cfg file that holds it
	Table    string    `json:"table,omitempty"`     // nft's
}

const (
	entryVersion  = 1
	maxEntryBytes = 64 << 10
	journalFile   = "journal"
	lockFile      = "lock"
	tablePrefix   = "mco_drill_"
)

// NewEntry returns an entry of a fault that is made next.
func NewEntry(cfgFile, broker string, number int) (Entry, error) {
	cfgFile, err := filepath.Abs(cfgFile)
	return Entry{Version: entryVersion, Step: Planned, Config: cfgFile, Broker: broker, Number: number}, err
}

// NewTable returns the name of a table that nobody has.
func NewTable() string { return tablePrefix + strings.ToLower(rand.Text()[:8]) }

// check says what is wrong with an entry.
func (e Entry) check() error {
	host, _, err := net.SplitHostPort(e.Broker)
	switch {
	case e.Version != entryVersion:
		return fmt.Errorf("version %d is not known", e.Version)
	case e.Step != Planned && e.Step != Gone && e.Step != Giving:
		return fmt.Errorf("step %q is not known", e.Step)
	case err != nil || host == "":
		return fmt.Errorf("%q is no broker", e.Broker)
	case e.Number < 1 || !filepath.IsAbs(e.Config):
		return errors.New("it names no member of a pool in a cfg file")
	case len(e.Start) > maxCommandBytes:
		return fmt.Errorf("a command is longer than %d bytes", maxCommandBytes)
	}
	switch e.Fault {
	case Command:
		if (e.Start == "") == (e.StartKey == "") {
			return errors.New("it does not say how the broker is started")
		}
	case Firewall:
		name, ok := strings.CutPrefix(e.Table, tablePrefix)
		if !ok || name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
			return fmt.Errorf("%q is no table of a drill", e.Table)
		}
	case Connections:
	default:
		return fmt.Errorf("fault %q is not known", e.Fault)
	}
	return nil
}

// decode reads what a journal holds.
func decode(raw []byte) (e Entry, err error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&e); err != nil {
		return e, err
	}
	if d.More() {
		return e, errors.New("there is more than one entry")
	}
	return e, e.check()
}

// ErrRunning says that another drill runs.
var ErrRunning = errors.New("another drill is running")

// Journal keeps on disk what must be given back, `<state_dir>/drill/journal`. Whoever has it open is the only drill there: the lock
// ends with its process. Files are for their owner alone, since what they say is run.
type Journal struct {
	dir  string
	root *os.Root
	lock *os.File
}

// OpenJournal makes the folder where it is missing, and takes the lock ([ErrRunning]).
func OpenJournal(stateDir string) (j *Journal, err error) {
	dir := filepath.Join(stateDir, "drill")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	j = &Journal{dir: dir}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("journal of drills: %w", err), j.Close())
			j = nil
		}
	}()
	if j.root, err = os.OpenRoot(dir); err != nil {
		return j, err
	}
	info, err := j.root.Stat(".")
	if err != nil {
		return j, err
	}
	if err := ownFile(dir, info); err != nil {
		return j, err
	}
	if j.lock, err = j.root.OpenFile(lockFile, os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return j, err
	}
	err = syscall.Flock(int(j.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = ErrRunning
	}
	return j, err
}

// ownFile refuses what somebody else could have written.
func ownFile(name string, info fs.FileInfo) error {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok || int(st.Uid) != os.Geteuid() {
		return fmt.Errorf("%s belongs to another user", name)
	}
	if info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("%s can be written to by others: chmod go-w", name)
	}
	return nil
}

// Path is where the journal lies.
func (j *Journal) Path() string { return filepath.Join(j.dir, journalFile) }

// Read returns what must be given back; nil where nothing must.
func (j *Journal) Read() (*Entry, error) {
	e, err := j.read()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w; look after the broker by hand, then remove the file", j.Path(), err)
	}
	return e, nil
}

func (j *Journal) read() (*Entry, error) {
	info, err := j.root.Lstat(journalFile) // in a folder that nobody else writes to it stays what it is
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is no file")
	}
	if err := ownFile("it", info); err != nil {
		return nil, err
	}
	f, err := j.root.Open(journalFile)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxEntryBytes+1))
	if err != nil {
		return nil, err
	}
	if len(raw) > maxEntryBytes {
		return nil, fmt.Errorf("it is longer than %d bytes", maxEntryBytes)
	}
	e, err := decode(raw)
	return &e, err
}

// Write puts an entry on the disk: when it returns, the entry outlives a loss of power, and until then the one before does.
func (j *Journal) Write(e Entry) error {
	if err := e.check(); err != nil {
		return fmt.Errorf("journal of drills: %w", err)
	}
	raw, err := json.Marshal(e)
	if err != nil {
		return err
	}
	const fresh = journalFile + ".new"
	f, err := j.root.OpenFile(fresh, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(raw, '\n'))
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := j.root.Rename(fresh, journalFile); err != nil {
		return err
	}
	return j.sync()
}

// Clear says that nothing must be given back any more.
func (j *Journal) Clear() error {
	if err := j.root.Remove(journalFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return j.sync()
}

// sync makes what happened in the folder outlive a loss of power.
func (j *Journal) sync() error {
	d, err := j.root.Open(".")
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Close gives the lock up.
func (j *Journal) Close() error {
	var err error
	if j.lock != nil {
		err = j.lock.Close()
	}
	if j.root != nil {
		err = errors.Join(err, j.root.Close())
	}
	return err
}
