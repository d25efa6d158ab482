package ddl

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mco-go/mco-go/mco"
)

const head = `metadata :name => "vec", :description => "d", :author => "a", :license => "l", :version => "1", :url => "u", :timeout => 10
`

func mustParse(t *testing.T, body string) *DDL {
	t.Helper()
	d, err := ParseRuby(Agent, "vec", []byte(head+body), "vec.ddl")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func args(pairs ...any) *mco.Map {
	m := new(mco.Map)
	for i := 0; i < len(pairs); i += 2 {
		m.SetSymbol(mco.Symbol(pairs[i].(string)), pairs[i+1].(mco.Value))
	}
	return m
}

// A JSON file wins over the .ddl beside it, which here holds Ruby that is not run.
func TestJSONWins(t *testing.T) {
	d, err := Load([]string{t.TempDir(), "testdata/agents"}, Agent, "helpdesk")
	if err != nil {
		t.Fatal(err)
	}
	if d.File != "testdata/agents/mcollective/agent/helpdesk.json" || d.MetaText("provider") != "external" {
		t.Errorf("loaded %s, provider %q", d.File, d.MetaText("provider"))
	}
	open := d.Action("open")
	var names []string
	for _, in := range open.Inputs {
		names = append(names, in.Key())
	}
	if want := []string{"title", "host", "level", "tags", "extra", "thing"}; !slices.Equal(names, want) {
		t.Errorf("inputs %v, want the order of the file %v", names, want)
	}
	if v := open.Input("title").Validation; !v.Equal(mco.Sym("shellsafe")) || open.Input("title").IsOptional() || open.Display != "always" {
		t.Errorf("title: validation %s, optional %v; display %s", show(v), open.Input("title").IsOptional(), open.Display)
	}
	title := mco.String("It burns")
	level := mco.String("low")
	for _, tt := range []struct {
		name string
		data *mco.Map
		want string
	}{
		{"least", args("title", title, "level", level), ""},
		{"all", args("title", title, "level", level, "host", mco.String("web.example"), "tags", mco.Strings("a"), "extra", mco.Hash(nil), "thing", mco.Int(1)), ""},
		{"validator", args("title", mco.String("a;b"), "level", level), "Cannot validate input title: value should not have ; in it"},
		{"pattern", args("title", title, "level", level, "host", mco.String("web1\nx")), "Cannot validate input host: value should match ^[a-z.]+$"},
		{"array", args("title", title, "level", level, "tags", mco.String("a")), "Cannot validate input tags: value should be a array"},
		{"hash", args("title", title, "level", level, "extra", mco.List()), "Cannot validate input extra: value should be a hash"},
		{"missing", args("title", title), "Action open needs a level argument"},
	} {
		t.Run(tt.name, func(t *testing.T) { wantError(t, d.Validate("open", tt.data), tt.want) })
	}
	data := args("title", title)
	d.ApplyDefaults("open", data)
	if got := show(mco.Hash(data)); got != `{:title=>"It burns", :level=>"low"}` {
		t.Errorf("defaults: %s", got)
	}
	out, ok := d.DefaultOutputs("open")
	if got := show(mco.Hash(out)); !ok || got != `{:number=>0, :queue=>nil}` {
		t.Errorf("outputs: %s", got)
	}
	s, err := d.NewSummary("open")
	if err != nil {
		t.Fatal(err)
	}
	s.Add(mco.Hash(args("queue", mco.String("net"))))
	if got := s.Text(false); got != "Summary of Queue:\n\n   net holds 1\n\n" {
		t.Errorf("summary: %q", got)
	}
}

func wantError(t *testing.T, err error, want string) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Error(err)
	case want != "" && (err == nil || err.Error() != want):
		t.Errorf("got %v, want %q", err, want)
	}
}

func TestJSONRefused(t *testing.T) {
	meta := `"metadata": {"name":"n","description":"d","author":"a","license":"l","version":"1","url":"u","timeout":1}`
	for _, tt := range []struct{ name, src, want string }{
		{"no object", `[]`, "read x.json: a DDL is an object"},
		{"no metadata", `{}`, "read x.json: undefined method `include?' for nil:NilClass"},
		{"metadata incomplete", `{"metadata": {"name": "x"}}`, "read x.json: Metadata needs a :description property"},
		{"trailing", `{` + meta + `} {}`, "read x.json: something follows the object at byte 109"},
		{"action without name", `{` + meta + `, "actions": [{}]}`, "read x.json: an action needs a name"},
		{"display", `{` + meta + `, "actions": [{"action":"a","description":"d","display":"never"}]}`, "read x.json: Display preference never is not valid, should be :ok, :failed, :flatten or :always"},
		{"input", `{` + meta + `, "actions": [{"action":"a","description":"d","input":{"i":{"type":"list","prompt":"p","description":"d"}}}]}`, "read x.json: input i: Input type :list needs a :list argument"},
		{"deep", strings.Repeat("[", 5000), "read x.json: nested deeper than 32 levels at byte 34"},
		{"newer", `{` + meta + `, "requires": {"mcollective": "9.0"}}`, "read x.json: Agent plugin 'x' requires MCollective version 9.0 or newer"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ParseJSON(Agent, "x", []byte(tt.src), "x.json")
			wantError(t, err, tt.want)
		})
	}
}

