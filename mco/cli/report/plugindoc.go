package report

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/ddl"
	"github.com/mco-go/mco-go/mco/inspect"
)

// PluginDoc returns the page that documents a plugin (DDL::Base#help with the templates *-help.erb). columns is the width of the screen
// that its usage is wrapped for, 0 where there is none. Where a template of the original stumbles over a DDL the error is Ruby's.
func PluginDoc(d *ddl.DDL, columns int) (string, error) {
	var p page
	if err := p.metadata(d, columns); err != nil {
		return "", err
	}
	var err error
	switch d.Kind {
	case ddl.Agent:
		p.line("")
		err = p.agent(d.Entities())
	case ddl.Data:
		p.line("")
		err = p.data(d.Entities().Field("data"))
	case ddl.Discovery:
		p.line("")
		err = p.discovery(d.Entities().Field("discovery"))
	}
	return p.String(), err
}

// page is a page under way.
type page struct{ strings.Builder }

func (p *page) line(format string, args ...any) {
	fmt.Fprintf(p, format+"\n", args...)
}

func (p *page) metadata(d *ddl.DDL, columns int) error {
	name := d.Meta.Symbol("name")
	text, isName := name.AsName()
	if !isName {
		return fmt.Errorf("undefined method `size' for %s", described(name))
	}
	p.line("%s\n%s\n\n%s\n", text, strings.Repeat("=", len([]rune(text))), d.MetaText("description"))
	p.line("      Author: %s", d.MetaText("author"))
	p.line("     Version: %s", d.MetaText("version"))
	p.line("     License: %s", d.MetaText("license"))
	p.line("     Timeout: %s", d.MetaText("timeout"))
	p.line("   Home Page: %s", d.MetaText("url"))
	if version := d.Requirements.Symbol("mcollective"); isTrue(version) {
		p.line("\n   Requires MCollective %s or newer", inspect.Text(version))
	}
	if usage := inspect.Text(d.Usage); usage != "" {
		p.line("\n%s", Align(usage, columns, 3))
	}
	return nil
}

func (p *page) agent(entities mco.Value) error {
	actions, _ := entities.AsMap()
	keys, err := sortedKeys(actions)
	if err != nil {
		return err
	}
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = inspect.Text(k)
	}
	p.line("ACTIONS:\n========\n   %s\n", strings.Join(names, ", "))
	for i, k := range keys {
		action, _ := actions.Get(k)
		p.line("   %s action:\n   %s\n       %s\n\n       INPUT:", names[i], strings.Repeat("-", len([]rune(names[i]))+8), inspect.Text(action.Field("description")))
		inputs, _ := action.Field("input").AsMap()
		if inputs.Len() == 0 {
			p.line("          This action does not have any inputs")
		}
		if err := p.each(inputs, func(key string, in mco.Value) {
			p.line("           %s:", key)
			p.input(in, true)
			p.line("")
		}); err != nil {
			return err
		}
		p.line("\n       OUTPUT:")
		outputs, _ := action.Field("output").AsMap()
		if err := p.each(outputs, func(key string, out mco.Value) {
			p.output(key, out)
			if v := out.Field("default"); isTrue(v) {
				p.line("            Default Value: %s", inspect.Text(v))
			}
			p.line("")
		}); err != nil {
			return err
		}
	}
	return nil
}

func (p *page) data(query mco.Value) error {
	if query.IsNil() {
		return fmt.Errorf("undefined method `[]' for %s", described(query))
	}
	p.line("QUERY FUNCTION INPUT:\n")
	if in := query.Field("input").Field("query"); isTrue(in) {
		p.input(in, false)
	} else {
		p.line("    This plugin does not take any input")
	}
	p.line("\nQUERY FUNCTION OUTPUT:\n")
	outputs, _ := query.Field("output").AsMap()
	return p.each(outputs, func(key string, out mco.Value) {
		p.output(key, out)
		p.line("")
	})
}

func (p *page) discovery(method mco.Value) error {
	if method.IsNil() {
		return fmt.Errorf("undefined method `[]' for %s", described(method))
	}
	p.line("DISCOVERY METHOD CAPABILITIES:")
	can, _ := method.Field("capabilities").AsList()
	for _, c := range []struct{ name, text string }{
		{"classes", "Filter based on configuration management classes"},
		{"facts", "Filter based on system facts"},
		{"identity", "Filter based on mcollective identity"},
		{"agents", "Filter based on mcollective agents"},
		{"compound", "Compound filters combining classes and facts"},
	} {
		if slices.ContainsFunc(can, mco.Sym(mco.Symbol(c.name)).Equal) {
			p.line("      %s", c.text)
		}
	}
	p.line("")
	return nil
}

func (p *page) input(in mco.Value, optional bool) {
	p.line("              Description: %s", inspect.Text(in.Field("description")))
	p.line("                   Prompt: %s", inspect.Text(in.Field("prompt")))
	p.line("                     Type: %s", inspect.Text(in.Field("type")))
	if optional {
		p.line("                 Optional: %t", isTrue(in.Field("optional")))
	}
	switch kind, _ := in.Field("type").AsSymbol(); kind {
	case "string":
		p.line("               Validation: %s", inspect.Text(in.Field("validation")))
		p.line("                   Length: %s", inspect.Text(in.Field("maxlength")))
	case "list":
		p.line("             Valid Values: %s", joined(in.Field("list")))
	}
	if v := in.Field("default"); isTrue(v) {
		p.line("            Default Value: %s", inspect.Text(v))
	}
}

func (p *page) output(key string, out mco.Value) {
	p.line("           %s:", key)
	p.line("              Description: %s", inspect.Text(out.Field("description")))
	p.line("               Display As: %s", inspect.Text(out.Field("display_as")))
}

// each goes through a hash in the order of its sorted keys.
func (p *page) each(m *mco.Map, do func(key string, v mco.Value)) error {
	keys, err := sortedKeys(m)
	if err != nil {
		return err
	}
	for _, k := range keys {
		v, _ := m.Get(k)
		do(inspect.Text(k), v)
	}
	return nil
}

// sortedKeys is keys.sort: Ruby compares strings with strings and symbols with symbols alone.
func sortedKeys(m *mco.Map) ([]mco.Value, error) {
	var keys []mco.Value
	for k := range m.All() {
		if len(keys) > 0 && k.Kind() != keys[0].Kind() {
			if keys[0].Kind() == mco.KindString {
				return nil, errors.New("comparison of String with " + inspect.Inspect(k) + " failed")
			}
			return nil, errors.New("comparison of Symbol with String failed")
		}
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b mco.Value) int { return strings.Compare(inspect.Text(a), inspect.Text(b)) })
	return keys, nil
}

// joined is list.join(", "), which goes into lists within the list.
func joined(v mco.Value) string {
	items, ok := v.AsList()
	if !ok {
		return inspect.Text(v)
	}
	texts := make([]string, len(items))
	for i, item := range items {
		texts[i] = joined(item)
	}
	return strings.Join(texts, ", ")
}

func isTrue(v mco.Value) bool {
	b, isBool := v.AsBool()
	return !v.IsNil() && (!isBool || b)
}

// described names a value as the complaints of Ruby do.
func described(v mco.Value) string {
	if v.IsNil() {
		return "nil:NilClass"
	}
	return inspect.Inspect(v)
}
