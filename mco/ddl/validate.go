package ddl

import (
	"errors"
	"fmt"

	"github.com/mco-go/mco-go/mco"
)

// ValidationError is a request, or the query of a data plugin, that does not fit its DDL. Nodes answer it with status 4.
type ValidationError struct {
	Plugin, Action string
	Input          string // "" when the action itself is unknown
	Reason         string // the original's text
}

// Error is the original's text.
func (e *ValidationError) Error() string { return e.Reason }

// Validate checks a request's action and arguments: client and node do the same (AgentDDL#validate_rpc_request). A String key stands for
// an input named by a Symbol; arguments that are not declared are not looked at; the first failure, in order of declaration, is
// returned, as a [*ValidationError].
func (d *DDL) Validate(action string, data *mco.Map) error {
	a := d.Action(action)
	if a == nil {
		return &ValidationError{d.Name, action, "", fmt.Sprintf("Attempted to call action %s for %s but it's not declared in the DDL", action, d.Name)}
	}
	args, err := a.symbolize(data)
	if err != nil {
		return err
	}
	for _, in := range a.Inputs {
		v, given := args.Get(in.Name)
		if !given {
			if in.IsOptional() {
				continue
			}
			return &ValidationError{d.Name, action, in.Key(), fmt.Sprintf("Action %s needs a %s argument", action, in.Key())}
		}
		if err := d.validateInput(action, in, v); err != nil {
			return err
		}
	}
	return nil
}

func (d *DDL) validateInput(action string, in *Input, v mco.Value) error {
	if err := d.check(in, v); err != nil {
		return &ValidationError{d.Name, action, in.Key(), fmt.Sprintf("Cannot validate input %s: %s", in.Key(), err)}
	}
	return nil
}

// ValidateInput checks one value against one input.
func (d *DDL) ValidateInput(in *Input, v mco.Value) error { return d.validateInput("", in, v) }

// symbolize turns String keys into Symbols where the input of that name is declared by a Symbol alone.
func (a *Action) symbolize(data *mco.Map) (*mco.Map, error) {
	out := new(mco.Map)
	for k, v := range data.All() {
		name, ok := k.AsName()
		if !ok {
			return nil, errors.New(noMethod("intern", k))
		}
		symbol := mco.Sym(mco.Symbol(name))
		if k.Kind() == mco.KindString && a.input(symbol) != nil && a.input(k) == nil {
			k = symbol
		}
		out.Set(k, v)
	}
	return out, nil
}

// ApplyDefaults adds to a client's arguments the defaults of required inputs that were left out (set_default_input_arguments). The
// defaults of optional inputs are never sent, and nodes apply none.
func (d *DDL) ApplyDefaults(action string, data *mco.Map) {
	a := d.Action(action)
	if a == nil {
		return
	}
	for _, in := range a.Inputs {
		if in.Default.IsNil() || in.IsOptional() {
			continue
		}
		if _, given := data.Get(in.Name); given {
			continue
		}
		if s, ok := in.Name.AsSymbol(); ok && a.input(mco.String(string(s))) == nil {
			if _, given := data.Get(mco.String(string(s))); given {
				continue
			}
		}
		data.Set(in.Name, in.Default)
	}
}

// DefaultOutputs returns what the data of a reply begins with: each declared output with its default or nil (rpc/reply.rb). It is made
// anew by each call. ok is false when the action is not declared.
func (d *DDL) DefaultOutputs(action string) (data *mco.Map, ok bool) {
	a := d.Action(action)
	if a == nil {
		return new(mco.Map), false
	}
	data = mco.SymbolMap(len(a.Outputs))
	for _, out := range a.Outputs {
		data.Set(out.Name, out.Default)
	}
	return data, true
}

// ValidateQuery checks the argument of a data query (Data.ddl_validate); nil stands for none.
func (d *DDL) ValidateQuery(argument mco.Value) error {
	name := d.MetaText("name")
	refuse := func(reason string) error { return &ValidationError{d.Name, "", "query", reason} }
	switch {
	case d.Query == nil:
		return refuse("No dataquery has been defined in the DDL for data plugin " + name)
	case len(d.Query.Outputs) == 0:
		return refuse("No output has been defined in the DDL for data plugin " + name)
	}
	in := d.Query.Input("query")
	switch {
	case in == nil && truthy(argument):
		return said("No data plugin argument was declared in the %s DDL but an input was supplied", name)
	case in == nil, argument.IsNil() && in.IsOptional():
		return nil
	}
	return d.validateInput("", in, argument)
}

// ConvertQuery turns the text of a query into the declared type where that is possible (Data.ddl_transform_input).
func (d *DDL) ConvertQuery(argument mco.Value) mco.Value {
	if d.Query == nil || d.Query.Input("query") == nil {
		return argument
	}
	s, ok := argument.AsString()
	if !ok {
		return argument
	}
	v, err := d.Query.Input("query").Convert(s)
	if err != nil || v.Kind() == mco.KindString {
		return argument
	}
	return v
}

// HasOutput tells whether a data query has an output of that name, which is a Symbol (Data.ddl_has_output?).
func (d *DDL) HasOutput(name string) bool {
	return d.Query != nil && d.Query.output(mco.Sym(mco.Symbol(name))) != nil
}
