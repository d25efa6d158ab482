package main

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, tc := range []struct {
		name, args string
		config     string
		pidfile    string
		daemonize  string
		help       bool
		err        string
	}{
		{name: "nothing", args: ""},
		{name: "long with blank", args: "--config /a", config: "/a"},
		{name: "long with sign", args: "--config=/a", config: "/a"},
		{name: "empty value", args: "--config=", config: ""},
		{name: "short", args: "-c /a -p /b", config: "/a", pidfile: "/b"},
		{name: "short run together", args: "-c/a", config: "/a"},
		{name: "abbreviated", args: "--conf /a --pid /b", config: "/a", pidfile: "/b"},
		{name: "one letter", args: "--c /a", config: "/a"},
		{name: "daemonize", args: "--daemonize", daemonize: "yes"},
		{name: "the last wins", args: "--daemonize --no", daemonize: "no"},
		{name: "help", args: "-h", help: true},
		{name: "help ends the reading", args: "--help --nosuch", help: true},
		{name: "other words are ignored", args: "word --config /a more", config: "/a"},
		{name: "end of options", args: "-- --nosuch"},
		{name: "a value that looks like a flag", args: "--config --daemonize", config: "--daemonize"},
		{name: "unknown", args: "--foo", err: "unrecognized option `--foo'"},
		{name: "unknown letter", args: "-x", err: "invalid option -- x"},
		{name: "no value", args: "--conf", err: "option `--conf' requires an argument"},
		{name: "no value, short", args: "-c", err: "option requires an argument -- c"},
		{name: "needless value", args: "--d=3", err: "option `--daemonize' doesn't allow an argument"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			o, err := parse(strings.Fields(tc.args))
			if got := text(err); got != tc.err {
				t.Fatalf("parse(%q): error %q, want %q", tc.args, got, tc.err)
			}
			if err != nil {
				return
			}
			daemonize := ""
			if o.daemonize != nil {
				daemonize = map[bool]string{true: "yes", false: "no"}[*o.daemonize]
			}
			if o.config != tc.config || o.pidfile != tc.pidfile || o.help != tc.help || daemonize != tc.daemonize {
				t.Errorf("parse(%q) = %+v daemonize %q", tc.args, o, daemonize)
			}
		})
	}
}

func TestParseRefusesWhatCouldBeTwo(t *testing.T) {
	// "" is the beginning of every name; a dash alone is a word.
	if _, err := parse([]string{"--=x"}); err == nil || !strings.Contains(err.Error(), "ambiguous") {
		t.Errorf("error %v", err)
	}
	if o, err := parse([]string{"-"}); err != nil || o != (options{}) {
		t.Errorf("a dash: %+v, %v", o, err)
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// Any command line is either understood or refused in one line; nothing else may happen.
func FuzzParse(f *testing.F) {
	for _, line := range []string{"--config /a -p/b --no", "-hc x", "--=", "-- --nosuch", "-c", "--daemonize=1"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		_, err := parse(strings.Split(line, " "))
		if err != nil && err.Error() == "" {
			t.Errorf("parse(%q) fails without a word", line)
		}
	})
}
