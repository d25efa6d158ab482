package daemon

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/connector"
)

// How long a reply waits for a session that is being made again: a result is worth more than a refusal, which holds up the receive
// loop.
const (
	replyWait  = 30 * time.Second
	atOnceWait = 5 * time.Second // an answer at hand is sent by the receive loop
	busyWait   = time.Second
)

// errAgentTimeout ends the context of a request that took longer than its agent's DDL allows.
var errAgentTimeout = errors.New("the agent's timeout is over")

// job is one accepted request on its way through an agent.
type job struct {
	daemon  *Daemon
	agent   *loadedAgent
	request mco.Request
	message connector.Message
	rpc     *agent.Request // nil for an agent that is no RPC agent
}

// name says what the job is, for statistics.
func (j *job) name() string {
	if j.rpc == nil {
		return j.agent.name
	}
	return j.agent.name + "#" + printable(j.rpc.Action)
}

// note says what has become of the request, for its caller.
func (j *job) note(what agent.Outcome, detail string) {
	if j.rpc != nil {
		j.daemon.fates.note(j.request, what, detail)
	}
}

// read takes the RPC request out of the body and announces the request in the log. Names of inputs are logged, never their values:
// they may be secrets.
func (j *job) read() bool {
	d, what := j.daemon, ""
	if j.agent.rpc != nil {
		var err error
		if j.rpc, err = agent.NewRequest(j.request); err != nil {
			d.log.Error(fmt.Sprintf("Execution of %s failed: %s", j.agent.name, err))
			return false
		}
		if signed, ok := j.request.Body.Field("agent").AsString(); ok && j.request.Signed != "" && signed != j.agent.name {
			d.log.Error(fmt.Sprintf("Execution of %s failed: the body was signed for agent '%s'", j.agent.name, printable(signed)))
			return false
		}
		names := j.rpc.InputNames()
		what = ": action=" + printable(j.rpc.Action) + " inputs=" + printable(strings.Join(names, ","))
	}
	if d.log.Enabled(context.Background(), 0) {
		d.log.Info("Handling message " + description(j.request) + what)
	}
	return true
}

// run lets the agent answer and sends the reply. A request whose TTL ended while it waited does not run.
func (j *job) run() {
	d := j.daemon
	if d.jobsCtx.Err() != nil || !d.timely(j.request) {
		return
	}
	d.track(j, true)
	defer d.track(j, false)
	j.note(agent.Running, "")
	ctx, cancel := context.WithTimeoutCause(d.jobsCtx, j.agent.meta().Timeout, errAgentTimeout)
	defer cancel()
	body, wanted := j.answer(ctx)
	if errors.Is(context.Cause(ctx), errAgentTimeout) {
		d.log.Warn(fmt.Sprintf("Timeout while handling message for %s", j.agent.name))
		j.note(agent.TimedOut, j.agent.meta().Timeout.String())
		return
	}
	if !wanted {
		j.note(agent.Unwanted, "")
		return
	}
	j.reply(body, replyWait)
}

// runAtOnce is run for an answer that is at hand. Nothing bounds its time: it is over before a clock could be asked.
func (j *job) runAtOnce() {
	d := j.daemon
	d.track(j, true)
	defer d.track(j, false)
	if body, wanted := j.answer(d.jobsCtx); wanted {
		j.reply(body, atOnceWait)
	}
}

// answer asks the agent for the reply's body and whether one is to be sent.
func (j *job) answer(ctx context.Context) (mco.Value, bool) {
	if j.rpc == nil {
		return j.answerPlain(ctx)
	}
	reply := j.daemon.opt.Runner.Run(ctx, j.agent.rpc, j.rpc)
	if !j.rpc.WantsReply() {
		j.daemon.log.Debug("Client did not request a response, surpressing reply")
		return mco.Value{}, false
	}
	return reply.Value(), true
}

func (j *job) answerPlain(ctx context.Context) (body mco.Value, wanted bool) {
	d := j.daemon
	defer func() {
		if p := recover(); p != nil {
			d.stats.panics.Add(1)
			d.log.Error(fmt.Sprintf("Execution of %s failed: panic: %v\n%s", j.agent.name, p, debug.Stack()))
			body, wanted = mco.Value{}, false
		}
	}()
	body, wanted, err := j.agent.plain.Answer(ctx, j.request)
	if err != nil {
		d.log.Error(fmt.Sprintf("Execution of %s failed: %s", j.agent.name, err))
		return mco.Value{}, false
	}
	return body, wanted
}

// busy answers a request that found too many others waiting.
func (j *job) busy() {
	l := j.agent.lane
	j.refuse("Too busy: agent " + j.agent.name + " works on " + strconv.Itoa(l.concurrency) + " requests and " + strconv.Itoa(l.queue) +
		" are waiting. Try again later.")
}

// refuse answers a request that does not run. Only RPC clients can be told.
func (j *job) refuse(text string) {
	if j.rpc == nil || !j.rpc.WantsReply() {
		return
	}
	reply := agent.Reply{Data: new(mco.Map)}
	reply.Fail(mco.Aborted, text)
	j.reply(reply.Value(), busyWait)
}

// reply sends body to where the request's frame asked for. It waits at most as long for a session.
func (j *job) reply(body mco.Value, wait time.Duration) {
	d := j.daemon
	if j.message.ReplyTo == "" {
		d.stats.unanswerable.Add(1)
		d.log.Warn(fmt.Sprintf("Message %s names no reply destination. Dropping the reply.", description(j.request)))
		return
	}
	payload, err := j.encode(body)
	if err == nil {
		to := d.ways(append([]string{j.message.ReplyTo}, d.kept.finish(j.request, payload, time.Now())...))
		d.stats.reasked.Add(uint64(len(to) - 1))
		err = d.publishReplies(j.request, to, payload, wait)
	}
	if err != nil {
		d.log.Error(fmt.Sprintf("Execution of %s failed: sending the reply: %s", j.agent.name, err))
		j.note(agent.Unsent, err.Error())
		return
	}
	j.note(agent.Answered, "")
	d.stats.replies.Add(1)
}

// track keeps the list of running requests for the statistics.
func (d *Daemon) track(j *job, on bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !on {
		delete(d.running, j)
		return
	}
	if d.running == nil {
		d.running = make(map[*job]struct{})
	}
	d.running[j] = struct{}{}
}

// description names a request as the original's log does (message.rb description).
func description(r mco.Request) string {
	from := r.Sender
	if r.Caller != "" {
		from = r.Caller + "@" + from
	}
	return fmt.Sprintf("%s for agent '%s' in collective '%s' from %s",
		printable(r.ID), printable(r.Agent), printable(r.Collective), printable(from))
}

// printable makes text from the wire fit for one line of a log.
func printable(s string) string {
	const longest = 512
	cut := ""
	if len(s) > longest {
		s, cut = s[:longest], "..."
	}
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= 0x7f {
			quoted := strconv.QuoteToGraphic(s)
			return quoted[1:len(quoted)-1] + cut
		}
	}
	return s + cut
}
