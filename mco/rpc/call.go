package rpc

import (
	"context"
	"errors"
	"iter"
	"slices"
	"time"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/discovery"
)

// Call is one request of an RPC agent. Agent and Action must be set. Its inputs are sent as they are: whoever makes a Call has
// validated them against the agent's DDL and added its defaults.
type Call struct {
	Agent  string
	Action string
	Data   *mco.Map // inputs, by Symbol; not changed

	Collective string     // empty: the main collective
	Filter     mco.Filter // of a broadcast; the agent is added
	Nodes      *Found     // who is to reply, from Discover or Known; nil: they are discovered first
	Discovery  Discovery  // how, where Nodes is nil; its Collective and Filter are those of the call
	Direct     bool       // address each node, however many there are

	// Pick chooses some of the nodes (--limit, --one). The request goes to those alone.
	Pick func(nodes []string) ([]string, error)
	// Batch, where its size is not 0, sends the request to so many nodes at a time.
	Batch Batch

	Timeout        time.Duration // how long to wait for replies after publishing, per batch; 0: DefaultTimeout
	TTL            time.Duration // 0: the client's
	PublishTimeout time.Duration // 0: the client's
	Threaded       bool          // as threaded = 1: the wait is Timeout + PublishTimeout from the start of publishing

	NoResults bool   // tell the nodes not to reply, and do not wait
	ReplyTo   string // let the replies go elsewhere, and do not wait

	// Stats, where not nil, is set while the replies are read.
	Stats *Stats
}

// DefaultTimeout is the wait of a call that names none: an agent's default timeout of 10 s and the discovery timeout of 2 s.
const DefaultTimeout = 12 * time.Second

// Batch is the size of batches and the pause between them. The zero Batch means no batches.
type Batch struct {
	Size    int // nodes, or percent of all
	Percent bool
	Sleep   time.Duration
}

// split cuts nodes into batches.
func (b Batch) split(nodes []string) [][]string {
	size := discovery.BatchSize(b.Size, b.Percent, len(nodes))
	if size <= 0 || size >= len(nodes) {
		return [][]string{nodes}
	}
	return slices.Collect(slices.Chunk(nodes, size))
}

// Errors of calls that contradict themselves or the configuration. The texts are the original's.
var (
	//lint:ignore ST1005 the original's text
	ErrNoDirect = errors.New("Direct requests is not enabled using the direct_addressing config option")
	//lint:ignore ST1005 the original's text
	ErrBatchDirect = errors.New("Batched requests requires direct addressing")
	//lint:ignore ST1005 the original's text
	ErrBatchResults = errors.New("Cannot bypass result processing for batched requests")
	//lint:ignore ST1005 the original's text
	errNoAgent = errors.New("No agent, action and arguments specified")
)

// errNoTurn is why nodes of later batches were not asked.
var errNoTurn = errors.New("the call ended before the turn of its batch")

// Call sends a request and hands over each reply as it comes. The loop ends when everybody has replied, the timeout is over, or
// ctx ends; breaking it off stops the wait. An error is the last thing handed over and means that the request, or the rest of it,
// could not be made; that nodes stay silent is no error but found in [Stats].
//
// Where nobody waits for replies the loop has no turns; the request is made all the same.
func (c *Client) Call(ctx context.Context, call Call) iter.Seq2[Reply, error] {
	return func(yield func(Reply, error) bool) {
		r := &run{client: c, call: call, stats: call.Stats, yield: yield}
		if r.stats == nil {
			r.stats = new(Stats)
		}
		*r.stats = Stats{Start: c.o.Now()}
		if err := r.do(ctx); err != nil && !r.stopped {
			yield(Reply{}, err)
		}
	}
}

// check refuses what cannot be done before anything is sent.
func (c *Client) check(call *Call) error {
	batch := call.Batch.Size > 0
	switch {
	case call.Agent == "" || call.Action == "":
		return errNoAgent
	case call.Direct && !c.o.DirectAddressing:
		return ErrNoDirect
	case batch && !c.o.DirectAddressing:
		return ErrBatchDirect
	case batch && (call.NoResults || call.ReplyTo != ""):
		return ErrBatchResults
	}
	return nil
}
