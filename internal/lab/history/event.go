// Package history keeps what happened in a run of the laboratory, real or simulated, one JSON line for each event, and checks it
// against what is promised of every run: a request runs at most once on a node (I1), who replies has run it and said so before (I2),
// replies are to their request (I3), whoever was asked has replied or is named (I4), everybody is reached again once the faults are
// over (I5), nothing is left behind, neither at the nodes (I6) nor at the brokers (I9), and every outage has a cause (I10).
//
// Clients, daemons, brokers and the injector of faults each write events; all times are since the beginning of the run. The checker
// knows only what the events and the [Terms] of the run tell it.
package history

import (
	"fmt"
	"time"
)

// Source is who wrote an event.
type Source string

// The sources.
const (
	Client   Source = "client"
	Daemon   Source = "daemon"
	Broker   Source = "broker"
	Injector Source = "injector"
)

// Kind is what an event tells of.
type Kind string

// What a history tells of.
const (
	Dialled   Kind = "dialled"   // a peer tries a broker
	Refused   Kind = "refused"   // and could not have a link
	Linked    Kind = "linked"    // and has one
	Ended     Kind = "ended"     // a link is over
	Stands    Kind = "stands"    // a peer's sessions changed: BrokersUp are those at which it is Ready
	Early     Kind = "early"     // a peer calls itself Ready before its broker has finished its subscriptions
	Up        Kind = "up"        // a node was started
	Down      Kind = "down"      // a node has ended
	Audited   Kind = "audited"   // a request is about to run
	Ran       Kind = "ran"       // a request runs
	Received  Kind = "received"  // a reply reached its client's queue
	Called    Kind = "called"    // a call is over, see Call
	Broken    Kind = "broken"    // something returned an error that never may
	Injected  Kind = "injected"  // a fault begins
	Healed    Kind = "healed"    // and is over
	Baseline  Kind = "baseline"  // what a process held before the faults, see Held
	Remaining Kind = "remaining" // and what it holds now that they are over
	Orphan    Kind = "orphan"    // a queue that its reader left at a broker
)

// Event is one line of a history.
type Event struct {
	At     time.Duration `json:"at"` // since the beginning of the run
	From   Source        `json:"from,omitempty"`
	Who    string        `json:"who,omitempty"`
	What   Kind          `json:"what"`
	ID     string        `json:"id,omitempty"` // of a request
	Broker int           `json:"broker"`       // its place in the pool, from 0; -1: none
	Detail string        `json:"detail,omitempty"`

	BrokersUp  []int         `json:"up,omitempty"`         // Stands: where it is Ready
	Expires    time.Duration `json:"expires,omitempty"`    // Ran: when the request's life is over
	Node       string        `json:"node,omitempty"`       // Received: who replied
	Ourselves  bool          `json:"ourselves,omitempty"`  // Ended, Refused: by its owner
	Generation int           `json:"generation,omitempty"` // of a node's process
	Held       *Held         `json:"held,omitempty"`       // Baseline, Remaining
	Call       *Call         `json:"call,omitempty"`       // Called
}

// Held is what a process holds of the machine.
type Held struct {
	Goroutines int   `json:"goroutines,omitempty"` // 0: not known
	FDs        int   `json:"fds"`
	Children   int   `json:"children"`
	RSS        int64 `json:"rss"`               // bytes
	Daemons    int   `json:"daemons,omitempty"` // of which a process holds many; 0: it is one
}

// String is the event as a line for people.
func (e Event) String() string {
	s := fmt.Sprintf("%14s %-8s %-9s", e.At, e.Who, e.What)
	for _, part := range []string{e.ID, e.Node, e.Detail} {
		if part != "" {
			s += " " + part
		}
	}
	if e.Broker >= 0 {
		s += fmt.Sprintf(" broker%d", e.Broker+1)
	}
	if e.What == Stands {
		s += fmt.Sprint(" ready at ", e.BrokersUp)
	}
	return s
}

// Call is a request as its caller saw it.
type Call struct {
	ID       string        `json:"id"`
	Client   string        `json:"client"`
	Token    string        `json:"token,omitempty"` // what the nodes were to give back; empty: nothing
	Began    time.Duration `json:"began"`
	Over     time.Duration `json:"over"`
	Asked    []string      `json:"asked,omitempty"` // whom the request was for
	Answers  []Answer      `json:"answers,omitempty"`
	Silent   []Silence     `json:"silent,omitempty"` // whom the client named
	Error    string        `json:"error,omitempty"`
	NoAnswer bool          `json:"no_answer,omitempty"` // nobody waited for replies
}

// Answer is a reply as its caller got it.
type Answer struct {
	Node  string        `json:"node"`
	At    time.Duration `json:"at"`
	Code  int           `json:"code,omitempty"`
	Token string        `json:"token,omitempty"` // given back by the node, if its code is 0
	By    string        `json:"by,omitempty"`    // who the node says it is; empty: it does not say
	// Unexpected: nobody had asked it.
	Unexpected bool `json:"unexpected,omitempty"`
}

// Silence is a node that did not reply, and why.
type Silence struct {
	Node   string `json:"node"`
	Reason string `json:"reason"`
}

// Whole tells whether everybody who was asked has replied.
func (c Call) Whole() bool { return c.Error == "" && len(c.Missing()) == 0 }

// Missing returns who was asked and has not replied.
func (c Call) Missing() []string {
	replied := make(map[string]bool, len(c.Answers))
	for _, a := range c.Answers {
		replied[a.Node] = true
	}
	var missing []string
	for _, n := range c.Asked {
		if !replied[n] {
			missing = append(missing, n)
		}
	}
	return missing
}
