package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/agent/builtin/discovery"
	"github.com/mco-go/mco-go/agent/builtin/rpcutil"
	"github.com/mco-go/mco-go/agent/data"
	"github.com/mco-go/mco-go/internal/vectors"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/config"
	"github.com/mco-go/mco-go/mco/ddl"
	"github.com/mco-go/mco-go/mco/inspect"
)

// vectorClock is where the clock of the vectors' generator stood.
var vectorClock = time.Unix(1700000000, 0)

// vecAgent is the agent that plugins/mcollective/agent/vec.rb is in Ruby.
type vecAgent struct{ ddl *ddl.DDL }

func (v vecAgent) DDL() *ddl.DDL { return v.ddl }

func (v vecAgent) Handle(_ context.Context, r *agent.Request, reply *agent.Reply) error {
	switch r.Action {
	case "echo":
		return echo(r, reply)
	case "misfire":
		return misfire(r, reply)
	case "types":
		m := mco.NewMap(mco.Pair{Key: mco.Sym("a"), Value: mco.Int(1)}, mco.Pair{Key: mco.String("b"), Value: mco.List(mco.Nil())})
		reply.Set("str", mco.String("text"))
		reply.Set("num", mco.Int(42))
		reply.Set("flt", mco.Float(1.5))
		reply.Set("yes", mco.Bool(true))
		reply.Set("list", mco.List(mco.Int(1), mco.String("two"), mco.Sym("three")))
		reply.Set("map", mco.Hash(m))
		reply.Set("multi", mco.String("one\ntwo\n"))
		return nil
	case "quiet":
		return nil
	}
	return agent.UnknownAction(r)
}

func echo(r *agent.Request, reply *agent.Reply) error {
	times, ok := r.Value("times").AsInt()
	if !ok {
		times = 1
	}
	if times < 0 {
		return errors.New("argument must be non-negative")
	}
	msg := r.Value("msg")
	text := strings.Repeat(r.Text("msg"), int(times))
	reply.Set("msg", mco.Text(text, msg.Encoding()))
	size := len([]rune(text))
	if msg.Encoding() != mco.UTF8 {
		size = len(text)
	}
	reply.Set("size", mco.Int(int64(size)))
	return nil
}

func misfire(r *agent.Request, reply *agent.Reply) error {
	reply.Set("partial", mco.String("half"))
	words := []string{"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"}
	how := r.Text("how")
	switch {
	case how == "1":
		reply.Fail(mco.Aborted, "soft one")
	case how == "2":
		reply.Fail(mco.UnknownAction, "soft two")
	case len(how) == 2 && how[0] == '!' && strings.ContainsRune("123459", rune(how[1])):
		code := mco.StatusCode(how[1] - '0')
		return &agent.Error{Code: code, Text: "hard " + words[code]}
	case how == "raise":
		return errors.New("unexpected")
	case how == "validate":
		return agent.Failf(mco.MissingData, "please supply a missing argument")
	case how == "validate2":
		if _, err := netip.ParseAddr(how); err != nil {
			return agent.Failf(mco.InvalidData, "Input how did not pass validation: value should be an ipv4 address")
		}
	case how == "status":
		reply.Message = "custom OK"
	case how == "unset":
		reply.Data = new(mco.Map)
	case how == "extra":
		reply.Set("extra", mco.String("undeclared"))
	}
	return nil
}

// probe and gauge are the data plugins that the vectors' node has beside those that ship.
type probe struct{}

func (probe) Name() string { return "probe" }

func (probe) Query(_ context.Context, query mco.Value) (*mco.Map, error) {
	m := mco.SymbolMap(5)
	m.SetSymbol("str", query)
	if query.IsNil() {
		m.SetSymbol("str", mco.String("none"))
	}
	m.SetSymbol("num", mco.Int(int64(len([]rune(inspect.Text(query))))))
	m.SetSymbol("float", mco.Float(1.5))
	m.SetSymbol("yes", mco.Bool(true))
	m.SetSymbol("no", mco.Bool(false))
	return m, nil
}

type gauge struct{}

func (gauge) Name() string { return "gauge" }

func (gauge) Query(_ context.Context, query mco.Value) (*mco.Map, error) {
	n, _ := query.AsInt()
	m := mco.SymbolMap(2)
	m.SetSymbol("value", query)
	m.SetSymbol("twice", mco.Int(2*n))
	return m, nil
}

// fixedNode is a node with a given list of agents, whether they are loaded or not.
type fixedNode struct {
	identity string
	agents   []string
	known    map[string]agent.Metadata
}

func (n fixedNode) Identity() string             { return n.identity }
func (n fixedNode) Agents() []string             { return n.agents }
func (n fixedNode) Statistics() agent.Statistics { return agent.Statistics{Start: vectorClock} }

func (n fixedNode) Inventory() []agent.Metadata {
	var list []agent.Metadata
	for _, name := range n.agents {
		if m, ok := n.known[name]; ok {
			list = append(list, m)
		}
	}
	return list
}

type vectorNode struct {
	Identity    string
	Agents      []string
	Collectives []string
	Classes     *[]string
	Facts       vectors.Value `json:"facts_normalised"`
}

// bench is the node that answers the vectors' requests.
type bench struct {
	parts  *parts
	node   fixedNode
	agents map[string]agent.Agent
}

