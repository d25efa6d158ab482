package cli

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mco-go/mco-go/mco/cli/report"
	"github.com/mco-go/mco-go/mco/ddl"
)

// documented are the kinds of plugins that have pages, in the order of the list.
func documented() []struct {
	title string
	kind  ddl.Kind
} {
	return []struct {
		title string
		kind  ddl.Kind
	}{
		{"Agents", ddl.Agent},
		{"Aggregate", ddl.Aggregate},
		{"Connectors", ddl.Connector},
		{"Data Queries", ddl.Data},
		{"Discovery Methods", ddl.Discovery},
		{"Validator Plugins", ddl.Validator},
	}
}

// bare is the name of a plugin without the suffix that names of some kinds have.
func bare(name string, kind ddl.Kind) string { return strings.TrimSuffix(name, "_"+string(kind)) }

func (c *pluginCommand) doc(s *session) error {
	if c.target == "." {
		return s.listPlugins()
	}
	kind, name, ok := strings.Cut(c.target, "/")
	if !ok || kind == "" || name == "" {
		found, err := s.kindOf(c.target)
		if err != nil {
			return err
		}
		kind, name = string(found), c.target
	}
	d, err := s.loadPlugin(ddl.Kind(kind), name)
	if err != nil {
		return err
	}
	if c.template != "" && !isTemplate(filepath.Base(c.template)) {
		return textError("the template " + c.template + " is a program in Ruby, which is not run here; pages have the form of the original's own templates")
	}
	text, err := report.PluginDoc(d, s.columns())
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(s.out, text)
	return err
}

// isTemplate knows the templates that come with the original, whose pages are made here.
func isTemplate(name string) bool {
	return slices.Contains([]string{"rpc-help.erb", "data-help.erb", "discovery-help.erb", "metadata-help.erb"}, name)
}

// kindOf finds the one kind that has a plugin of this name.
func (s *session) kindOf(name string) (ddl.Kind, error) {
	var kinds []ddl.Kind
	for _, k := range documented() {
		for _, have := range ddl.List(s.cfg.LibDirs, k.kind) {
			if bare(have, k.kind) == name {
				kinds = append(kinds, k.kind)
			}
		}
	}
	switch len(kinds) {
	case 0:
		return "", plain("Could not find a plugin named '" + name + "' in any supported plugin type")
	case 1:
		return kinds[0], nil
	}
	return "", plain("Duplicate plugin name found, please specify a full path like agent/rpcutil")
}

// loadPlugin finds the file of a plugin under its bare name or with the suffix of its kind.
func (s *session) loadPlugin(kind ddl.Kind, name string) (*ddl.DDL, error) {
	for _, n := range []string{name, name + "_" + string(kind)} {
		d, err := ddl.Load(s.cfg.LibDirs, kind, n)
		if _, missing := errors.AsType[*ddl.NotFoundError](err); !missing {
			return d, err
		}
	}
	name, _, _ = strings.Cut(name, "/")
	return nil, plain(fmt.Sprintf("Could not find a '%s' plugin named '%s'", kind, name))
}

func (s *session) listPlugins() error {
	var b, failed strings.Builder
	b.WriteString("Please specify a plugin. Available plugins are:\n\n")
	for _, k := range documented() {
		b.WriteString(k.title + ":\n")
		for _, name := range ddl.List(s.cfg.LibDirs, k.kind) {
			d, err := ddl.Load(s.cfg.LibDirs, k.kind, name)
			if err != nil {
				fmt.Fprintf(&failed, "  %-25s %s\n", string(k.kind)+"/"+name, report.Paint(s.color, report.Yellow, err.Error()))
				continue
			}
			fmt.Fprintf(&b, "  %-25s %s\n", bare(name, k.kind), d.MetaText("description"))
		}
		b.WriteByte('\n')
	}
	if failed.Len() > 0 {
		b.WriteString("Plugin Load Errors:\n" + failed.String())
	}
	_, err := fmt.Fprint(s.out, b.String())
	return err
}
