package secret

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/mco-go/mco-go/generators/problem"
)

// Bounds of what secrets may be.
const (
	maxFileBytes  = 1 << 20
	maxValueBytes = 64 << 10
	maxEntries    = 10_000
)

// Sources is where secrets are looked for: in the file, then in the directory, in the environment, on standard input. The first that
// knows a name wins. Each may be left out.
type Sources struct {
	File  string    // YAML, a map of names to texts; mode 0600, or 0640 and root's
	Dir   string    // one file for each secret, called as it is, with the same modes
	Env   []string  // as os.Environ returns it: MCO_SECRET_NAME
	Stdin io.Reader // YAML as File
}

// Store knows secrets by name. The zero value knows none.
type Store struct {
	layers []map[string]string
	env    map[string]string // by the variable's name behind the prefix
	stdin  map[string]string
	next   *Store
}

const envPrefix = "MCO_SECRET_"

// Open reads the sources. Its problems quote nothing of what was read, since any part of a broken file may be a secret.
func Open(from Sources) (*Store, problem.List) {
	s := &Store{env: make(map[string]string)}
	var problems problem.List
	if from.File != "" {
		data, p := readFile(from.File)
		problems.Add(p...)
		if p == nil {
			layer, p := parse(from.File, data)
			problems.Add(p...)
			s.layers = append(s.layers, layer)
		}
	}
	if from.Dir != "" {
		layer, p := readDir(from.Dir)
		problems.Add(p...)
		s.layers = append(s.layers, layer)
	}
	for _, e := range from.Env {
		name, value, _ := strings.Cut(e, "=")
		if name, ok := strings.CutPrefix(name, envPrefix); ok && name != "" {
			s.env[name] = value
		}
	}
	if from.Stdin != nil {
		data, err := io.ReadAll(io.LimitReader(from.Stdin, maxFileBytes+1))
		if err != nil {
			problems.Add(problem.Problem{Class: "input.syntax", Where: "standard input", What: "secrets cannot be read"})
		} else {
			layer, p := parse("standard input", data)
			problems.Add(p...)
			s.stdin = layer
		}
	}
	return s, problems
}

// Over returns a store that asks s first and other for what s does not know. Each may be nil.
func (s *Store) Over(other *Store) *Store {
	if s == nil {
		return other
	}
	over := *s
	over.next = s.next.Over(other)
	return &over
}

// Get returns the secret of that name, and whether any source knows it.
func (s *Store) Get(name string) (Value, bool) {
	for ; s != nil; s = s.next {
		for _, l := range s.layers {
			if bytes, ok := l[name]; ok {
				return New(name, bytes), true
			}
		}
		if bytes, ok := s.env[envName(name)]; ok {
			return New(name, bytes), true
		}
		if bytes, ok := s.stdin[name]; ok {
			return New(name, bytes), true
		}
	}
	return Value{}, false
}

// envName is the name in capitals; what a variable's name cannot hold becomes _.
func envName(name string) string {
	return strings.NewReplacer("-", "_", ".", "_").Replace(strings.ToUpper(name))
}

func readFile(path string) ([]byte, problem.List) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, unreadable(path, err)
	}
	defer f.Close()
	return read(f, path)
}

// read checks the open file, not its name: nobody can change it in between.
func read(f *os.File, path string) ([]byte, problem.List) {
	info, err := f.Stat()
	if err != nil {
		return nil, unreadable(path, err)
	}
	if !info.Mode().IsRegular() {
		return nil, problem.List{{Class: "secret.mode", Where: path, What: "secrets are not in a regular file"}}
	}
	if p := checkMode(path, info); p != nil {
		return nil, p
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err != nil {
		return nil, unreadable(path, err)
	}
	return data, nil
}

// checkMode lets nobody but the owner, and a group that root chose, read secrets; and nobody else may own them.
func checkMode(path string, info fs.FileInfo) problem.List {
	var owner uint32
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		owner = st.Uid
	}
	perm := info.Mode().Perm()
	mine := owner == 0 || int(owner) == os.Geteuid()
	if mine && perm&^0o600 == 0 || owner == 0 && perm&^0o640 == 0 {
		return nil
	}
	return problem.List{{Class: "secret.mode", Where: path, What: "others could read or change the secrets",
		Got: fmt.Sprintf("mode %04o, owner %d", perm, owner), Want: "0600, or 0640 and owned by root"}}
}

