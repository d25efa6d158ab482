package ddl

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mco-go/mco-go/mco"
)

func TestSummaries(t *testing.T) {
	for _, tt := range []struct {
		name, functions string
		rows            []mco.Value
		want            string
	}{
		{"boolean_summary", `aggregate boolean_summary(:o, {:true => "enabled", :false => "disabled"})`, []mco.Value{mco.Bool(true), mco.Bool(false), mco.Bool(true), mco.Nil()},
			"Summary of O:\n\n   enabled = 2\n   disabled = 1\n\n"},
		{"nagios_states", `aggregate nagios_states(:o)`, []mco.Value{mco.Int(0), mco.Int(0), mco.Int(2), mco.Int(9)},
			"Summary of O:\n\n           OK : 2\n      UNKNOWN : 1\n     CRITICAL : 1\n      WARNING : 0\n\n"},
		{"nettest_mma", `aggregate nettest_mma(:o, :format => "Min: %.3fms  Max: %.3fms  Average: %.3fms")`, []mco.Value{mco.Float(1.5), mco.Float(0.5), mco.Nil(), mco.Int(4)},
			"Summary of O:\n\n   Min: 0.500ms  Max: 4.000ms  Average: 2.000ms\n\n"},
		{"average of integers", `aggregate average(:o)`, []mco.Value{mco.Int(3), mco.Int(4), mco.Int(0)}, "Summary of O:\n\n   Average of o: 2.000000\n\n"},
		{"average of negative integers", `aggregate average(:o)`, []mco.Value{mco.Int(-3), mco.Int(-4)}, "Summary of O:\n\n   Average of o: -4.000000\n\n"},
		{"average with a float", `aggregate average(:o)`, []mco.Value{mco.Int(3), mco.Float(4)}, "Summary of O:\n\n   Average of o: 3.500000\n\n"},
		{"format beside the function has no effect", `aggregate sum(:o), :format => "Total %d"`, []mco.Value{mco.Int(1)}, "Summary of O:\n\n   Sum of o: 1.000000\n\n"},
		{"shared hash gives its format once", "f = {:format => 'Total %d'}\naggregate sum(:o, f)\naggregate sum(:o, f)", []mco.Value{mco.Int(1)},
			"Summary of O:\n\n   Total 1\n\nSummary of O:\n\n   Sum of o: 1.000000\n\n"},
		{"own format", `aggregate summary(:o, :format => "%s on %d")`, []mco.Value{mco.Sym("x"), mco.String("x"), mco.String("x")}, "Summary of O:\n\n   x on 2\n   x on 1\n\n"},
		{"unknown output", `aggregate sum(:nosuch)`, nil, "Summary of nosuch:\n\n     Could not compute summary - unspecified output 'nosuch' for the action\n\n"},
		{"no output", `aggregate sum`, nil, "Summary of :\n\n     Could not compute summary - unspecified output '' for the action\n\n"},
		{"unknown function", `aggregate nosuch(:o)`, nil, "Summary of o:\n\n     Could not compute summary - exception raised while processing startup hook\n\n"},
		{"hash values", `aggregate summary(:o)`, []mco.Value{mco.Hash(args("a", mco.Int(1))), mco.Int(100)}, "Summary of O:\n\n   100 = 1\n   {:a=>1} = 1\n\n"},
		{"wide characters", `aggregate summary(:o)`, []mco.Value{mco.String("grün"), mco.String("rot")}, "Summary of O:\n\n    rot = 1\n   grün = 1\n\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := mustParse(t, "action 'a', :description => 'd' do\n output :o, :description => 'd', :display_as => 'O'\n summarize do\n"+tt.functions+"\nend\nend")
			s, err := d.NewSummary("a")
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range tt.rows {
				s.Add(mco.Hash(args("o", v)))
			}
			got := s.Text(false)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestSummaryLog(t *testing.T) {
	d := mustParse(t, "action 'a', :description => 'd' do\n output :o, :description => 'd', :display_as => 'O'\n aggregate sum(:o)\nend")
	s, err := d.NewSummary("a")
	if err != nil {
		t.Fatal(err)
	}
	s.Add(mco.Hash(args("o", mco.Int(1))))
	s.Add(mco.Hash(mco.NewMap(mco.Pair{Key: mco.String("o"), Value: mco.Int(2)}))) // from a peer that speaks JSON
	s.Add(mco.Hash(args("o", mco.String("x"))))
	s.Add(mco.Nil()) // no function is left to fail
	want := []string{"Could not process aggregate function for 'o'. String can't be coerced into Integer"}
	if diff := cmp.Diff(want, s.Log); diff != "" {
		t.Error(diff)
	}
	if s, err := d.NewSummary("nosuch"); s != nil || err != nil {
		t.Errorf("a summary of an unknown action: %v, %v", s, err)
	}
}
