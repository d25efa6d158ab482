package daemon

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/connector"
	"github.com/mco-go/mco-go/mco/ddl"
	"github.com/mco-go/mco-go/mco/security"
)

// bus is a connector in memory: what a test puts into in is received, what the daemon publishes comes out of out.
type bus struct {
	in   chan connector.Message
	out  chan connector.Outgoing
	fail chan error // ends Receive as a lost session does

	mu     sync.Mutex // guards the fields below
	subs   map[connector.Subscription]bool
	closed bool
	dead   string // the destination of a session that is not Ready
}

func newBus() *bus {
	return &bus{in: make(chan connector.Message, 1000), out: make(chan connector.Outgoing, 1000), fail: make(chan error, 1),
		subs: map[connector.Subscription]bool{}}
}

func (b *bus) Start(context.Context) error     { return nil }
func (b *bus) WaitReady(context.Context) error { return nil }
func (b *bus) Status() connector.Status        { return connector.Status{State: connector.Ready} }
func (b *bus) Changes() <-chan connector.Status {
	return nil
}

func (b *bus) Subscribe(_ context.Context, subs ...connector.Subscription) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range subs {
		b.subs[s] = true
	}
	return nil
}

func (b *bus) Unsubscribe(_ context.Context, subs ...connector.Subscription) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range subs {
		delete(b.subs, s)
	}
	return nil
}

func (b *bus) CanAnswer(to string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return to != b.dead
}

func (b *bus) Publish(ctx context.Context, out connector.Outgoing) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	b.out <- out
	return nil
}

func (b *bus) Receive(ctx context.Context) (connector.Message, error) {
	select {
	case m := <-b.in:
		return m, nil
	case err := <-b.fail:
		return connector.Message{}, err
	case <-ctx.Done():
		return connector.Message{}, ctx.Err()
	}
}

func (b *bus) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	return nil
}

func (b *bus) subscriptions() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var list []string
	for s := range maps.Keys(b.subs) {
		list = append(list, fmt.Sprintf("%d %s %s", s.Kind, s.Collective, s.Agent))
	}
	slices.Sort(list)
	return list
}

// keys is a security provider that keeps messages in a table: a payload is the number of its message.
type keys struct {
	mu       sync.Mutex
	requests map[string]mco.Request
	replies  map[string]mco.Reply
}

func newKeys() *keys {
	return &keys{requests: map[string]mco.Request{}, replies: map[string]mco.Reply{}}
}

func (k *keys) CallerID() (string, error) { return "uid=0", nil }

func (k *keys) EncodeRequest(r mco.Request) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	id := fmt.Sprint("request ", len(k.requests))
	k.requests[id] = r
	return []byte(id), nil
}

func (k *keys) DecodeRequest(payload []byte) (mco.Request, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch string(payload) {
	case "forged":
		return mco.Request{}, security.ErrSignature
	case "caller":
		return mco.Request{}, security.ErrCallerID
	}
	r, ok := k.requests[string(payload)]
	if !ok {
		return r, fmt.Errorf("%w: no table entry", security.ErrMalformed)
	}
	return r, nil
}

func (k *keys) EncodeReply(r mco.Reply, _ mco.Request) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	id := fmt.Sprint("reply ", len(k.replies))
	k.replies[id] = r
	return []byte(id), nil
}

func (k *keys) DecodeReply(payload []byte, _ string) (mco.Reply, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	r, ok := k.replies[string(payload)]
	if !ok {
		return r, errors.New("no such reply")
	}
	return r, nil
}

const worker = `
metadata :name => "worker", :description => "d", :author => "a", :license => "l", :version => "1.0", :url => "u", :timeout => 5
action "wait", :description => "waits" do
  output :done, :description => "d", :display_as => "d", :default => "no"
end
action "panic", :description => "fails" do
end
action "say", :description => "says" do
  input :secret, :prompt => "p", :description => "d", :type => :string, :validation => ".", :optional => true, :maxlength => 9
end
`

// workerAgent waits until it is released, so that tests decide how long a request runs.
type workerAgent struct {
	ddl     *ddl.DDL
	entered chan struct{}
	release chan struct{}
}

func newWorker(t *testing.T) *workerAgent {
	t.Helper()
	d, err := ddl.ParseRuby(ddl.Agent, "worker", []byte(worker), "worker.ddl")
	if err != nil {
		t.Fatal(err)
	}
	return &workerAgent{ddl: d, entered: make(chan struct{}, 1000), release: make(chan struct{})}
}

