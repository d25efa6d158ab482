package doctor

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/mco-go/mco-go/mco/config"
	"github.com/mco-go/mco-go/mco/spelling"
)

// file reads the cfg file, and goes on behind each mistake in it.
func (x *examination) file() {
	var mistakes []error
	cfg, err := config.LoadWith(x.File, config.Options{Role: x.Role, Excuse: func(err error) bool {
		mistakes = append(mistakes, err)
		return true
	}})
	if err != nil {
		mistakes = append(mistakes, err)
	}
	for _, err := range mistakes {
		x.broken = true
		x.mistake(err, cfg)
	}
	if cfg == nil {
		return
	}
	x.cfg = cfg
	x.remarks()
	x.pluginKeys()
	x.inlineRemarks()
	x.contradictions()
	if !x.broken {
		x.say(Good, "file", x.File, "every line can be read", "")
	}
	x.weaknesses()
}

// mistake tells what keeps a program from starting.
func (x *examination) mistake(err error, cfg *config.Config) {
	if e, ok := errors.AsType[*config.ProviderError](err); ok && cfg != nil {
		x.say(Bad, "provider-unknown", x.at(cfg, e.Key), err.Error(), "name one that exists in "+e.Key+": docs/reference-config.md lists them")
		return
	}
	e, ok := errors.AsType[*config.Error](err)
	if !ok || e.Line == 0 {
		x.say(Bad, "file", x.File, err.Error(), "give a cfg file that exists and that you may read, with -c")
		return
	}
	where := place(e.File, e.Line)
	key, unknown := strings.CutPrefix(e.Text, "Unknown config parameter '")
	if !unknown {
		x.say(Bad, "value", where, e.Text, "give a value of the kind that docs/reference-config.md names; a remark needs a line of its own")
		return
	}
	key = strings.TrimSuffix(key, "'")
	mend := "remove the line, or write plugin. before the key when it is a plugin's"
	if near := spelling.Nearest(key, coreKeys()); near != "" {
		mend = "write " + near
	}
	x.say(Bad, "key-unknown", where, fmt.Sprintf("'%s' is no setting: neither the original nor we start with it", key), mend)
}

// remarks passes on what config had to say.
func (x *examination) remarks() {
	for _, w := range x.cfg.Warnings {
		where := place(w.File, w.Line)
		switch {
		case strings.Contains(w.Text, "deprecated"):
			x.say(Warning, "key-obsolete", where, w.Text, "remove the line")
		case strings.Contains(w.Text, "no setting that this version knows"):
			key, _, _ := strings.Cut(strings.TrimPrefix(w.Text, "'"), "'")
			x.unknownPlugin(key, ownKeys(x.Role))
		case strings.Contains(w.Text, "can read plugin."):
			x.say(Warning, "secret-readable", where, w.Text, "chmod o-r "+w.File)
		case w.Level == "debug":
			x.say(Note, "file", where, w.Text, "")
		default:
			x.say(Warning, "file", where, w.Text, "")
		}
	}
}

// pluginKeys looks for misspelt plugin keys. Under the words that only a connector and we use each key must be known; elsewhere any
// plugin may have keys of its own, and only what looks like a slip is told.
func (x *examination) pluginKeys() {
	known := pluginKeys(x.cfg.Connector)
	for key := range x.cfg.Plugins() {
		name := "plugin." + key
		family, _, _ := strings.Cut(key, ".")
		switch plain := withoutNumbers(name); {
		case family == "mco", slices.Contains(known, plain):
		case family == "rabbitmq" || family == "activemq":
			if family != x.cfg.Connector {
				continue // told once, as a contradiction
			}
			x.unknownPlugin(name, known)
		default:
			if near := spelling.Nearest(plain, known); near != "" && !isAgentKey(plain) {
				x.unknownPlugin(name, []string{near})
			}
		}
	}
}

// unknownPlugin tells of a plugin key that nobody reads.
func (x *examination) unknownPlugin(name string, known []string) {
	mend := "remove the line: nobody reads it"
	if near := spelling.Nearest(withoutNumbers(name), known); near != "" {
		mend = "write " + withNumbers(near, name)
	}
	x.say(Warning, "key-unknown", x.at(x.cfg, name), fmt.Sprintf("'%s' is no setting that anybody reads", name), mend)
}

// inlineRemarks finds values that hold what was meant as a remark: the original keeps it.
func (x *examination) inlineRemarks() {
	for key, value := range x.cfg.Plugins() {
		if i := strings.Index(value, " #"); i > 0 && !config.Secret(key) {
			name := "plugin." + key
			x.say(Warning, "remark-in-value", x.at(x.cfg, name), fmt.Sprintf("the value of %s is '%s', with all that stands behind the #", name, value),
				"put the remark on a line of its own that begins with #")
		}
	}
}

// at is where a setting was made.
func (x *examination) at(cfg *config.Config, name string) string {
	file, line := cfg.Place(name)
	if line == 0 {
		return x.File
	}
	return place(file, line)
}

func place(file string, line int) string {
	if line == 0 {
		return file
	}
	return fmt.Sprintf("%s line %d", file, line)
}
