package topology

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/mco-go/mco-go/generators/problem"
	"github.com/mco-go/mco-go/mco/spelling"
)

// decoder fills the structures of file.go from a tree. A field's key tag names its key; ",required" behind it says that the key must
// be there. Null means absent, but for Int, which tells.
type decoder struct {
	problems problem.List
}

func (d *decoder) add(class problem.Class, at Place, what, got, want string) {
	d.problems.Add(problem.Problem{Class: class, Where: at.String(), What: what, Got: got, Want: want})
}

func (d *decoder) file(t *tree) *File {
	f := new(File)
	d.value(reflect.ValueOf(f).Elem(), t, Place{File: t.file})
	return f
}

// scalar tells whether t is a plain value with one of the tags, and reports it otherwise.
func (d *decoder) scalar(t *tree, at Place, want string, tags ...string) bool {
	if t.kind == scalar && slices.Contains(tags, t.tag) {
		return true
	}
	d.add("topology.type", at, "wrong type", quoted(t), want)
	return false
}

// word tells whether t is exactly that word.
func (d *decoder) word(t *tree, at Place, want string) bool {
	if t.kind == scalar && t.text == want {
		return true
	}
	d.add("topology.type", at, "wrong value", quoted(t), want)
	return false
}

func (d *decoder) value(v reflect.Value, t *tree, at Place) {
	at.File, at.Line = t.file, t.line
	if own, ok := v.Addr().Interface().(decodable); ok {
		if _, isInt := own.(*Int); t.kind != null || isInt {
			own.decode(d, t, at)
		}
		return
	}
	if t.kind == null {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		d.value(v.Elem(), t, at)
	case reflect.Struct:
		d.structure(v, t, at)
	case reflect.Map:
		d.dictionary(v, t, at)
	case reflect.Slice:
		if t.kind != list {
			d.add("topology.type", at, "wrong type", quoted(t), "a list")
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), len(t.list), len(t.list)))
		for i, item := range t.list {
			d.value(v.Index(i), item, at.item(i, item.line))
		}
	}
}

func (d *decoder) dictionary(v reflect.Value, t *tree, at Place) {
	if t.kind != mapping {
		d.add("topology.type", at, "wrong type", quoted(t), "a map")
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	for _, e := range t.keys {
		item := reflect.New(v.Type().Elem()).Elem()
		// {} and null both say: this one, with all defaults.
		if item.Kind() == reflect.Pointer && e.value.kind == null {
			e.value = &tree{file: e.value.file, line: e.value.line, kind: mapping}
		}
		d.value(item, e.value, at.key(shown(e.name), e.line))
		v.SetMapIndex(reflect.ValueOf(e.name), item)
	}
}

func (d *decoder) structure(v reflect.Value, t *tree, at Place) {
	fields := make(map[string]int)
	var required []string
	holdsSecret := false
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Name == "Place" {
			v.Field(i).Set(reflect.ValueOf(at))
			continue
		}
		name, rest, _ := strings.Cut(f.Tag.Get("key"), ",")
		fields[name] = i
		holdsSecret = holdsSecret || f.Type == reflect.TypeFor[SecretRef]()
		if rest == "required" {
			required = append(required, name)
		}
	}
	if t.kind != mapping {
		if holdsSecret && t.kind == scalar {
			d.add("secret.inline", at, "a value stands where the name of a secret is due", "", "a map with secret: NAME")
		} else {
			d.add("topology.type", at, "wrong type", quoted(t), "a map of "+strings.Join(slices.Sorted(maps.Keys(fields)), ", "))
		}
		return
	}
	inline := false
	for _, e := range t.keys {
		here := at.key(shown(e.name), e.line)
		if i, ok := fields[e.name]; ok {
			d.value(v.Field(i), e.value, here)
		} else if SecretKey(e.name) {
			inline = true
			here.File = e.value.file
			d.add("secret.inline", here, "a topology holds no secrets", "", "secret: NAME")
		} else {
			here.File = e.value.file
			d.unknown(e.name, here, slices.Sorted(maps.Keys(fields)))
		}
	}
	for _, name := range required {
		if t.lookup(name) == nil && !(inline && name == "secret") {
			d.add("topology.type", at, "the key "+name+" is missing", "", "")
		}
	}
}

func (d *decoder) unknown(name string, at Place, known []string) {
	p := problem.Problem{Class: "topology.unknown-key", Where: at.String(), What: "no such key"}
	if near := spelling.Nearest(name, known); near != "" {
		p.Todo = fmt.Sprintf("did you mean %s?", near)
	} else {
		p.Want = "one of " + strings.Join(known, ", ")
	}
	d.problems.Add(p)
}

// SecretKey tells whether a value under that key would be a secret itself.
func SecretKey(name string) bool {
	last := strings.ToLower(name[strings.LastIndexByte(name, '.')+1:])
	last = strings.ReplaceAll(last, "-", "_")
	return slices.Contains([]string{"password", "passwd", "pass", "passphrase", "psk", "auth_pass", "shared_secret", "default_pass",
		"password_hash", "erlang_cookie", "auth", "token"}, last) || strings.HasSuffix(last, "_password") || strings.HasSuffix(last, "_pass")
}
