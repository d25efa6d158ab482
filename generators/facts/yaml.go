package facts

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/mco-go/mco-go/generators/safe"
)

// Tags of Ruby's that facts are kept with.
const (
	tagFacts  = "!ruby/object:Puppet::Node::Facts"
	tagTime   = "!ruby/object:Time"
	tagSymbol = "!ruby/sym"
)

// timestampKey is written as a symbol by Puppet 3.
const timestampKey = "_timestamp"

// readYAML reads one document. tagged tells that it says itself to be Puppet's.
func readYAML(data []byte, limits Limits) (v value, tagged bool, faults []*fault) {
	if !utf8.Valid(data) {
		return value{}, false, []*fault{notUTF8(string(data))}
	}
	// The library makes nodes of a whole document before they can be counted: each takes one of these characters at least.
	if n := marks(data); n > 8*limits.Nodes {
		return value{}, false, []*fault{{class: inputLimit, what: "too many values", want: fmt.Sprintf("at most %d", limits.Nodes)}}
	}
	defer func() {
		// The library panics where its own assumptions fail.
		if r := recover(); r != nil {
			faults = []*fault{{class: inputSyntax, what: "not YAML: " + strings.ReplaceAll(fmt.Sprint(r), "\n", " ")}}
		}
	}()
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var doc yaml.Node
	if err := decoder.Decode(&doc); errors.Is(err, io.EOF) {
		return value{}, false, []*fault{{class: inputSyntax, what: "the file is empty", want: "facts"}}
	} else if err != nil {
		return value{}, false, []*fault{libraryFault(err)}
	}
	y := yamlReader{limits: limits, open: make(map[*yaml.Node]bool)}
	root := doc.Content[0]
	if tagged = root.Kind == yaml.MappingNode && root.Tag == tagFacts; tagged {
		root.Tag, root.Style = "!!map", root.Style&^yaml.TaggedStyle
	}
	v, f := y.value(root, 1, "")
	if f == nil {
		if err := decoder.Decode(new(yaml.Node)); err == nil {
			f = &fault{class: inputSyntax, what: "there is a second document"}
		} else if !errors.Is(err, io.EOF) {
			f = libraryFault(err)
		}
	}
	if f != nil {
		return value{}, tagged, append(y.twice, f)
	}
	return v, tagged, y.twice
}

func marks(data []byte) int {
	n := 0
	for _, c := range data {
		switch c {
		case '\n', '\r', ',', '[', '{', ':', '-', '?':
			n++
		}
	}
	return n
}

// libraryFault reads "yaml: line 2: found ...".
func libraryFault(err error) *fault {
	f := &fault{class: inputSyntax}
	what := strings.TrimPrefix(err.Error(), "yaml: ")
	if rest, ok := strings.CutPrefix(what, "line "); ok {
		if n, after, ok := strings.Cut(rest, ": "); ok {
			if line, err := strconv.Atoi(n); err == nil {
				f.line, what = line, after
			}
		}
	}
	switch {
	case strings.Contains(what, "invalid Unicode character escape"):
		f.class = inputEncoding
	case strings.Contains(what, "exceeded max depth"):
		f.class = inputLimit
	}
	f.what = "not YAML: " + strings.Trim(strconv.QuoteToASCII(what), `"`)
	return f
}

type yamlReader struct {
	limits         Limits
	nodes, aliases int
	open           map[*yaml.Node]bool // what aliases stand for, while it is read
	twice          []*fault
}

func (y *yamlReader) value(n *yaml.Node, depth int, path string) (value, *fault) {
	if n.Kind == yaml.AliasNode {
		if y.aliases++; y.aliases > y.limits.Aliases {
			return value{}, y.limit(n, path, "too many aliases", y.limits.Aliases)
		}
		if y.open[n.Alias] {
			return value{}, &fault{class: inputSyntax, line: n.Line, key: path, what: "an alias within itself"}
		}
		n = n.Alias
		y.open[n] = true
		defer delete(y.open, n)
	}
	if y.nodes++; y.nodes > y.limits.Nodes {
		return value{}, y.limit(n, path, "too many values", y.limits.Nodes)
	}
	if n.Kind != yaml.ScalarNode && depth > y.limits.Depth {
		return value{}, y.limit(n, path, "nested too deep", y.limits.Depth)
	}
	if n.Style&yaml.TaggedStyle != 0 && (n.Kind != yaml.ScalarNode || n.Tag != tagTime) {
		return value{}, &fault{class: inputTag, line: n.Line, key: path, what: "a value has a tag", got: safe.Quote(n.Tag),
			want: "none but " + tagFacts + " in front of all", todo: "write the facts as JSON"}
	}
	switch n.Kind {
	case yaml.SequenceNode:
		return y.sequence(n, depth, path)
	case yaml.MappingNode:
		return y.mapping(n, depth, path)
	}
	return value{kind: scalarKind(n), text: n.Value}, nil
}

// scalarKind says what a plain scalar looks like. Dates are texts to facts.
func scalarKind(n *yaml.Node) kind {
	if n.Style&yaml.TaggedStyle != 0 {
		return text
	}
	switch n.ShortTag() {
	case "!!null":
		return null
	case "!!bool":
		return boolean
	case "!!int", "!!float":
		return number
	}
	return text
}

func (y *yamlReader) sequence(n *yaml.Node, depth int, path string) (value, *fault) {
	v := value{kind: list, members: make([]member, 0, len(n.Content))}
	for i, c := range n.Content {
		item, f := y.value(c, depth+1, fmt.Sprintf("%s[%d]", path, i))
		if f != nil {
			return value{}, f
		}
		v.members = append(v.members, member{value: item})
	}
	return v, nil
}

func (y *yamlReader) mapping(n *yaml.Node, depth int, path string) (value, *fault) {
	v := value{kind: mapping, members: make([]member, 0, len(n.Content)/2)}
	seen := make(map[string]bool, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		here := join(path, k.Value)
		if f := y.key(k, here); f != nil {
			return value{}, f
		}
		if seen[k.Value] && len(y.twice) < maxProblems {
			y.twice = append(y.twice, &fault{class: inputDuplicate, line: k.Line, key: here, what: "a key is there twice"})
		}
		seen[k.Value] = true
		item, f := y.value(n.Content[i+1], depth+1, here)
		if f != nil {
			return value{}, f
		}
		v.members = append(v.members, member{k.Value, item})
	}
	return v, nil
}

// key refuses keys that are no words of their own.
func (y *yamlReader) key(k *yaml.Node, path string) *fault {
	y.nodes++
	switch {
	case k.Kind != yaml.ScalarNode:
		return &fault{class: inputSyntax, line: k.Line, key: path, what: "a key is not a word"}
	case k.Style&yaml.TaggedStyle != 0 && (k.Tag != tagSymbol || k.Value != timestampKey):
		return &fault{class: inputTag, line: k.Line, key: path, what: "a key has a tag", got: safe.Quote(k.Tag)}
	case k.Tag == "!!merge":
		return &fault{class: inputSyntax, line: k.Line, key: path, what: "maps are not merged here"}
	}
	return nil
}

func (y *yamlReader) limit(n *yaml.Node, path, what string, most int) *fault {
	return &fault{class: inputLimit, line: n.Line, key: path, what: what, want: fmt.Sprintf("at most %d", most)}
}
