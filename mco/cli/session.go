package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/mco-go/mco-go/mco/config"
	"github.com/mco-go/mco-go/mco/connector"
	"github.com/mco-go/mco-go/mco/logging"
	"github.com/mco-go/mco-go/mco/rpc"
)

// session is one command at work: what it was told, where it prints, and its client, which is made when it is first needed.
type session struct {
	ctx    context.Context
	c      *cli
	app    *application
	opts   *options
	cfg    *config.Config // nil where there is none
	color  bool
	in     io.Reader
	out    io.Writer
	errOut io.Writer
	log    *slog.Logger

	audience *audience

	logger *logging.Logger
	conn   connector.Connector
	client *rpc.Client
}

func (c *cli) newSession(ctx context.Context, a *application) *session {
	s := &session{ctx: ctx, c: c, app: a, opts: newOptions(c.cfg), cfg: c.cfg, in: c.Stdin, out: c.Stdout, errOut: c.Stderr,
		log: slog.New(slog.DiscardHandler), audience: newAudience()}
	if c.cfg == nil {
		s.color = c.Getenv("NO_COLOR") == ""
		return s
	}
	s.color = c.cfg.Color && c.Getenv("NO_COLOR") == ""
	logger, err := logging.New(logging.Options{Type: c.cfg.LoggerType, File: c.cfg.LogFile, Level: c.cfg.LogLevel, Keep: c.cfg.KeepLogs,
		MaxSize: int64(c.cfg.MaxLogSize), Facility: c.cfg.LogFacility, Color: s.color, Program: a.name, Console: c.Stderr})
	if err != nil {
		fmt.Fprintln(c.Stderr, err)
		return s
	}
	s.logger, s.log = logger, logger.Logger
	for _, w := range c.cfg.Warnings {
		s.logWarning(w)
	}
	return s
}

// logWarning writes a remark on the cfg file where the original writes it; ours name their place.
func (s *session) logWarning(w config.Warning) {
	text := w.Text
	if w.Ours && w.Line > 0 {
		text = fmt.Sprintf("%s (%s line %d)", text, w.File, w.Line)
	}
	switch {
	case w.Level == "debug":
		s.log.Debug(text)
	case w.Ours:
		s.log.Info(text) // what the original does not say must not appear among what scripts read
	default:
		s.log.Warn(text)
	}
}

// connect makes the client and waits for its first session, for ever unless a limit is set.
func (s *session) connect() (*rpc.Client, error) {
	if s.client != nil {
		return s.client, nil
	}
	provider, err := s.c.Security(s.cfg)
	if err != nil {
		return nil, err
	}
	o := rpc.OptionsFromConfig(s.cfg)
	o.Security = provider
	o.Log = s.log
	if s.opts.publishTimeout != nil {
		o.PublishTimeout = seconds(*s.opts.publishTimeout)
	}
	cfg := s.cfg
	if s.opts.allBrokers {
		all := *cfg
		all.Own.AllBrokers = true
		cfg = &all
	}
	if o.Connector, err = s.c.Connect(cfg, s.log); err != nil {
		return nil, err
	}
	if err := o.Connector.Start(s.ctx); err != nil {
		return nil, err
	}
	s.conn = o.Connector
	if err := s.waitReady(); err != nil {
		return nil, err
	}
	s.client, err = rpc.New(o)
	return s.client, err
}

var errTimeout = errors.New("execution expired") // Ruby's text

func (s *session) waitReady() error {
	ctx, cancel := s.ctx, context.CancelFunc(func() {})
	limit := s.cfg.ConnectionTimeout
	if s.opts.connTimeout != nil {
		limit = new(seconds(*s.opts.connTimeout))
	}
	if limit != nil && *limit > 0 {
		ctx, cancel = context.WithTimeoutCause(ctx, *limit, errTimeout)
	}
	defer cancel()
	err := s.patience(ctx)
	if err == nil {
		return nil
	}
	if errors.Is(context.Cause(ctx), errTimeout) {
		s.log.Error("Timeout occured while trying to connect to middleware")
		if last := s.conn.Status().LastErr; last != nil {
			return fmt.Errorf("%w: no broker could be reached within %s: %w", errTimeout, *limit, last)
		}
		return errTimeout
	}
	if s.ctx.Err() != nil {
		fmt.Fprintln(s.errOut)
		return exit(1)
	}
	return err
}

// patience waits for the session, and tells somebody who sits at a terminal when that takes long. Scripts read what the original
// prints, which is nothing.
func (s *session) patience(ctx context.Context) error {
	const long = 3 * time.Second
	if !onTerminal(s.errOut) {
		return s.conn.WaitReady(ctx)
	}
	first, cancel := context.WithTimeout(ctx, long)
	defer cancel()
	err := s.conn.WaitReady(first)
	if err == nil || ctx.Err() != nil || first.Err() == nil {
		return err
	}
	why := "no answer"
	if last := s.conn.Status().LastErr; last != nil {
		why = last.Error()
	}
	fmt.Fprintf(s.errOut, "mco: no broker could be reached yet (%s); trying on, Ctrl-C ends it\n", why)
	return s.conn.WaitReady(ctx)
}

// close ends the session at the broker and the log. It is bounded by the connector.
func (s *session) close() {
	if s.conn != nil {
		if err := s.conn.Close(); err != nil && !errors.Is(err, connector.ErrClosed) {
			s.log.Debug("Closing the connection: " + err.Error())
		}
	}
	if s.logger != nil {
		_ = s.logger.Close()
	}
}

// interrupted tells whether the operator asked to stop.
func (s *session) interrupted() bool { return s.ctx.Err() != nil }

// discoveryLimit returns the seconds that a command line or the cfg file gives to discovery, nil where neither does.
func (s *session) discoveryLimit() *time.Duration {
	if s.opts.discoveryTimeout != nil {
		return new(seconds(*s.opts.discoveryTimeout))
	}
	return s.cfg.DiscoveryTimeout
}
