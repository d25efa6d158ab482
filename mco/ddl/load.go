package ddl

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

//go:embed builtin
var builtin embed.FS

// CacheTime is how long a node and a client keep a file that they read (DDL.load_and_cache).
const CacheTime = 300 * time.Second

// NotFoundError says that no folder has a file for a plugin.
type NotFoundError struct {
	Kind Kind
	Name string
}

// Error is the original's text.
func (e *NotFoundError) Error() string {
	return fmt.Sprintf("Can't find DDL for %s plugin '%s'", e.Kind, e.Name)
}

// Load finds and reads the file of a plugin: <libdir>/mcollective/<kind>/<name>.ddl, or .json beside it, which wins, in the first
// folder that has one; at last our own. Names of data plugins and validators have their suffix ([DataName]).
func Load(libdirs []string, kind Kind, name string, opts ...Option) (*DDL, error) {
	if !plainName(string(kind)) || !plainName(name) {
		return nil, &NotFoundError{kind, name}
	}
	for _, dir := range libdirs {
		base := filepath.Join(dir, "mcollective", string(kind), name)
		for _, ext := range []string{".json", ".ddl"} {
			src, err := readFile(base + ext)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("read DDL: %w", err)
			}
			return parse(kind, name, src, base+ext, opts)
		}
	}
	for _, ext := range []string{".json", ".ddl"} {
		file := "builtin/" + string(kind) + "/" + name + ext
		if src, err := builtin.ReadFile(file); err == nil {
			return parse(kind, name, src, file, opts)
		}
	}
	return nil, &NotFoundError{kind, name}
}

func parse(kind Kind, name string, src []byte, file string, opts []Option) (*DDL, error) {
	if strings.HasSuffix(file, ".json") {
		return ParseJSON(kind, name, src, file, opts...)
	}
	return ParseRuby(kind, name, src, file, opts...)
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxFile+1))
}

// plainName keeps names from leaving their folder.
func plainName(name string) bool {
	return name != "" && name != "." && name != ".." && !strings.ContainsAny(name, "/\\\x00")
}

// DataName returns the name under which a data plugin's file lies: lower case, with the suffix _data (Data.pluginname).
func DataName(plugin string) string {
	name := strings.ToLower(plugin)
	if strings.HasSuffix(name, "_data") {
		return name
	}
	return name + "_data"
}

// List returns the sorted names of the plugins of a kind that have a file in a folder or among our own.
func List(libdirs []string, kind Kind) []string {
	var names []string
	add := func(entries []fs.DirEntry) {
		for _, e := range entries {
			for _, ext := range []string{".ddl", ".json"} {
				if name, ok := strings.CutSuffix(e.Name(), ext); ok {
					names = append(names, name)
				}
			}
		}
	}
	if !plainName(string(kind)) {
		return nil
	}
	for _, dir := range libdirs {
		entries, err := os.ReadDir(filepath.Join(dir, "mcollective", string(kind)))
		if err == nil {
			add(entries)
		}
	}
	if entries, err := builtin.ReadDir("builtin/" + string(kind)); err == nil {
		add(entries)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Cache loads files and keeps them for a while. The zero Cache looks in no folder but has our own files. It is safe for concurrent use.
type Cache struct {
	LibDirs []string
	Options []Option
	Keep    time.Duration    // 0: [CacheTime]
	Now     func() time.Time // nil: [time.Now]

	mu   sync.Mutex
	kept map[string]entry // guarded by mu
}

type entry struct {
	ddl  *DDL
	read time.Time
}

// Get is [Load] through the cache. Failures are not kept.
func (c *Cache) Get(kind Kind, name string) (*DDL, error) {
	now, keep := time.Now, CacheTime
	if c.Now != nil {
		now = c.Now
	}
	if c.Keep > 0 {
		keep = c.Keep
	}
	key := string(kind) + "/" + name
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.kept[key]; ok && now().Sub(e.read) < keep {
		return e.ddl, nil
	}
	d, err := Load(c.LibDirs, kind, name, c.Options...)
	if err != nil {
		return nil, err
	}
	if c.kept == nil {
		c.kept = make(map[string]entry)
	}
	c.kept[key] = entry{d, now()}
	return d, nil
}
