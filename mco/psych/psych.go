// Package psych reads YAML as Ruby's Psych 4 does, which is YAML 1.1: "yes" is true, 0644 is octal, 12:30:45 is a number, ":a" a symbol.
//
// It gives plain data only. Whatever would become an object of another class in Ruby, dates and times included, is refused with the
// error that Psych's safe_load raises when symbols and aliases are permitted, because that is how the original reads fact files.
// Aliases and merge keys are followed within bounds. Texts of syntax errors carry the reason and the line, not libyaml's context.
//
// Source of facts: Psych's scalar_scanner.rb and visitors/to_ruby.rb, and facts/yaml_facts.rb of the original.
package psych

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/mco-go/mco-go/mco"
)

// Bounds of a document.
const (
	MaxBytes   = 8 << 20
	MaxDepth   = 64
	MaxAliases = 1000
	MaxNodes   = 100_000 // values, those that an alias repeats included
)

// maxMarks bounds the characters that may begin a value: the library reads a whole document before its values can be counted.
const maxMarks = 4 * MaxNodes

// Error is a refusal, under the name of the exception that Ruby raises.
type Error struct {
	Class  string // such as Psych::DisallowedClass
	Reason string
}

// Error returns Ruby's text, without the class.
func (e *Error) Error() string { return e.Reason }

func syntaxError(format string, args ...any) error {
	return &Error{"Psych::SyntaxError", "(<unknown>): " + fmt.Sprintf(format, args...)}
}

func disallowed(class string) error {
	return &Error{"Psych::DisallowedClass", "Tried to load unspecified class: " + class}
}

// Load returns the first document in text, nil when there is none. Errors are of type [*Error].
func Load(text []byte) (v mco.Value, err error) {
	if len(text) > MaxBytes {
		return mco.Value{}, syntaxError("%d bytes, at most %d are read", len(text), MaxBytes)
	}
	if n := marks(text); n > maxMarks {
		return mco.Value{}, syntaxError("more than %d values", MaxNodes)
	}
	defer func() {
		// The library panics where its own assumptions fail.
		if r := recover(); r != nil {
			v, err = mco.Value{}, syntaxError("%v", r)
		}
	}()
	var doc yaml.Node
	if err := yaml.NewDecoder(bytes.NewReader(anyVersion(text))).Decode(&doc); errors.Is(err, io.EOF) {
		return mco.Value{}, nil
	} else if err != nil {
		return mco.Value{}, libraryError(err)
	}
	if len(doc.Content) == 0 {
		return mco.Value{}, nil
	}
	r := reader{anchors: map[*yaml.Node]*anchored{}}
	v, _, err = r.value(doc.Content[0], 1)
	return v, err
}

// anyVersion names YAML 1.1 where text begins with a directive for 1.2: Psych reads both alike, the library refuses the latter.
func anyVersion(text []byte) []byte {
	if rest, ok := bytes.CutPrefix(text, []byte("%YAML 1.2")); ok {
		return append([]byte("%YAML 1.1"), rest...)
	}
	return text
}

// marks counts what may begin a value: indicators of flow collections, and line ends and blanks behind ":", "-" and "?".
func marks(text []byte) int {
	n := 1
	for i, c := range text {
		switch c {
		case '[', '{', ',':
			n++
		case ':', '-', '?':
			if i+1 == len(text) || text[i+1] <= ' ' || c == ':' && i > 0 && (text[i-1] == '"' || text[i-1] == '\'') {
				n += 2
			}
		}
	}
	return n
}

// libraryError turns "yaml: line 2: did not find ..." into what Psych says of it.
func libraryError(err error) error {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	if name, ok := strings.CutPrefix(text, "unknown anchor '"); ok {
		return &Error{"Psych::BadAlias", "Unknown alias: " + strings.TrimSuffix(name, "' referenced")}
	}
	if place, reason, ok := strings.Cut(text, ": "); ok && strings.HasPrefix(place, "line ") {
		return syntaxError("%s at %s", reason, place)
	}
	return syntaxError("%s", text)
}

// anchored is a value that an alias may repeat.
type anchored struct {
	value mco.Value
	nodes int
	done  bool
}

// reader turns nodes into values.
type reader struct {
	nodes, aliases int
	anchors        map[*yaml.Node]*anchored
}

