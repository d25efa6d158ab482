package optparse_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/mco-go/mco-go/internal/rubyjudge"
	"github.com/mco-go/mco-go/mco/cli/optparse"
)

// record makes a table with the shapes of the original's options that notes what was set.
func record(seen *[]string) *optparse.Table {
	note := func(name string, show func(optparse.Value) string) func(optparse.Value) error {
		return func(v optparse.Value) error {
			*seen = append(*seen, name+"="+show(v))
			return nil
		}
	}
	text := func(v optparse.Value) string { return v.Text }
	number := func(v optparse.Value) string { return fmt.Sprint(v.Int) }
	flag := func(optparse.Value) string { return "set" }
	float := func(v optparse.Value) string { return fmt.Sprint(v.Float) }
	return &optparse.Table{Options: []optparse.Option{
		{Names: []string{"--np", "--no-progress"}, Doc: "Do not show the progress bar", Set: note("np", flag)},
		{Names: []string{"-1", "--one"}, Doc: "Send request to only one discovered nodes", Set: note("one", flag)},
		{Names: []string{"--batch"}, Arg: "SIZE", Kind: optparse.Any, Doc: "Do requests in batches", Set: func(v optparse.Value) error {
			if v.Text == "x" {
				return optparse.ErrInvalid
			}
			return note("batch", text)(v)
		}},
		{Names: []string{"--batch-sleep"}, Arg: "SECONDS", Kind: optparse.Float, Doc: "Sleep time between batches", Set: note("sleep", float)},
		{Names: []string{"--limit-nodes", "--ln", "--limit"}, Arg: "COUNT", Kind: optparse.Any,
			Doc: "Send request to only a subset of nodes, can be a percentage", Set: note("limit", text)},
		optparse.Separator(""),
		optparse.Separator("Common Options"),
		{Names: []string{"-v", "--verbose"}, Doc: "Be verbose", Set: note("v", flag)},
		{Names: []string{"-q", "--quiet"}, Doc: "Do not be verbose", Set: note("q", flag)},
		{Names: []string{"-t", "--timeout"}, Arg: "SECONDS", Kind: optparse.Integer, Doc: "Timeout for calling remote agents", Set: note("t", number)},
		{Names: []string{"--dm", "--disc-method"}, Arg: "METHOD", Kind: optparse.Any, Doc: "Which discovery method to use", Set: note("dm", text)},
		{Names: []string{"--dt", "--discovery-timeout"}, Arg: "SECONDS", Kind: optparse.Integer, Doc: "Timeout for doing discovery", Set: note("dt", number)},
		{Names: []string{"--publish_timeout"}, Arg: "TIMEOUT", Kind: optparse.Integer,
			Doc: "Timeout for publishing requests to remote agents.", Set: note("pt", number)},
		{Names: []string{"-F", "--wf", "--with-fact"}, Arg: "fact=val", Kind: optparse.Any, Doc: "Match hosts with a certain fact", Set: note("F", text)},
		{Names: []string{"-C", "--wc", "--with-class"}, Arg: "CLASS", Kind: optparse.Any,
			Doc: "Match hosts with a certain config management class", Set: note("C", text)},
		{Names: []string{"--arg"}, Arg: "ARG", Kind: optparse.Text, Doc: "An argument", Set: note("arg", text)},
	}}
}

// rubyParser declares the same options to Ruby's OptionParser and answers a list of arguments with the words that are left, what was
// set, and the message of the error or nil; and nil with the summary.
const rubyParser = `
require 'optparse'
seen = []
o = OptionParser.new
note = lambda { |name, v| seen << "#{name}=#{v}" }
o.on('--np', '--no-progress', 'Do not show the progress bar') { note.('np', 'set') }
o.on('--one', '-1', 'Send request to only one discovered nodes') { note.('one', 'set') }
o.on('--batch SIZE', 'Do requests in batches') { |v| v == 'x' ? raise(OptionParser::InvalidArgument.new(v)) : note.('batch', v) }
o.on('--batch-sleep SECONDS', Float, 'Sleep time between batches') { |v| note.('sleep', v) }
o.on('--limit-nodes COUNT', '--ln', '--limit', 'Send request to only a subset of nodes, can be a percentage') { |v| note.('limit', v) }
o.separator ''
o.separator 'Common Options'
o.on('-v', '--verbose', 'Be verbose') { note.('v', 'set') }
o.on('-q', '--quiet', 'Do not be verbose') { note.('q', 'set') }
o.on('-t', '--timeout SECONDS', Integer, 'Timeout for calling remote agents') { |v| note.('t', v) }
o.on('--dm', '--disc-method METHOD', 'Which discovery method to use') { |v| note.('dm', v) }
o.on('--dt', '--discovery-timeout SECONDS', Integer, 'Timeout for doing discovery') { |v| note.('dt', v) }
o.on('--publish_timeout TIMEOUT', Integer, 'Timeout for publishing requests to remote agents.') { |v| note.('pt', v) }
o.on('-F', '--wf', '--with-fact fact=val', 'Match hosts with a certain fact') { |v| note.('F', v) }
o.on('-C', '--wc', '--with-class CLASS', 'Match hosts with a certain config management class') { |v| note.('C', v) }
o.on('--arg ARG', String, 'An argument') { |v| note.('arg', v) }
judge do |args|
  next "\n" + o.summarize.join unless args
  seen.clear
  begin
    left = o.parse(args); error = nil
  rescue OptionParser::ParseError => e
    left = nil; error = e.message
  end
  {words: left, set: seen, error: error}
end
`

