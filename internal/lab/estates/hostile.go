package estates

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/secret"
	"github.com/mco-go/mco-go/generators/target"
)

// pieces are what configuration languages give a meaning to, and what a naive reader or writer stumbles over.
var pieces = []string{
	"a", "rabbit", "0", "-", "_", ".", "..", "/", ":", "@", ",", "=", "+", "~", "^", "|", "&", "<", ">", "?", "*", "%",
	" ", "\t", "\n", "\r", "\r\n", "\v", "\f", "\x00", "\x1b", "\x7f", "\u0085", "\u2028", "\u2029", "\u202e", "\u200b", "\ufeff", "é", "\xff",
	"#", "!", ";", "\"", "'", "`", "\\", "\\n", "\\\"", "$", "${HOME}", "$(id)", "$PATH", "%2F", "%s", "{", "}", "(", ")", "[", "]",
	"{{.}}", "<%= 1 %>", "~SEQ(1,2)", "@main", "include x", "\ninclude /etc/shadow\n", "\n    server evil 192.0.2.66:5672\n", "\nlisten evil\n",
	".if true", "\nglobal\n    stats socket /tmp/x level admin\n", "}\nvirtual_server 192.0.2.66 80 {\n", "\n-A PREROUTING -j ACCEPT\n", "COMMIT",
	"\n[DEFAULT]\ndebug = true\n", "\";\n", "params evil=1", " op monitor", "\nprimitive evil ocf:heartbeat:anything\n", "add rule", "&&", "*/", "//",
}

// Hostile returns one string of a few pieces.
func Hostile(r *rand.Rand) string {
	s := ""
	for range 1 + r.IntN(4) {
		s += pieces[r.IntN(len(pieces))]
	}
	if r.IntN(50) == 0 {
		for len(s) < 5000 {
			s += s + "x"
		}
	}
	return s
}

// place is one string or secret of an estate.
type place struct {
	path  string
	value reflect.Value
}

// with puts s in the place as long as do runs.
func (p place) with(s string, do func()) {
	before := reflect.New(p.value.Type()).Elem()
	before.Set(p.value)
	defer p.value.Set(before)
	if p.value.Kind() == reflect.String {
		p.value.SetString(s)
	} else {
		p.value.Set(reflect.ValueOf(secret.New("hostile", s)))
	}
	do()
}

// places finds every string and every secret below e, each once.
func places(e *estate.Estate) []place {
	var found []place
	seen := make(map[uintptr]bool)
	var walk func(v reflect.Value, path string)
	walk = func(v reflect.Value, path string) {
		if v.Type() == reflect.TypeFor[secret.Value]() {
			found = append(found, place{path, v})
			return
		}
		switch v.Kind() {
		case reflect.Pointer:
			if v.IsNil() || seen[v.Pointer()] {
				return
			}
			seen[v.Pointer()] = true
			walk(v.Elem(), path)
		case reflect.Struct:
			for i := range v.NumField() {
				if f := v.Type().Field(i); f.IsExported() {
					walk(v.Field(i), path+"."+f.Name)
				}
			}
		case reflect.Slice:
			for i := range v.Len() {
				walk(v.Index(i), fmt.Sprintf("%s[%d]", path, i))
			}
		case reflect.String:
			found = append(found, place{path, v})
		}
	}
	walk(reflect.ValueOf(e), "estate")
	return found
}

// writers is how many ask for [Hostilities], each for its share of all strings.
const writers = 10

// enough is how many strings [Hostilities] tries, at least: a tenth of MCO_HOSTILE, or of 100,000.
func enough(t *testing.T) int {
	text := os.Getenv("MCO_HOSTILE")
	if text == "" {
		return 100_000 / writers
	}
	all, err := strconv.Atoi(text)
	if err != nil || all < writers {
		t.Fatalf("MCO_HOSTILE=%s is no number of strings", text)
	}
	return (all + writers - 1) / writers
}

// text is all that w writes for the nodes of e, or what it says against it.
func (w Writer) text(e *estate.Estate) string {
	var b strings.Builder
	for _, n := range e.Nodes {
		set, problems := w(e, n)
		fmt.Fprintln(&b, problems)
		for _, f := range set.Files {
			fmt.Fprintln(&b, f.Path, string(f.Content))
		}
	}
	return b.String()
}

// reaches lists the places of e that what w writes depends on.
func (w Writer) reaches(e *estate.Estate) []place {
	var found []place
	plain := w.text(e)
	for _, p := range places(e) {
		for _, probe := range []string{"probe", "\n"} {
			p.with(probe, func() {
				if w.text(e) != plain && (len(found) == 0 || found[len(found)-1].path != p.path) {
					found = append(found, p)
				}
			})
		}
	}
	return found
}

// Hostilities puts hostile strings in every place of the full estate that files depends on, one at a time, and has it render each
// node: what is not refused must read back as it was meant, and lie where it lay before.
func Hostilities(t *testing.T, files Writer) {
	t.Helper()
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	e := Full()
	folders := make(map[string]bool)
	for _, n := range e.Nodes {
		set, problems := files(e, n)
		if problems.Failed() {
			t.Fatalf("the estate without hostile strings: %v", problems)
		}
		for _, f := range set.Files {
			folders[filepath.Dir(f.Path)] = true
		}
	}
	reached := files.reaches(e)
	if len(reached) == 0 {
		t.Fatal("no string of the estate reaches a file")
	}
	least := enough(t)
	each := (least + len(reached) - 1) / len(reached)
	rendered := 0
	for _, p := range reached {
		for range each {
			s := Hostile(r)
			p.with(s, func() {
				for _, n := range e.Nodes {
					set, problems := files(e, n)
					if problems.Failed() {
						continue
					}
					for _, f := range set.Files {
						rendered++
						if err := harmless(f, folders); err != nil {
							t.Fatalf("%s = %+q: %s: %v\n%s", p.path, s, f.Path, err, f.Content)
						}
					}
				}
			})
		}
	}
	if rendered < least/100 {
		t.Errorf("%d strings led to %d files: too few to say anything", each*len(reached), rendered)
	}
	t.Logf("%d strings in each of %d places, %d files read back", each, len(reached), rendered)
}

// harmless returns what is wrong with a file that was written with a hostile string in the estate.
func harmless(f target.File, folders map[string]bool) error {
	if err := f.Check(f.Content); err != nil {
		return fmt.Errorf("reads back otherwise: %w", err)
	}
	if f.Path != filepath.Clean(f.Path) || !folders[filepath.Dir(f.Path)] {
		return errors.New("lies elsewhere")
	}
	for _, c := range f.Content {
		if (c < ' ' && c != '\n' || c > '~') && f.Kind != "authkey" {
			return fmt.Errorf("holds byte %#x", c)
		}
	}
	return nil
}
