package discovery

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mco-go/mco-go/internal/vectors"
	"github.com/mco-go/mco-go/mco"
)

type listVector struct {
	Name       string
	Text       string
	Type       *string
	Identities []string `json:"identity_filter"`
	Result     []string
	Error      string
	Class      string
}

type miscVectors struct {
	Discovered []string
	Limits     []struct {
		Count, Method string
		Seed          *int64
		Result        []string
	}
	Flatfile, Stdin []listVector
}

func (v listVector) compare(t *testing.T, got []string, err error) {
	t.Helper()
	switch {
	case v.Class == "JSON::ParserError": // the words are those of Ruby's parser
		if err == nil {
			t.Errorf("read %q, want a refusal", got)
		}
	case v.Error != "":
		if err == nil || err.Error() != v.Error {
			t.Errorf("got %q, %v; want error %q", got, err, v.Error)
		}
	case err != nil || !slices.Equal(got, v.Result):
		t.Errorf("got %q, %v; want %q", got, err, v.Result)
	}
}

func TestVectorsLists(t *testing.T) {
	v := vectors.Load[miscVectors](t, "misc.json")
	done := 0
	for _, tc := range v.Flatfile {
		t.Run("flatfile/"+tc.Name, func(t *testing.T) {
			done++
			path := filepath.Join(t.TempDir(), "hosts")
			if err := os.WriteFile(path, []byte(tc.Text), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := Flatfile([]string{path}, tc.Identities)
			tc.compare(t, got, err)
		})
	}
	vectors.Count(t, "misc.json", "flatfile", done, len(v.Flatfile))
	done = 0
	for _, tc := range v.Stdin {
		t.Run("stdin/"+tc.Name, func(t *testing.T) {
			done++
			var options []string
			if tc.Type != nil {
				options = []string{*tc.Type}
			}
			got, err := Stdin(strings.NewReader(tc.Text), options, tc.Identities)
			tc.compare(t, got, err)
		})
	}
	vectors.Count(t, "misc.json", "stdin", done, len(v.Stdin))
}

func TestVectorsLimits(t *testing.T) {
	v := vectors.Load[miscVectors](t, "misc.json")
	done := 0
	for _, tc := range v.Limits {
		done++
		got, err := Limit{Count: tc.Count, Random: tc.Method != "first", Seed: tc.Seed}.Pick(v.Discovered)
		if err != nil || !slices.Equal(got, tc.Result) {
			t.Errorf("limit %s by %s: got %q, %v; want %q", tc.Count, tc.Method, got, err, tc.Result)
		}
	}
	vectors.Count(t, "misc.json", "limits", done, len(v.Limits))
}

// The numbers are those of Ruby's srand(seed); rand(1000).
func TestTwisterAsRuby(t *testing.T) {
	for seed, want := range map[int64]int{5: 867, -5: 867, 1<<32 + 5: 867, 0: 684, 3<<32 + 5: 269} {
		if got := newTwister(seed).intN(1000); got != want {
			t.Errorf("seed %d: %d, want %d", seed, got, want)
		}
	}
}

func TestPickWithoutSeed(t *testing.T) {
	nodes := []string{"a", "b", "c", "d", "e"}
	for range 50 {
		got, err := Limit{Count: "3", Random: true}.Pick(nodes)
		if err != nil || len(got) != 3 {
			t.Fatalf("got %q, %v", got, err)
		}
		slices.Sort(got)
		if len(slices.Compact(got)) != 3 {
			t.Fatalf("a node was picked twice: %q", got)
		}
	}
	if !slices.Equal(nodes, []string{"a", "b", "c", "d", "e"}) {
		t.Errorf("the set was changed: %q", nodes)
	}
	if _, err := (Limit{Count: "99999999999999999999"}).Pick(nodes); err == nil {
		t.Error("a limit beyond all numbers was taken")
	}
}

func TestMethods(t *testing.T) {
	for _, tc := range []struct {
		method string
		direct bool
		filter mco.Filter
		want   string
	}{
		{"nosuch", true, mco.Filter{}, "Unknown discovery method nosuch"},
		{"stdin", false, mco.Filter{}, "Custom discovery methods require direct addressing mode"},
		{"mc", false, mco.Filter{Classes: []string{"a"}}, ""},
		{"flatfile", true, mco.Filter{Agents: []string{"a"}, Identities: []mco.Value{mco.String("n")}}, ""},
		{"flatfile", true, mco.Filter{Classes: []string{"a"}}, "Cannot use class filters while using the 'flatfile' discovery method"},
		{"stdin", true, mco.Filter{Facts: []mco.FactFilter{{}}}, "Cannot use fact filters while using the 'stdin' discovery method"},
		{"stdin", true, mco.Filter{Compound: []mco.Value{{}}}, "Cannot use compound filters while using the 'stdin' discovery method"},
	} {
		m, err := Find(tc.method, tc.direct)
		if err == nil {
			err = m.Check(tc.filter)
		}
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != tc.want {
			t.Errorf("%s: %q, want %q", tc.method, got, tc.want)
		}
	}
}

func FuzzStdin(f *testing.F) {
	f.Add("a\nb\n", "auto")
	f.Add(`[{"sender":"a"},{"certname":"b"}]`, "json")
	f.Fuzz(func(t *testing.T, text, kind string) {
		hosts, err := Stdin(strings.NewReader(text), []string{kind}, nil)
		for _, h := range hosts {
			if err != nil || !isIdentity(h) {
				t.Fatalf("host %q, %v", h, err)
			}
		}
	})
}
