package simulation

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/agent/builtin/discovery"
	"github.com/mco-go/mco-go/agent/daemon"
	"github.com/mco-go/mco-go/internal/lab/history"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/connector"
	"github.com/mco-go/mco-go/mco/ddl"
	"github.com/mco-go/mco-go/mco/security"
	"github.com/mco-go/mco-go/mco/security/psk"
	"github.com/mco-go/mco-go/mco/security/replay"
)

// agentTimeout is how long a request may run.
const agentTimeout = 5 * time.Second

// echoDDL describes the agent of the nodes.
var echoDDL = sync.OnceValue(func() *ddl.DDL {
	d, err := ddl.ParseRuby(ddl.Agent, "echo", []byte(`
metadata :name => "echo", :description => "d", :author => "a", :license => "l", :version => "1.0", :url => "u", :timeout => 5
action "say", :description => "gives back what it gets" do
  input :token, :prompt => "p", :description => "d", :type => :string, :validation => ".", :optional => false, :maxlength => 20
  output :token, :description => "d", :display_as => "d"
  output :by, :description => "d", :display_as => "d"
end
`), "echo.ddl")
	if err != nil {
		panic(err)
	}
	return d
})

// node is a machine: its daemon may die and be started again, what it keeps on its disk stays.
type node struct {
	w    *world
	plan peerPlan
	seen *replay.Memory // the file of a real node

	turn       chan struct{} // holds the one turn to start or to end, and with it the fields below; waiting for a mutex would stop the clock
	daemon     *daemon.Daemon
	transport  *transport
	stop       context.CancelFunc
	gone       sync.WaitGroup
	generation int
}

func newNode(w *world, p peerPlan) *node {
	return &node{w: w, plan: p, seen: new(replay.Memory), turn: make(chan struct{}, 1)}
}

func (n *node) start() {
	n.turn <- struct{}{}
	defer func() { <-n.turn }()
	if n.stop != nil {
		return
	}
	n.generation++
	n.w.add(history.Event{Who: n.plan.name, What: history.Up, Broker: -1, Generation: n.generation})
	conn, tr := n.w.session(n.plan, true, nil, nil, n.generation)
	n.transport = tr
	var keys security.Provider = provider(n.plan.name)
	if !n.w.memory {
		keys = &forgetful{Provider: keys}
	}
	d, err := daemon.New(daemon.Options{
		Identity: n.plan.name, Connector: conn, Security: keys, Direct: true, Seen: n.seen,
		Load: func(agent.Node) (daemon.Agents, error) {
			return daemon.Agents{Plain: []agent.Plain{discovery.Agent{}}, RPC: []daemon.Named{{Name: "echo", Agent: echo{n}}}}, nil
		},
		Runner: agent.Runner{Auditor: auditor{n}},
	})
	if err != nil {
		panic(err)
	}
	n.daemon = d
	ctx, stop := context.WithCancel(context.Background())
	n.stop = stop
	seen, gone := context.WithCancel(context.Background())
	n.gone.Go(func() {
		defer gone()
		if err := d.Run(ctx); err != nil {
			n.w.add(history.Event{Who: n.plan.name, What: history.Broken, Broker: -1, Detail: err.Error()})
		}
	})
	n.gone.Go(func() {
		n.w.follow(seen, n.plan.name, conn,
			connector.Subscription{Kind: connector.Broadcast, Collective: mco.DefaultCollective, Agent: "discovery"},
			connector.Subscription{Kind: connector.Broadcast, Collective: mco.DefaultCollective, Agent: "echo"},
			connector.Subscription{Kind: connector.Directed, Collective: mco.DefaultCollective})
	})
}

// halt ends the daemon, in good order or as kill -9 does: its connections break, nothing leaves it any more.
func (n *node) halt(dies bool) {
	n.turn <- struct{}{}
	defer func() { <-n.turn }()
	if n.stop == nil {
		return
	}
	n.w.add(history.Event{Who: n.plan.name, What: history.Down, Broker: -1, Generation: n.generation})
	if dies {
		n.transport.dead.Store(true)
		n.w.bus.Disconnect(n.plan.name)
		n.daemon.Abort()
	}
	n.stop()
	n.gone.Wait()
	n.stop = nil
}

// echo is an agent that takes its time and gives back what it was given.
type echo struct{ *node }

func (echo) DDL() *ddl.DDL { return echoDDL() }

func (e echo) Handle(ctx context.Context, r *agent.Request, reply *agent.Reply) error {
	token := r.Text("token")
	e.w.add(history.Event{Who: e.plan.name, What: history.Ran, Broker: -1, ID: plainID(r.ID), Detail: token, Expires: r.Expires.Sub(e.w.record.begin)})
	work := time.NewTimer(e.w.work(e.plan.name, token))
	defer work.Stop()
	select {
	case <-work.C:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	reply.Set("token", mco.String(token))
	reply.Set("by", mco.String(e.plan.name))
	return nil
}

// auditor writes requests down before they run.
type auditor struct{ *node }

func (a auditor) Audit(_ context.Context, r *agent.Request) error {
	a.w.add(history.Event{Who: a.plan.name, What: history.Audited, Broker: -1, ID: plainID(r.ID)})
	return nil
}

// keys signs what peers send.
var keys = sync.OnceValue(func() *psk.Provider {
	p, err := psk.New(psk.Options{Secret: "simulation", CallerType: "identity", Identity: "operator"})
	if err != nil {
		panic(err)
	}
	return p
})

func provider(string) security.Provider { return keys() }

// forgetful makes a new request of each message, so that the node cannot know one again.
type forgetful struct {
	security.Provider

	mu     sync.Mutex // guards the field below
	number int
}

const forgotten = "#"

func plainID(id string) string {
	id, _, _ = strings.Cut(id, forgotten)
	return id
}

func (f *forgetful) DecodeRequest(payload []byte) (mco.Request, error) {
	r, err := f.Provider.DecodeRequest(payload)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.number++
	r.ID += forgotten + strconv.Itoa(f.number)
	return r, err
}

func (f *forgetful) EncodeReply(r mco.Reply, to mco.Request) ([]byte, error) {
	to.ID = plainID(to.ID)
	return f.Provider.EncodeReply(r, to)
}
