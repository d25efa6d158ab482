package actionpolicy

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/internal/vectors"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/config"
	"github.com/mco-go/mco-go/mco/filter"
	"github.com/mco-go/mco-go/mco/inspect"
)

// vectorNode is a node of filters.json with the data plugins that the generator's node had.
type vectorNode struct {
	Name        string `json:"identity"`
	AgentNames  []string
	ClassLines  []string      `json:"classes"`
	FactsValues vectors.Value `json:"facts_normalised"`
}

var _ filter.Node = vectorNode{}

func (n vectorNode) Identity() string  { return n.Name }
func (n vectorNode) Agents() []string  { return n.AgentNames }
func (n vectorNode) Classes() []string { return n.ClassLines }
func (n vectorNode) Facts() *mco.Map   { m, _ := n.FactsValues.AsMap(); return m }

// Data answers as compound.json says of the data plugins probe and gauge.
func (n vectorNode) Data(plugin string, query mco.Value) (*mco.Map, error) {
	m := mco.SymbolMap(5)
	switch strings.TrimSuffix(plugin, "_data") {
	case "probe":
		m.SetSymbol("str", query)
		m.SetSymbol("num", mco.Int(int64(len([]rune(inspect.Text(query))))))
		m.SetSymbol("float", mco.Float(1.5))
		m.SetSymbol("yes", mco.Bool(true))
		m.SetSymbol("no", mco.Bool(false))
	case "gauge":
		i, _ := query.AsInt()
		m.SetSymbol("value", query)
		m.SetSymbol("twice", mco.Int(2*i))
	default:
		return nil, filter.ErrNoData
	}
	return m, nil
}

func TestVectorsVerdicts(t *testing.T) {
	file := vectors.Load[struct {
		Node  string
		Cases []struct {
			Name            string
			Files, Settings map[string]string
			Verdicts        []struct {
				Caller, Agent, Action, Error, Class string
				Allowed                             bool
			}
		}
	}](t, "actionpolicy.json")
	nodes := vectors.Load[struct{ Nodes map[string]vectorNode }](t, "filters.json")
	name, _, _ := strings.Cut(file.Node, " ")
	node, ok := nodes.Nodes[name]
	if !ok {
		t.Fatalf("filters.json has no node %s", name)
	}
	done := 0
	for _, tc := range file.Cases {
		t.Run(tc.Name, func(t *testing.T) {
			dir := t.TempDir()
			for name, text := range tc.Files {
				write(t, filepath.Join(dir, "policies", name), text)
			}
			settings := ""
			for key, value := range tc.Settings {
				settings += "plugin.actionpolicy." + key + " = " + value + "\n"
			}
			original := policyIn(t, dir, settings+"plugin.mco.actionpolicy.callers = contains\n", node)
			ours := policyIn(t, dir, settings, node)
			for _, v := range tc.Verdicts {
				r := &agent.Request{Agent: v.Agent, Action: v.Action, Caller: v.Caller}
				err := original.Authorize(context.Background(), r)
				if (err == nil) != v.Allowed {
					t.Errorf("%s %s#%s: %v, want allowed %t", v.Caller, v.Agent, v.Action, err, v.Allowed)
				}
				if !v.Allowed && v.Class == "MCollective::RPCAborted" && agent.ErrNotAuthorized.Error() != v.Error {
					t.Errorf("%s is told %q, want %q", v.Caller, agent.ErrNotAuthorized, v.Error)
				}
				// Exception, by rule: a caller id that is a part of a word and no word of its own.
				if !partOfWord(tc.Files, v.Caller) {
					if err := ours.Authorize(context.Background(), r); (err == nil) != v.Allowed {
						t.Errorf("%s %s#%s with whole words: %v, want allowed %t", v.Caller, v.Agent, v.Action, err, v.Allowed)
					}
				}
			}
			done++
		})
	}
	vectors.Count(t, "actionpolicy.json", "cases", done, len(file.Cases))
}

// partOfWord tells whether a caller id stands inside a longer word of any file.
func partOfWord(files map[string]string, caller string) bool {
	for _, text := range files {
		for _, word := range words(text) {
			if word != caller && strings.Contains(word, caller) {
				return true
			}
		}
	}
	return false
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// policyIn returns the policy of a node whose cfg file lies in dir.
func policyIn(t *testing.T, dir, settings string, node filter.Node) *Policy {
	t.Helper()
	path := filepath.Join(dir, "server.cfg")
	write(t, path, "connector = rabbitmq\nplugin.psk = unset\n"+settings)
	c, err := config.Load(path, config.Server)
	if err != nil {
		t.Fatal(err)
	}
	p, err := FromConfig(c, node, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
