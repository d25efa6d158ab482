package registration

import (
	"testing"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/inspect"
)

type node struct{}

func (node) Identity() string             { return "web1" }
func (node) Agents() []string             { return []string{"rpcutil", "discovery"} }
func (node) Inventory() []agent.Metadata  { return nil }
func (node) Statistics() agent.Statistics { return agent.Statistics{} }

func TestBodies(t *testing.T) {
	collectives := []string{"mcollective", "eu"}
	about := About{
		Collectives: collectives,
		Facts: func() *mco.Map {
			return mco.NewMap(mco.Pair{Key: mco.String("os"), Value: mco.String("Debian")})
		},
		Classes: func() []string { return []string{"base", "role::web"} },
	}
	for name, want := range map[string]string{
		Agentlist: `["rpcutil", "discovery"]`,
		Meta: `{:agentlist=>["rpcutil", "discovery"], :facts=>{"os"=>"Debian"}, :classes=>["base", "role::web"], ` +
			`:collectives=>["eu", "mcollective"], :identity=>"web1"}`,
	} {
		t.Run(name, func(t *testing.T) {
			body, ok := New(name, about)
			if !ok {
				t.Fatal("not there")
			}
			v, err := body(t.Context(), node{})
			if got := inspect.Inspect(v); err != nil || got != want {
				t.Errorf("%s, %v\nwant %s", got, err, want)
			}
		})
	}
	if collectives[0] != "mcollective" {
		t.Error("the configuration's own list was sorted")
	}
	if _, ok := New("nosuch", about); ok {
		t.Error("a plugin that is not there was found")
	}
}
