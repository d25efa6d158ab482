package report_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/rubyjudge"
	"github.com/mco-go/mco-go/internal/vectors"
	"github.com/mco-go/mco-go/mco/cli/report"
	"github.com/mco-go/mco-go/mco/ddl"
)

// page returns what we print for a DDL, or the error.
func page(kind ddl.Kind, name, text string) string {
	d, err := ddl.ParseRuby(kind, name, []byte(text), name+".ddl")
	if err == nil {
		text, err = report.PluginDoc(d, 0)
	}
	if err != nil {
		return err.Error()
	}
	return text
}

// Every DDL that the vectors have, and every one that ships, gives the page that the original prints, or the same complaint.
func TestPluginDocAsTheOriginal(t *testing.T) {
	lab.Need(t, lab.Ruby)
	original := rubyjudge.Start(t, "-W0", "--disable-did_you_mean", "--disable-error_highlight", "testdata/doc.rb")
	compare := func(t *testing.T, kind ddl.Kind, name, text string) {
		want := strings.TrimSuffix(string(rubyjudge.Ask[[]byte](t, original, []any{kind, name, []byte(text)})), "\n")
		if got := strings.TrimSuffix(page(kind, name, text), "\n"); got != want {
			t.Errorf("got %q\nwant %q", got, want)
		}
	}
	v := vectors.Load[struct {
		Files []struct {
			Name, Kind string
			Text       vectors.Text
			Error      string
		}
	}](t, "ddl.json")
	for _, f := range v.Files {
		if f.Error == "" {
			t.Run(f.Kind+" "+f.Name, func(t *testing.T) { compare(t, ddl.Kind(f.Kind), f.Name, string(f.Text)) })
		}
	}
	for _, pattern := range []string{"../../ddl/builtin/*/*.ddl", "../../ddl/testdata/agents/mcollective/*/*.ddl"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v, %v", pattern, files, err)
		}
		for _, file := range files {
			kind, name := filepath.Base(filepath.Dir(file)), strings.TrimSuffix(filepath.Base(file), ".ddl")
			if name == "helpdesk" {
				continue // reads a file, which is not done here
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			t.Run(kind+" "+name, func(t *testing.T) { compare(t, ddl.Kind(kind), name, string(text)) })
		}
	}
	for _, tc := range []struct{ name, kind, text string }{
		{"no metadata", "agent", `action "a", :description => "d"`},
		{"no query", "data", head},
		{"no discovery block", "discovery", head},
		{"outputs by string and by symbol", "agent", head + "action 'a', :description => 'd' do\noutput :a, :description => 'd', :display_as => 'A'\noutput 'b', :description => 'd', :display_as => 'B'\nend"},
		{"actions by string and by symbol", "agent", head + "action 'a', :description => 'd'\naction :b, :description => 'd'"},
		{"inputs of every kind", "agent", head + "action 'a', :description => 'd' do\n" +
			"input :l, :prompt => 'p', :description => 'd', :type => :list, :optional => true, :list => ['a', ['b', 1], nil], :default => 'a'\n" +
			"input :b, :prompt => 'p', :description => 'd', :type => :boolean, :optional => nil, :default => false\n" +
			"input :s, :prompt => nil, :description => 'd', :type => :string, :optional => 1, :validation => :shellsafe, :maxlength => 0\nend"},
		{"usage of many lines", "aggregate", head + "usage 'a line that is so long that it has to be broken somewhere because no screen of eighty columns would hold it all\n\n  second'"},
		{"requirement", "connector", head + "requires :mcollective => '2.2.1'"},
	} {
		t.Run(tc.name, func(t *testing.T) { compare(t, ddl.Kind(tc.kind), "vec", tc.text) })
	}
}

const head = "metadata :name => 'Näme', :description => 'd', :author => 'a', :license => 'l', :version => 1.5, :url => nil, :timeout => 5\n"
