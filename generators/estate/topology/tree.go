// Package topology reads the file that describes an estate: YAML with few types, whose every value knows the line it stands on. It
// reports all that is wrong with the file's form at once (syntax, duplicate and unknown keys, types, secrets where a name is due) and
// leaves what values mean, and whether they fit each other and the facts, to package estate.
package topology

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/mco-go/mco-go/generators/problem"
)

// Bounds of what a topology may be. Those of YAML are the facts' too.
const (
	maxBytes   = 8 << 20
	maxDepth   = 64
	maxNodes   = 100_000 // after aliases
	maxAliases = 1000
)

// Place is where a value stands.
type Place struct {
	File string
	Line int
	Key  string // the path of keys to it, as brokers.main.nodes[2]
}

func (p Place) String() string {
	s := p.File
	if p.Line > 0 {
		s += ":" + strconv.Itoa(p.Line)
	}
	if p.Key != "" {
		s += ": " + p.Key
	}
	return s
}

func (p Place) key(name string, line int) Place {
	p.Line = line
	if p.Key != "" {
		name = p.Key + "." + name
	}
	p.Key = name
	return p
}

func (p Place) item(i, line int) Place {
	p.Line = line
	p.Key += "[" + strconv.Itoa(i) + "]"
	return p
}

type kind uint8

const (
	null kind = iota
	scalar
	list
	mapping
)

// tree is YAML without anchors, tags and styles.
type tree struct {
	file string
	line int
	kind kind
	tag  string // of a scalar: !!str, !!int, ...
	text string
	keys []entry
	list []*tree
}

type entry struct {
	name  string
	line  int
	value *tree
}

func (t *tree) lookup(name string) *tree {
	for _, e := range t.keys {
		if e.name == name {
			return e.value
		}
	}
	return nil
}

// overlay returns what is left of t when o is laid over it: maps merge, all else is replaced.
func (t *tree) overlay(o *tree) *tree {
	if t.kind != mapping || o.kind != mapping {
		return o
	}
	merged := *o
	merged.keys = nil
	for _, e := range t.keys {
		if over := o.lookup(e.name); over != nil {
			e.value = e.value.overlay(over)
		}
		merged.keys = append(merged.keys, e)
	}
	for _, e := range o.keys {
		if t.lookup(e.name) == nil {
			merged.keys = append(merged.keys, e)
		}
	}
	return &merged
}

// parser turns one file's bytes into a tree.
type parser struct {
	file           string
	nodes, aliases int
	problems       problem.List
}

// parse returns nil if there is no tree to speak of; p.problems then says why.
func (p *parser) parse(data []byte) *tree {
	at := Place{File: p.file}
	if len(data) > maxBytes {
		p.add("input.limit", at, "the file is too long", fmt.Sprintf("%d bytes", len(data)), fmt.Sprintf("at most %d", maxBytes))
		return nil
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if !utf8.Valid(data) {
		p.add("input.encoding", at, "the file is not UTF-8", "", "")
		return nil
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc yaml.Node
	if err := dec.Decode(&doc); errors.Is(err, io.EOF) {
		p.add("input.syntax", at, "the file is empty", "", "a map of keys")
		return nil
	} else if err != nil {
		p.syntax(err)
		return nil
	}
	if err := dec.Decode(new(yaml.Node)); err == nil {
		p.add("input.syntax", at, "there is a second document", "", "one")
		return nil
	} else if !errors.Is(err, io.EOF) {
		p.syntax(err)
		return nil
	}
	if len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		p.add("input.syntax", at, "the file does not hold a map", "", "a map of keys")
		return nil
	}
	t := p.convert(doc.Content[0], at, 0)
	if p.problems.Failed() {
		return nil
	}
	return t
}

// syntax reports what the YAML library says, which begins with "yaml: line N: " or "yaml: ".
func (p *parser) syntax(err error) {
	at := Place{File: p.file}
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	if rest, ok := strings.CutPrefix(text, "line "); ok {
		if number, after, ok := strings.Cut(rest, ": "); ok {
			if n, err := strconv.Atoi(number); err == nil {
				at.Line, text = n, after
			}
		}
	}
	p.add("input.syntax", at, "not YAML: "+strings.ReplaceAll(text, "\n", " "), "", "")
}

func (p *parser) add(class problem.Class, at Place, what, got, want string) {
	p.problems.Add(problem.Problem{Class: class, Where: at.String(), What: what, Got: got, Want: want})
}

// convert resolves anchors and refuses what a topology has no use for. It returns nil once a bound is broken: the rest is not read.
func (p *parser) convert(n *yaml.Node, at Place, depth int) *tree {
	at.Line = n.Line
	for n.Kind == yaml.AliasNode {
		if p.aliases++; p.aliases > maxAliases {
			p.add("input.limit", at, "too many aliases", "", fmt.Sprintf("at most %d", maxAliases))
			return nil
		}
		n = n.Alias
	}
	if p.nodes++; p.nodes > maxNodes {
		p.add("input.limit", at, "too many values", "", fmt.Sprintf("at most %d", maxNodes))
		return nil
	}
	if depth > maxDepth {
		p.add("input.limit", at, "nested too deep", "", fmt.Sprintf("at most %d levels", maxDepth))
		return nil
	}
	if n.Style&yaml.TaggedStyle != 0 {
		p.add("input.tag", at, "a value has a tag", strconv.QuoteToASCII(n.Tag), "none")
		return nil
	}
	t := &tree{file: p.file, line: n.Line}
	switch n.Kind {
	case yaml.ScalarNode:
		t.kind, t.tag, t.text = scalar, n.ShortTag(), n.Value
		if t.tag == "!!null" {
			t.kind = null
		}
	case yaml.SequenceNode:
		t.kind = list
		for i, c := range n.Content {
			item := p.convert(c, at.item(i, c.Line), depth+1)
			if item == nil {
				return nil
			}
			t.list = append(t.list, item)
		}
	case yaml.MappingNode:
		t.kind = mapping
		seen := make(map[string]bool)
		for i := 0; i+1 < len(n.Content); i += 2 {
			k := n.Content[i]
			if k.Kind != yaml.ScalarNode {
				p.add("topology.type", at, "a key is not a word", "", "")
				return nil
			}
			here := at.key(shown(k.Value), k.Line)
			if seen[k.Value] {
				p.add("input.duplicate-key", here, "a key is there twice", "", "")
			}
			seen[k.Value] = true
			value := p.convert(n.Content[i+1], here, depth+1)
			if value == nil {
				return nil
			}
			t.keys = append(t.keys, entry{k.Value, k.Line, value})
		}
	}
	return t
}

// shown is a key as it may stand in a message: quoted unless it is a plain word.
func shown(key string) string {
	for _, c := range key {
		if c <= ' ' || c > '~' || c == '"' || c == '\\' {
			return strconv.QuoteToASCII(key)
		}
	}
	return key
}
