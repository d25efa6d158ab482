package ddl

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/mco-go/mco-go/mco"
)

// ParseJSON reads a DDL in choria's JSON form. Names become Symbols where the Ruby form has them, a validation that is the name of a
// validator becomes that validator, and inputs are optional only where they say so. Objects keep the order of the file.
func ParseJSON(kind Kind, name string, src []byte, file string, opts ...Option) (*DDL, error) {
	var o options
	for _, set := range opts {
		set(&o)
	}
	if len(src) > maxFile {
		return nil, &LimitError{file, 1, fmt.Sprintf("larger than %d bytes", maxFile)}
	}
	root, err := decodeJSON(src)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	d := newDDL(kind, name, file)
	d.json = true
	r := jsonReader{builder: &builder{d: d, node: o.node}}
	if err := r.read(root); err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	return d, nil
}

// jsonType checks the types that JSON files have and the Ruby form has not. known is false for any other name.
func jsonType(v mco.Value, name string) (known bool, err error) {
	fits := true
	switch strings.ToLower(name) {
	case "array":
		fits = v.Kind() == mco.KindList
	case "hash":
		fits = v.Kind() == mco.KindMap
	case "any":
	default:
		return false, nil
	}
	if !fits {
		return true, fmt.Errorf("value should be a %s", name)
	}
	return true, nil
}

type jsonReader struct{ *builder }

func (r jsonReader) read(root mco.Value) error {
	top, ok := root.AsMap()
	if !ok {
		return errors.New("a DDL is an object")
	}
	if err := r.metadata(symbols(root.Field("metadata"))); err != nil {
		return err
	}
	if v := root.Field("requires"); !v.IsNil() {
		if err := r.requires(symbols(v)); err != nil {
			return err
		}
	}
	if v, ok := root.Field("usage").AsString(); ok {
		r.d.Usage = mco.String(v)
	}
	switch r.d.Kind {
	case Agent:
		list, ok := root.Field("actions").AsList()
		if _, given := top.Get(mco.String("actions")); given && !ok {
			return errors.New("actions should be a list")
		}
		for _, a := range list {
			if err := r.actionOf(a); err != nil {
				return err
			}
		}
	case Data:
		q := root.Field("query")
		if q.IsNil() {
			return nil
		}
		return r.dataquery(symbols(q), func() error { return r.interfaceOf(q) })
	case Discovery:
		caps := root.Field("discovery").Field("capabilities")
		return r.discovery(func() error {
			list, _ := caps.AsList()
			return r.capabilities(mapped(list, symbol))
		})
	}
	return nil
}

func (r jsonReader) actionOf(a mco.Value) error {
	name, ok := a.Field("action").AsString()
	if !ok {
		return errors.New("an action needs a name")
	}
	return r.defineAction(mco.String(name), symbols(a), func() error {
		if pref := a.Field("display"); !pref.IsNil() {
			if err := r.display(symbol(pref)); err != nil {
				return err
			}
		}
		if err := r.interfaceOf(a); err != nil {
			return err
		}
		if r.node {
			return nil
		}
		functions, _ := a.Field("aggregate").AsList()
		for _, f := range functions {
			if err := r.functionOf(f); err != nil {
				return err
			}
		}
		return nil
	})
}

// interfaceOf reads inputs and outputs. A data query's file may name its one input anything.
func (r jsonReader) interfaceOf(a mco.Value) error {
	ins, _ := a.Field("input").AsMap()
	for k, v := range ins.All() {
		if err := r.input(symbol(k), inputOf(v)); err != nil {
			return fmt.Errorf("input %s: %w", text(k), err)
		}
	}
	outs, _ := a.Field("output").AsMap()
	for k, v := range outs.All() {
		if err := r.output(symbol(k), symbols(v)); err != nil {
			return err
		}
	}
	return nil
}

// inputOf gives an input the form that it has in Ruby.
func inputOf(v mco.Value) mco.Value {
	in := symbols(v)
	m, ok := in.AsMap()
	if !ok {
		return in
	}
	if _, given := m.Get(mco.Sym("optional")); !given {
		m.SetSymbol("optional", mco.Bool(false))
	}
	m.SetSymbol("type", symbol(m.Symbol("type")))
	if s, ok := m.Symbol("validation").AsString(); ok && isValidator(s) {
		m.SetSymbol("validation", mco.Sym(mco.Symbol(s)))
	}
	if text(m.Symbol("type")) == "string" {
		if _, given := m.Get(mco.Sym("maxlength")); !given {
			m.SetSymbol("maxlength", mco.Int(0))
		}
		if _, given := m.Get(mco.Sym("validation")); !given {
			m.SetSymbol("validation", mco.String("."))
		}
	}
	return in
}