// value returns what n stands for, and whether the node that was written is a mapping or an alias: only these merge.
func (r *reader) value(n *yaml.Node, depth int) (v mco.Value, merges bool, err error) {
	if depth > MaxDepth {
		return mco.Value{}, false, syntaxError("nested deeper than %d at line %d", MaxDepth, n.Line)
	}
	if n.Kind == yaml.AliasNode {
		v, err = r.alias(n)
		return v, true, err
	}
	before := r.nodes
	if err := r.count(1); err != nil {
		return mco.Value{}, false, err
	}
	var a *anchored
	if n.Anchor != "" {
		a = &anchored{}
		r.anchors[n] = a
	}
	switch n.Kind {
	case yaml.ScalarNode:
		v, err = scalar(n)
	case yaml.SequenceNode:
		v, err = r.sequence(n, depth)
	case yaml.MappingNode:
		v, err = r.mapping(n, depth)
		merges = true
	default:
		err = syntaxError("unexpected node at line %d", n.Line)
	}
	if a != nil {
		*a = anchored{v, r.nodes - before, true}
	}
	return v, merges, err
}

func (r *reader) count(nodes int) error {
	if r.nodes += nodes; r.nodes > MaxNodes {
		return syntaxError("more than %d values", MaxNodes)
	}
	return nil
}

func (r *reader) alias(n *yaml.Node) (mco.Value, error) {
	if r.aliases++; r.aliases > MaxAliases {
		return mco.Value{}, syntaxError("more than %d aliases", MaxAliases)
	}
	a := r.anchors[n.Alias]
	switch {
	case a == nil:
		return mco.Value{}, &Error{"Psych::BadAlias", "Unknown alias: " + n.Value}
	case !a.done:
		return mco.Value{}, &Error{"Psych::BadAlias", "Alias within itself: " + n.Value}
	}
	return a.value, r.count(a.nodes)
}

func (r *reader) sequence(n *yaml.Node, depth int) (mco.Value, error) {
	if tag := tagOf(n); tag == "!omap" || tag == "!!omap" {
		return r.omap(n, depth)
	} else if class, ok := strings.CutPrefix(tag, "!seq:"); ok {
		return mco.Value{}, disallowed(class)
	} else if class, ok := strings.CutPrefix(tag, "!ruby/array:"); ok {
		return mco.Value{}, disallowed(class)
	}
	items := make([]mco.Value, 0, len(n.Content))
	for _, c := range n.Content {
		v, _, err := r.value(c, depth+1)
		if err != nil {
			return mco.Value{}, err
		}
		items = append(items, v)
	}
	return mco.List(items...), nil
}

// omap reads an ordered map, a list of hashes with one key each.
func (r *reader) omap(n *yaml.Node, depth int) (mco.Value, error) {
	m := new(mco.Map)
	for _, c := range n.Content {
		if c.Kind != yaml.MappingNode || len(c.Content) < 2 {
			return mco.Value{}, syntaxError("an ordered map holds a pair that is none at line %d", c.Line)
		}
		k, _, err := r.value(c.Content[0], depth+2)
		if err != nil {
			return mco.Value{}, err
		}
		v, _, err := r.value(c.Content[len(c.Content)-1], depth+2)
		if err != nil {
			return mco.Value{}, err
		}
		m.Set(k, v)
	}
	return mco.Hash(m), nil
}

func (r *reader) mapping(n *yaml.Node, depth int) (mco.Value, error) {
	if err := mappingTag(tagOf(n)); err != nil {
		return mco.Value{}, err
	}
	m := new(mco.Map)
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, _, err := r.value(n.Content[i], depth+1)
		if err != nil {
			return mco.Value{}, err
		}
		v, merges, err := r.value(n.Content[i+1], depth+1)
		if err != nil {
			return mco.Value{}, err
		}
		if text, ok := k.AsString(); !ok || text != "<<" || tagOf(n.Content[i]) == "!!str" || !merge(m, v, merges, n.Content[i+1].Kind) {
			m.Set(k, v)
		}
	}
	return mco.Hash(m), nil
}

// merge adds the pairs of a hash, or those of a list of hashes of which the first counts most. Keys that are there are replaced: a key
// counts from where it stands. It tells whether v could be merged.
func merge(m *mco.Map, v mco.Value, merges bool, kind yaml.Kind) bool {
	hashes := []mco.Value{v}
	switch {
	case merges:
	case kind == yaml.SequenceNode:
		hashes, _ = v.AsList()
	default:
		return false
	}
	for _, h := range hashes {
		if h.Kind() != mco.KindMap {
			return false
		}
	}
	all := new(mco.Map)
	for i := len(hashes) - 1; i >= 0; i-- {
		from, _ := hashes[i].AsMap()
		for k, v := range from.All() {
			all.Set(k, v)
		}
	}
	for k, v := range all.All() {
		m.Set(k, v)
	}
	return true
}
