// Package apply compares the files of a node with what its disk holds, says what would change, and changes it: each file beside its
// target with its final mode and owner before its first byte, flushed, renamed; all files of the node or none.
//
// A path cannot leave the folder that it is applied to, links to elsewhere are refused, and so is a file that is there already and was
// not written by this package, unless the caller says otherwise. What is unchanged is not touched.
package apply

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/mco-go/mco-go/generators/problem"
	"github.com/mco-go/mco-go/generators/target"
)

// Refused is the class of what is not written because of what is there already.
const Refused problem.Class = "write.refused"

// Verb is what happens to a path.
type Verb string

// The verbs.
const (
	Unchanged Verb = "unchanged"
	Create    Verb = "create"
	Update    Verb = "update"
	Mode      Verb = "mode" // the content is right, its mode or owner is not
	Remove    Verb = "remove"
	Refuse    Verb = "refuse"
)

// Change is what happens, or would happen, to one path of a node.
type Change struct {
	Node  string        `json:"node"`
	Path  string        `json:"path"`
	Verb  Verb          `json:"action"`
	Class problem.Class `json:"class,omitempty"` // of what is refused
	From  string        `json:"from,omitempty"`
	To    string        `json:"to,omitempty"`
	Why   string        `json:"why,omitempty"`
	// Service and How tell who takes notice of the change.
	Service string     `json:"service,omitempty"`
	How     target.How `json:"how,omitempty"`
}

// Options say where and how.
type Options struct {
	Node string // the node's name, for messages
	Root string // the folder that stands for "/"; empty: "/". It must be there

	Owners       bool   // give files their owner and group, which takes root
	Adopt        bool   // overwrite files that were not written by this package
	Follow       bool   // write through links at the target, inside Root
	RotateCookie bool   // let a cookie change
	KeepLabels   bool   // copy the security label of what is replaced
	Partial      bool   // leave what was written when a later file fails
	Backup       string // suffix under which what is replaced stays; empty: it does not
}

// Plan is what would be done. Close it.
type Plan struct {
	options Options
	root    *os.Root
	ids     owners
	steps   []step
}

// step is one path of the plan.
type step struct {
	Change
	file *target.File // nil: the path goes
	name string       // relative to the root
	old  *state       // what is there; nil: nothing
}

// New compares set with the disk. The problems are refusals of single paths, already part of the plan's changes; an error means that
// nothing could be compared.
func New(set target.Set, o Options) (*Plan, error) {
	root, err := os.OpenRoot(cmp.Or(o.Root, "/"))
	if err != nil {
		return nil, err
	}
	p := &Plan{options: o, root: root}
	for i := range set.Files {
		p.steps = append(p.steps, p.compare(&set.Files[i]))
	}
	slices.SortStableFunc(p.steps, func(a, b step) int {
		return cmp.Or(cmp.Compare(a.file.Order, b.file.Order), cmp.Compare(a.Path, b.Path))
	})
	// What must not be there goes first: the broker reads the older of its two formats where both are.
	var gone []step
	for _, g := range set.Gone {
		if s, ok := p.compareGone(g); ok {
			gone = append(gone, s)
		}
	}
	p.steps = append(gone, p.steps...)
	return p, nil
}

// Close gives up the plan.
func (p *Plan) Close() error { return p.root.Close() }

// Changes lists what would happen, in the order of writing.
func (p *Plan) Changes() []Change {
	all := make([]Change, len(p.steps))
	for i, s := range p.steps {
		all[i] = s.Change
	}
	return all
}

// Problems lists the paths that are refused.
func (p *Plan) Problems() problem.List {
	var l problem.List
	for _, s := range p.steps {
		if s.Verb == Refuse {
			l.Add(problem.Problem{Class: s.Class, Node: s.Node, Where: s.Path, What: s.Why})
		}
	}
	return l
}

func (p *Plan) compare(f *target.File) step {
	s := step{file: f, name: strings.TrimPrefix(path.Clean(f.Path), "/")}
	s.Change = Change{Node: p.options.Node, Path: f.Path, Verb: Unchanged, Service: f.Service.Service, How: f.Service.How}
	old, err := p.look(s.name)
	if err != nil {
		return s.refuse(err)
	}
	want, err := p.want(f)
	if err != nil {
		return s.refuse(err)
	}
	s.old, s.To = old, want.String()
	switch {
	case old == nil:
		s.Verb = Create
	case !old.same(f.Content):
		s.Verb, s.From = Update, old.String()
		if err := p.mayReplace(old, f); err != nil {
			return s.refuse(err)
		}
	case old.mode != want.mode || p.options.Owners && (old.uid != want.uid || old.gid != want.gid):
		s.Verb, s.From = Mode, old.String()
	default:
		s.To = ""
	}
	return s
}

// mayReplace tells why the file that is there must stay.
func (p *Plan) mayReplace(old *state, f *target.File) error {
	switch {
	case f.Kind == target.Cookie && !p.options.RotateCookie:
		return errors.New("the cookie differs from the one that is there; a running cluster falls apart when it changes. Stop all its nodes and use --rotate-cookie")
	case old.managed || !target.Marked(f.Content) || p.options.Adopt:
		return nil
	}
	return errors.New("a file that was not written by mco generate is there; move it away or use --adopt")
}

func (p *Plan) compareGone(g target.Gone) (step, bool) {
	s := step{name: strings.TrimPrefix(path.Clean(g.Path), "/")}
	s.Change = Change{Node: p.options.Node, Path: g.Path, Verb: Remove, Why: g.Why}
	old, err := p.look(s.name)
	switch {
	case err != nil:
		return s.refuse(err), true
	case old == nil, g.Foreign && !old.managed:
		return s, false
	case !old.managed && !p.options.Adopt:
		return s.refuse(fmt.Errorf("%s; the file that is there was not written by mco generate: move it away or use --adopt", g.Why)), true
	}
	s.old, s.From = old, old.String()
	return s, true
}

func (s step) refuse(err error) step {
	s.Verb, s.Class, s.Why, s.To = Refuse, Refused, err.Error(), ""
	return s
}

// look returns what is at name; nil: nothing.
func (p *Plan) look(name string) (*state, error) {
	info, err := p.root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, p.parentIsSafe(name)
	case err != nil:
		return nil, err
	case info.Mode()&fs.ModeSymlink != 0 && !p.options.Follow:
		return nil, errors.New("a symbolic link is there; remove it or use --follow")
	case info.Mode()&fs.ModeSymlink != 0:
		if info, err = p.root.Stat(name); err != nil {
			return nil, err
		}
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("what is there is no regular file but %s", kindOf(info.Mode()))
	}
	if err := p.parentIsSafe(name); err != nil {
		return nil, err
	}
	return p.read(name, info)
}

// parentIsSafe refuses a folder in which others may put files of their own.
func (p *Plan) parentIsSafe(name string) error {
	info, err := p.root.Stat(path.Dir(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it will be made
	}
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("/%s is no folder", path.Dir(name))
	}
	if m := info.Mode(); m.Perm()&0o002 != 0 && m&fs.ModeSticky == 0 {
		return fmt.Errorf("the folder /%s can be written by others (mode %04o)", path.Dir(name), m.Perm())
	}
	return nil
}

func kindOf(m fs.FileMode) string {
	switch {
	case m.IsDir():
		return "a folder"
	case m&fs.ModeNamedPipe != 0:
		return "a pipe"
	case m&fs.ModeSocket != 0:
		return "a socket"
	default:
		return "a device"
	}
}