// isValidator tells the name of a validator from a pattern.
func isValidator(s string) bool {
	if slices.Contains([]string{"shellsafe", "ipv4address", "ipv6address", "ipaddress"}, s) {
		return true
	}
	known, _ := communityValidator(mco.Nil(), s)
	return known
}

func (r jsonReader) functionOf(f mco.Value) error {
	name, ok := f.Field("function").AsString()
	if !ok {
		return errors.New("an aggregate needs a function")
	}
	list, ok := f.Field("args").AsList()
	if !ok {
		return fmt.Errorf("aggregate method for action '%s' missing a function parameter", text(r.action.Name))
	}
	args := slices.Clone(list)
	for i, v := range args {
		if i == 0 {
			args[i] = symbol(v)
		} else {
			args[i] = symbols(v)
		}
	}
	r.action.Aggregates = append(r.action.Aggregates, Function{Name: name, Args: args})
	return nil
}

func mapped(list []mco.Value, f func(mco.Value) mco.Value) []mco.Value {
	out := make([]mco.Value, len(list))
	for i, v := range list {
		out[i] = f(v)
	}
	return out
}

// symbol turns a text into a Symbol.
func symbol(v mco.Value) mco.Value {
	if s, ok := v.AsString(); ok {
		return mco.Sym(mco.Symbol(s))
	}
	return v
}

// symbols turns the keys of a hash into Symbols.
func symbols(v mco.Value) mco.Value {
	m, ok := v.AsMap()
	if !ok {
		return v
	}
	out := mco.SymbolMap(m.Len())
	for k, val := range m.All() {
		out.Set(symbol(k), val)
	}
	return mco.Hash(out)
}

// decodeJSON reads one JSON value, objects in the order of the file.
func decodeJSON(src []byte) (mco.Value, error) {
	dec := json.NewDecoder(bytes.NewReader(src))
	dec.UseNumber()
	v, err := jsonValue(dec, 0)
	if err != nil {
		return mco.Nil(), err
	}
	if _, err := dec.Token(); err != io.EOF {
		return mco.Nil(), fmt.Errorf("something follows the object at byte %d", dec.InputOffset())
	}
	return v, nil
}

func jsonValue(dec *json.Decoder, depth int) (mco.Value, error) {
	t, err := dec.Token()
	if err != nil {
		return mco.Nil(), err
	}
	if depth > maxDepth {
		return mco.Nil(), fmt.Errorf("nested deeper than %d levels at byte %d", maxDepth, dec.InputOffset())
	}
	switch t := t.(type) {
	case bool:
		return mco.Bool(t), nil
	case string:
		return mco.String(t), nil
	case json.Number:
		kind := tokInt
		if strings.ContainsAny(t.String(), ".eE") {
			kind = tokFloat
		}
		digits, negative := strings.CutPrefix(t.String(), "-")
		v, ok := number(token{kind: kind, text: digits})
		if !ok {
			return mco.Nil(), fmt.Errorf("a number out of bounds at byte %d", dec.InputOffset())
		}
		if negative {
			return arithmetic("*", v, mco.Int(-1))
		}
		return v, nil
	case json.Delim:
		if t == '[' {
			var list []mco.Value
			for dec.More() {
				v, err := jsonValue(dec, depth+1)
				if err != nil {
					return mco.Nil(), err
				}
				list = append(list, v)
			}
			_, err := dec.Token()
			return mco.List(list...), err
		}
		m := new(mco.Map)
		for dec.More() {
			k, err := dec.Token()
			if err != nil {
				return mco.Nil(), err
			}
			v, err := jsonValue(dec, depth+1)
			if err != nil {
				return mco.Nil(), err
			}
			m.Set(mco.String(k.(string)), v)
		}
		_, err := dec.Token()
		return mco.Hash(m), err
	}
	return mco.Nil(), nil
}
