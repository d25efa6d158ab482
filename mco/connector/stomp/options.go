// Package stomp is the connector for RabbitMQ and ActiveMQ: their destinations and headers exactly as the original has them, over
// STOMP 1.0 and 1.1, with the guards that a node on a bad network needs. What is above one connection (which broker of the pool,
// when, what waits meanwhile) is [connector.Session].
//
// Frames are read by go-stomp's frame package behind a guard that bounds headers and bodies before anything is allocated for them.
// go-stomp's own Conn is not used: it needs two goroutines and three channels for each subscription, holds its lock while a receipt
// is awaited, and ends the process when SUBSCRIBE carries a receipt. Here one goroutine reads and one watches the clock, and a
// sender writes its frame itself, in one piece.
//
// Source of the facts: the original's lib/mcollective/connector/rabbitmq.rb and activemq.rb, ruby-stomp's lib/connection/*.rb, and
// what RabbitMQ and ActiveMQ answered.
package stomp

import (
	"context"
	"log/slog"
	"time"

	"github.com/mco-go/mco-go/mco/connector"
)

// Flavour is which broker's names and headers are spoken, in the word of the setting `connector`.
type Flavour string

// The flavours.
const (
	RabbitMQ Flavour = "rabbitmq"
	ActiveMQ Flavour = "activemq"
)

// title is how the original writes the broker's name in logs and errors.
func (f Flavour) title() string {
	if f == ActiveMQ {
		return "ActiveMQ"
	}
	return "RabbitMQ"
}

// Deadlines and bounds where no setting says otherwise.
const (
	DefaultHeartBeat = 10 * time.Second // the original's is off
	dialTime         = 5 * time.Second  // TCP and TLS, where connect_timeout is absent; the original's is 30 s
	connectTime      = 5 * time.Second  // from CONNECT to CONNECTED; the original waits for ever
	writeTime        = 10 * time.Second // for one frame to be taken by the kernel; the original waits for ever
	DefaultMaxFrame  = 8 << 20
)

// Options is a connector's configuration. [FromConfig] and [Read] make it from the settings of a cfg file; the comments give the
// keys without `plugin.rabbitmq.` or `plugin.activemq.`.
type Options struct {
	Flavour     Flavour
	Identity    string   // sent as mc_sender, and part of the names of our destinations
	Collectives []string // those that we are in
	ProcessID   int      // part of the names of reply destinations; default: this process's

	Hosts           []Host
	Pool            connector.Pool
	VHost           string        // vhost
	HeartBeat       time.Duration // heartbeat_interval; 0 is off
	Fallback10      bool          // stomp_1_0_fallback: STOMP 1.0 will do where heart-beats are wanted
	DialTime        time.Duration // connect_timeout: TCP and TLS; 0 is the default of 5 s
	WriteTime       time.Duration // for one frame to be taken; 0 is the default of 10 s
	MaxFrame        int64         // plugin.mco.max_frame, bytes of a body; 0 is the default of 8 MiB
	Base64          bool          // base64
	AgentsMultiplex bool          // agents_multiplex: one broadcast destination for all agents
	ReplyExchange   bool          // use_reply_exchange (RabbitMQ)
	Priority        int           // priority (ActiveMQ)

	All                 bool // plugin.mco.pool.mode = all, or a client's plugin.mco.client.all_brokers: a session on every host at once
	BarrierSubscription bool // plugin.mco.pool.barrier = subscription
	WildcardBroadcast   bool // plugin.mco.rabbitmq.broadcast = wildcard

	// What the original hands to its library, which ignores it or, so configured, never acts on it. They are read so that mistakes
	// in them are told as the original tells them.
	Backup       bool // backup
	Timeout      int  // timeout
	MaxReadFails int  // max_hbread_fails: silence is measured in time here
	MaxLockFails int  // max_hbrlck_fails: there is no such lock here

	Requests bool        // we are a node: what we receive are requests
	Busy     func() bool // see [connector.SessionOptions]
	Log      *slog.Logger
	Notices  []Notice // what reading the settings found; New logs it
}

// Host is one member of the pool.
type Host struct {
	Name            string
	Port            int
	Login, Passcode string // an empty login sends neither
	TLS             *TLS   // nil: none
}

// Notice is a line for the log.
type Notice struct {
	Level slog.Level
	Text  string
}

// New makes a connector, not yet started: a [connector.Session], or with All a [connector.Group].
func New(o Options) (connector.Connector, error) {
	t, err := newTransport(o)
	if err != nil {
		return nil, err
	}
	for _, n := range o.Notices {
		t.log.Log(context.Background(), n.Level, n.Text)
	}
	session := connector.SessionOptions{Transport: t, Pool: o.Pool, Requests: o.Requests, Busy: o.Busy, Log: t.log}
	if o.All {
		return connector.NewGroup(session), nil
	}
	return connector.NewSession(session), nil
}