// In the original "^" and "$" hold for lines, so that a second line passes unseen.
func TestWholeText(t *testing.T) {
	for _, tt := range []struct {
		pattern, text string
		ok            bool
	}{
		{`^\w+$`, "ok", true},
		{`^\w+$`, "ok\nrm -rf", false},
		{`^\w+$`, "ok\n", false},
		{`\A\w+\Z`, "ok\n", false},
		{`^a$|^b$`, "b\nc", false},
		{`^a$|^b$`, "b", true},
		{`^a|b$`, "x\nb", true},  // not anchored on both sides of either alternative
		{`\w+$`, "x y\nz", true}, // anchored on one side
		{`^a\$`, "a$\nb", true},  // a dollar sign
		{`^[$]|x$`, "$\n", true},
		{`^.+$`, "a\nb", false},
		{`^(a|b)$`, "a\nb", false},
		{`^[\s\S]+$`, "a\nb", true},
		{`^[|]$`, "|", true},
		{`^[]|a]+$`, "a\n]", false},
		{`^[^]|]+$`, "a\n]", false},
	} {
		d := mustParse(t, `action "a", :description => "d" do
  input :x, :prompt => "p", :description => "d", :type => :string, :validation => '`+tt.pattern+`', :optional => false, :maxlength => 0
end`)
		err := d.Validate("a", args("x", mco.String(tt.text)))
		if (err == nil) != tt.ok {
			t.Errorf("%s and %q: %v, want it valid: %v", tt.pattern, tt.text, err, tt.ok)
		}
	}
}

func TestInvalidText(t *testing.T) {
	d := mustParse(t, `action "a", :description => "d" do
  input :x, :prompt => "p", :description => "d", :type => :string, :validation => '.', :optional => false, :maxlength => 2
  input :bad, :prompt => "p", :description => "d", :type => :string, :validation => '(', :optional => true, :maxlength => 0
end`)
	wantError(t, d.Validate("a", args("x", mco.EncodedText("\xff", "UTF-8"))), "Cannot validate input x: value should match .")
	if err := d.Validate("a", args("x", mco.String("a"), "bad", mco.String("a"))); err == nil || !strings.Contains(err.Error(), "Cannot validate input bad: end pattern with unmatched parenthesis") {
		t.Errorf("broken pattern: %v", err)
	}
	wantError(t, d.Validate("a", args("x", mco.Text("é", mco.Binary))), "") // two bytes
	wantError(t, d.Validate("a", args("x", mco.Text("éx", mco.Binary))), "Cannot validate input x: Input string is longer than 2 character(s)")
	wantError(t, d.Validate("a", mco.NewMap(mco.Pair{Key: mco.Int(1), Value: mco.Nil()})), "undefined method `intern' for 1:Integer")
}

