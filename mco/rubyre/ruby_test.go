package rubyre_test

import (
	"encoding/json"
	"errors"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dlclark/regexp2/v2"

	"github.com/mco-go/mco-go/internal/rubyjudge"
	"github.com/mco-go/mco-go/mco/rubyre"
)

var update = flag.Bool("update", false, "ask ruby for the answers in testdata/ruby.json again")

func TestMain(m *testing.M) {
	code := m.Run()
	regexp2.StopTimeoutClock()
	os.Exit(code)
}

// answers is what Ruby says: one character per text of inputs, 1 for a match and 0 for none; or why it refuses the pattern.
type answers struct {
	Pattern string `json:"pattern"`
	Options int    `json:"options,omitempty"`
	Matches string `json:"matches,omitempty"`
	Error   string `json:"error,omitempty"`
}

const ask = `
$VERBOSE = nil
inputs = JSON.parse(ARGV[0])
judge do |a|
  begin
    re = Regexp.new(a["pattern"], a["options"].to_i)
    a["matches"] = inputs.map { |s| s.match(re) ? "1" : "0" }.join
  rescue RegexpError => e
    a["error"] = e.message
  end
  a
end
`

func rubyAnswers(t *testing.T) []answers {
	t.Helper()
	file := filepath.Join("testdata", "ruby.json")
	if *update {
		texts, err := json.Marshal(inputs)
		if err != nil {
			t.Fatal(err)
		}
		rubyjudge.Record(t, file, slices.Concat(patterns(), randomPatterns(6000)), "-W0", "-Ku", "-E", "UTF-8:UTF-8", "-e", ask, string(texts))
	}
	return rubyjudge.Recorded[answers](t, file)
}

// Every pattern gives Ruby's answer for every text. What is refused here and not there must say so with ErrUnsupported, and what is
// refused there must be refused here.
func TestAnswersAsRuby(t *testing.T) {
	refused := 0
	all := rubyAnswers(t)
	for _, a := range all {
		re, err := rubyre.Compile(a.Pattern, a.Options)
		if a.Error != "" {
			// A pattern that Ruby refuses may be refused here for something else that stands in front of Ruby's reason.
			syntax, ok := errors.AsType[*rubyre.SyntaxError](err)
			if errors.Is(err, rubyre.ErrUnsupported) || ok && strings.Contains(a.Pattern, `\M`) {
				continue
			}
			// With case ignored, classes with letters beyond ASCII have no fixed width in Onigmo ("ß" is "ss"); here they have.
			if err == nil && strings.Contains(a.Error, "look-behind") && (a.Options&rubyre.IgnoreCase != 0 || strings.Contains(a.Pattern, "(?i")) {
				continue
			}
			if !ok {
				t.Errorf("/%s/: %v, want %q", a.Pattern, err, a.Error)
			} else if syntax.Error() != a.Error && !strings.ContainsAny(a.Pattern, "éü") && !strings.Contains(a.Pattern, `\1`) {
				// Ruby may print other letters as numbers, and names the first of two reasons where we name the second.
				t.Errorf("/%s/: refused with %q, Ruby says %q", a.Pattern, err, a.Error)
			}
			continue
		}
		if errors.Is(err, rubyre.ErrUnsupported) {
			refused++
			t.Logf("unsupported: %v", err)
			continue
		}
		if err != nil {
			t.Errorf("/%s/ %d: %v, Ruby takes it", a.Pattern, a.Options, err)
			continue
		}
		for i, in := range inputs {
			got, err := re.MatchString(in)
			if err != nil {
				t.Errorf("/%s/ %d on %q: %v", a.Pattern, a.Options, in, err)
			} else if want := a.Matches[i] == '1'; got != want {
				t.Errorf("/%s/ %d on %q: %v, want %v", a.Pattern, a.Options, in, got, want)
			}
		}
	}
	t.Logf("%d patterns on %d texts, %d unsupported", len(all), len(inputs), refused)
	if most := len(all) / 50; refused > most {
		t.Errorf("%d patterns unsupported, want at most %d", refused, most)
	}
}

