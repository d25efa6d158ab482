package rpc

import (
	"time"
)

// Stats tells how a call went. It is filled while the replies are read and complete when the loop over them has ended.
type Stats struct {
	RequestID     string
	Start         time.Time
	DiscoveryTime time.Duration // 0 when nobody was asked who is there
	AgentTime     time.Duration // publishing and waiting, with the sleeps between batches
	TotalTime     time.Duration // both

	Discovered []string // the nodes that the request was for
	Responses  int      // replies handed over, at most one a node
	OK, Failed int      // by status code: 0, any other

	NoResponse []string  // of Discovered, who did not reply, in order
	Silent     []Silence // the same with reasons
	Unexpected []string  // who replied without being in Discovered
	Broken     []Silence // unverified senders of messages that could not be taken for replies, unless in Silent

	Duplicates  int  // replies of nodes that had replied before; not handed over
	Late        int  // messages that answered an earlier request or somebody else's
	Interrupted bool // the caller's context ended the wait
}

// ExitCode returns what the original's applications end with (application.rb, halt). Nodes that did not reply do not change it,
// unless none did.
func (s *Stats) ExitCode() int {
	switch {
	case s.DiscoveryTime == 0 && s.Responses == 0:
		return 4
	case len(s.Discovered) > 0 && s.Responses == 0:
		return 3
	case len(s.Discovered) > 0 && s.Failed > 0:
		return 2
	case len(s.Discovered) == 0 && s.Responses == 0:
		return 1
	}
	return 0
}

// count notes a reply.
func (s *Stats) count(r *Reply) {
	s.Responses++
	if r.Code == 0 {
		s.OK++
	} else {
		s.Failed++
	}
	if r.Unexpected {
		s.Unexpected = append(s.Unexpected, r.Sender)
	}
}
