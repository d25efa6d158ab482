package broker

import (
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-stomp/stomp/v3/frame"
)

// serverName is what CONNECTED says that we are.
const serverName = "mco-dev-broker"

// versions are those of STOMP that we speak.
const versions = "1.0,1.1,1.2"

// connect answers CONNECT.
func (c *client) connect(h *frame.Header) error {
	version := "1.0"
	if offered := h.Get(frame.AcceptVersion); offered != "" {
		offers := strings.Split(strings.ReplaceAll(offered, " ", ""), ",")
		version = ""
		for _, v := range []string{"1.2", "1.1", "1.0"} {
			if slices.Contains(offers, v) {
				version = v
				break
			}
		}
		if version == "" {
			return &refusal{"Version mismatch", "Supported versions are " + versions + "\n"}
		}
	}
	if c.vhost = h.Get(frame.Host); c.vhost == "" {
		c.vhost = "/"
	}
	if err := c.broker.admits(h.Get(frame.Login), h.Get(frame.Passcode), c.vhost); err != nil {
		return err
	}
	var sends, wants time.Duration
	if text := h.Get(frame.HeartBeat); text != "" && !c.broker.o.NoHeartBeats {
		var err error
		if sends, wants, err = frame.ParseHeartBeat(text); err != nil {
			return &refusal{"Invalid heart-beat header", fmt.Sprintf("%.40q\n", text)}
		}
	}
	// Twice the promised interval, as RabbitMQ has it; the network may be slow.
	c.connected, c.patience = true, 2*sends
	c.broker.counters.sessions.Add(1)
	c.broker.log.Info("session", slog.String("peer", c.conn.RemoteAddr().String()), slog.String("version", version))
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
