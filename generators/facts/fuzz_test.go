package facts

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/mco-go/mco-go/generators/safe"
)

// seeds adds the files of the test data and of what the bad corpus does not show.
func seeds(f *testing.F, yaml bool) {
	f.Helper()
	for _, pattern := range []string{"bad/*", "good-but-odd/*", "wrapped/*", "puppetdb/*", "fleet-*/*", "debian12-facter4-legacy/multi01*"} {
		files, _ := filepath.Glob(data(f, pattern))
		for _, file := range files {
			b, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			if len(b) < 16<<10 && strings.HasSuffix(file, ".yaml") == yaml {
				f.Add(b)
			}
		}
	}
}

// The scanner accepts what encoding/json accepts, but for what it says itself that it refuses.
func FuzzJSON(f *testing.F) {
	seeds(f, false)
	for _, s := range []string{`{"a":[1.5e+3,-0,"\ud83d\ude00\n",null,true]}`, `{"a":"\ud800x"}`, `{"":{"":{}}}`, `"a`, `[1,]`, `-`, "{\"a\":1,\"a\":2}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		limits := DefaultLimits()
		s := scanner{limits: limits}
		v, faults := s.document(string(b), 1)
		last := fault{}
		if len(faults) > 0 {
			last = *faults[len(faults)-1]
		}
		switch valid := json.Valid(b); {
		case len(faults) == 0 && !valid:
			t.Errorf("accepts what is not JSON: %q", b)
		case len(faults) == 0 && !utf8.Valid(b):
			t.Errorf("accepts what is not UTF-8: %q", b)
		case valid && last.class == inputSyntax:
			t.Errorf("refuses JSON: %s: %q", last.what, b)
		}
		if len(faults) == 0 {
			same(t, v, b)
		}
	})
}

// same holds the texts of a map against what encoding/json makes of it.
func same(t *testing.T, v value, b []byte) {
	var want any
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.UseNumber()
	if err := d.Decode(&want); err != nil {
		t.Fatal(err)
	}
	var check func(v *value, want any, parent string)
	check = func(v *value, want any, parent string) {
		switch w := want.(type) {
		case string:
			if v.kind != text || v.text != w {
				t.Errorf("text %q, want %q", v.text, w)
			}
		case json.Number:
			if v.kind != number || v.text != string(w) {
				t.Errorf("number %q, want %q", v.text, w)
			}
		case []any:
			if v.kind != list || len(v.members) != len(w) {
				t.Fatalf("%v of %d, want a list of %d", v.kind, len(v.members), len(w))
			}
			for i := range w {
				check(&v.members[i].value, w[i], parent)
			}
		case map[string]any:
			if v.kind != mapping || len(v.members) != len(w) {
				t.Fatalf("%v of %d, want a map of %d", v.kind, len(v.members), len(w))
			}
			for i := range v.members {
				if m := &v.members[i]; !ballast(m.key) || parent == "interfaces" {
					check(&m.value, w[m.key], m.key)
				}
			}
		}
	}
	check(&v, want, "")
}

func FuzzYAML(f *testing.F) {
	seeds(f, true)
	f.Fuzz(func(t *testing.T, b []byte) { reads(t, b) })
}

// FuzzRead reads whatever comes, arrays of PuppetDB's among it.
func FuzzRead(f *testing.F) {
	seeds(f, false)
	for _, s := range []string{
		`[{"certname":"a1","facts":{"hostname":"a1"}},{"certname":"a2","name":"hostname","value":"a2"}]`,
		`[{"certname":"a1","facts":{"href":"","data":[{"name":"hostname","value":"a1"}]}}]`,
		`[1,"]",{"a":"\"]"}]`,
		`{"name":"a1","values":{"hostname":"a1","interfaces":"eth0,eth0_1","ipaddress_eth0_1":"10.0.0.1"}}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) { reads(t, b) })
}

// reads holds what is read against what a node promises.
func reads(t *testing.T, b []byte) {
	set, problems := Read([]string{Stdin}, strings.NewReader(string(b)), DefaultLimits())
	for _, p := range problems {
		line := p.Error()
		if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("the message holds what it warns of: %q", line)
		}
	}
	if len(set.Nodes()) == 0 && len(problems) == 0 && strings.TrimLeft(strings.TrimPrefix(string(b), "\ufeff"), " \t\r\n")[0] != '[' {
		t.Errorf("nothing is read, and nothing is said: %q", b)
	}
	for _, n := range set.Nodes() {
		for _, name := range []string{n.Identity, n.Hostname, n.FQDN} {
			if err := safe.Hostname(name); err != nil {
				t.Errorf("a node is called %v", err)
			}
		}
		for _, i := range n.Interfaces {
			if err := safe.Ifname(i.Name); err != nil {
				t.Errorf("an interface is called %v", err)
			}
		}
		if n.Memory < 0 || n.Processors < 0 || n.OpenFiles < 0 {
			t.Errorf("less than nothing: %+v", n)
		}
	}
}
