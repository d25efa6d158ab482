package facts

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/mco-go/mco-go/generators/problem"
)

// Set is the facts of nodes, each of another identity.
type Set struct{ nodes []*Node }

// Nodes returns all nodes, sorted by identity. The slice is the set's own.
func (s *Set) Nodes() []*Node { return s.nodes }

// Stdin is the path that stands for standard input.
const Stdin = "-"

// Read reads files and directories of facts, whose form it tells by their content: what facter and Puppet print or keep, in JSON or
// YAML, what PuppetDB answers, and facts.yaml of MCollective. Of a directory it reads all regular files whose names do not begin with
// a dot. [Stdin] stands for stdin.
//
// All problems are returned, sorted. A node whose facts have problems is in the set nevertheless if they say which node it is, so that
// what refers to it is not reported as well: when the list has Failed, nothing may be written.
func Read(paths []string, stdin io.Reader, limits Limits) (*Set, problem.List) {
	var problems problem.List
	files := expand(paths, &problems)
	results := make([]result, len(files))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(files)) {
		wg.Go(func() {
			w := worker{scanner: scanner{limits: limits}, limits: limits}
			for i := next.Add(1) - 1; i < int64(len(files)); i = next.Add(1) - 1 {
				results[i] = w.file(files[i], stdin)
			}
		})
	}
	wg.Wait()
	var set Set
	for _, r := range results {
		set.nodes = append(set.nodes, r.nodes...)
		problems.Add(r.problems...)
	}
	set.sort(&problems)
	return &set, problems.Sorted()
}

// expand lists the files of directories. Standard input is read once.
func expand(paths []string, problems *problem.List) []string {
	var files []string
	for _, path := range paths {
		info, err := os.Stat(path)
		switch {
		case path == Stdin:
			if !slices.Contains(files, Stdin) {
				files = append(files, Stdin)
			}
			continue
		case err == nil && !info.IsDir():
			files = append(files, path)
			continue
		}
		entries, err := os.ReadDir(path)
		if err != nil {
			problems.Add(unreadable(err).problem(shownPath(path)))
			continue
		}
		for _, e := range entries {
			file := filepath.Join(path, e.Name())
			if strings.HasPrefix(e.Name(), ".") {
				continue
			}
			if !e.Type().IsRegular() {
				if info, err := os.Stat(file); err != nil || !info.Mode().IsRegular() {
					continue
				}
			}
			files = append(files, file)
		}
	}
	return files
}

func unreadable(err error) *fault {
	if pe, ok := errors.AsType[*os.PathError](err); ok {
		err = pe.Err
	}
	return &fault{class: inputSyntax, what: "the file cannot be read: " + err.Error()}
}

// sort orders the nodes and refuses those that come twice.
func (s *Set) sort(problems *problem.List) {
	slices.SortFunc(s.nodes, func(a, b *Node) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a.Identity), strings.ToLower(b.Identity)), cmp.Compare(a.Source, b.Source))
	})
	s.nodes = slices.CompactFunc(s.nodes, func(a, b *Node) bool {
		if !strings.EqualFold(a.Identity, b.Identity) {
			return false
		}
		problems.Add(problem.Problem{Class: nodeDuplicate, Node: a.Identity, Where: b.Source, What: "the facts of a node are there twice",
			Got: "also in " + a.Source, Todo: "remove one"})
		return true
	})
}

// place is where an element of an array is.
func place(file string, element int) string { return fmt.Sprintf("%s[%d]", file, element) }

// worker reads one file after the other. Its buffers are used again.
type worker struct {
	scanner scanner
	limits  Limits
	buf     []byte
}

const firstRead = 64 << 10

// file reads what one file holds.
func (w *worker) file(path string, stdin io.Reader) (r result) {
	in, name := stdin, "standard input"
	if path != Stdin {
		f, err := os.Open(path)
		if err != nil {
			r.fault(shownPath(path), unreadable(err))
			return r
		}
		defer f.Close()
		in, name = f, shownPath(path)
	}
	if in == nil {
		in = strings.NewReader("")
	}
	if cap(w.buf) < firstRead || cap(w.buf) > 1<<20 {
		w.buf = make([]byte, firstRead)
	}
	n, err := io.ReadFull(in, w.buf[:firstRead])
	data := bytes.TrimPrefix(w.buf[:n], []byte("\ufeff"))
	trimmed := bytes.TrimLeft(data, " \t\r\n")
	more := err == nil
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		r.fault(name, unreadable(err))
		return r
	}
	if bytes.HasPrefix(trimmed, []byte("[")) {
		line := 1 + bytes.Count(data[:len(data)-len(trimmed)], []byte("\n"))
		return array(io.MultiReader(bytes.NewReader(trimmed[1:]), in), name, line, w.limits)
	}
	if more {
		rest, err := io.ReadAll(io.LimitReader(in, w.limits.File-int64(len(data))+1))
		if err != nil {
			r.fault(name, unreadable(err))
			return r
		}
		data = slices.Concat(data, rest)
	}
	if int64(len(data)) > w.limits.File {
		r.fault(name, &fault{class: inputLimit, what: "the file is too long", want: fmt.Sprintf("at most %d bytes", w.limits.File)})
		return r
	}
	return w.one(data, bytes.HasPrefix(trimmed, []byte("{")), name)
}

// one reads the facts of one node.
func (w *worker) one(data []byte, isJSON bool, name string) (r result) {
	var root value
	var tagged bool
	var faults []*fault
	if isJSON {
		root, faults = w.scanner.document(string(data), 1)
	} else {
		root, tagged, faults = readYAML(data, w.limits)
	}
	for _, f := range faults {
		r.fault(name, f)
	}
	if len(faults) > 0 {
		return r
	}
	d, f := unwrap(root, tagged, name)
	if f != nil {
		r.fault(name, f)
		return r
	}
	node, problems := normalise(d)
	if node != nil {
		r.nodes = []*Node{node}
	}
	r.problems = problems
	return r
}
