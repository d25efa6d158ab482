package facts

import (
	"strings"

	"github.com/mco-go/mco-go/generators/problem"
	"github.com/mco-go/mco-go/generators/safe"
)

// reader makes a node of a document. It goes on behind a fault, so that all are reported.
type reader struct {
	document
	index    map[string]*value // the facts that are there, by name
	node     *Node
	identity string // as far as it can be shown
	problems problem.List
}

// normalise returns nil if the facts do not say which node they are of.
func normalise(d document) (*Node, problem.List) {
	r := reader{document: d, index: make(map[string]*value, len(d.facts.members)), node: &Node{Source: d.where}}
	for i := range d.facts.members {
		if m := &d.facts.members[i]; m.value.kind != null && m.value.kind != absent {
			r.index[m.key] = &m.value
		}
	}
	named := r.name()
	r.system()
	r.hardware()
	r.software()
	r.network()
	r.custom()
	for i := range r.problems {
		r.problems[i].Node = r.identity
	}
	if !named {
		return nil, r.problems
	}
	return r.node, r.problems
}

func (r *reader) bad(class problem.Class, key, what, got, want string) {
	if len(r.problems) < maxProblems {
		r.problems.Add(problem.Problem{Class: class, Where: r.where + ": " + key, What: what, Got: got, Want: want})
	}
}

func (r *reader) refuse(key string, err error) {
	if len(r.problems) < maxProblems {
		r.problems.Add(safe.Problem(err, "", r.where+": "+key))
	}
}

// get returns the fact of that name, or the member of one, "os.release.full". In Puppet's form an empty text is none.
func (r *reader) get(path string) *value {
	name, rest, nested := strings.Cut(path, ".")
	v, ok := r.index[name]
	if !ok {
		return &none
	}
	if nested {
		v = v.path(rest)
	}
	if r.puppet && v.kind == text && v.text == "" {
		return &none
	}
	return v
}

// is tells whether v is there and of one of two kinds; another kind is a fault.
func (r *reader) is(v *value, key string, a, b kind) bool {
	if v.kind == absent || v.kind == null || v.kind == a || v.kind == b {
		return v.kind == a || v.kind == b
	}
	want := a.String()
	if b != a {
		want += " or " + b.String()
	}
	r.bad(factType, key, "a fact is of the wrong type", v.kind.String(), want)
	return false
}

// section refuses a structured fact that is no map.
func (r *reader) section(name string) { r.is(r.get(name), name, mapping, mapping) }

// parse reads one fact; ok tells whether there is a good one.
type parse[T any] func(v *value, key string) (parsed T, ok bool)

// either returns the structured fact, else the legacy one. If both are there they must mean the same.
func either[T any](r *reader, structured, legacy string, read, readLegacy parse[T], same func(a, b T) bool) (T, bool) {
	a, ok := read(r.get(structured), structured)
	b, okLegacy := readLegacy(r.get(legacy), legacy)
	switch {
	case ok && okLegacy && !same(a, b):
		r.conflict(structured, legacy, r.get(structured).text, r.get(legacy).text)
	case !ok && okLegacy:
		return b, true
	}
	return a, ok
}

func (r *reader) conflict(key, other, a, b string) {
	r.bad(factConflict, key, "it differs from "+other, safe.Quote(a), safe.Quote(b))
}

// word reads a short text of printable ASCII, or a number as it is written. An empty one is none.
func (r *reader) word(v *value, key string) (string, bool) {
	if !r.is(v, key, text, number) || v.text == "" {
		return "", false
	}
	if err := safe.Plain("a plain text", v.text); err != nil {
		r.refuse(key, err)
		return "", false
	}
	return v.text, true
}
