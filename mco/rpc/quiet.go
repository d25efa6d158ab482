package rpc

import "time"

// Quiet is the rule by which a question to an unknown number of nodes ends when nobody gave it a limit. The original waits a fixed
// 2 s: too long for ten nodes, too short for thousands behind one broker, whose first answers may come later than that. We wait as
// long as what was seen makes it likely that more will come:
//
//	nobody answered yet        Silence after the question
//	some answered              until nothing new came for Wait after the last answer
//	some that must are missing the same, but not before Patience after the question
//	all that should answered   until nothing new came for Settle after the last answer
//
// What counts as missing is the caller's to say: names in an identity filter, or who answered the last time.
type Quiet struct {
	Silence  time.Duration // an empty fleet, and a broker so loaded that the first of 5,000 answers took 3.8 s, look alike until then
	Patience time.Duration // the original's 2 s: a node that is known and slow gets as long as it always had
	Least    time.Duration // bounds of the wait after the last answer
	Most     time.Duration
	Settle   time.Duration // the wait once everybody who is known has answered, for those who are new
}

// DefaultQuiet returns the rule in use: ten nodes that answer within 50 ms are given back after 0.45 s.
func DefaultQuiet() Quiet {
	return Quiet{
		Silence:  4 * time.Second,
		Patience: 2 * time.Second,
		Least:    400 * time.Millisecond,
		Most:     3 * time.Second,
		Settle:   150 * time.Millisecond,
	}
}

// Seen is what a question has brought so far. Durations count from the question.
type Seen struct {
	Count int           // nodes that answered
	First time.Duration // the first answer
	Last  time.Duration // the newest answer
	Gap   time.Duration // the longest time between two answers

	Known   int // nodes that were expected to answer; 0: nothing is known
	Missing int // of these, how many have not
}

// Add notes an answer that came at time t after the question. It leaves Known and Missing alone.
func (s *Seen) Add(t time.Duration) {
	if s.Count == 0 {
		s.First, s.Last = t, t
	} else {
		s.Gap = max(s.Gap, t-s.Last)
		s.Last = max(s.Last, t)
	}
	s.Count++
}

// Until returns when the question is over, counted from the question, if nothing more comes.
func (q Quiet) Until(s Seen) time.Duration {
	switch {
	case s.Count == 0:
		return q.Silence
	case s.Missing > 0:
		return max(s.Last+q.Wait(s), q.Patience)
	case s.Known > 0:
		return s.Last + max(q.Settle, min(q.Wait(s), s.Last/8))
	}
	return s.Last + q.Wait(s)
}

// Wait returns how long after the last answer another one is still likely. A slow first answer tells of a loaded broker or a long
// way, a gap of a stream that stalls and goes on, and a stream that has run for long has stragglers.
func (q Quiet) Wait(s Seen) time.Duration {
	return min(max(2*s.First, 4*s.Gap, s.Last/2, q.Least), q.Most)
}
