package rpc

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/marshal"
)

// Bounds on what is remembered.
const (
	maxMemories    = 64      // questions; the one that was asked the longest ago makes way
	maxMemoryBytes = 4 << 20 // of one question
)

// Memory keeps who answered a question the last time, so that the next wait for the same question can end as soon as they have
// answered again, and goes on while one of them is missing. It only guides waits: nothing is ever sent to a remembered node, and
// without a memory, or with a wrong one, discovery finds nodes by the rule for strangers.
//
// One file per question, `<state_dir>/fleet/<hash>`, holds one name per line. Commands that run at the same time replace whole
// files. A nil Memory remembers nothing.
type Memory struct {
	dir   string
	runs  string // see [LastRun]
	scope string
}

// NewMemory returns the memory that lies in dir. Questions of different scopes (cfg files, and with them brokers) are kept apart.
// It does nothing on the disk; an empty dir gives a nil Memory.
func NewMemory(dir, scope string) *Memory {
	if dir == "" {
		return nil
	}
	return &Memory{dir: filepath.Join(dir, "fleet"), runs: filepath.Join(dir, "runs"), scope: scope}
}

// file returns the name of a question's file; empty where the question cannot be remembered.
func (m *Memory) file(collective string, f mco.Filter) string {
	f.Collective = collective
	question, err := marshal.Encode(f.Value())
	if err != nil {
		return ""
	}
	h := sha256.New()
	fmt.Fprintf(h, "%q %q ", m.scope, collective)
	h.Write(question)
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// Fleet returns who answered the last time that everybody in the collective was asked, nobody where that is not known.
func (m *Memory) Fleet(collective string) []string { return m.recall(collective, mco.Filter{}) }

// recall returns who answered the last time, nobody where that is not known.
func (m *Memory) recall(collective string, f mco.Filter) []string {
	if m == nil {
		return nil
	}
	if text := kept(filepath.Join(m.dir, m.file(collective, f))); text != nil {
		return strings.Fields(string(text))
	}
	return nil
}

// kept reads what [keep] wrote; nil where there is nothing of use.
func kept(path string) []byte {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() || info.Size() > maxMemoryBytes {
		return nil
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	return raw
}

// remember notes who answered. An empty answer is forgotten rather than kept: it would say nothing.
func (m *Memory) remember(collective string, f mco.Filter, nodes []string) error {
	if m == nil {
		return nil
	}
	name := m.file(collective, f)
	if name == "" {
		return nil
	}
	var text strings.Builder
	for _, n := range nodes {
		if n == "" || strings.ContainsFunc(n, func(r rune) bool { return r <= ' ' }) {
			continue // no identity that a cfg file can give
		}
		text.WriteString(n)
		text.WriteByte('\n')
	}
	if text.Len() > maxMemoryBytes {
		text.Reset()
	}
	return keep(m.dir, name, []byte(text.String()))
}

// keep writes a file as a whole, for its owner alone, and removes the oldest ones beyond the bound. Without text it removes the file.
func keep(dir, name string, text []byte) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	if len(text) == 0 {
		if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	fresh := name + "." + rand.Text()
	if err := root.WriteFile(fresh, text, 0o600); err != nil {
		return errors.Join(err, root.Remove(fresh))
	}
	if err := root.Rename(fresh, name); err != nil {
		return errors.Join(err, root.Remove(fresh))
	}
	return prune(root)
}

// prune removes the oldest questions beyond the bound.
func prune(root *os.Root) error {
	dir, err := root.Open(".")
	if err != nil {
		return err
	}
	defer dir.Close()
	entries, err := dir.ReadDir(-1)
	if err != nil || len(entries) <= maxMemories {
		return err
	}
	var infos []fs.FileInfo
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
			infos = append(infos, info)
		}
	}
	slices.SortFunc(infos, func(a, b fs.FileInfo) int {
		return cmp.Or(b.ModTime().Compare(a.ModTime()), cmp.Compare(a.Name(), b.Name()))
	})
	var errs []error
	for _, info := range infos[min(maxMemories, len(infos)):] {
		if err := root.Remove(info.Name()); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
