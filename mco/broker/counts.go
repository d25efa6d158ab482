package broker

import "sync/atomic"

// Counts is what a broker has done since it started.
type Counts struct {
	Sessions uint64 // that were opened
	In       uint64 // messages that clients sent
	Out      uint64 // messages that were put on their way to receivers
	Lost     uint64 // messages that expired in a queue or were pushed out of a full one
	CutOff   uint64 // receivers that did not keep up
}

// counters are the running [Counts].
type counters struct {
	sessions, in, out, lost, cutOff atomic.Uint64
}

// Counts returns what the broker has done until now, also when it is closed.
func (b *Broker) Counts() Counts {
	c := &b.counters
	return Counts{Sessions: c.sessions.Load(), In: c.in.Load(), Out: c.out.Load(), Lost: c.lost.Load(), CutOff: c.cutOff.Load()}
}
