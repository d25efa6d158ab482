package connector

import "time"

// Survey is where a connector stands with each broker of its pool, for those who look after a fleet.
type Survey struct {
	All       bool          // a session on every member at once; else one session that moves
	Randomize bool          // no member is preferred
	Failback  time.Duration // how long an earlier member must answer before the session returns; 0: it stays
	Home      time.Duration // how long after that member is there again the session is back at most; 0: as above
	Members   []string      // host:port of the pool in the configured order
	Sessions  []Place       // with All one for each member, else one
}

// Place is where one session stands.
type Place struct {
	Status
	Reconnects uint64        // times that it became Ready again
	Heard      time.Time     // the broker's last sign of life; zero: there is no link, or its kind cannot tell
	HeartBeat  time.Duration // the interval of heart-beats; 0: none
}

// Pulse is an ability that links may have: to tell when the broker last said something.
type Pulse interface {
	// Heard returns the time of the last byte that came, and the interval of heart-beats, 0 without them.
	Heard() (last time.Time, heartBeat time.Duration)
}

// Survey tells where the session stands.
func (s *Session) Survey() Survey {
	p := s.o.Pool
	v := Survey{Randomize: p.Randomize, Failback: p.Failback, Home: p.home(), Sessions: []Place{s.place()}}
	for _, m := range s.members {
		v.Members = append(v.Members, m.Addr)
	}
	return v
}

func (s *Session) place() Place {
	at := Place{Status: s.Status()}
	s.mu.Lock()
	at.Reconnects = max(s.readied, 1) - 1
	s.mu.Unlock()
	if l := s.live.Load(); l != nil {
		if p, ok := l.Link.(Pulse); ok {
			at.Heard, at.HeartBeat = p.Heard()
		}
	}
	return at
}

// Survey tells where each session stands.
func (g *Group) Survey() Survey {
	v := Survey{All: true}
	for _, s := range g.sessions {
		v.Members = append(v.Members, s.members[0].Addr)
		v.Sessions = append(v.Sessions, s.place())
	}
	return v
}
