package ddl

import "github.com/mco-go/mco-go/mco"

// Entities returns the declarations as the hash that the original holds (DDL::Base#entities).
func (d *DDL) Entities() mco.Value {
	m := new(mco.Map)
	for _, a := range d.Actions {
		m.Set(a.Name, a.Value())
	}
	if d.Query != nil {
		m.SetSymbol("data", mco.Hash(mco.NewMap(
			pair("description", d.Query.Description),
			pair("input", inputs(d.Query.Inputs)),
			pair("output", outputs(d.Query.Outputs)))))
	}
	if d.discovery {
		caps := make([]mco.Value, len(d.Capabilities))
		for i, c := range d.Capabilities {
			caps[i] = mco.Sym(mco.Symbol(c))
		}
		m.SetSymbol("discovery", mco.Hash(mco.NewMap(pair("capabilities", mco.List(caps...)))))
	}
	return mco.Hash(m)
}

// Value returns the action as the hash that the original holds.
func (a *Action) Value() mco.Value {
	m := mco.NewMap(
		pair("action", a.Name),
		pair("input", inputs(a.Inputs)),
		pair("output", outputs(a.Outputs)),
		pair("display", mco.Sym(mco.Symbol(a.Display))),
		pair("description", a.Description))
	if len(a.Aggregates) > 0 {
		list := make([]mco.Value, len(a.Aggregates))
		for i, f := range a.Aggregates {
			list[i] = f.value()
		}
		m.SetSymbol("aggregate", mco.List(list...))
	}
	return mco.Hash(m)
}

func (f Function) value() mco.Value {
	m := mco.NewMap(pair("function", mco.Sym(mco.Symbol(f.Name))), pair("args", mco.List(f.Args...)))
	for k, v := range f.More.All() {
		m.Set(k, v)
	}
	return mco.Hash(m)
}

func inputs(list []*Input) mco.Value {
	m := new(mco.Map)
	for _, in := range list {
		m.Set(in.Name, in.value())
	}
	return mco.Hash(m)
}

func (in *Input) value() mco.Value {
	m := mco.NewMap(
		pair("prompt", in.Prompt),
		pair("description", in.Description),
		pair("type", in.Type),
		pair("default", in.Default),
		pair("optional", in.Optional))
	switch in.TypeName() {
	case "string":
		m.SetSymbol("validation", in.Validation)
		m.SetSymbol("maxlength", in.MaxLength)
	case "list":
		m.SetSymbol("list", in.List)
	}
	return mco.Hash(m)
}

func outputs(list []*Output) mco.Value {
	m := new(mco.Map)
	for _, out := range list {
		m.Set(out.Name, mco.Hash(mco.NewMap(
			pair("description", out.Description),
			pair("display_as", out.DisplayAs),
			pair("default", out.Default))))
	}
	return mco.Hash(m)
}

func pair(key mco.Symbol, v mco.Value) mco.Pair { return mco.Pair{Key: mco.Sym(key), Value: v} }
