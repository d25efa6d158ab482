package main

import (
	"fmt"
	"strings"
)

const usage = "Usage: mcollectived.rb [--config /path/to/config] [--pidfile /path/to/pid] [--daemonize | --no-daemonize]\n"

// options are what the command line says. Empty texts were not given.
type options struct {
	config    string
	pidfile   string
	daemonize *bool // nil: the cfg file decides
	help      bool
	version   bool
}

// option is one flag as getopt knows it.
type option struct {
	long  string
	short byte // 0: none
	arg   bool
	set   func(*options, string)
	doc   string // for the manual
}

func flags() []option {
	yes, no := true, false
	return []option{
		{"daemonize", 0, false, func(o *options, _ string) { o.daemonize = &yes }, "Run in the background, whatever the cfg file says. The call returns when the node has started, or says why it has not."},
		{"no-daemonize", 0, false, func(o *options, _ string) { o.daemonize = &no }, "Run in the foreground, whatever the cfg file says."},
		{"help", 'h', false, func(o *options, _ string) { o.help = true }, "Print how it is called."},
		{"version", 0, false, func(o *options, _ string) { o.version = true }, "Print the version."},
		{"config", 'c', true, func(o *options, v string) { o.config = v }, "Read settings from this file."},
		{"pidfile", 'p', true, func(o *options, v string) { o.pidfile = v }, "Write the process number to this file while running in the background."},
	}
}

// parse reads the command line as GNU getopt_long does: options and other words in any order, "--" ends the options, long names
// may be cut as long as they are unambiguous, short ones run together. Other words are ignored, as the original ignores them.
// Error texts are those of Ruby's getoptlong.
func parse(args []string) (options, error) {
	var o options
	for len(args) > 0 && !o.help && !o.version {
		word := args[0]
		args = args[1:]
		var err error
		switch {
		case word == "--":
			return o, nil
		case strings.HasPrefix(word, "--"):
			args, err = parseLong(&o, word[2:], args)
		case strings.HasPrefix(word, "-") && word != "-":
			args, err = parseShort(&o, word[1:], args)
		}
		if err != nil {
			return o, err
		}
	}
	return o, nil
}

func parseLong(o *options, word string, rest []string) ([]string, error) {
	name, value, given := strings.Cut(word, "=")
	f, err := findLong(name)
	if err != nil {
		return rest, err
	}
	switch {
	case !f.arg && given:
		return rest, fmt.Errorf("option `--%s' doesn't allow an argument", f.long)
	case f.arg && !given && len(rest) == 0:
		return rest, fmt.Errorf("option `--%s' requires an argument", name)
	case f.arg && !given:
		value, rest = rest[0], rest[1:]
	}
	f.set(o, value)
	return rest, nil
}

func findLong(name string) (option, error) {
	var found []option
	for _, f := range flags() {
		if f.long == name {
			return f, nil
		}
		if strings.HasPrefix(f.long, name) {
			found = append(found, f)
		}
	}
	switch len(found) {
	case 0:
		return option{}, fmt.Errorf("unrecognized option `--%s'", name)
	case 1:
		return found[0], nil
	}
	return option{}, fmt.Errorf("option `--%s' is ambiguous", name)
}

func parseShort(o *options, letters string, rest []string) ([]string, error) {
	for i := range len(letters) {
		f, ok := findShort(letters[i])
		switch {
		case !ok:
			return rest, fmt.Errorf("invalid option -- %c", letters[i])
		case !f.arg:
			f.set(o, "")
			continue
		case i+1 < len(letters):
			f.set(o, letters[i+1:])
			return rest, nil
		case len(rest) == 0:
			return rest, fmt.Errorf("option requires an argument -- %c", letters[i])
		}
		f.set(o, rest[0])
		return rest[1:], nil
	}
	return rest, nil
}

func findShort(letter byte) (option, bool) {
	for _, f := range flags() {
		if f.short == letter && letter != 0 {
			return f, true
		}
	}
	return option{}, false
}
