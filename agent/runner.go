package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/ddl"
)

// Runner takes RPC requests through DDL, authorisation, audit and action, in this order (rpc/agent.rb handlemsg). The zero Runner
// allows everybody, audits nothing and logs nowhere. It is safe for concurrent use; its fields must not change once it is used.
type Runner struct {
	Authorizer Authorizer // nil: everybody with valid keys may do everything
	Auditor    Auditor    // nil: no audit
	// RunUnaudited runs a request whose audit failed, as the original does (`plugin.mco.audit.on_failure = continue`). Without it
	// the request is refused.
	RunUnaudited bool
	Log          *slog.Logger
	OnPanic      func() // counts; may be nil
}

// Run answers one request to a. The reply is never nil; whether it is sent is the caller's decision ([Request.WantsReply]).
func (n *Runner) Run(ctx context.Context, a Agent, r *Request) *Reply {
	start := time.Now()
	description := a.DDL()
	reply := &Reply{Status: mco.OK, Message: "OK", Data: new(mco.Map)}
	if r.actionIsText {
		reply.Data, _ = description.DefaultOutputs(r.Action)
	}
	ran, err := n.run(ctx, a, description, r, reply)
	if err != nil {
		code, text := Status(err)
		if code == mco.UnknownError {
			n.log().Error(fmt.Sprintf("%s#%s failed: %s", r.Agent, r.Action, text))
		}
		reply.Fail(code, text)
	}
	if ends, ok := n.Auditor.(EndAuditor); ran && ok {
		if err := ends.AuditEnd(r, reply, time.Since(start)); err != nil {
			n.log().Warn(fmt.Sprintf("Audit of the end of request %s failed - %s", r.ID, err))
		}
	}
	return reply
}

// run tells whether the action was started.
func (n *Runner) run(ctx context.Context, a Agent, description *ddl.DDL, r *Request, reply *Reply) (ran bool, err error) {
	if err := n.validate(description, r); err != nil {
		return false, err
	}
	if err := n.authorize(ctx, r); err != nil {
		return false, err
	}
	if err := n.audit(ctx, r); err != nil {
		return false, err
	}
	return true, n.handle(ctx, a, r, reply)
}

func (n *Runner) validate(description *ddl.DDL, r *Request) error {
	if !r.actionIsText || description.Action(r.Action) == nil {
		return Failf(mco.InvalidData, "Attempted to call action %s for %s but it's not declared in the DDL", r.Action, r.Agent)
	}
	if r.Data == nil {
		return errors.New("the request's data is no hash")
	}
	return description.Validate(r.Action, r.Data)
}

func (n *Runner) authorize(ctx context.Context, r *Request) error {
	if n.Authorizer == nil {
		return nil
	}
	err := n.Authorizer.Authorize(ctx, r)
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*Error](err); ok {
		return err
	}
	n.log().Error(fmt.Sprintf("Authorization of %s#%s for %s failed: %s", r.Agent, r.Action, r.Caller, err))
	return ErrNotAuthorized
}

func (n *Runner) audit(ctx context.Context, r *Request) error {
	if n.Auditor == nil {
		return nil
	}
	err := n.Auditor.Audit(ctx, r)
	switch {
	case err == nil:
		return nil
	case n.RunUnaudited:
		n.log().Warn(fmt.Sprintf("Audit failed - %s - continuing to process message", err))
		return nil
	}
	n.log().Error(fmt.Sprintf("Audit failed - %s - refusing %s#%s, request %s", err, r.Agent, r.Action, r.ID))
	return Failf(mco.Aborted, "Audit failed - %s - the request was refused; plugin.mco.audit.on_failure = continue would run it", err)
}

// handle runs the action. A panic is a bug of the agent's: it is logged with its stack, counted, and becomes an unknown error.
func (n *Runner) handle(ctx context.Context, a Agent, r *Request, reply *Reply) (err error) {
	defer func() {
		if p := recover(); p != nil {
			if n.OnPanic != nil {
				n.OnPanic()
			}
			n.log().Error(fmt.Sprintf("%s#%s panicked: %v\n%s", r.Agent, r.Action, p, debug.Stack()))
			err = &Error{Code: mco.UnknownError, Text: fmt.Sprintf("the agent failed unexpectedly: %v", p)}
		}
	}()
	return a.Handle(ctx, r, reply)
}

func (n *Runner) log() *slog.Logger {
	if n.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return n.Log
}
