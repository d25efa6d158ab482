package stomp

import (
	"context"
	"fmt"
	"time"

	"github.com/mco-go/mco-go/mco/connector"
	"github.com/mco-go/mco-go/mco/defence"
)

// SilenceError is a broker that was not heard of for too long. Ruby's client never notices one.
type SilenceError struct{ For time.Duration }

// Error implements error.
func (e *SilenceError) Error() string {
	return fmt.Sprintf("no sign of life from the broker for %s", e.For.Round(100*time.Millisecond))
}

// UnheardError is a broker whose machine does not acknowledge what is sent to it, though its heart-beats still come: packets are lost on
// the way there.
type UnheardError struct{ For time.Duration }

// Error implements error.
func (e *UnheardError) Error() string {
	return fmt.Sprintf("the broker's machine has acknowledged nothing for %s", e.For.Round(100*time.Millisecond))
}

// silence is how long a broker may be silent at an interval of heart-beats. What is promised is 1.5 intervals and 2 s; the half second
// less is for a machine that is slow to look.
func silence(interval time.Duration) time.Duration { return interval*3/2 + 1500*time.Millisecond }

// lateness is how late the watch may look before it doubts itself rather than the broker: the process was stopped, or starved.
const lateness = time.Second

// watch sends heart-beats and ends the link when the broker is silent, or does not hear us. Where the broker sends no heart-beats, or too few, it is
// asked a question after an interval of silence.
func (l *link) watch() {
	interval, limit := l.HeartBeat, silence(l.HeartBeat)
	asking := l.receive == 0 || l.receive > interval
	every := l.send / 2 // twice as often as promised: brokers differ in how late they let one be
	var asked time.Duration = -1
	var acked uint64
	var heeded time.Duration  // when nothing was owed to us
	patience := limit - every // what is lost may be sent so late, and silence is noticed within the limit
	timer := time.NewTimer(0)
	defer timer.Stop()
	var due time.Duration
	for {
		select {
		case <-timer.C:
		case <-l.done:
			return
		}
		now := l.conn.clock()
		heard, said := time.Duration(l.conn.lastRead.Load()), time.Duration(l.conn.lastWrite.Load())
		late := now-due > lateness
		if defence.Watch && now-heard >= limit && !late {
			l.fail(&SilenceError{now - heard})
			return
		}
		next := heard + limit
		bytes, owes := acknowledged(l.conn.Conn)
		if !owes || bytes != acked || late {
			acked, heeded = bytes, now
		}
		if owes {
			if defence.Watch && now-heeded >= patience {
				l.fail(&UnheardError{now - heeded})
				return
			}
			next = min(next, heeded+patience)
		}
		if asking {
			if now-heard >= interval && asked != heard {
				asked = heard
				if l.question() != nil {
					return
				}
			}
			if asked != heard {
				next = min(next, heard+interval)
			}
		}
		if every > 0 {
			if now-said >= every {
				// Not behind a frame that is being written: that one is a sign of life as well.
				if l.beat() != nil {
					return
				}
				said = now
			}
			next = min(next, said+every)
		}
		if late {
			next = max(next, now+lateness/2)
		}
		due = max(next, now+10*time.Millisecond)
		timer.Reset(due - now)
	}
}

var heartBeat = []byte{'\n'}

// beat sends a heart-beat, unless a frame is being written.
func (l *link) beat() error {
	select {
	case l.writing <- struct{}{}:
	default:
		return nil
	}
	_, err := l.conn.Write(heartBeat)
	<-l.writing
	if err != nil {
		l.log.Error(fmt.Sprintf("Heartbeat write failed from '%s': %s", l.member.URL, err))
		l.fail(fmt.Errorf("write: %w", err))
	}
	return err
}

// question makes the broker say something; what it says is heard by the guard.
func (l *link) question() error {
	ctx, cancel := context.WithTimeout(context.Background(), l.WriteTime)
	defer cancel()
	if err := l.write(ctx, "BEGIN", []string{"transaction", barrierID}, nil); err != nil {
		return err
	}
	l.mu.Lock()
	l.number++
	id := fmt.Sprintf("mco-%d", l.number)
	l.mu.Unlock()
	return l.write(ctx, "ABORT", []string{"transaction", barrierID, "receipt", id}, nil)
}

var _ connector.Pulse = (*link)(nil)

// Heard implements [connector.Pulse].
func (l *link) Heard() (time.Time, time.Duration) {
	return time.Now().Add(time.Duration(l.conn.lastRead.Load()) - l.conn.clock()), l.HeartBeat
}
