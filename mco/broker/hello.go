package broker

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-stomp/stomp/v3/frame"
)

// serverName is what CONNECTED says that we are.
const serverName = "mco-dev-broker"

// connect answers CONNECT.
func (c *client) connect(h *frame.Header) error {
	version := "1.0"
	if offered := h.Get(frame.AcceptVersion); offered != "" {
		versions := strings.Split(offered, ",")
		version = ""
		for _, v := range []string{"1.2", "1.1", "1.0"} {
			if slices.Contains(versions, v) {
				version = v
				break
			}
		}
		if version == "" {
			return &refusal{"Version mismatch", "Supported versions are 1.0,1.1,1.2"}
		}
	}
	if err := c.broker.admits(h.Get(frame.Login), h.Get(frame.Passcode), h.Get(frame.Host)); err != nil {
		return err
	}
	var sends, wants time.Duration
	if text := h.Get(frame.HeartBeat); text != "" && !c.broker.o.NoHeartBeats {
		var err error
		if sends, wants, err = frame.ParseHeartBeat(text); err != nil {
			return &refusal{"Invalid heart-beat header", fmt.Sprintf("%.40q", text)}
		}
	}
	// Twice the promised interval, as RabbitMQ has it; the network may be slow.
	c.patience = 2 * sends
	c.raw = version == "1.0"
	c.broker.mu.Lock()
	session := c.broker.next()
	c.broker.mu.Unlock()
	c.reply(frame.CONNECTED, []string{
		frame.Version, version,
		frame.HeartBeat, strconv.FormatInt(wants.Milliseconds(), 10) + "," + strconv.FormatInt(sends.Milliseconds(), 10),
		frame.Session, "session-" + strconv.FormatUint(session, 36),
		frame.Server, serverName,
	}, nil)
	c.mu.Lock()
	c.beat = wants
	c.mu.Unlock()
	c.nudge()
	return nil
}
