package drill

import (
	"context"
	"errors"
	"fmt"
)

// Kind is a way to take a broker away.
type Kind string

// The kinds.
const (
	Command     Kind = "command"     // a command stops it, another one starts it
	Connections Kind = "connections" // its STOMP connections are closed, and it goes on
	Firewall    Kind = "firewall"    // a rule on this machine drops every packet from and to it
)

// Fault takes a broker away and gives it back.
type Fault interface {
	// Entry is what the next run needs to know to give the broker back when this one cannot. It holds no secrets.
	Entry() Entry
	// By names what makes the fault, for a report.
	By() string
	// Check says why the fault could not be made, before anything is done.
	Check(ctx context.Context) error
	// Inject makes the fault and returns when it is made, or failed: then a part of it may stand.
	Inject(ctx context.Context) error
	// Restore ends the fault. It may be called when there is none, and again.
	Restore(ctx context.Context) error
}

// commands is a fault of two commands.
type commands struct {
	entry       Entry
	stop, start Shell
}

// Shell is a command for /bin/sh, and where it came from: --stop, or the name of a setting.
type Shell struct{ Text, From string }

// ByCommands returns the fault that stop makes and start ends.
func ByCommands(e Entry, stop, start Shell) (Fault, error) {
	if stop.Text == "" || start.Text == "" {
		return nil, errors.New("a command that stops the broker and one that starts it belong together")
	}
	e.Fault = Command
	return &commands{e, stop, start}, nil
}

func (c *commands) Entry() Entry                      { return c.entry }
func (c *commands) By() string                        { return c.stop.From }
func (c *commands) Check(context.Context) error       { return nil }
func (c *commands) Inject(ctx context.Context) error  { return c.stop.run(ctx, c.entry) }
func (c *commands) Restore(ctx context.Context) error { return c.start.run(ctx, c.entry) }

// Closer closes the STOMP connections of one broker, as its management interface can.
type Closer interface {
	// Reachable says why the broker's management cannot be asked.
	Reachable(ctx context.Context) error
	// CloseSTOMP closes all STOMP connections of the broker, and tells how many there were.
	CloseSTOMP(ctx context.Context) (closed int, err error)
}

// closing is a fault of closed connections. There is nothing to be given back: the broker goes on.
type closing struct {
	entry  Entry
	closer Closer
}

// ByClosing returns the fault that closes a broker's connections.
func ByClosing(e Entry, c Closer) Fault {
	e.Fault = Connections
	return &closing{e, c}
}

func (c *closing) Entry() Entry { return c.entry }
func (c *closing) By() string   { return "the management interface of RabbitMQ" }

func (c *closing) Check(ctx context.Context) error {
	if c.closer == nil {
		return nil
	}
	return c.closer.Reachable(ctx)
}

func (c *closing) Inject(ctx context.Context) error {
	n, err := c.closer.CloseSTOMP(ctx)
	if err == nil && n == 0 {
		err = fmt.Errorf("%s had no STOMP connections to close", c.entry.Broker)
	}
	return err
}

func (c *closing) Restore(context.Context) error { return nil }
