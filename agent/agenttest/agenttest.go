// Package agenttest asks agents in their own tests as the daemon asks them: made with the DDL that ships and a cfg file of the test's,
// and each request taken through the DDL's checks. Only tests import it.
package agenttest

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/config"
	"github.com/mco-go/mco-go/mco/ddl"
	"github.com/mco-go/mco-go/mco/inspect"
)

// Config returns a node's configuration with further lines.
func Config(t testing.TB, lines string) *config.Config {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "server.cfg")
	text := "libdir = /nonexistent\nplugin.psk = x\nplugin.mco.state_dir = " + dir + "\n" + lines
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(file, config.Server)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// New makes the agent of that name.
func New(t testing.TB, name string, maker agent.Maker, c *config.Config) agent.Agent {
	t.Helper()
	d, err := ddl.Load(nil, ddl.Agent, name)
	if err != nil {
		t.Fatal(err)
	}
	a, err := maker(agent.Environment{DDL: func() *ddl.DDL { return d }, Config: c, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil || a == nil {
		t.Fatalf("no agent %s: %v", name, err)
	}
	return a
}

// Request returns a request of root's.
func Request(t testing.TB, name, action string, inputs ...mco.Pair) *agent.Request {
	t.Helper()
	body := mco.SymbolMap(2)
	body.SetSymbol("action", mco.String(action))
	body.SetSymbol("data", mco.Hash(mco.NewMap(inputs...)))
	r, err := agent.NewRequest(mco.Request{ID: "1", Agent: name, Caller: "uid=0", Time: time.Now(), TTL: time.Minute, Body: mco.Hash(body)})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Ask has an agent run an action.
func Ask(t testing.TB, a agent.Agent, action string, inputs ...mco.Pair) *agent.Reply {
	t.Helper()
	return new(agent.Runner).Run(t.Context(), a, Request(t, a.DDL().Name, action, inputs...))
}

// In is an input.
func In(name mco.Symbol, v mco.Value) mco.Pair { return mco.Pair{Key: mco.Sym(name), Value: v} }

// Texts are inputs that are strings: names and values in turn.
func Texts(words ...string) []mco.Pair {
	inputs := make([]mco.Pair, 0, len(words)/2)
	for i := 0; i+1 < len(words); i += 2 {
		inputs = append(inputs, In(mco.Symbol(words[i]), mco.String(words[i+1])))
	}
	return inputs
}

// Output is an output as Ruby prints it.
func Output(r *agent.Reply, name mco.Symbol) string { return inspect.Text(r.Data.Symbol(name)) }
