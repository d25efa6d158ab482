package cli

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mco-go/mco-go/mco/ddl"
	"github.com/mco-go/mco-go/mco/inspect"
)

// pluginSource is a folder with a plugin in it, and what is said of it in its DDL and by options (pluginpackager/*_definition.rb).
type pluginSource struct {
	dir      string // where the folders of the kinds are
	kind     ddl.Kind
	name     string // as packages are named
	version  string
	requires string // the least version of MCollective; empty: any
	meta     *ddl.DDL
	parts    []part
}

// part is one of the packages that a plugin becomes.
type part struct {
	name, description string
	files             []string // relative to the source's folder, sorted
	needsCommon       bool
}

// extras are the kinds whose plugins are packaged alone, one kind in a folder.
var extras = []string{"connector", "facts", "registration", "security", "audit", "pluginpackager", "data", "discovery", "validator"}

// source reads the folder that was named.
func (c *pluginCommand) source() (*pluginSource, error) {
	src := &pluginSource{dir: c.target}
	if lib := filepath.Join(c.target, "lib", "mcollective"); isDir(lib) {
		src.dir = lib
	}
	kind, err := c.kindOf(src.dir)
	if err != nil {
		return nil, err
	}
	src.kind = kind
	files, _ := filepath.Glob(filepath.Join(src.dir, string(kind), "*.ddl"))
	if len(files) == 0 {
		return nil, textError("failed to load ddl file in plugin directory : " + filepath.Join(src.dir, string(kind)))
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		return nil, textError("failed to load ddl file in plugin directory : " + filepath.Join(src.dir, string(kind)))
	}
	if src.meta, err = ddl.ParseRuby(kind, "package", text, files[0]); err != nil {
		return nil, err
	}
	src.requires = inspect.Text(src.meta.Requirements.Symbol("mcollective"))
	src.name = packageName(cmp.Or(c.name, src.meta.MetaText("name")))
	src.version = cmp.Or(c.version, src.meta.MetaText("version"))
	if kind == ddl.Agent {
		src.agentParts()
	} else {
		src.otherParts()
	}
	return src, nil
}

func (c *pluginCommand) kindOf(dir string) (ddl.Kind, error) {
	if isDir(filepath.Join(dir, "agent")) || isDir(filepath.Join(dir, "application")) {
		return ddl.Agent, nil
	}
	entries, _ := os.ReadDir(c.target)
	var found []string
	for _, e := range entries {
		if e.IsDir() && slices.ContainsFunc(extras, func(kind string) bool { return strings.Contains(e.Name(), kind) }) {
			found = append(found, e.Name())
		}
	}
	switch {
	case len(found) > 1:
		return "", textError("more than one plugin type detected in directory")
	case len(found) == 0:
		return "", textError("no plugins detected in directory")
	}
	return ddl.Kind(found[0]), nil
}

// packageName is a name in the form that packages have: blanks and underscores are dashes.
func packageName(name string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(strings.ToLower(name)), "-"), "_", "-")
}

// agentParts are an agent's: what nodes need, what clients need, and what both do.
func (src *pluginSource) agentParts() {
	common := slices.Concat(src.below("data"), src.below("util"), src.below("validator"), src.match("agent", true))
	src.add("common", "Common libraries for "+src.name, common, false)
	src.add("agent", "Agent plugin for "+src.name, src.match("agent", false), true)
	src.add("client", "Client plugin for "+src.name, slices.Concat(src.below("application"), src.below("aggregate")), true)
}

func (src *pluginSource) otherParts() {
	util := src.below("util")
	src.add("common", "Common libraries for "+src.name+" "+string(src.kind)+" plugin", util, false)
	src.add(string(src.kind), src.name+" "+string(src.kind)+" plugin for the Marionette Collective.", src.below(string(src.kind)), len(util) > 0)
}

func (src *pluginSource) add(name, description string, files []string, needsCommon bool) {
	if len(files) > 0 {
		slices.Sort(files)
		src.parts = append(src.parts, part{name, description, files, needsCommon})
	}
}

// below lists the files of a folder and of those in it. Links are not followed.
func (src *pluginSource) below(dir string) []string {
	var files []string
	root := os.DirFS(src.dir)
	_ = walkFiles(root, dir, func(path string) { files = append(files, path) }) // a folder that is not there has no files
	return files
}

// match lists the files of a folder that are DDLs, or those that are not.
func (src *pluginSource) match(dir string, ddls bool) []string {
	return slices.DeleteFunc(src.below(dir), func(path string) bool { return (filepath.Ext(path) == ".ddl") != ddls })
}

func (c *pluginCommand) revisionOf(s *session) string {
	if c.iteration != "" {
		fmt.Fprintln(s.out, "Warning. The --iteration flag has been deprecated. Please use --revision instead.")
	}
	return cmp.Or(c.revision, c.iteration, "1")
}

// info prints what would be packaged.
func (c *pluginCommand) info(s *session) error {
	src, err := c.source()
	if err != nil {
		return err
	}
	revision := c.revisionOf(s)
	kind, err := c.packageKind()
	if err != nil {
		return err
	}
	var b strings.Builder
	line := func(label, text string) { fmt.Fprintf(&b, "%30s%s\n", label, text) }
	b.WriteByte('\n')
	line("Plugin information : ", src.name)
	line(strings.Repeat("-", 22), strings.Repeat("-", 22))
	line("Plugin Type : ", strings.ToUpper(string(src.kind[:1]))+string(src.kind[1:]))
	line("Package Output Format : ", kind)
	line("Version : ", src.version)
	line("Revision : ", revision)
	line("Vendor : ", cmp.Or(c.vendor, "Puppet Labs"))
	if c.postinstall != "" {
		line("Post Install Script : ", c.postinstall)
	}
	line("Author : ", src.meta.MetaText("author"))
	line("License : ", src.meta.MetaText("license"))
	line("URL : ", src.meta.MetaText("url"))
	for i, p := range src.parts {
		label := "Identified Packages : "
		if i > 0 {
			label = " "
		}
		line(label, p.name)
	}
	_, err = fmt.Fprint(s.out, b.String())
	return err
}

// packageKind is the format that was asked for, or that of this machine.
func (c *pluginCommand) packageKind() (string, error) {
	switch c.format {
	case "debpackage":
		return "Deb", nil
	case "rpmpackage":
		return "RPM", nil
	case "", "ospackage":
		for file, kind := range map[string]string{"/etc/redhat-release": "RPM", "/etc/debian_version": "Deb"} {
			if _, err := os.Stat(file); err == nil {
				return kind, nil
			}
		}
		return "", textError("cannot identify operating system.")
	}
	return "", fmt.Errorf("there is no package format %s; debpackage and rpmpackage are known", c.format)
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
