package estates

import (
	"strings"
	"testing"

	"github.com/mco-go/mco-go/generators/block"
	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/problem"
	"github.com/mco-go/mco-go/generators/target"
)

// Writer makes the files of one node of an estate.
type Writer func(*estate.Estate, *estate.Node) (target.Set, problem.List)

// Written returns the content of the files that w makes for a node, by kind. Each must read back as it was meant, and hold the secrets
// that are to be masked in it.
func (w Writer) Written(t testing.TB, e *estate.Estate, n *estate.Node) (map[string]string, problem.List) {
	t.Helper()
	set, problems := w(e, n)
	content := make(map[string]string)
	for _, f := range set.Files {
		if err := f.Check(f.Content); err != nil {
			t.Errorf("%s: %v", f.Path, err)
		}
		text := string(f.Content)
		for _, s := range f.Secrets {
			if !strings.Contains(text, s.Reveal()) {
				t.Errorf("%s: %q is to be masked and is not in the file", f.Path, s.Reveal())
			}
		}
		content[f.Kind] = text
	}
	return content, problems
}

// WantParts reports which parts of has a text lacks, and which of not it holds.
func WantParts(t testing.TB, text string, has, not []string) {
	t.Helper()
	for _, s := range has {
		if !strings.Contains(text, s) {
			t.Errorf("no %q in\n%s", s, text)
		}
	}
	for _, s := range not {
		if strings.Contains(text, s) {
			t.Errorf("%q in\n%s", s, text)
		}
	}
}

// Reread reads a text, writes what it says and reads that again: it must say the same. A text that the language does not read, or does
// not write so, proves nothing.
func Reread(t testing.TB, language block.Language, text string) {
	t.Helper()
	tree, err := language.Parse([]byte(text))
	if err != nil {
		return
	}
	written, err := language.Encode(tree)
	if err != nil {
		return // readers take more than writers give
	}
	again, err := language.Parse(written)
	if err != nil {
		t.Fatalf("%q: %v", written, err)
	}
	if err := block.Diff(tree, again); err != nil {
		t.Fatalf("%q: %v", written, err)
	}
}