func (w *workerAgent) DDL() *ddl.DDL { return w.ddl }

func (w *workerAgent) Handle(ctx context.Context, r *agent.Request, reply *agent.Reply) error {
	switch r.Action {
	case "wait":
		w.entered <- struct{}{}
		select {
		case <-w.release:
			reply.Set("done", mco.String("yes"))
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	case "panic":
		panic("a bug")
	case "say":
		return nil
	}
	return agent.UnknownAction(r)
}

// lab is one daemon between a bus and a table of messages. Call it in a synctest bubble.
type lab struct {
	t      *testing.T
	bus    *bus
	keys   *keys
	worker *workerAgent
	daemon *Daemon
	log    *lockedBuffer
	stop   context.CancelFunc
	ended  chan error
	ids    int
}

func start(t *testing.T, change func(*Options)) *lab {
	t.Helper()
	l := &lab{t: t, bus: newBus(), keys: newKeys(), worker: newWorker(t), log: new(lockedBuffer), ended: make(chan error, 1)}
	o := Options{
		Identity: "web1.example.net", Collectives: []string{"mcollective", "eu"}, Connector: l.bus, Security: l.keys,
		Validity: security.Validity{Skew: time.Minute}, Direct: true,
		Load: func(agent.Node) (Agents, error) {
			return Agents{Plain: []agent.Plain{echo{}}, RPC: []Named{{"worker", l.worker}}}, nil
		},
		Log: slog.New(slog.NewTextHandler(l.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	if change != nil {
		change(&o)
	}
	d, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	l.daemon = d
	ctx, stop := context.WithCancel(t.Context())
	l.stop = stop
	go func() { l.ended <- d.Run(ctx) }()
	return l
}

// end stops the daemon and waits for it.
func (l *lab) end() error {
	l.t.Helper()
	l.stop()
	return <-l.ended
}

// request makes an RPC request that the daemon has not seen.
func (l *lab) request(action string, inputs ...mco.Pair) mco.Request {
	l.ids++
	data := mco.NewMap(inputs...)
	body := mco.NewMap(
		mco.Pair{Key: mco.Sym("agent"), Value: mco.String("worker")},
		mco.Pair{Key: mco.Sym("action"), Value: mco.String(action)},
		mco.Pair{Key: mco.Sym("data"), Value: mco.Hash(data)})
	return mco.Request{
		ID: fmt.Sprintf("%032x", l.ids), Agent: "worker", Collective: "mcollective", Sender: "client.example.net", Caller: "uid=0",
		TTL: time.Minute, Time: time.Now(), Filter: mco.Filter{Agents: []string{"worker"}}.Value(), Body: mco.Hash(body),
	}
}

// send puts r on the bus.
func (l *lab) send(r mco.Request) {
	payload, err := l.keys.EncodeRequest(r)
	if err != nil {
		l.t.Fatal(err)
	}
	l.bus.in <- connector.Message{ReplyTo: "/reply-queue/x", Payload: payload}
}

// reply returns the next reply that the daemon published, or fails when there is none. Call it behind synctest.Wait.
func (l *lab) reply() (mco.Reply, connector.Outgoing) {
	l.t.Helper()
	select {
	case out := <-l.bus.out:
		r, err := l.keys.DecodeReply(out.Payload, "")
		if err != nil {
			l.t.Fatal(err)
		}
		return r, out
	default:
		l.t.Fatalf("no reply; log:\n%s", l.log)
		return mco.Reply{}, connector.Outgoing{}
	}
}

// silent fails when the daemon published anything.
func (l *lab) silent() {
	l.t.Helper()
	select {
	case out := <-l.bus.out:
		l.t.Fatalf("unexpected frame %+v", out)
	default:
	}
}

func status(r mco.Reply) (int64, string) {
	code, _ := r.Body.Field("statuscode").AsInt()
	text, _ := r.Body.Field("statusmsg").AsString()
	return code, text
}

// echo is an agent that is no RPC agent.
type echo struct{}

func (echo) Metadata() agent.Metadata { return agent.Metadata{Agent: "echo", Timeout: time.Second} }

func (echo) Answer(ctx context.Context, r mco.Request) (mco.Value, bool, error) {
	switch text, _ := r.Body.AsString(); text {
	case "panic":
		panic("a bug")
	case "fail":
		return mco.Nil(), false, errors.New("no")
	case "wait":
		<-ctx.Done()
		return mco.Nil(), false, nil
	case "quiet":
		return mco.Nil(), false, nil
	}
	return r.Body, true, nil
}

type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
