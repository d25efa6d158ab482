package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/vectors"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/config"
	"github.com/mco-go/mco-go/mco/connector"
	"github.com/mco-go/mco-go/mco/connector/loopback"
	"github.com/mco-go/mco-go/mco/filter"
	"github.com/mco-go/mco-go/mco/security"
	"github.com/mco-go/mco-go/mco/security/psk"
)

// fleet is a bus in memory with nodes on it that answer as the original's do, and a home with a client.cfg.
type fleet struct {
	bus  *loopback.Bus
	psk  *psk.Provider
	home string
	size int

	mu   sync.Mutex
	seen []mco.Request // what nodes acted upon
}

// node is who answers, and how.
type node struct {
	identity string
	facts    map[string]string
	mute     bool // it is discovered, but does not reply
	// serves are agents that other nodes do not have.
	serves map[string]func(action string, data mco.Value) (code int64, text string, output *mco.Map)
}

func (n node) Identity() string  { return n.identity }
func (n node) Classes() []string { return nil }
func (n node) Agents() []string {
	return append([]string{"discovery", "rpcutil", "vec"}, slices.Sorted(maps.Keys(n.serves))...)
}

// Data answers the data plugin puppet where there is the agent.
func (n node) Data(plugin string, _ mco.Value) (*mco.Map, error) {
	if serve := n.serves[plugin]; plugin == "puppet" && serve != nil {
		_, _, output := serve("status", mco.Nil())
		return output, nil
	}
	return nil, filter.ErrNoData
}
func (n node) Facts() *mco.Map {
	m := new(mco.Map)
	for k, v := range n.facts {
		m.Set(mco.String(k), mco.String(v))
	}
	return m
}

func newFleet(t *testing.T, nodes ...node) *fleet {
	t.Helper()
	provider, err := psk.New(psk.Options{Secret: "lab"})
	if err != nil {
		t.Fatal(err)
	}
	f := &fleet{bus: loopback.NewBus(), psk: provider, home: t.TempDir(), size: len(nodes)}
	text := "connector = rabbitmq\nsecurityprovider = psk\nplugin.psk = lab\nlogger_type = console\nloglevel = warn\nlibdir = " + vectors.Dir(t) + "/plugins\n" +
		"plugin.mco.state_dir = " + f.home + "/state\n"
	if err := os.WriteFile(filepath.Join(f.home, "client.cfg"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	t.Cleanup(wg.Wait)
	t.Cleanup(cancel)
	for _, n := range nodes {
		session := f.bus.Connect(loopback.Options{Identity: n.identity, Requests: true})
		if err := session.Start(ctx); err != nil {
			t.Fatal(err)
		}
		subs := []connector.Subscription{{Kind: connector.Directed, Collective: "mcollective"}}
		for _, agent := range n.Agents() {
			subs = append(subs, connector.Subscription{Kind: connector.Broadcast, Collective: "mcollective", Agent: agent})
		}
		if err := session.Subscribe(ctx, subs...); err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			defer session.Close()
			for {
				m, err := session.Receive(ctx)
				if err != nil {
					return
				}
				f.answer(ctx, session, n, m)
			}
		})
	}
	return f
}

func (f *fleet) answer(ctx context.Context, session connector.Connector, n node, m connector.Message) {
	req, err := f.psk.DecodeRequest(m.Payload)
	if err != nil {
		return
	}
	if ok, err := filter.Match(req.Filter, n); !ok || err != nil {
		return
	}
	body := mco.String("pong")
	if req.Agent != "discovery" {
		f.mu.Lock()
		f.seen = append(f.seen, req)
		f.mu.Unlock()
		if n.mute {
			return
		}
		body = n.reply(req.Agent, req.Body)
	}
	payload, err := f.psk.EncodeReply(mco.Reply{RequestID: req.ID, Sender: n.identity, Agent: req.Agent, Time: time.Now(), Body: body}, req)
	if err == nil && m.ReplyTo != "" {
		_ = session.Publish(ctx, connector.Outgoing{Kind: connector.Replies, Collective: req.Collective, Agent: req.Agent, To: m.ReplyTo, TTL: req.TTL, Payload: payload})
	}
}

// reply is what actions of rpcutil, vec#misfire and the node's own agents answer.
func (n node) reply(agent string, body mco.Value) mco.Value {
	action, _ := body.Field("action").AsName()
	how, _ := body.Field("data").Field("how").AsString()
	code, text, data := int64(0), "OK", mco.NewMap(mco.Pair{Key: mco.Sym("pong"), Value: mco.Int(1700000000)})
	if serve := n.serves[agent]; serve != nil {
		code, text, data = serve(action, body.Field("data"))
		action = ""
	}
	switch action {
	case "get_fact":
		v, _ := n.Facts().Get(body.Field("data").Field("fact"))
		data = mco.NewMap(mco.Pair{Key: mco.Sym("value"), Value: v})
	case "collective_info":
		data = mco.NewMap(mco.Pair{Key: mco.Sym("collectives"), Value: mco.Strings("mcollective", n.facts["role"])})
	case "inventory":
		data = mco.NewMap(mco.Pair{Key: mco.Sym("facts"), Value: mco.Hash(n.Facts())}, mco.Pair{Key: mco.Sym("agents"), Value: mco.Strings(n.Agents()...)},
			mco.Pair{Key: mco.Sym("classes"), Value: mco.Strings(n.Classes()...)})
	case "misfire":
		data = mco.NewMap(mco.Pair{Key: mco.Sym("partial"), Value: mco.String("half")})
		if how != "none" {
			code, text = 1, "soft one"
		}
	}
	return mco.Hash(mco.NewMap(
		mco.Pair{Key: mco.Sym("statuscode"), Value: mco.Int(code)},
		mco.Pair{Key: mco.Sym("statusmsg"), Value: mco.String(text)},
		mco.Pair{Key: mco.Sym("data"), Value: mco.Hash(data)}))
}

func (f *fleet) requests() []mco.Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.seen)
}

// result is what one command did.
type result struct {
	exit           int
	stdout, stderr string
}

// run carries out a command line against the fleet.
func (f *fleet) run(t *testing.T, stdin io.Reader, args ...string) result {
	t.Helper()
	return f.runUntil(t.Context(), t, stdin, nil, args...)
}

func (f *fleet) runUntil(ctx context.Context, t *testing.T, stdin io.Reader, out io.Writer, args ...string) result {
	t.Helper()
	var stdout, stderr strings.Builder
	both := io.Writer(&stdout)
	if out != nil {
		both = io.MultiWriter(&stdout, out)
	}
	code := Run(ctx, Options{
		Program: "/usr/bin/mco", Args: args, Stdin: stdin, Stdout: both, Stderr: &stderr,
		Getenv: func(name string) string { return map[string]string{extraOptions: "-c " + f.home + "/client.cfg"}[name] },
		Connect: func(_ *config.Config, log *slog.Logger) (connector.Connector, error) {
			return f.bus.Connect(loopback.Options{Identity: "client.example.net", Log: log}), nil
		},
		Security: func(*config.Config) (security.Provider, error) { return f.psk, nil },
	})
	if links := f.bus.Links(0); links != f.size {
		t.Errorf("%d links are left at the broker, want those of the nodes", links)
	}
	return result{code, stdout.String(), stderr.String()}
}

func (r result) String() string {
	return fmt.Sprintf("exit %d\nstdout %q\nstderr %q", r.exit, r.stdout, r.stderr)
}
