package topology

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/mco-go/mco-go/generators/problem"
)

const maxIncludes = 64

// loader reads a file and those that it includes, all of one folder.
type loader struct {
	root     *os.Root
	dir      string // as the caller named it, for messages
	open     []string
	count    int
	problems problem.List
}

// Read reads the topology at path and what it includes. The file is nil if the problems leave nothing to look at.
func Read(path string) (*File, problem.List) {
	l := loader{dir: filepath.Dir(path)}
	// The folder that bounds includes is the one that the file really lies in.
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, problem.List{{Class: "input.syntax", Where: path, What: fmt.Sprintf("cannot be read: %v", unwrapPath(err))}}
	}
	root, err := os.OpenRoot(filepath.Dir(real))
	if err != nil {
		return nil, problem.List{{Class: "input.syntax", Where: path, What: fmt.Sprintf("cannot be read: %v", unwrapPath(err))}}
	}
	defer root.Close()
	l.root = root
	t := l.load(filepath.Base(real), Place{File: path})
	if t == nil {
		return nil, l.problems
	}
	d := decoder{}
	f := d.file(t)
	return f, append(l.problems, d.problems...)
}

// Parse reads a topology that includes nothing; name is for messages.
func Parse(name string, data []byte) (*File, problem.List) {
	p := parser{file: name}
	t := p.parse(data)
	if t == nil {
		return nil, p.problems
	}
	d := decoder{problems: p.problems}
	if inc := t.lookup("include"); inc != nil {
		d.add("topology.reference", Place{File: name}.key("include", inc.line), "there is no folder to include from", "", "")
	}
	return d.file(t), d.problems
}

func (l *loader) load(name string, from Place) *tree {
	shownPath := filepath.Join(l.dir, name)
	for _, o := range l.open {
		if o == name {
			l.add("topology.reference", from, "the files include each other in a loop", strings.Join(append(l.open, name), " -> "))
			return nil
		}
	}
	if l.count++; l.count > maxIncludes {
		l.add("input.limit", from, "too many files are included", "")
		return nil
	}
	l.open = append(l.open, name)
	defer func() { l.open = l.open[:len(l.open)-1] }()

	data, err := l.readFile(name)
	if err != nil {
		l.add("topology.reference", from, fmt.Sprintf("cannot be read: %v", unwrapPath(err)), name)
		return nil
	}
	p := parser{file: shownPath}
	t := p.parse(data)
	l.problems.Add(p.problems...)
	if t == nil {
		return nil
	}
	return l.includes(t, shownPath)
}

// includes lays t over the files that it names, the later of them over the earlier.
func (l *loader) includes(t *tree, file string) *tree {
	inc := t.lookup("include")
	if inc == nil || inc.kind == null {
		return t
	}
	at := Place{File: file}.key("include", inc.line)
	names := []*tree{inc}
	if inc.kind == list {
		names = inc.list
	}
	var base *tree
	for _, n := range names {
		if n.kind != scalar || n.tag != "!!str" {
			l.add("topology.type", at, "not the name of a file", "")
			return nil
		}
		if !filepath.IsLocal(n.text) {
			l.add("topology.reference", at, "an included file lies outside of the topology's folder", fmt.Sprintf("%q", n.text))
			return nil
		}
		part := l.load(filepath.Clean(n.text), at)
		if part == nil {
			return nil
		}
		if base == nil {
			base = part
		} else {
			base = base.overlay(part)
		}
	}
	if base == nil {
		return t
	}
	return base.overlay(t)
}

func (l *loader) readFile(name string) ([]byte, error) {
	f, err := l.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a FIFO shall not hold us up
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil {
		return nil, err
	} else if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	return io.ReadAll(io.LimitReader(f, maxBytes+1))
}

func (l *loader) add(class problem.Class, at Place, what, got string) {
	l.problems.Add(problem.Problem{Class: class, Where: at.String(), What: what, Got: got})
}

// unwrapPath takes the operation and the path off an error: the message names the file itself.
func unwrapPath(err error) error {
	if p, ok := errors.AsType[*os.PathError](err); ok {
		return p.Err
	}
	return err
}