func unreadable(path string, err error) problem.List {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		err = p.Err
	}
	return problem.List{{Class: "secret.missing", Where: path, What: "secrets cannot be read: " + err.Error()}}
}

func readDir(dir string) (map[string]string, problem.List) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, unreadable(dir, err)
	}
	defer root.Close()
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return nil, unreadable(dir, err)
	}
	layer := make(map[string]string)
	var problems problem.List
	for i, e := range entries {
		if i >= maxEntries {
			problems.Add(problem.Problem{Class: "input.limit", Where: dir, What: "too many secrets", Want: fmt.Sprintf("at most %d", maxEntries)})
			break
		}
		if strings.HasPrefix(e.Name(), ".") || e.IsDir() {
			continue
		}
		path := filepath.Join(dir, e.Name())
		f, err := root.OpenFile(e.Name(), os.O_RDONLY|syscall.O_NONBLOCK, 0)
		if err != nil {
			problems.Add(unreadable(path, err)...)
			continue
		}
		data, p := read(f, path)
		f.Close()
		problems.Add(p...)
		if p != nil {
			continue
		}
		if len(data) > maxValueBytes {
			problems.Add(tooLong(path))
			continue
		}
		// An editor's or echo's line end is not part of the secret.
		value := strings.TrimSuffix(string(data), "\n")
		layer[e.Name()] = strings.TrimSuffix(value, "\r")
	}
	return layer, problems
}

func tooLong(where string) problem.Problem {
	return problem.Problem{Class: "input.limit", Where: where, What: "a secret is too long", Want: fmt.Sprintf("at most %d bytes", maxValueBytes)}
}

// parse reads a map of names to texts. YAML's own errors are not passed on: they quote what they stumble over.
func parse(where string, data []byte) (map[string]string, problem.List) {
	bad := func(class problem.Class, line int, what, want string) problem.List {
		at := where
		if line > 0 {
			at = fmt.Sprintf("%s:%d", where, line)
		}
		return problem.List{{Class: class, Where: at, What: what, Want: want}}
	}
	if len(data) > maxFileBytes {
		return nil, bad("input.limit", 0, "the secrets are too long", fmt.Sprintf("at most %d bytes", maxFileBytes))
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if !utf8.Valid(data) {
		return nil, bad("input.encoding", 0, "the secrets are not UTF-8", "")
	}
	var doc yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(data))
	if err := dec.Decode(&doc); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, bad("input.syntax", lineOf(err), "the secrets are not YAML", "names and texts")
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, bad("input.syntax", 0, "there is more than one document of secrets", "")
	}
	if len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, bad("input.syntax", 0, "the secrets are not a map", "names and texts")
	}
	return collect(doc.Content[0], bad)
}

func collect(m *yaml.Node, bad func(problem.Class, int, string, string) problem.List) (map[string]string, problem.List) {
	values := make(map[string]string)
	var problems problem.List
	if len(m.Content) > 2*maxEntries {
		return nil, bad("input.limit", m.Line, "too many secrets", fmt.Sprintf("at most %d", maxEntries))
	}
	for i := 0; i+1 < len(m.Content); i += 2 {
		k, v := m.Content[i], m.Content[i+1]
		_, twice := values[k.Value]
		switch {
		case k.Kind != yaml.ScalarNode || v.Kind != yaml.ScalarNode || v.ShortTag() == "!!null":
			problems.Add(bad("topology.type", v.Line, "a secret is not a text", "NAME: text")...)
		case k.Style&yaml.TaggedStyle != 0 || v.Style&yaml.TaggedStyle != 0:
			problems.Add(bad("input.tag", v.Line, "a secret has a tag", "none")...)
		case twice:
			problems.Add(bad("input.duplicate-key", k.Line, "a secret is there twice", "")...)
		case len(v.Value) > maxValueBytes:
			problems.Add(bad("input.limit", v.Line, "a secret is too long", fmt.Sprintf("at most %d bytes", maxValueBytes))...)
		default:
			values[k.Value] = v.Value
		}
	}
	return values, problems
}

// lineOf finds N in "yaml: line N: ...".
func lineOf(err error) int {
	var line int
	if n, _ := fmt.Sscanf(err.Error(), "yaml: line %d:", &line); n != 1 {
		return 0
	}
	return line
}