func newBench(t *testing.T, v vectorNode) *bench {
	t.Helper()
	dir := t.TempDir()
	cfg := filepath.Join(dir, "server.cfg")
	text := fmt.Sprintf("identity = %s\nlibdir = %s\ncolor = 0\nconnector = rabbitmq\nplugin.psk = unset\n"+
		"plugin.rabbitmq.pool.size = 1\nplugin.rabbitmq.pool.1.host = localhost\nplugin.yaml = <dir>/facts.yaml\n",
		v.Identity, filepath.Join(vectors.Dir(t), "plugins"))
	if len(v.Collectives) > 0 {
		text += "collectives = " + strings.Join(v.Collectives, ",") + "\n"
	}
	if err := os.WriteFile(cfg, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(cfg, config.Server)
	if err != nil {
		t.Fatal(err)
	}
	facts, _ := v.Facts.AsMap()
	p, err := newParts(Options{
		Config: c, Log: slog.New(slog.DiscardHandler), Facts: func() *mco.Map { return facts }, Classes: func() []string {
			if v.Classes == nil {
				return nil
			}
			return *v.Classes
		},
		Providers: Providers{
			Plain: []agent.Plain{discovery.Agent{}},
			Agents: []NamedMaker{
				{rpcutil.Name, func(env agent.Environment) (agent.Agent, error) {
					env.Now = func() time.Time { return vectorClock }
					return rpcutil.New(env)
				}},
				{"vec", func(env agent.Environment) (agent.Agent, error) { return vecAgent{env.DDL()}, nil }},
			},
			Data: []data.Plugin{gauge{}, probe{}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{parts: p, agents: map[string]agent.Agent{}, node: fixedNode{identity: v.Identity, agents: v.Agents, known: map[string]agent.Metadata{}}}
	return b
}

// load makes the agents of a node that has the given list of them.
func (b *bench) load(t *testing.T, names []string) {
	t.Helper()
	if names != nil {
		b.node.agents = names
	}
	b.parts.node = nil
	loaded, err := b.parts.load(b.node)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range loaded.RPC {
		b.agents[a.DDL().Name] = a
		b.node.known[a.DDL().Name] = agent.Describe(a.DDL())
	}
	for _, p := range loaded.Plain {
		b.node.known[p.Metadata().Agent] = p.Metadata()
	}
}

// answer returns the body of the reply, nil for none, as the daemon would send it.
func (b *bench) answer(ctx context.Context, name string, body mco.Value) mco.Value {
	r, err := agent.NewRequest(mco.Request{ID: "1", Agent: name, Caller: "uid=0", Time: vectorClock, TTL: time.Minute, Body: body})
	if err != nil {
		return mco.Nil()
	}
	var n agent.Runner
	reply := n.Run(ctx, b.agents[name], r)
	if !r.WantsReply() {
		return mco.Nil()
	}
	return reply.Value()
}

func TestVectorsReplies(t *testing.T) {
	file := vectors.Load[struct {
		Node    string
		Replies []struct {
			Body, Reply vectors.Value
			NodeAgents  []string `json:"node_agents"`
			Note        string
		}
	}](t, "rpc.json")
	nodes := vectors.Load[struct{ Nodes map[string]vectorNode }](t, "filters.json")
	name, _, _ := strings.Cut(file.Node, " ")
	v, ok := nodes.Nodes[name]
	if !ok {
		t.Fatalf("filters.json has no node %s", name)
	}
	done := 0
	for i, tc := range file.Replies {
		b := newBench(t, v)
		b.load(t, tc.NodeAgents)
		target, _ := tc.Body.Field("agent").AsString()
		if b.agents[target] == nil {
			target = rpcutil.Name // such a body names no agent; the envelope that it came in did
		}
		got, want := canonical(b.answer(t.Context(), target, tc.Body.Value)), canonical(tc.Reply.Value)
		if tc.Note != "" {
			want = masked(want)
		}
		done++
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("case %d: %s\n(-original +ours)\n%s", i, inspect.Inspect(tc.Body.Value), diff)
		}
	}
	vectors.Count(t, "rpc.json", "replies", done, len(file.Replies))
}

// canonical returns a reply in the form in which the two are compared. Exceptions, by rule: where the original tells its own version,
// we tell ours, which begins with it.
func canonical(v mco.Value) string {
	text := inspect.Inspect(v)
	return strings.ReplaceAll(text, fmt.Sprintf("%q", mco.Version()), fmt.Sprintf("%q", mco.OriginalVersion))
}

// masked applies the exception that the vectors' notes ask for: secrets among the plugin settings are not told.
func masked(want string) string {
	return strings.ReplaceAll(want, `"psk"=>"unset"`, `"psk"=>"[masked]"`)
}

func TestVectorsDiscoveryAgent(t *testing.T) {
	file := vectors.Load[struct {
		DiscoveryAgent []struct{ Body, Reply vectors.Value } `json:"discovery_agent"`
	}](t, "rpc.json")
	done := 0
	for _, tc := range file.DiscoveryAgent {
		got, wanted, err := discovery.Agent{}.Answer(t.Context(), mco.Request{Agent: mco.DiscoveryAgent, Body: tc.Body.Value})
		if err != nil || !wanted || !got.Equal(tc.Reply.Value) {
			t.Errorf("%s: %s, %t, %v; want %s", inspect.Inspect(tc.Body.Value), inspect.Inspect(got), wanted, err, inspect.Inspect(tc.Reply.Value))
		}
		done++
	}
	vectors.Count(t, "rpc.json", "discovery_agent", done, len(file.DiscoveryAgent))
}
