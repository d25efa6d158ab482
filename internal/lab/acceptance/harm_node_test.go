package acceptance

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/agent/builtin/discovery"
	"github.com/mco-go/mco-go/agent/builtin/rpcutil"
	"github.com/mco-go/mco-go/agent/node"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/config"
	"github.com/mco-go/mco-go/mco/connector"
	"github.com/mco-go/mco-go/mco/connector/stomp"
	"github.com/mco-go/mco-go/mco/ddl"
	"github.com/mco-go/mco-go/mco/security"
	"github.com/mco-go/mco-go/mco/security/psk"
)

// harmfulNode names the variable with which this test binary is a node that has, beside rpcutil, the agent harm. Its value is the path
// of a server.cfg.
const harmfulNode = "LAB_HARMFUL_NODE"

// harm is an agent that does what none should.
type harm struct{ ddl *ddl.DDL }

// harmDDL declares its actions.
const harmDDL = `metadata :name => "harm", :description => "d", :author => "a", :license => "l", :version => "1", :url => "u", :timeout => 20
["hang", "panic", "flood", "twice"].each do |name|
  action name, :description => "d" do
    output :text, :description => "d", :display_as => "d"
  end
end
`

func (h harm) DDL() *ddl.DDL { return h.ddl }

func (harm) Handle(_ context.Context, r *agent.Request, reply *agent.Reply) error {
	switch r.Action {
	case "hang":
		select {} // it does not even heed the end of its context
	case "panic":
		panic("harm done")
	case "twice":
		reply.Set("text", mco.String(saidTwice))
	case "flood":
		reply.Set("text", mco.String(strings.Repeat("x", 100<<20)))
	}
	return nil
}

// saidTwice marks the replies that are sent twice.
const saidTwice = "this is said twice"

// stutter sends marked replies twice, as a node whose plugin does would.
type stutter struct{ connector.Connector }

func (s stutter) Publish(ctx context.Context, out connector.Outgoing) error {
	if out.Kind == connector.Replies && bytes.Contains(out.Payload, []byte(saidTwice)) {
		if err := s.Connector.Publish(ctx, out); err != nil {
			return err
		}
	}
	return s.Connector.Publish(ctx, out)
}

// beHarmful is the node's main. Like the real one it has one processor.
func beHarmful(path string) error {
	runtime.GOMAXPROCS(1)
	cfg, err := config.Load(path, config.Server)
	if err != nil {
		return err
	}
	d, err := node.Build(node.Options{Config: cfg, Providers: node.Providers{
		Connectors: map[string]func(*config.Config, node.Session) (connector.Connector, error){
			"rabbitmq": func(c *config.Config, s node.Session) (connector.Connector, error) {
				conn, err := stompSession(c)
				return stutter{conn}, err
			},
		},
		Security: map[string]func(*config.Config) (security.Provider, error){"psk": pskProvider},
		Plain:    []agent.Plain{discovery.Agent{}},
		Agents: []node.NamedMaker{{Name: rpcutil.Name, Make: rpcutil.New}, {Name: "harm", Make: func(env agent.Environment) (agent.Agent, error) {
			return harm{env.DDL()}, nil
		}}},
	}})
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	return d.Run(ctx)
}

func stompSession(c *config.Config) (connector.Connector, error) {
	o, err := stomp.FromConfig(c, stomp.Flavour(c.Connector))
	if err != nil {
		return nil, err
	}
	return stomp.New(o)
}

func pskProvider(c *config.Config) (security.Provider, error) {
	secret, _ := c.Plugin("psk")
	return psk.New(psk.Options{Secret: psk.SecretFrom(secret), Identity: c.Identity})
}

// asked does what the environment asks this binary to be, and does not return then.
func asked() {
	path := os.Getenv(harmfulNode)
	if path == "" {
		return
	}
	if err := beHarmful(path); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}
