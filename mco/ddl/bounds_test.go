package ddl

import (
	"errors"
	"strings"
	"testing"
)

// Files that would take more than their share end with an error, soon.
func TestBounds(t *testing.T) {
	deep := func(open, inner, closing string, n int) string {
		return "usage " + strings.Repeat(open, n) + inner + strings.Repeat(closing, n)
	}
	for _, tt := range []struct{ name, src string }{
		{"size", strings.Repeat("# comment\n", 200_000)},
		{"lists", deep("[", "1", "]", 5000)},
		{"parentheses", deep("(", "1", ")", 5000)},
		{"hashes", deep("{:a => ", "1", "}", 5000)},
		{"blocks", strings.Repeat("[1].each do |x|\n", 2000) + strings.Repeat("end\n", 2000)},
		{"conditions", strings.Repeat("if true\n", 2000) + strings.Repeat("end\n", 2000)},
		{"interpolation", deep(`"#{`, "1", `}"`, 300)},
		{"not", "usage " + strings.Repeat("!", 100_000) + "true"},
		{"minus", "usage " + strings.Repeat("- ", 100_000) + "1"},
		{"ternary", "usage " + strings.Repeat("true ? 1 : ", 50_000) + "2"},
		{"sum", "usage " + strings.Repeat("1 + ", 100_000) + "1"},
		{"calls", `usage "a"` + strings.Repeat(".to_s", 100_000)},
		{"assignments", strings.Repeat("a = ", 100_000) + "1"},
		{"commands", strings.Repeat("usage ", 100_000) + "1"},
		{"elsif", "if true\n" + strings.Repeat("elsif true\n", 50_000) + "end"},
		{"loops", strings.Repeat("99.times do |x|\n", 6) + strings.Repeat("end\n", 6)},
		{"range", "usage (1..100000000000).map { |x| x }"},
		{"range of ranges", "(1..100000).each { |x| usage((1..100000).map { |y| y }) }"},
		{"text", `x = "a" * 1000000` + "\n100.times { |i| usage x + x }"},
		{"doubling", "x = 'a'\n64.times { |i| x = x + x }\nusage x"},
		{"lists doubling", "x = [1]\n64.times { |i| x = x + x }\nusage x"},
		{"format", `usage "%2000000000d" % 1`},
		{"power", "usage 2 ** 2 ** 40"},
		{"factorial", "x = 1\n5000.times { |i| x = x * (i + 1) * 1000000007 }\nusage x"},
		{"number", "usage " + strings.Repeat("9", 100_000)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if d, err := ParseRuby(Agent, "vec", []byte(tt.src), "vec.ddl"); err == nil {
				t.Errorf("was read: usage of %d bytes", len(text(d.Usage)))
			}
		})
	}
	d, err := ParseRuby(Agent, "vec", []byte(deep("[", "1", "]", 30)), "vec.ddl")
	if err != nil {
		t.Errorf("30 levels: %v", err)
	} else if text(d.Usage) != strings.Repeat("[", 30)+"1"+strings.Repeat("]", 30) {
		t.Errorf("30 levels became %s", text(d.Usage))
	}
	_, err = ParseRuby(Agent, "vec", []byte(deep("[", "1", "]", 40)), "vec.ddl")
	if _, ok := errors.AsType[*LimitError](err); !ok {
		t.Errorf("40 levels: %v", err)
	}
}

func FuzzParseRuby(f *testing.F) {
	for _, s := range rubySnippets() {
		f.Add(s.ruby, "agent")
	}
	for kind, src := range map[string]string{
		"data":      "dataquery :description => 'd' do\n input :query, :prompt => 'p', :description => 'd', :type => :string, :validation => /./, :maxlength => 1\n output :a, :description => 'd', :display_as => 'A'\nend",
		"discovery": "discovery do\n capabilities [:facts]\nend",
		"validator": head,
	} {
		f.Add(src, kind)
	}
	f.Fuzz(func(t *testing.T, src, kind string) {
		for _, opts := range [][]Option{nil, {OnNode()}} {
			d, err := ParseRuby(Kind(kind), "vec", []byte(src), "vec.ddl", opts...)
			if err != nil {
				if err.Error() == "" {
					t.Error("an error without a text")
				}
				continue
			}
			if len(show(d.Entities())) > 64<<20 {
				t.Error("far more was declared than was written")
			}
			for _, a := range d.Actions {
				name, ok := a.Name.AsString()
				if !ok {
					continue
				}
				data, _ := d.DefaultOutputs(name)
				_ = d.Validate(name, data)
			}
		}
	})
}

func FuzzParseJSON(f *testing.F) {
	f.Add([]byte(`{"metadata": {"name":"n","description":"d","author":"a","license":"l","version":"1","url":"u","timeout":1}, "actions": [{"action":"a","description":"d",
"input":{"i":{"type":"string","prompt":"p","description":"d","validation":"shellsafe"}},"output":{"o":{"description":"d","display_as":"O","default":-1.5}},"aggregate":[{"function":"sum","args":["o",{"format":"%d"}]}]}]}`), "agent")
	f.Add([]byte(`{"metadata": {"name":"n","description":"d","author":"a","license":"l","version":"1","url":"u","timeout":1}, "query": {"description":"d","input":{"query":{}}}}`), "data")
	f.Fuzz(func(t *testing.T, src []byte, kind string) {
		d, err := ParseJSON(Kind(kind), "x", src, "x.json")
		if err != nil {
			return
		}
		for _, a := range d.Actions {
			name, _ := a.Name.AsString()
			data, _ := d.DefaultOutputs(name)
			s, err := d.NewSummary(name)
			if err == nil && s != nil {
				for range 2 {
					s.Add(d.Action(name).Value().Field("output"))
				}
				_ = s.Text(false)
			}
			_ = d.Validate(name, data)
		}
	})
}
