package estates

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mco-go/mco-go/generators/block"
	"github.com/mco-go/mco-go/generators/estate"
)

// Difference makes two settings that may differ equal: it returns what is left of one, nothing where all of it may differ.
type Difference func(setting string) string

// Without drops settings that contain one of the texts.
func Without(texts ...string) Difference {
	return func(setting string) string {
		if slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(setting, text) }) {
			return ""
		}
		return setting
	}
}

// Anyhow puts "*" where the pattern matches.
func Anyhow(pattern string) Difference {
	re := regexp.MustCompile(pattern)
	return func(setting string) string { return re.ReplaceAllString(setting, "*") }
}

// CompareTrees renders the reference's node in the run's estate e, and compares its file of that kind with the reference, setting by
// setting, whatever their order. What the reference's row names may differ, and must; known says how.
func (r Reference) CompareTrees(t *testing.T, e *estate.Estate, kind string, language block.Language, known map[string]Difference, files Writer) {
	t.Helper()
	n := Node(t, e, r.Node)
	written, problems := files.Written(t, e, n)
	if problems.Failed() {
		t.Fatal(problems)
	}
	ours, ok := written[kind]
	if !ok {
		t.Fatalf("%s has no %s", n.Name, kind)
	}
	all := [2][]string{r.settings(t, language, r.Content(t)), r.settings(t, language, []byte(ours))}
	// but returns what is left that differs when every named difference but one is excused.
	but := func(one string) string {
		left := [2][]string{slices.Clone(all[0]), slices.Clone(all[1])}
		for i := range left {
			for _, name := range r.Differs {
				if name != one {
					left[i] = apply(known[name], left[i])
				}
			}
			slices.Sort(left[i])
		}
		return cmp.Diff(left[0], left[1])
	}
	for _, name := range r.Differs {
		if known[name] == nil {
			t.Fatalf("nobody knows what difference %q is", name)
		}
		if but(name) == "" {
			t.Errorf("%s does not differ", name)
		}
	}
	if diff := but(""); diff != "" {
		t.Errorf("the reference's settings (-) and ours (+):\n%s", diff)
	}
}

func apply(d Difference, settings []string) []string {
	var left []string
	for _, s := range settings {
		if s = d(s); s != "" {
			left = append(left, s)
		}
	}
	return left
}

// settings lists the statements of a file, each behind those that it stands in.
func (r Reference) settings(t *testing.T, language block.Language, content []byte) []string {
	t.Helper()
	tree, err := language.Parse(content)
	if err != nil {
		t.Fatalf("%s: %v", r.File, err)
	}
	var all []string
	var walk func(where string, statements []block.Statement)
	walk = func(where string, statements []block.Statement) {
		for _, s := range statements {
			setting := where + strings.Join(s.Words, " ")
			all = append(all, setting)
			walk(setting+" / ", s.Block)
		}
	}
	walk("", tree)
	return all
}
