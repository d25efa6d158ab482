package broker

import (
	"strconv"
	"time"

	"github.com/mco-go/mco-go/mco/connector/framing"
)

// seal writes down, once for all receivers, what all of them get.
func (m *message) seal() {
	headers := append([]string{"destination", m.destination}, m.headers...)
	for raw, into := range map[bool]*[]byte{false: &m.frame, true: &m.raw} {
		text, err := framing.AppendHeaders(nil, raw, headers)
		if err != nil {
			// A header that STOMP 1.0 cannot carry does not reach its clients.
			text, _ = framing.AppendHeaders(nil, raw, headers[:2])
		}
		*into = framing.AppendBody(text, m.body)
	}
}

// deliver lets a client have a message. The broker is locked.
func (c *client) deliver(id string, number uint64, m *message) {
	c.mu.Lock()
	if c.ending {
		c.mu.Unlock()
		return
	}
	if len(c.pending)+len(m.frame) > maxOutgoing {
		c.ending, c.pending = true, nil
		c.mu.Unlock()
		c.conn.Close() // it does not keep up
		return
	}
	c.pending = append(c.pending, "MESSAGE\n"...)
	c.pending, _ = framing.AppendHeaders(c.pending, c.raw, []string{"subscription", id, "message-id", strconv.FormatUint(number, 10)})
	if c.raw {
		c.pending = append(c.pending, m.raw...)
	} else {
		c.pending = append(c.pending, m.frame...)
	}
	c.mu.Unlock()
	c.nudge()
}

// reply lets the client have a frame of our own.
func (c *client) reply(command string, headers []string, body []byte) {
	raw := c.raw || command == "CONNECTED"
	text, err := framing.Append(nil, command, raw, headers, body)
	if err != nil {
		return
	}
	c.mu.Lock()
	c.pending = append(c.pending, text...)
	c.mu.Unlock()
	c.nudge()
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
