package estates

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/problem"
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

// place is one string of an estate.
type place struct {
	path string
	set  func(string)
}

// places finds every string and every secret below e, each once.
func places(e *estate.Estate) []place {
	var found []place
	seen := make(map[uintptr]bool)
	var walk func(v reflect.Value, path string)
	walk = func(v reflect.Value, path string) {
		if v.Type() == reflect.TypeFor[secret.Value]() {
			found = append(found, place{path, func(s string) { v.Set(reflect.ValueOf(secret.New("hostile", s))) }})
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
			found = append(found, place{path, v.SetString})
		}
	}
	walk(reflect.ValueOf(e), "estate")
	return found
}

// enough strings are tried by [Hostilities], at least.
const enough = 10000

// Hostilities puts hostile strings in every free field of the full estate, one at a time, and has files render each of its nodes: what
// is not refused must read back as it was meant, and lie where it lay before.
func Hostilities(t *testing.T, files func(*estate.Estate, *estate.Node) (target.Set, problem.List)) {
	t.Helper()
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	folders := make(map[string]bool)
	full := Full()
	for _, n := range full.Nodes {
		set, problems := files(full, n)
		if problems.Failed() {
			t.Fatalf("the estate without hostile strings: %v", problems)
		}
		for _, f := range set.Files {
			folders[filepath.Dir(f.Path)] = true
		}
	}
	tried, rendered := 0, 0
	all := len(places(Full()))
	for i := range all {
		for range (enough + all - 1) / all {
			e := Full()
			p := places(e)[i]
			s := Hostile(r)
			p.set(s)
			tried++
			for _, n := range e.Nodes {
				set, problems := files(e, n)
				if problems.Failed() {
					continue
				}
				for _, f := range set.Files {
					rendered++
					if err := f.Check(f.Content); err != nil {
						t.Fatalf("%s = %+q: %s reads back otherwise: %v\n%s", p.path, s, f.Path, err, f.Content)
					}
					if f.Path != filepath.Clean(f.Path) || !folders[filepath.Dir(f.Path)] {
						t.Fatalf("%s = %+q: path %+q", p.path, s, f.Path)
					}
					for _, c := range f.Content {
						if (c < ' ' && c != '\n' || c > '~') && f.Kind != "authkey" {
							t.Fatalf("%s = %+q: %s holds byte %#x", p.path, s, f.Path, c)
						}
					}
				}
			}
		}
	}
	if rendered < tried/10 {
		t.Errorf("%d of %d strings led to a file: too few to say anything", rendered, tried)
	}
	t.Logf("%d strings in %d places, %d files read back", tried, all, rendered)
}
