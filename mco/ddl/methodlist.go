package ddl

import (
	"errors"
	"math"
	"math/big"
	"slices"
	"strings"

	"github.com/mco-go/mco-go/mco"
)

// loop runs the block once for each of n rounds; values gives what the block gets.
func (m method) loop(n int, values func(i int) []mco.Value, each func(i int, v mco.Value)) error {
	if m.block == nil || len(m.args) != 0 {
		return m.refused()
	}
	for i := range n {
		v, err := m.in.runBlock(m.block, values(i)...)
		switch {
		case errors.Is(err, errBreak):
			return nil
		case err != nil && !errors.Is(err, errNext):
			return err
		}
		if each != nil {
			each(i, v)
		}
	}
	return nil
}

func (m method) onList() (mco.Value, error) {
	items, _ := m.self.AsList()
	item := func(i int) []mco.Value { return items[i : i+1] }
	var made []mco.Value
	switch m.name {
	case "each":
		return m.self, m.loop(len(items), item, nil)
	case "each_with_index":
		return m.self, m.loop(len(items), func(i int) []mco.Value { return []mco.Value{items[i], mco.Int(int64(i))} }, nil)
	case "map", "collect":
		err := m.loop(len(items), item, func(_ int, v mco.Value) { made = append(made, v) })
		return m.list(made, err)
	case "select", "reject":
		err := m.loop(len(items), item, func(i int, v mco.Value) {
			if truthy(v) == (m.name == "select") {
				made = append(made, items[i])
			}
		})
		return m.list(made, err)
	}
	switch len(m.args) {
	case 0:
		return m.plainList(items)
	case 1:
		return m.listAnd(items, m.args[0])
	}
	return mco.Nil(), m.refused()
}

func (m method) list(items []mco.Value, err error) (mco.Value, error) {
	if err != nil {
		return mco.Nil(), err
	}
	return mco.List(items...), m.in.items(m.at, len(items))
}

func (m method) plainList(items []mco.Value) (mco.Value, error) {
	switch m.name {
	case "length", "size", "count":
		return mco.Int(int64(len(items))), nil
	case "empty?":
		return mco.Bool(len(items) == 0), nil
	case "first", "last":
		if len(items) == 0 {
			return mco.Nil(), nil
		}
		if m.name == "first" {
			return items[0], nil
		}
		return items[len(items)-1], nil
	case "reverse":
		turned := slices.Clone(items)
		slices.Reverse(turned)
		return m.list(turned, nil)
	case "flatten":
		return m.list(flatten(nil, items), nil)
	case "to_a":
		return m.self, nil
	case "compact":
		return m.list(slices.DeleteFunc(slices.Clone(items), mco.Value.IsNil), nil)
	case "uniq":
		var kept []mco.Value
		seen := new(mco.Map)
		for _, v := range items {
			if _, have := seen.Get(v); !have {
				seen.Set(v, mco.Nil())
				kept = append(kept, v)
			}
		}
		return m.list(kept, nil)
	case "sort":
		return m.sorted(items)
	case "join":
		return m.joined(items, "")
	}
	return mco.Nil(), m.refused()
}

// sorted orders texts; other lists are refused.
func (m method) sorted(items []mco.Value) (mco.Value, error) {
	for _, v := range items {
		if v.Kind() != items[0].Kind() || v.Kind() != mco.KindString && v.Kind() != mco.KindSymbol {
			return mco.Nil(), m.refused()
		}
	}
	sorted := slices.Clone(items)
	slices.SortStableFunc(sorted, func(a, b mco.Value) int { return strings.Compare(text(a), text(b)) })
	return m.list(sorted, nil)
}

func (m method) joined(items []mco.Value, between string) (mco.Value, error) {
	parts := make([]string, 0, len(items))
	size := 0
	for _, v := range flatten(nil, items) {
		parts = append(parts, text(v))
		size += len(parts[len(parts)-1]) + len(between)
	}
	if err := m.in.charge(m.at, size); err != nil {
		return mco.Nil(), err
	}
	return mco.String(strings.Join(parts, between)), nil
}

func (m method) listAnd(items []mco.Value, arg mco.Value) (mco.Value, error) {
	other, isList := arg.AsList()
	switch {
	case m.name == "+" && isList:
		if err := m.in.items(m.at, len(items)+len(other)); err != nil {
			return mco.Nil(), err
		}
		return mco.List(slices.Concat(items, other)...), nil
	case m.name == "-" && isList:
		return m.list(slices.DeleteFunc(slices.Clone(items), func(v mco.Value) bool { return slices.ContainsFunc(other, v.Equal) }), nil)
	case m.name == "include?" || m.name == "member?":
		return mco.Bool(slices.ContainsFunc(items, func(v mco.Value) bool { return same(v, arg) })), nil
	case m.name == "join" && arg.Kind() == mco.KindString:
		return m.joined(items, text(arg))
	case m.name == "[]":
		if i, ok := m.integer(0); ok {
			if i < 0 {
				i += len(items)
			}
			if i < 0 || i >= len(items) {
				return mco.Nil(), nil
			}
			return items[i], nil
		}
	}
	return mco.Nil(), m.refused()
}