// patterns returns the table of testdata/patterns.txt: options and a pattern per line, "-" for no options. Three control characters are
// written as their pictures.
func patterns() []answers {
	raw, err := os.ReadFile(filepath.Join("testdata", "patterns.txt"))
	if err != nil {
		panic(err)
	}
	var out []answers
	for line := range strings.Lines(string(raw)) {
		opts, pattern, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		a := answers{Pattern: strings.NewReplacer("␊", "\n", "␋", "\v", "␌", "\f").Replace(pattern)}
		for bit, letter := range map[int]string{rubyre.IgnoreCase: "i", rubyre.Extended: "x", rubyre.Multiline: "m"} {
			if strings.Contains(opts, letter) {
				a.Options |= bit
			}
		}
		out = append(out, a)
	}
	return out
}

// randomPatterns puts pieces together; most of what comes out is a pattern.
func randomPatterns(n int) []answers {
	pieces := []string{
		"a", "b", "e", "1", "x", " ", "-", ".", "\\.", "^", "$", "\\A", "\\z", "\\Z", "\\b", "\\B", "|", "|", "(", ")", "(?:", ")", "(?=", "(?!", "(?<=",
		"(?<!", "(?>", "*", "+", "?", "*?", "++", "{2}", "{,2}", "{1,}", "{1,2}?", "[ab]", "[^a]", "[a-e&&[^b]]", "[[:alpha:]]", "[[:^digit:]1]",
		"\\w", "\\W", "\\d", "\\s", "\\S", "\\h", "\\H", "\\n", "\\R", "\\1", "(?i)", "(?m:", "(?-i:", "(?<n>", "\\k<n>", "\\p{Alnum}", "\\P{L}", "é", "K", "[é-ü]",
		"[-a]", "[a-]", "{", "}", "]", "\\/", "(a)", "(a|b)", "web", "[\\w.-]",
	}
	rng := rand.New(rand.NewPCG(2125, 0))
	var out []answers
	for range n {
		var b strings.Builder
		for range 1 + rng.IntN(7) {
			b.WriteString(pieces[rng.IntN(len(pieces))])
		}
		// Most patterns with groups would be refused for their parentheses alone.
		p := b.String()
		if open := strings.Count(p, "(") - strings.Count(p, ")"); open > 0 {
			p += strings.Repeat(")", open)
		}
		out = append(out, answers{Pattern: p, Options: []int{0, 0, 0, 1, 4, 5, 2}[rng.IntN(7)]})
	}
	return out
}

var inputs = []string{
	"", "a", "b", "c", "ab", "ba", "abc", "aa", "aaa", "aab", "aaab", "bb", "abab", "A", "AB", "Ab", "k", "K", "\u212a", "s", "ſ", "é", "É", "ü", "über",
	"éx", "xa", "x", "X", "1", "12", "a1", "1a", "10.0.0.1", "web1", "web1.example.net", "WEB1", "db1.eu.example.net", "role::web", "profile::nginx",
	"a b", " ", "  ", "\t", "\n", "\n\n", "a\n", "a\n\n", "\na", "a\nb", "a\r\nb", "\r\n", "\r", "\v", "\f", "\x00", "a\x00b", "\b", "\x1b", "ok\nrm -rf", "/var/www", "a/b",
	"a.b", "a-b", "a_b", "_", "-", "--", ".", "/", "\\", "^", "$", "*", "+", "?", "[", "]", "{", "}", "{,}", "a{,}", "a{x", "a{1", "a{1,", "(", ")", "|", "&", "#", "'", "\"", "!", ":", "=",
	"~", "`", "<", ">", "@", "%", ",", ";", "R", "Z", "B", "p", "pL", "q", "e", "g", "f", "0", "8", "\u0085", "\u00a0", "\u2028", "٣", "α", "Σ", "ς", "σ", "µ", "μ", "ǆ", "ǅ", "e\u0301", "\u200d", "日本",
	"\U0001f600", "foo", "foobar", "foo bar", "12.5", "x=1", "4.2.1", "deb", "Debian", "debian", "line1\nline2", "host01.dc1", "aAbB", "abcabc", "cab",
}