// commandLines cover every branch of the parser; each is a line of words.
var commandLines = []string{
	"", "plain words", "a -v b -q c", "-- -v", "a -- -v --", "-", "- -v", "-v -", "--np", "--no-progress", "--progress", "-1", "--one",
	"-b 5", "-b5", "-bx=5", "--batch 5", "--batch=5", "--batch x", "--batch=x", "--batch", "-b x", "-bx", "-v=5", "--verb=3", "--verb", "-vt5", "-tx",
	"-t x", "-t", "--timeout=x", "--timeout x", "--timeout", "--ti", "--ti 4", "-d 5", "-n", "-nv", "--d-m 3", "--di x", "--disc x", "--disco 7",
	"--disc-m mc", "-vZ", "-Z", "-t=5", "-t -5", "-t +5", "-t 1_000", "-t 1__0", "-t 08", "-t 010", "-t 0x1f", "-t 0b101", "-t _1", "-t 1_", "-t 0",
	"-t 0_7", "-t --5", "--batch-sleep 1e3", "--batch-sleep 1.", "--batch-sleep .5", "--batch-sleep 1_0.5", "--batch-sleep 0x1", "--batch-sleep inf",
	"--batch-sleep nan", "--batch-sleep -1.5", "--batch-sleep 1e", "--batch-sleep e1", "--batch-sleep .", "--batch-sleep 1__0", "--batch-sleep 5",
	"--timout 5", "--VERBOSE", "--Verbose", "-ver", "-vq1", "--publish-timeout 3", "--publish_timeout 3", "--publ 3", "--limit 3",
	"--limit-n 3", "--lim 3", "--ln=3%", "--l 3", "-l 3", "-F a=b", "-Fa=b", "-F=a", "--with-fact=a=b", "--wf a=b", "--with-f a=b", "--wit a", "--w a",
	"--nosuch", "--nosuch=3", "--verbos-e", "--quite", "--batchsleep 3", "--arg= x", "--arg x", "--discovery_timeout 4", "--disc_method mc", "-vv",
	"--timeout -- -5", "-F -v", "--discovery-timeout x", "--mix", "--qiet", "-y", "-w a", "--dtt", "--hlep", "--no-progres", "--noprogress",
}

// judged is what Ruby makes of a command line.
type judged struct {
	Words, Set []string
	Error      *string
}

// Ruby's own parser is the judge of every command line.
func TestParseAgreesWithRuby(t *testing.T) {
	ruby := rubyjudge.Start(t, "-e", rubyParser)
	for _, line := range commandLines {
		t.Run(line, func(t *testing.T) {
			args := strings.Fields(line)
			want := rubyjudge.Ask[judged](t, ruby, args)
			var seen []string
			words, err := record(&seen).Parse(args)
			if want.Error != nil {
				if err == nil || err.Error() != *want.Error {
					t.Fatalf("error %q, want %q", fmt.Sprint(err), *want.Error)
				}
				return
			}
			if err != nil {
				t.Fatalf("error %v, want none", err)
			}
			if d := cmp.Diff(normal(want.Words), normal(words)); d != "" {
				t.Errorf("words (-Ruby +ours):\n%s", d)
			}
			if d := cmp.Diff(floats(want.Set), floats(seen)); d != "" {
				t.Errorf("options (-Ruby +ours):\n%s", d)
			}
		})
	}
}

func normal(words []string) []string { return append([]string{}, words...) }

// floats takes away how Ruby prints a whole float.
func floats(seen []string) []string {
	out := normal(seen)
	for i, s := range out {
		out[i] = strings.TrimSuffix(s, ".0")
	}
	return out
}

func TestSummaryAgreesWithRuby(t *testing.T) {
	want := rubyjudge.Ask[string](t, rubyjudge.Start(t, "-e", rubyParser), nil)
	var seen []string
	if d := cmp.Diff(want, record(&seen).Help()); d != "" {
		t.Errorf("summary (-Ruby +ours):\n%s", d)
	}
}

func TestShellwordsAgreesWithRuby(t *testing.T) {
	lines := []string{"", " ", "-F a=b", `-C 'x y'`, `-C "x y"z`, `a\ b c`, `"a\"b" 'c\d'`, `"a\b\$\\"`, `''`, `a""b`, `a '' b`, `\`, `a\`, "a\tb\nc", `'open`, `"open`, `a"b c'd"`, `é 'ü ö'`}
	ruby := rubyjudge.Start(t, "-Ku", "-e", `require 'shellwords'
		judge { |line| begin {words: Shellwords.split(line)}; rescue ArgumentError => e; {error: e.message} end }`)
	for _, line := range lines {
		want := rubyjudge.Ask[judged](t, ruby, line)
		got, err := optparse.Split(line)
		switch {
		case want.Error != nil:
			if err == nil || err.Error() != *want.Error {
				t.Errorf("%q: error %v, want %s", line, err, *want.Error)
			}
		case err != nil:
			t.Errorf("%q: error %v", line, err)
		default:
			if d := cmp.Diff(normal(want.Words), normal(got)); d != "" {
				t.Errorf("%q (-Ruby +ours):\n%s", line, d)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, line := range commandLines {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		var seen []string
		args, err := optparse.Split(line)
		if err != nil {
			return
		}
		words, err := record(&seen).Parse(args)
		if err == nil && len(words) > len(args) {
			t.Errorf("%d words out of %d arguments", len(words), len(args))
		}
	})
}
