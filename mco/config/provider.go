package config

import (
	"os"
	"path/filepath"
	"slices"
)

// ProviderError is the name of a plugin that does not exist.
type ProviderError struct {
	Class string // as the original names it: Mcollective::Security::Nosuch
	Path  string // where the original looks: mcollective/security/nosuch.rb
	Key   string // the setting that names it
	place place
}

// Error gives the original's text with the place behind it.
func (e *ProviderError) Error() string {
	text := "cannot load such file -- " + e.Path
	if e.place.line == 0 {
		return text + " (" + e.place.file + ")"
	}
	return (&Error{Text: text, File: e.place.file, Line: e.place.line}).Error()
}

// LogLine is what the original logs as an error before it gives up.
func (e *ProviderError) LogLine() string {
	return "Failed to load " + e.Class + ": cannot load such file -- " + e.Path
}

// checkProviders refuses names of plugins that do not exist, in the original's order. A fact source, a registration or an audit
// plugin may also be named by more or lie in a libdir as Ruby: whether it can be used is for the program that wires it.
func (c *Config) checkProviders(more map[string][]string) error {
	type provider struct {
		key, kind, class, name string
		foreign                bool
		known                  []string
	}
	wanted := []provider{
		{"factsource", "facts", "Facts", c.FactSource + "_facts", true, []string{"yaml_facts", "facter_facts"}},
		{"connector", "connector", "Connector", c.Connector, false, []string{"activemq", "rabbitmq"}},
		{"securityprovider", "security", "Security", c.SecurityProvider, false, []string{"psk", "ssl", "aes_security"}},
		{"registration", "registration", "Registration", c.Registration, true, []string{"agentlist", "meta"}},
	}
	if c.RPCAudit {
		wanted = append(wanted, provider{"rpcauditprovider", "audit", "Audit", c.RPCAuditProvider, true, []string{"logfile"}})
	}
	for _, p := range wanted {
		path := "mcollective/" + p.kind + "/" + p.name + ".rb"
		switch {
		case slices.Contains(p.known, p.name):
		case p.foreign && (c.inLibDirs(path) || slices.Contains(more[p.kind], p.name) || p.kind == "facts" && slices.Contains(more["facts"], c.FactSource)):
		default:
			at := c.places["/"+p.key]
			if at.file == "" {
				at.file = c.File
			}
			return &ProviderError{Class: "Mcollective::" + p.class + "::" + capitalize(p.name), Path: path, Key: p.key, place: at}
		}
	}
	return nil
}

func (c *Config) inLibDirs(path string) bool {
	return filepath.IsLocal(path) && slices.ContainsFunc(c.LibDirs, func(dir string) bool {
		info, err := os.Stat(filepath.Join(dir, path))
		return err == nil && info.Mode().IsRegular()
	})
}
