package broker

import (
	"strconv"
	"time"

	"github.com/mco-go/mco-go/mco/connector/framing"
)

// message is one SEND on its way. It is not changed once routed.
type message struct {
	destination destination
	text        string   // of the destination, as its receivers see it
	headers     []string // names and values to hand on
	body        []byte
	identity    string // header mc_identity, for selectors
	expires     time.Time
	frame       []byte // headers and body as they are written, but for what each receiver has of its own
}

// seal writes down, once for all receivers, what all of them get. Header values are escaped for clients of STOMP 1.0 too, as RabbitMQ
// does: the original reads them so.
func (m *message) seal() {
	text, _ := framing.AppendHeaders(nil, false, []string{"destination", m.text, "redelivered", "false"})
	for i := 0; i < len(m.headers); i += 2 {
		if more, err := framing.AppendHeaders(text, false, m.headers[i:i+2]); err == nil {
			text = more
		} // else it has a byte that no version can carry to every client
	}
	m.frame = framing.AppendBody(text, m.body)
	m.headers, m.body = nil, nil
}

// opening is the begin of every message for a subscription.
func opening(id string) ([]byte, error) {
	text, err := framing.AppendHeaders([]byte("MESSAGE\n"), false, []string{"subscription", id})
	if err != nil {
		return nil, &refusal{"Invalid id", err.Error()}
	}
	return append(text, "message-id:"...), nil
}

// deliver lets a client have a message. The broker is locked.
func (c *client) deliver(opening []byte, number uint64, m *message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.room(len(m.frame)) {
		return
	}
	c.broker.counters.out.Add(1)
	c.pending = append(c.pending, opening...)
	c.pending = strconv.AppendUint(c.pending, number, 10)
	c.pending = append(c.pending, '\n')
	c.pending = append(c.pending, m.frame...)
	c.nudge()
}

// reply lets the client have a frame of our own.
func (c *client) reply(command string, headers []string, body []byte) {
	text, err := framing.AppendHeaders([]byte(command+"\n"), command == "CONNECTED", headers)
	if err != nil {
		return // our own words can be written; a receipt with a NUL in its name cannot
	}
	if body != nil {
		text = framing.AppendBody(text, body)
	} else {
		text = append(text, '\n', 0)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.room(len(text)) {
		c.pending = append(c.pending, text...)
		c.nudge()
	}
}

// room tells whether n bytes more may wait for the client. One that does not keep up is cut off. The client is locked.
func (c *client) room(n int) bool {
	if c.ending {
		return false
	}
	if len(c.pending)+n <= maxOutgoing {
		return true
	}
	c.broker.counters.cutOff.Add(1)
	c.ending, c.pending = true, nil
	c.conn.Close()
	c.nudge()
	return false
}

// end lets the writer finish.
func (c *client) end() {
	c.mu.Lock()
	c.ending = true
	c.mu.Unlock()
	c.nudge()
}

func (c *client) nudge() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// write writes what is pending, and heart-beats when there is nothing, until the session ends.
func (c *client) write() {
	var spare []byte
	idle := time.NewTimer(time.Hour)
	defer idle.Stop()
	for {
		c.mu.Lock()
		text, ending, beat := c.pending, c.ending, c.beat
		c.pending = spare[:0]
		c.mu.Unlock()
		if len(text) > 0 {
			_ = c.conn.SetWriteDeadline(time.Now().Add(writeTime))
			if _, err := c.conn.Write(text); err != nil {
				c.conn.Close() // ends the reader
				return
			}
		}
		if spare = text; cap(spare) > 64<<10 {
			spare = nil
		}
		if ending && len(text) == 0 {
			return
		}
		if ending {
			continue // perhaps more came meanwhile
		}
		if beat > 0 {
			idle.Reset(beat * 3 / 4)
		}
		select {
		case <-c.wake:
		case <-idle.C:
			c.mu.Lock()
			if beat > 0 && len(c.pending) == 0 {
				c.pending = append(c.pending, '\n')
			}
			c.mu.Unlock()
		}
	}
}
