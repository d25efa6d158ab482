package actionpolicy

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mco-go/mco-go/internal/rubyjudge"
)

// ruby takes lines apart, and evaluates lines of words, as the plugin has Ruby do it. A question is [kind, text].
const ruby = `
judge do |kind, text|
  case kind
  when "line"
    if text =~ /^(#.*|\s*)$/ then ["skipped"]
    elsif text =~ /^policy\s+default\s+(\w+)/ then ["default", $1]
    elsif text =~ /^(allow|deny)\t+(.+?)\t+(.+?)\t+(.+?)(\t+(.+?))*$/ then [$1, $2, $3, $4, $6.to_s]
    else ["bad"]
    end
  when "fact" then text =~ /(.+)(<|>|=|<=|>=)(.+)/ ? [$1, $2, $3] : ["none"]
  when "compound" then [text.split.any? { |token| token =~ /^!|^not$|^or$|^and$|\(.+\)/ }.to_s]
  when "words"
    begin
      [(eval(text) ? true : false).to_s]
    rescue SyntaxError
      ["error"]
    end
  end
end
`

type question [2]string

// TestAsRubyDoes compares random lines, facts and expressions with what Ruby makes of the plugin's patterns.
func TestAsRubyDoes(t *testing.T) {
	judge := rubyjudge.Start(t, "-e", ruby)
	rng := rand.New(rand.NewPCG(2125, 6))
	make := func(most int, pieces ...string) string {
		var b strings.Builder
		for range rng.IntN(most) {
			b.WriteString(pieces[rng.IntN(len(pieces))])
		}
		return b.String()
	}
	for range 1500 {
		for _, q := range []question{
			{"line", make(2, "", "#", " ") + make(3, "allow", "deny", "policy default ", "allow\t") +
				make(14, "\t", "\t", "\t\t", "*", "a b", " ", "cert=ops", "\r", "é", "allow")},
			{"fact", make(8, "a", "<", ">", "=", "1", "=")},
			{"compound", make(6, "a", " ", "!", "(", ")", "not", "and", "or", "b")},
			{"words", strings.TrimSpace(make(9, "true ", "false ", "true ", "false ", "and ", "or ", "and ", "or ", "not ", "( ", ") "))},
		} {
			if q[0] == "words" && q[1] == "" {
				continue
			}
			want := rubyjudge.Ask[[]string](t, judge, q)
			if diff := cmp.Diff(want, answer(q)); diff != "" {
				t.Fatalf("%s %q\n(-ruby +ours)\n%s", q[0], q[1], diff)
			}
		}
	}
}

func answer(q question) []string {
	switch q[0] {
	case "line":
		return lineAnswer(q[1])
	case "fact":
		name, operator, value, ok := splitFact(q[1])
		if !ok {
			return []string{"none"}
		}
		return []string{name, string(operator), value}
	case "compound":
		if isCompound(q[1]) {
			return []string{"true"}
		}
		return []string{"false"}
	}
	x := expression{words: words(q[1])}
	value, err := x.value()
	switch {
	case err != nil:
		return []string{"error"}
	case value:
		return []string{"true"}
	}
	return []string{"false"}
}

func lineAnswer(text string) []string {
	file, _ := parseRules(text)
	switch {
	case skipped(text):
		return []string{"skipped"}
	case file.hasDefault:
		return []string{"default", grammar().byDefault.FindStringSubmatch(text)[1]}
	case len(file.rules) == 1:
		r, word := file.rules[0], "deny"
		if r.allow {
			word = "allow"
		}
		return []string{word, r.callers, r.actions, r.facts, r.classes}
	}
	return []string{"bad"}
}
