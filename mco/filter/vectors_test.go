package filter_test

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mco-go/mco-go/agent/data"
	"github.com/mco-go/mco-go/internal/vectors"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/ddl"
	"github.com/mco-go/mco-go/mco/filter"
	"github.com/mco-go/mco-go/mco/inspect"
)

// vectorNode is a node of the vectors.
type vectorNode struct {
	ID         string        `json:"identity"`
	ClassLines []string      `json:"classes"`
	AgentNames []string      `json:"agents"`
	Collective []string      `json:"collectives"`
	Normalised vectors.Value `json:"facts_normalised"`

	queries *data.Set
}

func (n *vectorNode) Identity() string  { return n.ID }
func (n *vectorNode) Agents() []string  { return n.AgentNames }
func (n *vectorNode) Classes() []string { return n.ClassLines }

func (n *vectorNode) Facts() *mco.Map {
	m, _ := n.Normalised.AsMap()
	return m
}

func (n *vectorNode) Data(plugin string, query mco.Value) (*mco.Map, error) {
	answer, err := n.queries.Query(context.Background(), plugin, query)
	_, invalid := errors.AsType[*ddl.ValidationError](err)
	if invalid || errors.Is(err, data.ErrUnknown) {
		return nil, errors.Join(filter.ErrNoData, err)
	}
	return answer, err
}

// probe and gauge are the data plugins that the vectors describe.
type probe struct{}

func (probe) Name() string { return "probe" }

func (probe) Query(_ context.Context, query mco.Value) (*mco.Map, error) {
	str, ok := query.AsString()
	num := len([]rune(str))
	if !ok {
		str = "none"
	}
	m := new(mco.Map)
	m.SetSymbol("str", mco.String(str))
	m.SetSymbol("num", mco.Int(int64(num)))
	m.SetSymbol("float", mco.Float(1.5))
	m.SetSymbol("yes", mco.Bool(true))
	m.SetSymbol("no", mco.Bool(false))
	return m, nil
}

type gauge struct{}

func (gauge) Name() string { return "gauge" }

func (gauge) Query(_ context.Context, query mco.Value) (*mco.Map, error) {
	n, _ := query.AsInt()
	m := new(mco.Map)
	m.SetSymbol("value", query)
	m.SetSymbol("twice", mco.Int(2*n))
	return m, nil
}

func findDDL(t *testing.T) func(string) (func() *ddl.DDL, error) {
	ddls := &ddl.Cache{LibDirs: []string{filepath.Join(vectors.Dir(t), "plugins")}}
	return func(name string) (func() *ddl.DDL, error) { return ddls.Find(ddl.Data, name) }
}

func vectorNodes(t *testing.T) map[string]*vectorNode {
	t.Helper()
	nodes := vectors.Load[struct{ Nodes map[string]*vectorNode }](t, "filters.json").Nodes
	for _, n := range nodes {
		if n.Collective == nil {
			n.Collective = []string{mco.DefaultCollective}
		}
		builtin := data.Builtin(data.Node{
			Agent: func(name string) (*mco.Map, bool) {
				for _, a := range n.AgentNames {
					if a == name {
						d, err := ddl.Load(nil, ddl.Agent, name)
						if err != nil {
							return nil, false
						}
						return d.Meta, true
					}
				}
				return nil, false
			},
			Collectives: n.Collective,
			Facts:       n.Facts,
		})
		var err error
		if n.queries, err = data.Load(findDDL(t), append(builtin, probe{}, gauge{})...); err != nil {
			t.Fatal(err)
		}
	}
	return nodes
}

type verdict struct {
	Match bool
	Error string
	Class string
}

// agrees compares a verdict; where the original raised, we must refuse with an error too, unless lenient.
func agrees(t *testing.T, what string, want verdict, got bool, err error, lenient bool) {
	t.Helper()
	if got != want.Match {
		t.Errorf("%s: match %v (error %v), want %v (error %q)", what, got, err, want.Match, want.Error)
	}
	if (err != nil) != (want.Error != "") && !lenient {
		t.Errorf("%s: error %v, the original's %q", what, err, want.Error)
	}
}

func TestVectorsFilters(t *testing.T) {
	nodes := vectorNodes(t)
	file := vectors.Load[struct {
		Cases []struct {
			Node   string
			Filter vectors.Value
			verdict
		}
	}](t, "filters.json")
	done := 0
	for _, c := range file.Cases {
		got, err := filter.Match(c.Filter.Value, nodes[c.Node])
		agrees(t, c.Node+" "+inspect.Inspect(c.Filter.Value), c.verdict, got, err, false)
		done++
	}
	vectors.Count(t, "filters.json", "cases", done, len(file.Cases))
}

