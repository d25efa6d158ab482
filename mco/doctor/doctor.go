// Package doctor examines what a cfg file makes of a client or a node: the file line by line, its weak places, each broker of the
// pool, and the nodes behind them. Each thing that it finds out, good or bad, is a [Finding] with the way to mend it.
//
// It asks and changes nothing: brokers are logged in to, destinations are tried with messages that nobody takes, and nodes get the
// question who is there. Nothing stays behind at a broker once [Examine] has returned, and the memory of the last known fleet is read
// but not written. It prints nothing; that is cli/doctor's.
//
// Sources of the facts: the original's config.rb, connector/rabbitmq.rb and security/base.rb, and what RabbitMQ and ActiveMQ answer
// when they refuse.
package doctor

import (
	"context"
	"log/slog"
	"time"

	"github.com/mco-go/mco-go/mco/config"
	"github.com/mco-go/mco-go/mco/connector"
	"github.com/mco-go/mco-go/mco/security"
)

// Level is how bad a finding is.
type Level string

// The levels.
const (
	Good    Level = "good"
	Note    Level = "note"    // worth knowing, nothing to mend
	Warning Level = "warning" // works, but not as well or as safely as it could
	Bad     Level = "error"   // does not work
)

// Finding is one thing that was found out.
type Finding struct {
	Level Level  `json:"level"`
	Check string `json:"check"`           // what was looked at, in a word that programs can rely on; see docs/doctor.md
	Where string `json:"where,omitempty"` // "FILE line N", a broker's address, or a node's identity
	Text  string `json:"text"`
	Mend  string `json:"mend,omitempty"` // what to do about it
}

// Member is one broker of the pool that a cfg file names.
type Member struct {
	Host string
	Port int
	User string
	TLS  bool
	// Open makes a session with this broker alone, not yet started, under a name that no node has.
	Open func(identity string, log *slog.Logger) (connector.Connector, error)
}

// Options says what to examine and with what. File, Members and Security must be set.
type Options struct {
	File    string
	Role    config.Role
	Offline bool          // look at the file alone
	Timeout time.Duration // for each broker to take us in, and again for all nodes to answer; 0: [DefaultTimeout]

	Members  func(*config.Config) ([]Member, error)
	Security func(*config.Config) (security.Provider, error)
	Getenv   func(string) string // nil: the environment is empty
	Step     func(what string)   // told what is being done, for those who wait; may be nil
}

// DefaultTimeout is what [Options] has where it says nothing.
const DefaultTimeout = 10 * time.Second

// Examine hands each finding to report as soon as it is certain, the file's first. It returns ctx's cause when ctx ended it.
func Examine(ctx context.Context, o Options, report func(Finding)) error {
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Getenv == nil {
		o.Getenv = func(string) string { return "" }
	}
	if o.Step == nil {
		o.Step = func(string) {}
	}
	x := &examination{Options: o, report: report}
	x.file()
	if x.cfg != nil && !o.Offline {
		x.bus(ctx)
	}
	return context.Cause(ctx)
}

// examination is one run of the doctor.
type examination struct {
	Options
	report func(Finding)
	cfg    *config.Config // nil: the file cannot be read
	broken bool           // the file has mistakes that keep programs from starting
}

func (x *examination) say(level Level, check, where, text, mend string) {
	x.report(Finding{Level: level, Check: check, Where: where, Text: text, Mend: mend})
}