func TestConvert(t *testing.T) {
	d := mustParse(t, `action "a", :description => "d" do
  [:integer, :float, :number, :boolean, :list].each do |type|
    input type, :prompt => "p", :description => "d", :type => type, :optional => true, :list => %w[1 2]
  end
end`)
	data := args("integer", mco.String("5"), "float", mco.String("1.5"), "number", mco.String("7"), "boolean", mco.String("yes"), "list", mco.String("1"), "other", mco.String("1"))
	if err := d.Convert("a", data); err != nil {
		t.Fatal(err)
	}
	if got, want := show(mco.Hash(data)), `{:integer=>5, :float=>1.5, :number=>7, :boolean=>true, :list=>"1", :other=>"1"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	wantError(t, d.Convert("a", args("boolean", mco.String("on"))), "on does not look like a boolean argument")
	wantError(t, d.Convert("nosuch", args("boolean", mco.String("on"))), "")
	if err := d.Validate("a", data); err != nil {
		t.Error(err)
	}
}

func TestDataQuery(t *testing.T) {
	fact, err := Load(nil, Data, DataName("Fact"))
	if err != nil {
		t.Fatal(err)
	}
	wantError(t, fact.ValidateQuery(mco.String("os.family")), "")
	wantError(t, fact.ValidateQuery(mco.Nil()), "Cannot validate input query: value should be a string")
	if !fact.HasOutput("value") || fact.HasOutput("nosuch") || !fact.ConvertQuery(mco.String("5")).Equal(mco.String("5")) {
		t.Error("outputs or conversion of fact_data")
	}
	noInput, err := Load([]string{"testdata/agents"}, Data, "puppet_data")
	if err != nil {
		t.Fatal(err)
	}
	wantError(t, noInput.ValidateQuery(mco.Nil()), "")
	wantError(t, noInput.ValidateQuery(mco.String("x")), "No data plugin argument was declared in the puppet DDL but an input was supplied")
	bare, err := ParseRuby(Data, "x_data", []byte(`dataquery(:description => 1) { input :query, :prompt => 1, :description => 1, :type => :integer, :optional => true }`), "x_data.ddl")
	if err != nil {
		t.Fatal(err)
	}
	wantError(t, bare.ValidateQuery(mco.Int(1)), "No output has been defined in the DDL for data plugin ")
	if got := bare.ConvertQuery(mco.String("12")); !got.Equal(mco.Int(12)) {
		t.Errorf("12 became %s", show(got))
	}
	if got := bare.ConvertQuery(mco.String("-12")); !got.Equal(mco.String("-12")) {
		t.Errorf("-12 became %s", show(got))
	}
}

func TestLoad(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	write := func(dir, name, text string) {
		t.Helper()
		path := filepath.Join(dir, "mcollective", "agent", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(second, "a.ddl", head)
	write(second, "rpcutil.ddl", "usage 'mine'")
	libdirs := []string{first, second}
	d, err := Load(libdirs, Agent, "a")
	if err != nil || d.MetaText("name") != "vec" {
		t.Fatal(err)
	}
	if n, ok := d.Timeout(); n != 10 || !ok {
		t.Errorf("timeout %v, %v", n, ok)
	}
	mine, err := Load(libdirs, Agent, "rpcutil")
	if err != nil || text(mine.Usage) != "mine" {
		t.Errorf("a file in a folder goes before our own: %v", err)
	}
	if _, ok := mine.Timeout(); ok {
		t.Error("no metadata, but a timeout")
	}
	for _, name := range []string{"nosuch", "../agent/a", "", "..", "a\x00"} {
		_, err := Load(libdirs, Agent, name)
		if _, ok := errors.AsType[*NotFoundError](err); !ok || err.Error() != "Can't find DDL for agent plugin '"+name+"'" {
			t.Errorf("%q: %v", name, err)
		}
	}
	if got := List(libdirs, Agent); !slices.Contains(got, "a") || !slices.Contains(got, "rpcutil") || !slices.IsSorted(got) {
		t.Errorf("agents: %v", got)
	}
	if got := List(nil, Data); !slices.Contains(got, "fact_data") || slices.Contains(got, "a") || !slices.IsSorted(got) {
		t.Errorf("data plugins: %v", got)
	}
}

func TestCache(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "mcollective", "agent", "a.ddl")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1700000000, 0)
	c := Cache{LibDirs: []string{dir}, Now: func() time.Time { return now }}
	if _, err := c.Get(Agent, "a"); err == nil {
		t.Error("a file that is not there was loaded")
	}
	for i, tt := range []struct {
		write string
		later time.Duration
		want  string
	}{
		{"usage 'one'", 0, "one"},
		{"usage 'two'", 299 * time.Second, "one"},
		{"usage 'two'", time.Second, "two"},
	} {
		if err := os.WriteFile(path, []byte(tt.write), 0o644); err != nil {
			t.Fatal(err)
		}
		now = now.Add(tt.later)
		d, err := c.Get(Agent, "a")
		if err != nil || text(d.Usage) != tt.want {
			t.Errorf("step %d: %v, want usage %q", i, err, tt.want)
		}
	}
}

func TestBuiltin(t *testing.T) {
	for _, kind := range []Kind{Agent, Data, Discovery, Validator, Aggregate, Connector} {
		names := List(nil, kind)
		if len(names) == 0 {
			t.Errorf("no %s plugin", kind)
		}
		for _, name := range names {
			d, err := Load(nil, kind, name)
			if err != nil {
				t.Error(err)
				continue
			}
			if _, ok := d.Timeout(); !ok {
				t.Errorf("%s %s has no timeout", kind, name)
			}
		}
	}
	mc, err := Load(nil, Discovery, "mc")
	if err != nil || !slices.Equal(mc.Capabilities, []string{"classes", "facts", "identity", "agents", "compound"}) {
		t.Errorf("mc: %v, %v", mc.Capabilities, err)
	}
}

// Loading our own agents' files is part of a node's start.
func BenchmarkLoadRPCUtil(b *testing.B) {
	for b.Loop() {
		if _, err := Load(nil, Agent, "rpcutil"); err != nil {
			b.Fatal(err)
		}
	}
}

func TestAddresses(t *testing.T) {
	// The answers are those of Ruby's IPAddr.
	for s, want := range map[string]int{
		"1.2.3.4/8": 4, "1.2.3.4/33": 0, "1.2.3.4/255.0.0.0": 4, "1.2.3.4/255.0.0.1": 0, "1.2.3.4/": 0, "1.2.3.4/x": 0, "[::1]": 6, "[1.2.3.4]": 0, "::1%eth0": 6,
		"1.2.3.4%eth0": 0, "::1/64": 6, "::1/129": 0, "::/ffff::": 6, "::": 6, "1:2:3:4:5:6:7:8": 6, "1:2:3:4:5:6:7::8": 0, "1:2:3:4:5:6:7::": 6, "::2:3:4:5:6:7:8": 6,
		"1::2:3:4:5:6:7:8": 0, "::1.2.3.4": 6, "1:2:3:4:5:6:1.2.3.4": 6, "1::256.1.1.1": 0, "01.2.3.4": 0, "00.0.0.0": 0, "0.0.0.0": 4, ":1": 0, "1:": 0, "::12345": 0,
		"1::2::3": 0, "::1/255.0.0.0": 0, "1.2.3.4/-1": 0, "1.2.3.4/8/9": 0, "1.2.3.4/::ffff": 0, "::ffff:1.2.3.4": 6, "1:2:3:4:5:6:7:1.2.3.4": 0, "1:2:3:4:5::1.2.3.4": 6,
		"1:2:3:4:5:6::1.2.3.4": 0, "::1%": 0, "1.2.3.4\n": 0, "": 0, " 1.2.3.4": 0, "1.2.3.4/08": 0, "1.2.3.4/0": 4, "1.2.3.4/255.255.0.0": 4,
	} {
		if got := ipFamily(s); got != want {
			t.Errorf("%q: %d, want %d", s, got, want)
		}
	}
}

func TestCommunityValidators(t *testing.T) {
	for _, tt := range []struct {
		validator, text string
		ok              bool
	}{
		{"puppet_server_address", "puppet.example.net", true}, {"puppet_server_address", "puppet:8140", true}, {"puppet_server_address", "puppet:99999", false},
		{"puppet_server_address", "--configtimeout x", false}, {"puppet_server_address", "a;b", false}, {"puppet_tags", "web,db::server", true}, {"puppet_tags", "web,", false},
		{"puppet_variable", "a", true}, {"puppet_variable", "1", false}, {"puppet_variable", "a b", false}, {"puppet_resource", "File[/etc/hosts]", true},
		{"puppet_resource", "File", false}, {"service_name", "httpd@1.service", true}, {"service_name", "httpd\nrm", false}, {"nettest_fqdn", "a.example.net", true},
		{"nettest_fqdn", "10.0.0.1", true}, {"nettest_fqdn", "-a", false}, {"package_name", "a`b", false},
	} {
		if err := validator(mco.String(tt.text), tt.validator); (err == nil) != tt.ok {
			t.Errorf("%s %q: %v, want it valid: %v", tt.validator, tt.text, err, tt.ok)
		}
		if validator(mco.Int(5), tt.validator) == nil {
			t.Errorf("%s takes an integer", tt.validator)
		}
	}
}

func TestEvalErrorPlace(t *testing.T) {
	_, err := ParseRuby(Agent, "vec", []byte("usage 1\n\naction 'x', :foo => 1\n"), "vec.ddl")
	e, ok := errors.AsType[*EvalError](err)
	if !ok || e.Place() != "vec.ddl:3" {
		t.Errorf("got %v (%T)", err, err)
	}
	_, err = ParseRuby(Agent, "vec", []byte("usage 1\nrequire 'x'\n"), "vec.ddl")
	if want := "vec.ddl:2: `require' is beyond the Ruby that is read from a DDL (a .json file beside it would be taken instead)"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestWarnings(t *testing.T) {
	d := mustParse(t, `action("x", :description => 1) { display :flatten }`)
	want := []string{"The display option :flatten is being deprecated and will be removed in the next minor release."}
	if diff := cmp.Diff(want, d.Warnings); diff != "" {
		t.Error(diff)
	}
}
