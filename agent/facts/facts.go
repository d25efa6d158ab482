// Package facts knows what a node is: its facts, from YAML files or from facter, and its configuration management classes.
//
// A [Source] reads its files when they are asked for and have changed or grown old, never in between, and keeps the last facts that
// could be read. Facts are a hash of texts to texts, or to lists and hashes of such. Log lines are the original's.
//
// Source of the facts: the original's facts/base.rb, facts/yaml_facts.rb, and has_cf_class? in util.rb.
package facts

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/config"
	"github.com/mco-go/mco-go/mco/inspect"
	"github.com/mco-go/mco-go/mco/psych"
)

// DefaultCacheTime is how long facts are kept where fact_cache_time is absent.
const DefaultCacheTime = 300 * time.Second

// Options make a [Source].
type Options struct {
	Files     []string      // later ones replace the facts of earlier ones
	CacheTime time.Duration // in whole seconds; 0 means DefaultCacheTime, less than 0 that facts are kept for the present second only
	Log       *slog.Logger  // nil to be silent
	Now       func() time.Time
}

// Source is a set of fact files. It is safe for concurrent use and has no goroutine: who asks after a change waits for the reading.
type Source struct {
	options Options

	mu     sync.Mutex // guards the fields below
	facts  *mco.Map   // never changed, only replaced
	loaded time.Time  // zero before the first attempt
	stamps map[string]stamp
}

// stamp tells whether a file is still the one that was read; the zero stamp is a missing file.
type stamp struct {
	modified time.Time
	size     int64
}

// New returns a source that has read nothing yet.
func New(o Options) *Source {
	if o.CacheTime == 0 {
		o.CacheTime = DefaultCacheTime
	}
	o.CacheTime = max(o.CacheTime, 0)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Source{options: o, facts: new(mco.Map), stamps: map[string]stamp{}}
}

// FromConfig returns the source that a cfg file names: factsource = yaml with the files of plugin.yaml.
func FromConfig(c *config.Config, log *slog.Logger) (*Source, error) {
	if c.FactSource != "yaml" {
		return nil, fmt.Errorf("factsource = %s: this program has no such fact source", c.FactSource)
	}
	o := Options{CacheTime: c.FactCacheTime, Log: log}
	if o.CacheTime == 0 {
		o.CacheTime = -1
	}
	if files, ok := c.Plugin("yaml"); ok {
		o.Files = strings.Split(files, string(os.PathListSeparator))
	}
	return New(o), nil
}

// Facts returns all facts, to be read only. It reads the files when the cache time has passed or one of them has changed; when none of
// them gives facts, the last good ones stay.
func (s *Source) Facts() *mco.Map {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.options.Now()
	// The original counts whole seconds, and reads again in the first one past the cache time.
	if s.loaded.IsZero() || now.Unix()-s.loaded.Unix() > int64(s.options.CacheTime/time.Second) || s.changed() {
		s.loaded = now
		s.load()
	}
	return s.facts
}

// Fact returns one fact; false when there is none of that name.
func (s *Source) Fact(name string) (mco.Value, bool) { return s.Facts().Get(mco.String(name)) }

// changed tells whether a file is another one than was read. A file that vanished changes nothing: its facts stay until the cache time
// has passed. (The original fails at each question then, and keeps the facts for ever.)
func (s *Source) changed() bool {
	for _, file := range s.options.Files {
		if now := stampOf(file); now != s.stamps[file] && now != (stamp{}) {
			return true
		}
	}
	return false
}

func stampOf(file string) stamp {
	info, err := os.Stat(file)
	if err != nil {
		return stamp{}
	}
	return stamp{info.ModTime(), info.Size()}
}

func (s *Source) load() {
	merged := new(mco.Map)
	for _, file := range s.options.Files {
		// The stamp is taken first: a change while the file is being read is seen at the next question.
		s.stamps[file] = stampOf(file)
		hash, err := readFile(file)
		if err != nil {
			s.options.Log.Error(fmt.Sprintf("Failed to load yaml facts from %s: %s", file, describe(err, file)))
			continue
		}
		for k, v := range hash.All() {
			merged.Set(k, v)
		}
	}
	if merged.Len() == 0 {
		s.options.Log.Error("Failed to load facts: RuntimeError: Got empty facts")
		return
	}
	s.facts = normalizeMap(merged)
}

// readFile reads one file, which must hold a hash.
func readFile(file string) (*mco.Map, error) {
	text, err := readRegular(file, psych.MaxBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &psych.Error{Class: "RuntimeError", Reason: "Can't find YAML file to load: " + file}
	}
	if err != nil {
		return nil, err
	}
	v, err := psych.Load(text)
	if err != nil {
		return nil, err
	}
	hash, ok := v.AsMap()
	if !ok {
		return nil, &psych.Error{Class: "TypeError", Reason: fmt.Sprintf("no implicit conversion of %s into Hash", rubyClass(v))}
	}
	return hash, nil
}

// readRegular reads at most limit bytes and one more. It refuses what is no regular file: a pipe would block who asks for a fact.
func readRegular(file string, limit int64) ([]byte, error) {
	f, err := os.OpenFile(file, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", file)
	}
	return io.ReadAll(io.LimitReader(f, limit+1))
}

// describe gives an error as Ruby's "CLASS: TEXT", which the original logs.
func describe(err error, file string) string {
	e, ok := errors.AsType[*psych.Error](err)
	switch {
	case ok:
		return e.Class + ": " + e.Reason
	case errors.Is(err, fs.ErrNotExist):
		return "Errno::ENOENT: No such file or directory @ rb_sysopen - " + file
	case errors.Is(err, fs.ErrPermission):
		return "Errno::EACCES: Permission denied @ rb_sysopen - " + file
	}
	return "IOError: " + err.Error()
}

// rubyClass is how Ruby calls v where a hash was wanted.
func rubyClass(v mco.Value) string {
	switch v.Kind() {
	case mco.KindNil, mco.KindBool:
		return inspect.Inspect(v)
	case mco.KindInt, mco.KindBigInt:
		return "Integer"
	case mco.KindFloat:
		return "Float"
	case mco.KindSymbol:
		return "Symbol"
	case mco.KindList:
		return "Array"
	}
	return "String"
}
