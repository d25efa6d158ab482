package hiera

import (
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// value is one value of a file, which knows where it stands. The zero value is one that is not there.
type value struct {
	file string
	node *yaml.Node
}

// item is a key with its value.
type item struct {
	key   string
	value value
}

func (v value) there() bool { return v.node != nil && v.resolved().ShortTag() != "!!null" }

func (v value) at() string { return fmt.Sprintf("%s:%d", v.file, v.node.Line) }

func (v value) resolved() *yaml.Node {
	n := v.node
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

// text is a scalar as it is written. Nil, lists and maps have none.
func (v value) text() (string, bool) {
	if !v.there() || v.resolved().Kind != yaml.ScalarNode {
		return "", false
	}
	return v.resolved().Value, true
}

// word is text, or "" if there is none.
func (v value) word() string {
	s, _ := v.text()
	return s
}

// number is a whole number, which may be written as a text.
func (v value) number() (int, bool) {
	n, err := strconv.Atoi(v.word())
	return n, err == nil
}

// yes is what Puppet would take for a boolean; so are 'true' and 'present' where a module wants words.
func (v value) yes() (yes, ok bool) {
	switch strings.ToLower(v.word()) {
	case "true", "yes", "on", "present":
		return true, true
	case "false", "no", "off", "absent":
		return false, true
	}
	return false, false
}

// list is the items of a list. Another value is a list of one, as Puppet's any2array has it.
func (v value) list() []value {
	if !v.there() {
		return nil
	}
	n := v.resolved()
	if n.Kind != yaml.SequenceNode {
		return []value{v}
	}
	var all []value
	for _, c := range n.Content {
		all = append(all, value{v.file, c})
	}
	return all
}

// items are a map's keys, those of << behind its own.
func (v value) items() []item {
	if !v.there() || v.resolved().Kind != yaml.MappingNode {
		return nil
	}
	var own, merged []item
	content := v.resolved().Content
	for i := 0; i+1 < len(content); i += 2 {
		one := value{v.file, content[i+1]}
		if content[i].ShortTag() == "!!merge" {
			for _, m := range one.list() {
				merged = append(merged, m.items()...)
			}
			continue
		}
		own = append(own, item{content[i].Value, one})
	}
	for _, m := range merged {
		if !has(own, m.key) {
			own = append(own, m)
		}
	}
	return own
}

func has(items []item, key string) bool {
	for _, i := range items {
		if i.key == key {
			return true
		}
	}
	return false
}

// get returns the value of a key.
func (v value) get(key string) value {
	for _, i := range v.items() {
		if i.key == key {
			return i.value
		}
	}
	return value{}
}

// plain is the value as Go has it, for what is handed on as it is.
func (v value) plain() any {
	if !v.there() {
		return nil
	}
	n := v.resolved()
	switch n.Kind {
	case yaml.SequenceNode:
		var l []any
		for _, c := range v.list() {
			l = append(l, c.plain())
		}
		return l
	case yaml.MappingNode:
		m := make(map[string]any)
		for _, i := range v.items() {
			m[i.key] = i.value.plain()
		}
		return m
	}
	var scalar any
	if err := n.Decode(&scalar); err != nil {
		return n.Value
	}
	return scalar
}

// interpolated tells whether hiera would put something else into the value.
func interpolated(s string) bool { return strings.Contains(s, "%{") }

// encrypted tells whether the value is eyaml's.
func encrypted(s string) bool {
	return strings.HasPrefix(strings.TrimSpace(s), "ENC[") || strings.Contains(s, "-----BEGIN PKCS7-----")
}
