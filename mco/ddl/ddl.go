// Package ddl reads the interface files that lie beside plugins (.ddl, or .json as choria writes them) and applies them: which inputs
// a request must have and what they may hold, what is sent when one is left out, which outputs a reply starts with, and how replies
// are summarised.
//
// A .ddl file is a Ruby program. It is never run here: a lexer, a parser and a small interpreter know the words of the language and
// the harmless Ruby around them (literals, loops over lists, conditions, string methods), within bounds on size, depth and work. What
// lies beyond is refused with file and line ([*RefusedError]); a JSON file beside such a .ddl takes its place.
// Source of facts: ddl.rb, ddl/*.rb, validator.rb, validator/*.rb, aggregate.rb, aggregate/*.rb.
package ddl

import "github.com/mco-go/mco-go/mco"

// Kind is the type of a plugin: the name of its folder below <libdir>/mcollective.
type Kind string

// Kinds whose files hold more than metadata, requirements and usage. Any other name is a kind as well.
const (
	Agent     Kind = "agent"
	Data      Kind = "data"
	Discovery Kind = "discovery"
	Validator Kind = "validator"
	Aggregate Kind = "aggregate"
	Connector Kind = "connector"
)

// Version is the version of the original that requirements are compared with.
const Version = "2.12.5"

// DefaultTimeout is how many seconds an agent is given whose file has no metadata (rpc/agent.rb).
const DefaultTimeout = 10

// DDL is what one file declares. It is read-only once loaded, and safe for concurrent use.
type DDL struct {
	Kind         Kind
	Name         string // of the plugin; data plugins and validators have it with their suffix ("fact_data")
	File         string // where it was read; "builtin/..." for our own
	Meta         *mco.Map
	Requirements *mco.Map
	Usage        mco.Value
	Actions      []*Action // agents, in order of declaration
	Query        *Query    // data plugins, when declared
	Capabilities []string  // discovery methods
	Warnings     []string  // what the original logs at level warn while it loads the file

	discovery bool // a discovery block was there
	json      bool // made from JSON, whose types array, hash and Any are real
	patterns  patterns
}

// Interface is what an action or a data query takes and gives, in order of declaration.
type Interface struct {
	Description mco.Value
	Inputs      []*Input
	Outputs     []*Output
}

// Action is one action of an agent.
type Action struct {
	Interface
	Name       mco.Value // a String; an action named by a Symbol is never found by clients
	Display    string    // "ok", "failed", "always" or "flatten": whose results are shown
	Aggregates []Function
}

// Query is the interface of a data plugin, whose only input is named query.
type Query struct{ Interface }

// Input is one declared argument. Properties that were not given are nil.
type Input struct {
	Name        mco.Value // a Symbol, as a rule
	Prompt      mco.Value
	Description mco.Value
	Type        mco.Value // a Symbol, as a rule
	Default     mco.Value
	Optional    mco.Value
	Validation  mco.Value // a pattern (String or Regexp), or a Symbol that names a validator; of strings only
	MaxLength   mco.Value // characters; of strings only
	List        mco.Value // the values allowed; of lists only
}

// Output is one declared result.
type Output struct {
	Name        mco.Value
	Description mco.Value
	DisplayAs   mco.Value
	Default     mco.Value
}

// Function is one line of a summarize block.
type Function struct {
	Name string      // such as "summary"
	Args []mco.Value // the output's name, and a hash with :format perhaps
	More *mco.Map    // what was given beside the function: kept, without effect in the original
}

// IsOptional tells whether the input may be left out.
func (in *Input) IsOptional() bool { return truthy(in.Optional) }

// Key returns the input's name as text.
func (in *Input) Key() string { return text(in.Name) }

// TypeName returns the input's type when it is a Symbol, as all types are that have a meaning of their own.
func (in *Input) TypeName() string {
	if s, ok := in.Type.AsSymbol(); ok {
		return string(s)
	}
	return ""
}

// Key returns the output's name as text.
func (out *Output) Key() string { return text(out.Name) }

// Label returns the text that the output is shown under.
func (out *Output) Label() string { return text(out.DisplayAs) }

// Action returns the action of that name, which requests give as a String, or nil.
func (d *DDL) Action(name string) *Action { return d.action(mco.String(name)) }

func (d *DDL) action(name mco.Value) *Action {
	for _, a := range d.Actions {
		if a.Name.Equal(name) {
			return a
		}
	}
	return nil
}

// Input returns the declaration of the input of that name, given as Symbol or String, or nil.
func (i *Interface) Input(name string) *Input {
	if in := i.input(mco.Sym(mco.Symbol(name))); in != nil {
		return in
	}
	return i.input(mco.String(name))
}

func (i *Interface) input(name mco.Value) *Input {
	for _, in := range i.Inputs {
		if in.Name.Equal(name) {
			return in
		}
	}
	return nil
}

// Output returns the declaration of the output of that name, given as Symbol or String, or nil.
func (i *Interface) Output(name string) *Output {
	if out := i.output(mco.Sym(mco.Symbol(name))); out != nil {
		return out
	}
	return i.output(mco.String(name))
}

func (i *Interface) output(name mco.Value) *Output {
	for _, out := range i.Outputs {
		if out.Name.Equal(name) {
			return out
		}
	}
	return nil
}

// Timeout returns the plugin's timeout in seconds and whether its metadata has a usable one.
func (d *DDL) Timeout() (seconds float64, ok bool) {
	v := d.Meta.Symbol("timeout")
	if n, ok := v.AsInt(); ok {
		return float64(n), true
	}
	return v.AsFloat()
}

// MetaText returns an entry of the metadata as text, "" when there is none.
func (d *DDL) MetaText(key mco.Symbol) string { return text(d.Meta.Symbol(key)) }