func (m method) onHash() (mco.Value, error) {
	h, _ := m.self.AsMap()
	couple := func(i int) []mco.Value { return []mco.Value{h.At(i).Key, h.At(i).Value} }
	var made []mco.Value
	switch m.name {
	case "each", "each_pair":
		return m.self, m.loop(h.Len(), couple, nil)
	case "map", "collect":
		err := m.loop(h.Len(), couple, func(_ int, v mco.Value) { made = append(made, v) })
		return m.list(made, err)
	}
	switch len(m.args) {
	case 0:
		switch m.name {
		case "keys", "values":
			for k, v := range h.All() {
				if m.name == "values" {
					k = v
				}
				made = append(made, k)
			}
			return m.list(made, nil)
		case "length", "size", "count":
			return mco.Int(int64(h.Len())), nil
		case "empty?":
			return mco.Bool(h.Len() == 0), nil
		}
	case 1:
		v, found := h.Get(m.args[0])
		switch m.name {
		case "[]":
			return v, nil
		case "include?", "key?", "has_key?", "member?":
			return mco.Bool(found), nil
		case "fetch":
			if found {
				return v, nil
			}
			return mco.Nil(), errors.New("key not found: " + show(m.args[0]))
		case "merge":
			if other, ok := m.args[0].AsMap(); ok {
				both := mco.SymbolMap(h.Len() + other.Len())
				for _, part := range []*mco.Map{h, other} {
					for k, v := range part.All() {
						both.Set(k, v)
					}
				}
				return mco.Hash(both), m.in.items(m.at, 2*both.Len())
			}
		}
	case 2:
		if v, found := h.Get(m.args[0]); m.name == "fetch" && found {
			return v, nil
		} else if m.name == "fetch" {
			return m.args[1], nil
		}
	}
	return mco.Nil(), m.refused()
}

func (m method) onNumber() (mco.Value, error) {
	if len(m.args) == 0 {
		switch m.name {
		case "-@":
			if f, ok := m.self.AsFloat(); ok {
				return mco.Float(-f), nil
			}
			return arithmetic("-", mco.Int(0), m.self)
		case "+@", "to_int", "ceil", "floor", "round":
			if m.self.Kind() != mco.KindFloat || m.name == "+@" {
				return m.self, nil
			}
		case "to_i":
			if f, ok := m.self.AsFloat(); ok {
				if math.IsNaN(f) || math.IsInf(f, 0) {
					return mco.Nil(), errors.New(text(mco.Float(f)))
				}
				n, _ := big.NewFloat(f).Int(nil)
				return mco.BigInt(n), nil
			}
			return m.self, nil
		case "to_f":
			f, _ := number64(m.self)
			return mco.Float(f), nil
		case "times":
			n, ok := m.self.AsInt()
			if !ok || n > maxSteps {
				return mco.Nil(), m.in.limit(m.at, "too many rounds of a loop")
			}
			return m.self, m.loop(int(max(n, 0)), func(i int) []mco.Value { return []mco.Value{mco.Int(int64(i))} }, nil)
		}
		return mco.Nil(), m.refused()
	}
	if len(m.args) != 1 {
		return mco.Nil(), m.refused()
	}
	arg := m.args[0]
	switch m.name {
	case "+", "-", "*", "/", "%", "**":
		if _, ok := number64(arg); !ok {
			return mco.Nil(), errors.New(coerced(arg) + " can't be coerced into " + class(m.self))
		}
		return arithmetic(m.name, m.self, arg)
	case "<", ">", "<=", ">=", "<=>":
		a, _ := number64(m.self)
		if b, ok := number64(arg); ok {
			switch {
			case a < b:
				return order(m.name, -1), nil
			case a > b:
				return order(m.name, 1), nil
			}
			return order(m.name, 0), nil
		}
		return mco.Nil(), errors.New("comparison of " + class(m.self) + " with " + coerced(arg) + " failed")
	}
	return mco.Nil(), m.refused()
}

// coerced names a value as the errors of arithmetic do: nil and booleans by themselves, others by class.
func coerced(v mco.Value) string {
	switch v.Kind() {
	case mco.KindNil, mco.KindBool:
		return show(v)
	}
	return class(v)
}
