// Package node wires a cfg file to a daemon: which connector, security provider, agents, facts, classes, data plugins, audit and
// registration a node has. Both mcollectived and the fleet simulator build their nodes here; adapters are handed in by the program
// ([Providers]), so that none is named twice.
//
// Source of the facts: the original's lib/mcollective/config.rb, agents.rb and rpc/agent.rb (activation).
package node

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/agent/audit"
	"github.com/mco-go/mco-go/agent/daemon"
	"github.com/mco-go/mco-go/agent/data"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/config"
	"github.com/mco-go/mco-go/mco/connector"
	"github.com/mco-go/mco-go/mco/ddl"
	"github.com/mco-go/mco-go/mco/security"
)

// Providers are the adapters that a program brings, by the lower case names that cfg files use.
type Providers struct {
	Connectors map[string]func(*config.Config, Session) (connector.Connector, error)
	Security   map[string]func(*config.Config) (security.Provider, error)
	Plain      []agent.Plain
	Agents     []NamedMaker  // in load order
	Data       []data.Plugin // beside those of the original
}

// Session is what a connector may know of the node that it serves.
type Session struct {
	Log *slog.Logger
	// Busy tells whether requests are running, whose replies would be lost if the session moved to another broker now.
	Busy func() bool
}

// NamedMaker makes the RPC agent of that name.
type NamedMaker struct {
	Name string
	Make agent.Maker
}

// Options say which node to build. Config and Providers are needed.
type Options struct {
	Config    *config.Config
	Providers Providers
	Log       *slog.Logger
	// DDLs is shared between nodes of one process; nil: one of its own.
	DDLs *ddl.Cache
	// StateDir is where the node keeps what must outlive a restart; empty: nowhere.
	StateDir string
	// Facts and Classes are a simulated node's; nil: the fact source and the classes file that Config names.
	Facts   func() *mco.Map
	Classes func() []string
}

// Build returns the daemon that the cfg file describes. It opens no connection.
func Build(o Options) (*daemon.Daemon, error) {
	c := o.Config
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	conn, err := pick(o.Providers.Connectors, "connector", c.Connector)
	if err != nil {
		return nil, err
	}
	if c.RPCAudit && c.RPCAuditProvider != "logfile" {
		return nil, fmt.Errorf("rpcauditprovider = %s: this program has no such provider; logfile is there", c.RPCAuditProvider)
	}
	secure, err := pick(o.Providers.Security, "securityprovider", c.SecurityProvider)
	if err != nil {
		return nil, err
	}
	provider, err := secure(c)
	if err != nil {
		return nil, fmt.Errorf("security provider %s: %w", c.SecurityProvider, err)
	}
	if weak, ok := provider.(interface{ Weakness() string }); ok {
		o.Log.Warn(weak.Weakness())
	}
	var d *daemon.Daemon // made below; the connector asks it only once it is started
	session, err := conn(c, Session{Log: o.Log, Busy: func() bool { return d.Busy() }})
	if err != nil {
		return nil, fmt.Errorf("connector %s: %w", c.Connector, err)
	}
	parts, err := newParts(o)
	if err != nil {
		return nil, err
	}
	registers, err := parts.registration()
	if err != nil {
		return nil, err
	}
	seen := parts.remember(o.StateDir)
	d, err = daemon.New(daemon.Options{
		Identity:       c.Identity,
		Collectives:    c.Collectives,
		MainCollective: c.MainCollective,
		Connector:      session,
		Security:       provider,
		Validity:       security.Validity{Skew: c.Own.Skew},
		TTL:            c.TTL,
		Direct:         c.DirectAddressing,
		Load:           parts.load,
		Match:          parts.match,
		Runner:         agent.Runner{Authorizer: parts.authorizer, Auditor: auditor(c), RunUnaudited: c.Own.AuditContinue},
		Registration:   registers,
		Seen:           seen,
		Background:     parts.background,
		Concurrency:    c.Own.CommandConcurrency,
		Queue:          c.Own.CommandQueue,
		CallerRate:     c.Own.CallerRate,
		MaxMessage:     int(c.Own.MaxFrame),
		Grace:          grace(c, o.Log),
		Log:            o.Log,
	})
	return d, err
}

// pick returns the provider that the cfg file names under key.
func pick[T any](have map[string]T, key, name string) (T, error) {
	p, ok := have[name]
	if !ok {
		return p, fmt.Errorf("%s = %s: this program has no such provider", key, name)
	}
	return p, nil
}

func auditor(c *config.Config) agent.Auditor {
	if !c.RPCAudit {
		return nil
	}
	path, ok := c.Plugin("rpcaudit.logfile")
	if !ok {
		path = audit.DefaultPath
	}
	return &audit.Logfile{Path: path, EndPath: c.Own.AuditEndLog}
}

// grace is what running requests get at the end: soft_shutdown without a timeout waits for all of them, which their own timeouts
// bound. (The original leaves at once without soft_shutdown; the reply of what it was running is lost.)
func grace(c *config.Config, log *slog.Logger) time.Duration {
	const all = 24 * time.Hour
	switch t := c.SoftShutdownTimeout; {
	case !c.SoftShutdown:
		return daemon.DefaultGrace
	case t == nil:
		return all
	case *t <= 0:
		log.Warn(fmt.Sprintf("soft_shutdown_timeout has been set to '%d'. soft_shutdown_timeout must be > 0", int(t.Seconds())))
		return daemon.DefaultGrace
	default:
		return *t
	}
}
