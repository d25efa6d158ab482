package rubyre_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/mco/rubyre"
)

func TestEngine(t *testing.T) {
	tests := []struct {
		pattern    string
		backtracks bool
	}{
		{`^web\d+$`, false},
		{`/var/www`, false},
		{`[[:alnum:]]+\.example\.net\Z`, false},
		{`\bweb\b`, false},
		{`[a-z&&[^m]]`, false},
		{`^.{1,5000}$`, false},
		{`^$`, false},
		{`(?!web)`, true},
		{`(a)\1`, true},
		{`a++b`, true},
		{`\R`, true},
		{`a\Z\n`, true},
	}
	for _, tt := range tests {
		t.Run(tt.pattern, func(t *testing.T) {
			re, err := rubyre.Compile(tt.pattern, 0)
			if err != nil {
				t.Fatal(err)
			}
			if got := re.Backtracks(); got != tt.backtracks {
				t.Errorf("Backtracks = %v, want %v", got, tt.backtracks)
			}
		})
	}
}

func TestCompileWhole(t *testing.T) {
	tests := []struct {
		name, pattern, text string
		want                bool
	}{
		{"second line", `^\w+$`, "ok\nrm -rf", false},
		{"final line feed", `^\w+$`, "ok\n", false},
		{"plain", `^\w+$`, "ok", true},
		{"one anchor alone stays a line's", `^\w+`, "-\nok", true},
		{"behind an option", `(?i)^ok$`, "OK\nrm", false},
		{"look-ahead within", `^(?!rm)\w+$`, "rm\nok", false},
		{"only the outer anchors count", `^a$|^b$`, "a\nb", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			re, err := rubyre.CompileWhole(tt.pattern, 0)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := re.MatchString(tt.text); got != tt.want || err != nil {
				t.Errorf("/%s/ on %q: %v, %v, want %v", tt.pattern, tt.text, got, err, tt.want)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	compile := func(p string) error { _, err := rubyre.Compile(p, 0); return err }
	match := func(p, text string) error {
		re, err := rubyre.Compile(p, 0)
		if err != nil {
			t.Fatal(err)
		}
		_, err = re.MatchString(text)
		return err
	}
	tests := []struct {
		name string
		got  error
		want error
	}{
		{"long pattern", compile(strings.Repeat("a", 9<<10)), rubyre.ErrTooLong},
		{"long pattern that backtracks", compile("(?=a)" + strings.Repeat("a", 1<<10)), rubyre.ErrTooLong},
		{"deep groups", compile(strings.Repeat("(", 300) + strings.Repeat(")", 300)), rubyre.ErrTooLong},
		{"deep classes", compile(strings.Repeat("[a", 300) + strings.Repeat("]", 300)), rubyre.ErrTooLong},
		{"many quantifiers", compile("a" + strings.Repeat("*", 300)), rubyre.ErrTooLong},
		{"many large classes", compile(strings.Repeat(`\p{L}`, 1000)), rubyre.ErrTooLong},
		{"long text that backtracks", match("(?=a)a", strings.Repeat("a", 1025)), rubyre.ErrTooLong},
		{"long text", match("a", strings.Repeat("b", 8<<20+1)), rubyre.ErrTooLong},
		{"long text for a large pattern", match("^.{1,1000}$", strings.Repeat("b", 1<<20)), rubyre.ErrTooLong},
		{"long text for a small pattern", match("^[a-z]+$", strings.Repeat("b", 1<<20)), nil},
		{"invalid text", match("a", "gr\xfcn"), rubyre.ErrInvalidText},
		{"nested repetition", match(`^(?=(a|aa)+$)`, strings.Repeat("a", 40)+"!"), rubyre.ErrTimeout},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if !errors.Is(tt.got, tt.want) {
				t.Errorf("error %v, want %v", tt.got, tt.want)
			}
		})
	}
}

func TestErrorNamesItsPattern(t *testing.T) {
	_, err := rubyre.Compile("a(b", rubyre.IgnoreCase)
	if want := "end pattern with unmatched parenthesis: /a(b/i"; err == nil || err.Error() != want {
		t.Errorf("error %q, want %q", err, want)
	}
}

// Nothing that a caller can send makes a match panic or run on.
func FuzzMatch(f *testing.F) {
	raw, err := os.ReadFile(filepath.Join("testdata", "patterns.txt"))
	if err != nil {
		f.Fatal(err)
	}
	for line := range strings.Lines(string(raw)) {
		_, pattern, _ := strings.Cut(line, " ")
		f.Add(strings.TrimSuffix(pattern, "\n"), 0, "web1.example.net\n")
	}
	f.Fuzz(func(t *testing.T, pattern string, options int, text string) {
		begin := time.Now()
		re, err := rubyre.Compile(pattern, options)
		if err != nil {
			return
		}
		re.MatchString(text)
		if took := time.Since(begin); took > 5*time.Second {
			t.Errorf("/%s/ on %q took %v", pattern, text, took)
		}
	})
}

func BenchmarkCompile(b *testing.B) {
	for b.Loop() {
		if _, err := rubyre.Compile(`^(web|db)\d+\.example\.net$`, 0); err != nil {
			b.Fatal(err)
		}
	}
}
