package ddl

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mco-go/mco-go/internal/vectors"
	"github.com/mco-go/mco-go/mco"
)

// outcome is the result of a case: a value or the text of an error.
type outcome struct {
	Result *struct {
		Meta         vectors.Value
		Entities     vectors.Value
		Requirements vectors.Value
		Usage        string
	}
	Error, Class string
}

func TestVectorsFiles(t *testing.T) {
	type file struct {
		outcome
		Name        string
		Kind        Kind
		Text        string
		OnTheServer *outcome `json:"on_the_server"`
	}
	cases := vectors.Load[struct{ Files []file }](t, "ddl.json").Files
	done := 0
	for _, c := range cases {
		onServer := c.outcome
		if c.OnTheServer != nil {
			onServer = *c.OnTheServer
		}
		t.Run(c.Name, func(t *testing.T) {
			compareFile(t, c.Kind, c.Text, c.outcome)
			compareFile(t, c.Kind, c.Text, onServer, OnNode())
		})
		done++
	}
	vectors.Count(t, "ddl.json", "files", done, len(cases))
}

func compareFile(t *testing.T, kind Kind, text string, want outcome, opts ...Option) {
	t.Helper()
	d, err := ParseRuby(kind, "vec", []byte(text), "vec.ddl", opts...)
	if want.Result == nil {
		wanted := want.Error
		if want.Class == "SyntaxError" {
			// The place is compared, not the words of Ruby's own parser behind it.
			wanted, _, _ = strings.Cut(want.Error, ", ")
			if _, ok := errors.AsType[*SyntaxError](err); !ok || !strings.HasPrefix(err.Error(), wanted) {
				t.Errorf("got %v, want a syntax error that begins with %q", err, wanted)
			}
			return
		}
		if err == nil || err.Error() != wanted {
			t.Errorf("got error %v, want %q", err, wanted)
		}
		return
	}
	if refused, ok := errors.AsType[*RefusedError](err); ok && readsTheMachine(text) {
		t.Logf("differs by rule: %v", refused)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if got := mco.Hash(d.Meta); !got.Equal(want.Result.Meta.Value) {
		t.Errorf("metadata: got %s, want %s", show(got), show(want.Result.Meta.Value))
	}
	if got := d.Entities(); show(got) != show(want.Result.Entities.Value) || !got.Equal(want.Result.Entities.Value) {
		t.Errorf("entities: got %s\nwant %s", show(got), show(want.Result.Entities.Value))
	}
	if got := mco.Hash(d.Requirements); !got.Equal(want.Result.Requirements.Value) {
		t.Errorf("requirements: got %s, want %s", show(got), show(want.Result.Requirements.Value))
	}
	if got, _ := d.Usage.AsString(); got != want.Result.Usage {
		t.Errorf("usage: got %q, want %q", got, want.Result.Usage)
	}
}

// readsTheMachine names the files that the original loads and that are refused here: those that ask the machine, load code or run it.
func readsTheMachine(text string) bool {
	return slices.ContainsFunc([]string{"File.", "Dir.", "IO.", "ENV", "Time.", "Socket.", "require ", "Config.instance", "Facts", "RUBY_", "%x", "`"},
		func(word string) bool { return strings.Contains(text, word) })
}

func TestVectorsValidation(t *testing.T) {
	cases := vectors.Load[struct {
		Validation []struct {
			Spec, Value vectors.Value
			Valid       bool
			Error       string
		}
	}](t, "ddl.json").Validation
	done := 0
	for _, c := range cases {
		d := newDDL(Agent, "vec", "vec.ddl")
		spec, _ := c.Spec.AsMap()
		in := &Input{Name: mco.Sym("x"), Type: spec.Symbol("type"), Validation: spec.Symbol("validation"), MaxLength: spec.Symbol("maxlength"), List: spec.Symbol("list")}
		err := d.ValidateInput(in, c.Value.Value)
		switch {
		case c.Valid && passesByLine(in, c.Value.Value):
			// A pattern anchored on both sides must fit the whole text here, of which a line is enough for the original.
			if want := "Cannot validate input x: value should match " + text(in.Validation); err == nil || err.Error() != want {
				t.Errorf("%s with %s: got %v, want %q", show(c.Spec.Value), show(c.Value.Value), err, want)
			}
		case c.Valid && err != nil:
			t.Errorf("%s with %s: %v, want it valid", show(c.Spec.Value), show(c.Value.Value), err)
		case !c.Valid && (err == nil || err.Error() != c.Error):
			t.Errorf("%s with %s: got %v, want %q", show(c.Spec.Value), show(c.Value.Value), err, c.Error)
		}
		done++
	}
	vectors.Count(t, "ddl.json", "validation", done, len(cases))
}

// passesByLine tells whether a text is valid in the original because one of its lines is, though the text as a whole does not fit.
func passesByLine(in *Input, v mco.Value) bool {
	re, ok := in.Validation.AsRegexp()
	if source, isText := in.Validation.AsString(); isText {
		re, ok = mco.Regexp{Source: source}, true
	}
	s, isText := v.AsString()
	if !ok || !isText || in.TypeName() != "string" || !strings.Contains(s, "\n") || !anchored(re.Source) {
		return false
	}
	fits, err := matches(`\A(?:`+re.Source+`)\z`, re.Options, s)
	return err == nil && !fits
}

func TestVectorsRequests(t *testing.T) {
	type verdict struct {
		Result *bool
		Error  string
	}
	all := vectors.Load[struct {
		RequestDDL string `json:"request_ddl"`
		Requests   []struct {
			Action         string
			Data           vectors.Value
			ClientData     vectors.Value `json:"client_data"`
			Client, Server verdict
		}
	}](t, "ddl.json")
	d, err := ParseRuby(Agent, "vec", []byte(all.RequestDDL), "vec.ddl")
	if err != nil {
		t.Fatal(err)
	}
	check := func(side, action string, data *mco.Map, want verdict) {
		t.Helper()
		err := d.Validate(action, data)
		if want.Result != nil && err != nil || want.Result == nil && (err == nil || err.Error() != want.Error) {
			t.Errorf("%s: %s %s: got %v, want %q", side, action, show(mco.Hash(data)), err, want.Error)
		}
		if _, ok := errors.AsType[*ValidationError](err); err != nil && !ok {
			t.Errorf("%s: %s: %T is no ValidationError", side, action, err)
		}
	}
	done := 0
	for _, c := range all.Requests {
		data, _ := c.Data.AsMap()
		check("server", c.Action, data, c.Server)
		d.ApplyDefaults(c.Action, data)
		if got := mco.Hash(data); show(got) != show(c.ClientData.Value) {
			t.Errorf("%s: defaults make %s, want %s", c.Action, show(got), show(c.ClientData.Value))
		}
		check("client", c.Action, data, c.Client)
		done++
	}
	vectors.Count(t, "ddl.json", "requests", done, len(all.Requests))
}

func TestVectorsConversions(t *testing.T) {
	cases := vectors.Load[struct {
		Conversions []struct {
			Kind, Text, Error string
			Result            vectors.Value
		}
	}](t, "ddl.json").Conversions
	convert := map[string]func(string) (mco.Value, error){"boolean": ToBoolean, "number": ToNumber}
	done := 0
	for _, c := range cases {
		got, err := convert[c.Kind](c.Text)
		switch {
		case c.Error != "" && (err == nil || err.Error() != c.Error):
			t.Errorf("%s %q: got %v, want %q", c.Kind, c.Text, err, c.Error)
		case c.Error == "" && (err != nil || !got.Equal(c.Result.Value)):
			t.Errorf("%s %q: got %s, %v, want %s", c.Kind, c.Text, show(got), err, show(c.Result.Value))
		}
		done++
	}
	vectors.Count(t, "ddl.json", "conversions", done, len(cases))
}

func TestVectorsAggregates(t *testing.T) {
	cases := vectors.Load[struct {
		Aggregates []struct {
			Name   string
			Rows   []map[string]vectors.Value
			Color  bool
			Result string
		}
	}](t, "render.json").Aggregates
	d, err := Load([]string{filepath.Join(vectors.Dir(t), "plugins")}, Agent, "vec")
	if err != nil {
		t.Fatal(err)
	}
	done := 0
	for _, c := range cases {
		s, err := d.NewSummary("echo")
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range c.Rows {
			m := new(mco.Map)
			for k, v := range row {
				m.SetSymbol(mco.Symbol(k), v.Value)
			}
			s.Add(mco.Hash(m))
		}
		if diff := cmp.Diff(c.Result, s.Text(c.Color)); diff != "" {
			t.Errorf("%s, color %v (-want +got):\n%s", c.Name, c.Color, diff)
		}
		done++
	}
	vectors.Count(t, "render.json", "aggregates", done, len(cases))
}

func TestVectorsVersions(t *testing.T) {
	cases := vectors.Load[struct {
		Versioncmp []struct {
			A, B string
			Cmp  int
		}
	}](t, "misc.json").Versioncmp
	done := 0
	for _, c := range cases {
		if got := CompareVersions(c.A, c.B); got != c.Cmp {
			t.Errorf("%q and %q: got %d, want %d", c.A, c.B, got, c.Cmp)
		}
		done++
	}
	vectors.Count(t, "misc.json", "versioncmp", done, len(cases))
}

// The DDLs of the plugins that other vectors use load on both sides.
func TestVectorsPlugins(t *testing.T) {
	dir := filepath.Join(vectors.Dir(t), "plugins")
	done := 0
	for _, kind := range []Kind{Agent, Data} {
		entries, err := os.ReadDir(filepath.Join(dir, "mcollective", string(kind)))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			name, ok := strings.CutSuffix(e.Name(), ".ddl")
			if !ok {
				continue
			}
			if _, err := Load([]string{dir}, kind, name, OnNode()); err != nil {
				t.Error(err)
			}
			done++
		}
	}
	if done == 0 {
		t.Error("no plugin found")
	}
}
