package ddl

import (
	"errors"
	"fmt"
	"slices"

	"github.com/mco-go/mco-go/mco"
)

// defineAction declares an action or adds to one of the same name, and runs the block that describes it.
func (b *builder) defineAction(name, properties mco.Value, block func() error) error {
	if has, err := includes(properties, "description"); err != nil {
		return err
	} else if !has {
		return said("Action needs a :description property")
	}
	a := b.d.action(name)
	if a == nil {
		m, ok := properties.AsMap()
		if !ok {
			return errors.New("no implicit conversion of Symbol into Integer")
		}
		a = &Action{Name: name, Display: "failed", Interface: Interface{Description: m.Symbol("description")}}
		b.d.Actions = append(b.d.Actions, a)
	}
	b.action, b.current = a, &a.Interface
	if block != nil {
		if err := block(); err != nil {
			return err
		}
	}
	b.action, b.current = nil, nil
	return nil
}

func (b *builder) display(preference mco.Value) error {
	s, ok := preference.AsSymbol()
	if ok && s == "flatten" {
		b.d.Warnings = append(b.d.Warnings, "The display option :flatten is being deprecated and will be removed in the next minor release.")
	}
	if !ok || !slices.Contains([]mco.Symbol{"ok", "failed", "flatten", "always"}, s) {
		return said("Display preference %s is not valid, should be :ok, :failed, :flatten or :always", text(preference))
	}
	if b.action == nil {
		return errors.New(noMethod("[]=", mco.Nil()))
	}
	b.action.Display = string(s)
	return nil
}

// summarize runs its block on clients alone, so that a mistake in it does not keep an agent from working.
func (b *builder) summarize(block func() error) error {
	if b.node {
		return nil
	}
	if block == nil {
		return errors.New(noMethod("call", mco.Nil()))
	}
	b.summarizing = true
	if err := block(); err != nil {
		return err
	}
	b.summarizing = false
	return nil
}

// isFunction tells whether a word that is not of the language names an aggregate function here: any does within summarize, the known
// ones do everywhere.
func (b *builder) isFunction(word string) bool {
	return b.d.Kind == Agent && (b.summarizing || slices.Contains(Functions(), word))
}

func functionValue(name string, args []mco.Value) mco.Value {
	return Function{Name: name, Args: args}.value()
}

func (b *builder) aggregate(args []mco.Value) error {
	var more *mco.Map
	if len(args) == 2 {
		m, ok := args[1].AsMap()
		if !ok {
			return said("Formats supplied to aggregation functions should be a hash")
		}
		if _, ok := m.Get(mco.Sym("format")); !ok {
			return said("Formats supplied to aggregation functions must have a :format key")
		}
		if !m.Symbol("format").IsNil() {
			more = m
		}
	}
	function, ok := args[0].AsMap()
	if !ok {
		return said("Functions supplied to aggregate should be a hash")
	}
	list := function.Symbol("args")
	if !truthy(list) {
		if b.action == nil {
			return errors.New(noMethod("[]", mco.Nil()))
		}
		return fmt.Errorf("aggregate method for action '%s' missing a function parameter", text(b.action.Name))
	}
	if b.action == nil {
		return errors.New(noMethod("[]", mco.Nil()))
	}
	items, ok := list.AsList()
	if !ok {
		return errors.New("aggregate: the function's arguments should be a list")
	}
	b.action.Aggregates = append(b.action.Aggregates, Function{Name: text(function.Symbol("function")), Args: items, More: more})
	return nil
}

func (b *builder) dataquery(properties mco.Value, block func() error) error {
	if has, err := includes(properties, "description"); err != nil {
		return err
	} else if !has {
		return said("Data queries need a :description")
	}
	if b.d.Query != nil {
		return said("Data queries can only have one definition")
	}
	m, ok := properties.AsMap()
	if !ok {
		return errors.New("no implicit conversion of Symbol into Integer")
	}
	b.d.Query = &Query{Interface{Description: m.Symbol("description")}}
	b.current = &b.d.Query.Interface
	if block != nil {
		if err := block(); err != nil {
			return err
		}
	}
	b.current = nil
	return nil
}

func (b *builder) discovery(block func() error) error {
	if b.d.discovery {
		return said("Discovery plugins can only have one definition")
	}
	b.d.discovery, b.inDiscovery = true, true
	if block != nil {
		if err := block(); err != nil {
			return err
		}
	}
	b.inDiscovery = false
	return nil
}

func (b *builder) capabilities(args []mco.Value) error {
	caps := flatten(nil, args)
	if len(caps) == 0 {
		return said("Discovery plugin capabilities can't be empty")
	}
	for _, c := range caps {
		s, ok := c.AsSymbol()
		if !ok || !slices.Contains([]mco.Symbol{"classes", "facts", "identity", "agents", "compound"}, s) {
			return said("%s is not a valid capability, valid capabilities are :classes, :facts, :identity, :agents and :compound", text(c))
		}
		if !b.d.discovery {
			return errors.New(noMethod("[]", mco.Nil()))
		}
		b.d.Capabilities = append(b.d.Capabilities, string(s))
	}
	return nil
}

func flatten(dst, list []mco.Value) []mco.Value {
	for _, v := range list {
		if items, ok := v.AsList(); ok {
			dst = flatten(dst, items)
		} else {
			dst = append(dst, v)
		}
	}
	return dst
}
