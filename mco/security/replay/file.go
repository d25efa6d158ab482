package replay

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// The file: a magic line, then entries of 24 bytes, a key and the big-endian Unix second until which it counts. It only grows, until it
// is written anew; what is torn at its end belongs to a request that did not run.
const (
	magic     = "mco replay memory 1\n"
	entrySize = 16 + 8
)

// errForeign says that a file is none of ours, or damaged.
var errForeign = errors.New("it does not begin as a memory of requests does")

// Open returns a memory that is kept in the file at path, and that remembers what the file says. The file belongs to one process at a
// time. A file that is no memory of requests is replaced; what it knew is lost, so requests that were made before now are refused then.
func Open(path string, m *Memory) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	f, known, err := openFile(path)
	if errors.Is(err, errForeign) {
		now := time.Now()
		m.log().Error(fmt.Sprintf("The memory of requests %s cannot be read: %s. Requests that were made before now are refused.", path, err))
		m.since = now.Truncate(time.Second)
		err = f.rewrite(nil)
	}
	if err != nil {
		if f != nil {
			f.close()
		}
		return err
	}
	now := time.Now().Unix()
	for _, e := range known {
		if e.until >= now {
			m.forget(now, 1)
			m.add(e)
		}
	}
	m.file, m.dirty = f, make(chan struct{}, 1)
	return nil
}

// file is the file of a memory, locked by this process.
type file struct {
	path    string
	lock    *os.File // a file of its own, because the other one is replaced
	f       *os.File
	entries int
}

// openFile opens or makes the file and reads its entries. With errForeign the file is there, and to be rewritten.
func openFile(path string) (*file, []entry, error) {
	lock, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, nil, err
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("%s is another process's: %w", path, err), lock.Close())
	}
	out := &file{path: path, lock: lock}
	raw, err := readBounded(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return out, nil, out.rewrite(nil)
	case err != nil:
		out.close()
		return nil, nil, err
	}
	known, err := decode(raw)
	if err != nil {
		return out, nil, err
	}
	return out, known, out.rewrite(known)
}

// maxFile bounds what is read: more than a memory of ours ever holds before it is written anew.
const maxFile = 64 << 20

func readBounded(path string) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxFile))
}

// decode reads the entries; one that is cut short at the end is dropped.
func decode(raw []byte) ([]entry, error) {
	body, ok := bytes.CutPrefix(raw, []byte(magic))
	if !ok {
		return nil, errForeign
	}
	entries := make([]entry, len(body)/entrySize)
	for i := range entries {
		at := body[i*entrySize:]
		copy(entries[i].key[:], at)
		entries[i].until = int64(binary.BigEndian.Uint64(at[len(key{}):]))
	}
	return entries, nil
}

func encode(dst []byte, e entry) []byte {
	return binary.BigEndian.AppendUint64(append(dst, e.key[:]...), uint64(e.until))
}

func (f *file) append(keys []key, until int64) error {
	var buf [2 * entrySize]byte
	raw := buf[:0]
	for _, k := range keys {
		raw = encode(raw, entry{k, until})
	}
	_, err := f.f.Write(raw)
	f.entries += len(keys)
	return err
}

func (f *file) sync() error { return f.f.Sync() }

// rewrite replaces the file by one with these entries: beside it, synced, renamed.
func (f *file) rewrite(entries []entry) error {
	raw := make([]byte, 0, len(magic)+len(entries)*entrySize)
	raw = append(raw, magic...)
	for _, e := range entries {
		raw = encode(raw, e)
	}
	fresh, err := os.OpenFile(f.path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY|os.O_APPEND|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return err
	}
	_, err = fresh.Write(raw)
	if err == nil {
		err = fresh.Sync()
	}
	if err == nil {
		err = os.Rename(f.path+".new", f.path)
	}
	if err == nil {
		err = syncDir(filepath.Dir(f.path))
	}
	if err != nil {
		return errors.Join(err, fresh.Close())
	}
	if f.f != nil {
		_ = f.f.Close() // replaced: nothing of it is needed
	}
	f.f, f.entries = fresh, len(entries)
	return nil
}

// syncDir makes a rename outlive a loss of power.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// close closes the file and gives up its lock. What was to be synced is synced by then.
func (f *file) close() {
	if f.f != nil {
		_ = f.f.Close()
	}
	_ = f.lock.Close()
}
