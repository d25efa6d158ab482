// Package silent says why nodes did not answer: it looks at the fleet over every broker of the pool ([failover.Look]), asks again in the
// ways that tell one reason from another, and gives each silent node the one that is proven ([Explain]). What cannot be proven is
// [Unknown], with what is known all the same: a wrong reason sends people to the wrong machine.
//
// What is sent changes nothing on a node: questions who is there, with and without the filter; rpcutil's ping, once with an age at which
// no clock takes it for expired; and of nodes of ours what became of the caller's own request (agent bus, action request). The original's
// nodes cannot tell that, and are judged by what they answer.
//
// Source of the facts: the original's message.rb (validate: what is old is dropped without a word), security/base.rb (validate_filter?)
// and rpc/agent.rb (authorization).
package silent

import (
	"context"
	"time"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/failover"
	"github.com/mco-go/mco-go/mco/management"
	"github.com/mco-go/mco-go/mco/rpc"
)

// Reason is why a node did not answer, in the words that people read.
type Reason string

// The reasons.
const (
	FilteredOut  Reason = "filtered out"                 // it answers, and not to this filter
	Refused      Reason = "refused"                      // it would not run the request
	Expired      Reason = "expired"                      // its clock or ours is wrong by more than the request lives
	Running      Reason = "still running"                // it works on the request
	GaveUp       Reason = "gave up"                      // the action took longer than its agent may
	Elsewhere    Reason = "on another broker"            // it answers there, and not over the one that was asked
	Unsubscribed Reason = "connected but not subscribed" // it answers to its name and not to broadcasts
	Unconnected  Reason = "not connected"                // no broker has it
	NeverSeen    Reason = "never seen"                   // it was named, and nothing was ever heard of it
	Unknown      Reason = "unknown"
)

// Asked is a node that was asked something and did not answer.
type Asked struct {
	Node  string
	Named bool // by a list or by the operator; else it is expected because it answered before
	Known bool // it answered this client some day

	// Filter is what it had to match in order to answer. Where Matched is not set, nobody knows whether it ever did, and as long as it
	// is not known to match it is not called silent.
	Filter  mco.Filter
	Matched bool

	Request  string        // the id of the RPC request that it should have answered; empty: it was asked who is there
	Directed bool          // the request was sent to its name
	TTL      time.Duration // of the question
	Said     bool          // it did answer: that it would not run the request
	Local    rpc.Silence   // what the client saw itself
}

// Options says who was silent and how to find out why. Config, Pool, Security and Via must be set.
type Options struct {
	failover.Options               // Expected and Forget are not looked at
	Collective       string        // that was asked
	Via              []string      // brokers over which it was asked
	Answered         []string      // nodes that did
	Asked            []Asked       // nodes that did not
	Extra            time.Duration // what data plugins of the filters may take
	// Subscribers tells who is subscribed, by the address of a broker, for those that tell; nil: none does.
	Subscribers func(ctx context.Context, collective string) map[string]management.Subscribers
}

// Report is what was found.
type Report struct {
	Time     time.Time         `json:"time"`
	Expected int               `json:"expected"` // nodes that should have answered
	Answered int               `json:"answered"` // of these
	Unknown  int               `json:"unknown"`  // silent nodes of which nobody knows why
	Brokers  []Broker          `json:"brokers"`
	Nodes    []Node            `json:"nodes"`             // the silent ones, by reason and name
	Finding  *failover.Finding `json:"finding,omitempty"` // the trap, or the split fleet
	Unmeant  []string          `json:"-"`                 // nodes that answer, and not with their filter: they are not silent
}

// Broker is one broker of the pool.
type Broker struct {
	Addr  string `json:"addr"`
	Asked bool   `json:"asked"`           // this client asked it
	Nodes int    `json:"nodes"`           // of those expected, that answer over it
	Error string `json:"error,omitempty"` // why it could not be looked at
}

// Node is one silent node.
type Node struct {
	Identity string `json:"identity"`
	Reason   Reason `json:"reason"`
	Detail   string `json:"detail,omitempty"`
}

// Bounds of what is asked.
const (
	totalTime  = 25 * time.Second
	lookTime   = 3 * time.Second        // for brokers to take us in, and again for the fleet to answer
	answerTime = 2 * time.Second        // for a node that answers others to answer this
	leastWait  = 600 * time.Millisecond // behind the answers of the same nodes to an easier question
)

// Explain finds out why nodes were silent. The only errors are the end of ctx, and settings with which nobody could be asked. A report
// without nodes means that nobody was silent after all: those who did not answer were not meant.
func Explain(ctx context.Context, o Options) (*Report, error) {
	ctx, cancel := context.WithTimeout(ctx, totalTime)
	defer cancel()
	if o.Timeout <= 0 {
		o.Timeout = lookTime
	}
	cfg := *o.Config
	if o.Collective != "" {
		cfg.MainCollective = o.Collective
	}
	o.Config = &cfg
	o.Expected = append([]string{}, o.Answered...)
	for _, a := range o.Asked {
		o.Expected = append(o.Expected, a.Node)
	}
	status, err := failover.Look(ctx, o.Options)
	if err != nil {
		return nil, err
	}
	x := &inquiry{Options: o, status: status, found: map[string]*evidence{}}
	x.gather(ctx)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return x.report(), nil
}
