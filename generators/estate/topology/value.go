package topology

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/mco-go/mco-go/generators/safe"
)

// Text is a string. In the file it must be one: 5 or true want quotes.
type Text struct {
	Place
	Set bool
	V   string
}

// Word is a string that may look like a number: a version, a release.
type Word Text

// Int is a whole number in decimal digits. Off tells that the file says null.
type Int struct {
	Place
	Set, Off bool
	V        int
}

// Bool is true or false.
type Bool struct {
	Place
	Set, V bool
}

// Duration is a number with ms, s, m, h or d behind it.
type Duration struct {
	Place
	Set bool
	V   time.Duration
}

// Number is a word or a whole number: vrrp.id.
type Number struct {
	Place
	Set    bool
	Word   string // empty: a number
	Number int
}

// Many is a text or a list of texts.
type Many []Text

// SecretRef is {secret: NAME}, or the bare name where the key is called secret. It never shows what it was given instead.
type SecretRef struct {
	Place
	Set  bool
	Name string
}

// Setting is a plain value of any type, as the text that it is written with: what goes into a cfg or conf file.
type Setting struct {
	Place
	V   string
	Tag string // !!str, !!int, !!bool, !!float
}

// Value is anything: string, int, bool, float64, []any, map[string]any or nil.
type Value struct {
	Place
	Set bool
	V   any
}

// Servers tells which nodes are a collective's servers: all, a list, or those whose facts equal every term.
type Servers struct {
	Place
	Set   bool
	All   bool
	List  []Text
	Terms []Term
}

// Term is one FACT = VALUE of a selector.
type Term struct{ Fact, Value string }

// Priority is auto or a number for each node.
type Priority struct {
	Place
	Auto bool
	Each map[string]Int
}

// NodeName is one name for the group's only node, a name for each node, or short or long.
type NodeName struct {
	Place
	Set  bool
	One  string
	Each map[string]Text
}

// decodable is a value that reads itself.
type decodable interface {
	decode(d *decoder, t *tree, at Place)
}

func (v *Text) decode(d *decoder, t *tree, at Place) {
	v.Place = at
	if d.scalar(t, at, "text", "!!str") {
		v.Set, v.V = true, t.text
	}
}

func (v *Word) decode(d *decoder, t *tree, at Place) {
	v.Place = at
	if d.scalar(t, at, "text", "!!str", "!!int", "!!float") {
		v.Set, v.V = true, t.text
	}
}

func (v *Int) decode(d *decoder, t *tree, at Place) {
	v.Place = at
	if t.kind == null {
		v.Off = true
		return
	}
	if !d.scalar(t, at, "a whole number", "!!int") {
		return
	}
	n, err := strconv.Atoi(t.text)
	if err != nil || strconv.Itoa(n) != t.text || n > 1<<40 || n < -1<<40 {
		d.add("topology.type", at, "wrong type", quoted(t), "a whole number in decimal digits")
		return
	}
	v.Set, v.V = true, n
}

func (v *Bool) decode(d *decoder, t *tree, at Place) {
	v.Place = at
	if d.scalar(t, at, "true or false", "!!bool") {
		v.Set, v.V = true, strings.EqualFold(t.text, "true")
	}
}

