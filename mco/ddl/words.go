package ddl

import (
	"errors"
	"fmt"
	"slices"

	"github.com/mco-go/mco-go/mco"
)

// builder holds a DDL while its file is read: it is the object whose methods the words of the language are.
type builder struct {
	d           *DDL
	node        bool
	current     *Interface // of the action or data query whose block runs
	action      *Action    // the action whose block runs
	inDiscovery bool
	summarizing bool
}

// arity is how many arguments a word takes; -1: any number.
type arity struct{ least, most int }

func (a arity) check(given int) error {
	switch {
	case a.most < 0 || a.least <= given && given <= a.most:
		return nil
	case a.least == a.most:
		return fmt.Errorf("wrong number of arguments (given %d, expected %d)", given, a.least)
	}
	return fmt.Errorf("wrong number of arguments (given %d, expected %d..%d)", given, a.least, a.most)
}

// arity knows what the original's object for this kind of plugin understands.
func (b *builder) arity(word string) (arity, bool) {
	switch word {
	case "metadata", "requires", "usage":
		return arity{1, 1}, true
	case "input", "output":
		return arity{2, 2}, true
	}
	switch b.d.Kind {
	case Agent:
		switch word {
		case "action":
			return arity{2, 2}, true
		case "display":
			return arity{1, 1}, true
		case "summarize":
			return arity{0, 0}, true
		case "aggregate":
			return arity{1, 2}, true
		}
	case Data:
		if word == "dataquery" {
			return arity{1, 1}, true
		}
	case Discovery:
		switch word {
		case "discovery":
			return arity{0, 0}, true
		case "capabilities":
			return arity{0, -1}, true
		}
	}
	return arity{}, false
}

func (b *builder) call(word string, args []mco.Value, body func() (mco.Value, error)) (mco.Value, error) {
	var block func() error
	if body != nil {
		block = func() error { _, err := body(); return err }
	}
	var err error
	switch word {
	case "metadata":
		err = b.metadata(args[0])
	case "requires":
		err = b.requires(args[0])
	case "usage":
		b.d.Usage = args[0]
	case "input":
		err = b.input(args[0], args[1])
	case "output":
		err = b.output(args[0], args[1])
	case "action":
		err = b.defineAction(args[0], args[1], block)
	case "display":
		err = b.display(args[0])
	case "summarize":
		err = b.summarize(block)
	case "aggregate":
		err = b.aggregate(args)
	case "dataquery":
		err = b.dataquery(args[0], block)
	case "discovery":
		err = b.discovery(block)
	case "capabilities":
		err = b.capabilities(args)
	}
	return mco.Nil(), err
}

func (b *builder) metadata(meta mco.Value) error {
	for _, key := range []string{"name", "description", "author", "license", "version", "url", "timeout"} {
		if has, err := includes(meta, key); err != nil {
			return err
		} else if !has {
			return said("Metadata needs a :%s property", key)
		}
	}
	m, _ := meta.AsMap()
	b.d.Meta = m
	return nil
}

func (b *builder) requires(requirement mco.Value) error {
	m, ok := requirement.AsMap()
	if !ok {
		return said("Requirement should be a hash in the form :item => 'requirement'")
	}
	for k, v := range m.All() {
		if s, ok := k.AsSymbol(); !ok || s != "mcollective" {
			return said("Requirement %s is not a valid requirement, only mcollective is supported", text(k))
		}
		b.d.Requirements.Set(k, v)
	}
	v := b.d.Requirements.Symbol("mcollective")
	if !truthy(v) {
		return nil
	}
	wanted, ok := v.AsString()
	if !ok {
		return errors.New(noMethod("scan", v))
	}
	if CompareVersions(Version, wanted) < 0 {
		return said("%s plugin '%s' requires MCollective version %s or newer", capitalize(string(b.d.Kind)), b.d.Name, wanted)
	}
	return nil
}

func (b *builder) input(name, properties mco.Value) error {
	switch b.d.Kind {
	case Agent:
		if has, err := includes(properties, "optional"); err != nil {
			return err
		} else if !has {
			return said("Input needs a :optional property")
		}
	case Data:
		if s, ok := name.AsSymbol(); !ok || s != "query" {
			return said("The only valid input name for a data query is 'query'")
		}
	}
	if b.current == nil && !b.inDiscovery {
		return said("Cannot figure out what entity input %s belongs to", text(name))
	}
	for _, key := range []string{"prompt", "description", "type"} {
		if has, err := includes(properties, key); err != nil {
			return err
		} else if !has {
			return said("Input needs a :%s property", key)
		}
	}
	m, ok := properties.AsMap()
	if !ok {
		return errors.New("no implicit conversion of Symbol into Integer")
	}
	if b.inDiscovery {
		return errors.New(noMethod("[]=", mco.Nil()))
	}
	in := &Input{
		Name: name, Prompt: m.Symbol("prompt"), Description: m.Symbol("description"), Type: m.Symbol("type"),
		Default: m.Symbol("default"), Optional: m.Symbol("optional"),
	}
	switch in.TypeName() {
	case "string":
		for _, key := range []string{"validation", "maxlength"} {
			if has, _ := includes(properties, key); !has {
				return said("Input type :string needs a :%s argument", key)
			}
		}
		in.Validation, in.MaxLength = m.Symbol("validation"), m.Symbol("maxlength")
	case "list":
		if has, _ := includes(properties, "list"); !has {
			return said("Input type :list needs a :list argument")
		}
		in.List = m.Symbol("list")
	}
	b.current.setInput(in)
	return nil
}

func (i *Interface) setInput(in *Input) {
	if at := slices.IndexFunc(i.Inputs, func(have *Input) bool { return have.Name.Equal(in.Name) }); at >= 0 {
		i.Inputs[at] = in
		return
	}
	i.Inputs = append(i.Inputs, in)
}

func (b *builder) output(name, properties mco.Value) error {
	if b.current == nil && !b.inDiscovery {
		return said("Cannot figure out what action input %s belongs to", text(name))
	}
	for _, key := range []string{"description", "display_as"} {
		if has, err := includes(properties, key); err != nil {
			return err
		} else if !has {
			return said("Output %s needs a %s argument", text(name), key)
		}
	}
	m, ok := properties.AsMap()
	if !ok {
		return errors.New("no implicit conversion of Symbol into Integer")
	}
	if b.inDiscovery {
		return errors.New(noMethod("[]=", mco.Nil()))
	}
	b.current.setOutput(&Output{
		Name: name, Description: m.Symbol("description"), DisplayAs: m.Symbol("display_as"), Default: m.Symbol("default"),
	})
	return nil
}

func (i *Interface) setOutput(out *Output) {
	if at := slices.IndexFunc(i.Outputs, func(have *Output) bool { return have.Name.Equal(out.Name) }); at >= 0 {
		i.Outputs[at] = out
		return
	}
	i.Outputs = append(i.Outputs, out)
}

// includes is properties.include?(:key).
func includes(properties mco.Value, key string) (bool, error) {
	switch properties.Kind() {
	case mco.KindMap:
		m, _ := properties.AsMap()
		_, ok := m.Get(mco.Sym(mco.Symbol(key)))
		return ok, nil
	case mco.KindList:
		list, _ := properties.AsList()
		return slices.ContainsFunc(list, mco.Sym(mco.Symbol(key)).Equal), nil
	case mco.KindString:
		return false, errors.New("no implicit conversion of Symbol into String")
	}
	return false, errors.New(noMethod("include?", properties))
}
