// Package agent is the contract between the daemon and what answers requests: an RPC agent ([Agent]), an agent that is none
// ([Plain]), what both may ask of the daemon that runs them ([Node]), who may call ([Authorizer]) and who is told ([Auditor]).
//
// [Runner] takes one verified request through the fixed order: DDL, authorisation, audit, action, reply. It is the only place that
// turns Go errors into the status codes 0 to 5, and the edge at which a panic of an agent ends. Receiving, verifying and filtering
// come before it and are the daemon's.
//
// Source of the facts: the original's lib/mcollective/rpc/agent.rb, rpc/request.rb, rpc/reply.rb and agents.rb.
package agent

import (
	"context"
	"time"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/ddl"
)

// DefaultTimeout is how long an agent may work on a request when its DDL does not say (rpc/agent.rb: load_ddl).
const DefaultTimeout = 10 * time.Second

// Agent is an RPC agent: named actions with declared inputs and outputs. Implementations are safe for concurrent use.
type Agent interface {
	// DDL describes the agent; its plugin name is the agent's name. It must be the same on each call.
	DDL() *ddl.DDL
	// Handle runs the action r.Action, which the DDL declares, and fills reply. An error becomes the reply's status (see [Error]);
	// what was set in reply.Data by then is sent all the same. An action that is declared but not implemented is [UnknownAction].
	// Handle returns soon after ctx ends: nobody waits for its answer then.
	Handle(ctx context.Context, r *Request, reply *Reply) error
}

// Plain is an agent that is not an RPC agent: it takes a body of any form, without DDL, authorisation and audit, and answers with
// any value. The original's are discovery and registration.
type Plain interface {
	// Metadata names and describes the agent.
	Metadata() Metadata
	// Answer returns the reply's body, or false for no reply. It returns soon after ctx ends.
	Answer(ctx context.Context, r mco.Request) (mco.Value, bool, error)
}

// Quick is an ability that agents may have: answers that need nothing but memory. The daemon gives such a request no goroutine of its
// own, which is what most of a small answer would cost.
type Quick interface {
	// Quick tells whether the action is answered at once, without waiting for anything; "" is a plain agent's only one.
	Quick(action string) bool
}

// Node is what an agent may ask of the daemon that runs it. It is safe for concurrent use.
type Node interface {
	// Identity is the node's name on the bus.
	Identity() string
	// Agents lists the names of the loaded agents in load order.
	Agents() []string
	// Inventory describes the loaded agents in load order.
	Inventory() []Metadata
	// Statistics returns the daemon's counters.
	Statistics() Statistics
}

// Statistics are a daemon's counters since its start (runnerstats.rb), and below them those that are ours.
type Statistics struct {
	Start       time.Time
	Total       uint64 // frames received
	Validated   uint64 // messages whose signature was right
	Unvalidated uint64
	Passed      uint64 // requests that the filter let through
	Filtered    uint64
	TTLExpired  uint64
	Replies     uint64 // replies sent

	Undecodable  uint64 // frames that were too large or no message
	Repeated     uint64 // requests that had been seen before
	Reasked      uint64 // of these, those whose client got the reply again
	Busy         uint64 // requests refused because too many were waiting
	Limited      uint64 // requests refused because their caller sent too many
	Panics       uint64 // panics of agents, each a bug
	Unanswerable uint64 // replies dropped because their request named no destination
	Running      []string
}

// Authorizer decides whether a request may run. Implementations are safe for concurrent use.
type Authorizer interface {
	// Authorize returns nil to allow r. Any error refuses it: an [*Error] with its own text and status, any other with
	// [ErrNotAuthorized], so that the reason stays in the node's log.
	Authorize(ctx context.Context, r *Request) error
}

// Auditor records requests that are about to run. Implementations are safe for concurrent use.
type Auditor interface {
	// Audit returns when the record of r is written and synced, or an error that says why it is not.
	Audit(ctx context.Context, r *Request) error
}

// EndAuditor is an ability that auditors may have: to record that a request which they recorded has ended. Between the two, a daemon
// that was killed shows what it was doing.
type EndAuditor interface {
	// AuditEnd records how r ended and how long it took.
	AuditEnd(r *Request, reply *Reply, took time.Duration) error
}