func (v *Duration) decode(d *decoder, t *tree, at Place) {
	v.Place = at
	const want = "a number with its unit, as 500ms, 5s, 10m, 3h or 1d"
	if !d.scalar(t, at, want, "!!str") {
		return
	}
	digits := len(t.text) - len(strings.TrimLeft(t.text, "0123456789"))
	unit := map[string]time.Duration{"ms": time.Millisecond, "s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}[t.text[digits:]]
	n, err := strconv.Atoi(t.text[:digits])
	if err != nil || unit == 0 || n > 1_000_000 {
		d.add("topology.type", at, "wrong type", quoted(t), want)
		return
	}
	v.Set, v.V = true, time.Duration(n)*unit
}

func (v *Number) decode(d *decoder, t *tree, at Place) {
	v.Place = at
	if t.kind == scalar && t.tag == "!!int" {
		var n Int
		n.decode(d, t, at)
		v.Set, v.Number = n.Set, n.V
		return
	}
	if d.scalar(t, at, "a whole number or auto", "!!str") {
		v.Set, v.Word = true, t.text
	}
}

func (v *Many) decode(d *decoder, t *tree, at Place) {
	if t.kind == list {
		for i, item := range t.list {
			var one Text
			one.decode(d, item, at.item(i, item.line))
			if one.Set {
				*v = append(*v, one)
			}
		}
		return
	}
	var one Text
	if !d.scalar(t, at, "text or a list of texts", "!!str") {
		return
	}
	one.decode(d, t, at)
	*v = Many{one}
}

func (v *SecretRef) decode(d *decoder, t *tree, at Place) {
	v.Place = at
	if t.kind == mapping {
		for _, e := range t.keys {
			if e.name != "secret" {
				d.add("secret.inline", at.key(shown(e.name), e.line), "only the name of a secret may stand here", "", "{secret: NAME}")
				return
			}
		}
		inner := t.lookup("secret")
		if inner == nil {
			d.add("topology.type", at, "the name of a secret is missing", "", "{secret: NAME}")
			return
		}
		t, at = inner, at.key("secret", inner.line)
	} else if !strings.HasSuffix(at.Key, ".secret") {
		d.add("secret.inline", at, "a value stands where the name of a secret is due", "", "{secret: NAME}")
		return
	}
	if t.kind != scalar || t.tag != "!!str" || safe.Token(t.text) != nil {
		d.add("secret.inline", at, "this is not the name of a secret", "", "a name of letters, digits, _, . and -; the secret itself belongs in the secrets file")
		return
	}
	v.Set, v.Name = true, t.text
}

func (v *Setting) decode(d *decoder, t *tree, at Place) {
	v.Place = at
	if d.scalar(t, at, "a plain value", "!!str", "!!int", "!!float", "!!bool") {
		v.V, v.Tag = t.text, t.tag
	}
}

func (v *Value) decode(_ *decoder, t *tree, at Place) {
	v.Place = at
	v.Set, v.V = true, plain(t)
}

func plain(t *tree) any {
	switch t.kind {
	case list:
		all := []any{}
		for _, i := range t.list {
			all = append(all, plain(i))
		}
		return all
	case mapping:
		all := map[string]any{}
		for _, e := range t.keys {
			all[e.name] = plain(e.value)
		}
		return all
	case null:
		return nil
	}
	switch t.tag {
	case "!!int":
		if n, err := strconv.Atoi(t.text); err == nil {
			return n
		}
	case "!!bool":
		return strings.EqualFold(t.text, "true")
	case "!!float":
		if f, err := strconv.ParseFloat(t.text, 64); err == nil {
			return f
		}
	}
	return t.text
}

func (v *Servers) decode(d *decoder, t *tree, at Place) {
	v.Place = at
	const want = `all, a list of nodes, or facts such as "role = web and os.name = Debian"`
	if t.kind == list {
		var names Many
		names.decode(d, t, at)
		v.Set, v.List = true, names
		return
	}
	if !d.scalar(t, at, want, "!!str") {
		return
	}
	v.Set, v.All = true, t.text == "all"
	if v.All {
		return
	}
	for part := range strings.SplitSeq(t.text, " and ") {
		fact, value, ok := strings.Cut(part, "=")
		fact, value = strings.TrimSpace(fact), strings.TrimSpace(value)
		if !ok || fact == "" || value == "" {
			d.add("topology.type", at, "this selects no nodes", quoted(t), want)
			v.Set = false
			return
		}
		v.Terms = append(v.Terms, Term{fact, value})
	}
}

func (v *Priority) decode(d *decoder, t *tree, at Place) {
	v.Place = at
	if t.kind != mapping {
		v.Auto = d.word(t, at, "auto")
		return
	}
	v.Each = make(map[string]Int)
	for _, e := range t.keys {
		var n Int
		n.decode(d, e.value, at.key(shown(e.name), e.line))
		v.Each[e.name] = n
	}
}

func (v *NodeName) decode(d *decoder, t *tree, at Place) {
	v.Place = at
	if t.kind != mapping {
		if d.scalar(t, at, "short, long, NAME@HOST, or such a name for each node", "!!str") {
			v.Set, v.One = true, t.text
		}
		return
	}
	v.Set, v.Each = true, make(map[string]Text)
	for _, e := range t.keys {
		var name Text
		name.decode(d, e.value, at.key(shown(e.name), e.line))
		v.Each[e.name] = name
	}
}

func quoted(t *tree) string {
	switch t.kind {
	case mapping:
		return "a map"
	case list:
		return "a list"
	case null:
		return "null"
	}
	if len(t.text) > 60 {
		return fmt.Sprintf("%q...", t.text[:60])
	}
	return strconv.QuoteToASCII(t.text)
}
