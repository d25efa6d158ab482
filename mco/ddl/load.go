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
)

//go:embed builtin
var builtin embed.FS

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
	src, file, err := find(libdirs, kind, name)
	if err != nil {
		return nil, err
	}
	return parse(kind, name, src, file, opts)
}

// own begins the name of a file that ships in this program.
const own = "builtin/"

// find returns the file of a plugin and its name.
func find(libdirs []string, kind Kind, name string) (src []byte, file string, err error) {
	if !plainName(string(kind)) || !plainName(name) {
		return nil, "", &NotFoundError{kind, name}
	}
	for _, dir := range libdirs {
		base := filepath.Join(dir, "mcollective", string(kind), name)
		for _, ext := range []string{".json", ".ddl"} {
			src, err := readFile(base + ext)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return nil, "", fmt.Errorf("read DDL: %w", err)
			}
			return src, base + ext, nil
		}
	}
	for _, ext := range []string{".json", ".ddl"} {
		file := own + string(kind) + "/" + name + ext
		if src, err := builtin.ReadFile(file); err == nil {
			return src, file, nil
		}
	}
	return nil, "", &NotFoundError{kind, name}
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
	if entries, err := builtin.ReadDir(own + string(kind)); err == nil {
		add(entries)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