func TestVectorsFactStrings(t *testing.T) {
	file := vectors.Load[struct {
		FactStrings []struct {
			Input  vectors.Text
			Result vectors.Value
			Error  string
		} `json:"fact_strings"`
	}](t, "filter_options.json")
	done := 0
	for _, c := range file.FactStrings {
		text := string(c.Input)
		got, err := filter.ParseFact(text)
		done++
		if c.Error != "" {
			if err == nil || err.Error() != c.Error {
				t.Errorf("%q: error %v, want %s", text, err, c.Error)
			}
			continue
		}
		field := func(name string) string { s, _ := c.Result.Field(name).AsString(); return s }
		want := mco.FactFilter{Fact: field("fact"), Operator: field("operator"), Value: field("value")}
		if err != nil || got != want {
			t.Errorf("%q: %+v, %v; want %+v", text, got, err, want)
		}
	}
	vectors.Count(t, "filter_options.json", "fact_strings", done, len(file.FactStrings))
}

func TestVectorsCompound(t *testing.T) {
	nodes := vectorNodes(t)
	find := findDDL(t)
	lookup := func(name string) (filter.DataDDL, error) {
		d, err := find(name)
		if err != nil {
			return nil, err
		}
		return d(), nil
	}
	type client struct {
		Sends   *vectors.Value
		Refuses string
		Class   string
	}
	file := vectors.Load[struct {
		Cases []struct {
			Text         vectors.Text
			ParseError   string `json:"parse_error"`
			Callstack    vectors.Value
			Client       client
			ExtraTimeout json.RawMessage `json:"extra_timeout"`
			Note         string
			Verdicts     map[string]verdict
		}
	}](t, "compound.json")
	done := 0
	for _, c := range file.Cases {
		text := string(c.Text)
		done++
		stack, err := filter.ParseCompound(text, false)
		if c.ParseError != "" {
			// Where the original stumbles over its own code, a refusal of ours says what is wrong.
			stumbled := strings.HasPrefix(c.ParseError, "undefined method")
			if err == nil || err.Error() != c.ParseError && !stumbled {
				t.Errorf("%q: error %v, want %s", text, err, c.ParseError)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: error %v, want a call stack", text, err)
			continue
		}
		if d := cmp.Diff(inspect.Inspect(c.Callstack.Value), inspect.Inspect(stack)); d != "" || !stack.Equal(c.Callstack.Value) {
			t.Errorf("%q: call stack (-original +ours):\n%s", text, d)
			continue
		}
		sent, extra, err := filter.CheckCompound(stack, lookup)
		switch {
		case c.Client.Sends == nil:
			want := c.Client.Refuses
			if c.Client.Class == "NoMethodError" && strings.Contains(want, "validation_fail!") { // the original stumbles over its own message
				want = "does not return a '"
			}
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%q: the client's check says %v, want %s", text, err, want)
			}
			sent = stack
		case droppedEverywhere(c.Verdicts):
			// The original sends what each node then drops without a word; we refuse it.
			if err == nil {
				t.Errorf("%q: the client's check lets pass what no node can evaluate", text)
			}
			sent = c.Client.Sends.Value
		case err != nil:
			t.Errorf("%q: the client's check says %v", text, err)
		default:
			if !sent.Equal(c.Client.Sends.Value) {
				t.Errorf("%q: sends %s, want %s", text, inspect.Inspect(sent), inspect.Inspect(c.Client.Sends.Value))
			}
			var seconds float64
			if err := json.Unmarshal(c.ExtraTimeout, &seconds); err != nil {
				t.Fatal(err)
			}
			if want := time.Duration(seconds * float64(time.Second)); extra != want {
				t.Errorf("%q: %v more to wait, want %v", text, extra, want)
			}
		}
		for name, want := range c.Verdicts {
			got, err := filter.Match(mco.Filter{Compound: []mco.Value{sent}}.Value(), nodes[name])
			// Where the original called a Ruby method of the function's name, only that we do not match counts.
			agrees(t, name+" "+text, want, got, err, c.Note != "")
		}
	}
	vectors.Count(t, "compound.json", "cases", done, len(file.Cases))
}

// droppedEverywhere tells whether no node could make anything of a call stack: a comparison without a value, or a line of Ruby that
// does not parse.
func droppedEverywhere(verdicts map[string]verdict) bool {
	for _, v := range verdicts {
		if v.Class != "SyntaxError" && !(v.Class == "NoMethodError" && strings.Contains(v.Error, "`split' for nil")) {
			return false
		}
	}
	return len(verdicts) > 0
}
