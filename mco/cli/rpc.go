package cli

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/cli/optparse"
	"github.com/mco-go/mco-go/mco/ddl"
	"github.com/mco-go/mco-go/mco/rpc"
)

// rpcCommand is what `mco rpc` was asked to do.
type rpcCommand struct {
	agent, action string
	arguments     []string // key=value, as typed
	noResults     bool
}

// rpcApp is `mco rpc`: any action of any agent.
func rpcApp() *application {
	r := new(rpcCommand)
	return &application{
		name:        "rpc",
		description: "Generic RPC agent client application",
		usage: []string{
			"mco rpc [options] [filters] --agent <agent> --action <action> [--argument <key=val> --argument ...]",
			"mco rpc [options] [filters] <agent> <action> [<key=val> <key=val> ...]",
		},
		options: []optparse.Option{
			option("--no-results --nr", "", optparse.Flag, "Do not process results, just send request", toggle(func() { r.noResults = true })),
			option("-a --agent", "AGENT", optparse.Text, "Agent to call", setText(&r.agent)),
			option("--action", "ACTION", optparse.Text, "Action to call", setText(&r.action)),
			option("--arg --argument", "ARGUMENT", optparse.Text, "Arguments to pass to agent", func(v optparse.Value) error {
				if _, _, ok := cutArgument(v.Text); !ok {
					return plain("Validation of arguments failed: Could not parse --arg " + v.Text + " should be of the form key=val")
				}
				r.arguments = append(r.arguments, v.Text)
				return nil
			}),
		},
		words:      r.takeWords,
		run:        r.run,
		candidates: rpcWords,
	}
}

// takeWords reads agent, action and arguments from words, unless both options were given: then words mean nothing.
func (r *rpcCommand) takeWords(words []string) error {
	if r.agent != "" && r.action != "" {
		return nil
	}
	if len(words) < 2 {
		return plain("No agent, action and arguments specified")
	}
	r.agent, r.action = words[0], words[1]
	for _, w := range words[2:] {
		if _, _, ok := cutArgument(w); !ok {
			return plain("Could not parse --arg " + w)
		}
		r.arguments = append(r.arguments, w)
	}
	return nil
}

// cutArgument splits key=value at the first = that has a character before it; neither side can be empty.
func cutArgument(text string) (key, value string, ok bool) {
	if text == "" {
		return "", "", false
	}
	i := strings.IndexByte(text[1:], '=') + 1
	if i == 0 || i == len(text)-1 {
		return "", "", false
	}
	return text[:i], text[i+1:], true
}

// inputs converts the arguments as the DDL wants them, adds its defaults and checks the whole.
func (r *rpcCommand) inputs(d *ddl.DDL) (*mco.Map, error) {
	data := new(mco.Map)
	for _, a := range r.arguments {
		key, value, _ := cutArgument(a)
		data.Set(mco.Sym(mco.Symbol(key)), mco.String(value))
	}
	if err := d.Convert(r.action, data); err != nil {
		return nil, err
	}
	d.ApplyDefaults(r.action, data)
	return data, d.Validate(r.action, data)
}

func (r *rpcCommand) run(s *session) error {
	wait := !r.noResults && s.opts.replyTo == nil
	agent, err := s.agent(r.agent, wait)
	if err != nil {
		return err
	}
	data, err := r.inputs(agent.ddl)
	if err != nil {
		return err
	}
	call := s.call(r.agent, r.action, data, agent.search, agent.ddl)
	call.Stats = new(rpc.Stats)
	call.NoResults = r.noResults && call.ReplyTo == ""
	if !wait {
		return s.send(agent.search, &call)
	}
	if call.Nodes, err = agent.discover(true); err != nil {
		return err
	}
	return s.showCall(call, agent.ddl)
}

// call makes the request that the options ask for, without its nodes.
func (s *session) call(agent, action string, data *mco.Map, d *search, plugin *ddl.DDL) rpc.Call {
	d.agent, d.action = agent, action
	call := rpc.Call{
		Agent: agent, Action: action, Data: data,
		Collective: s.opts.collective,
		Filter:     d.filter,
		Pick:       s.picker(),
		Batch:      s.batch(),
		Timeout:    s.replyTimeout(d, plugin) + d.extra,
		Threaded:   s.opts.threaded || s.cfg.Threaded,
	}
	if call.Pick != nil {
		call.Batch = rpc.Batch{} // as in the original, a limit leaves no batches
	}
	if s.opts.ttl != nil {
		// A negative one is sent as it stands: nodes then refuse the request as expired, which is how one looks whether they do.
		call.TTL = time.Duration(min(max(*s.opts.ttl, -1e9), 1e9)) * time.Second
	}
	if s.opts.replyTo != nil {
		call.ReplyTo = *s.opts.replyTo
	}
	return call
}

// replyTimeout is -t, or what the agent's DDL says with the time of discovery on top.
func (s *session) replyTimeout(d *search, plugin *ddl.DDL) time.Duration {
	if s.opts.timeout != defaultTimeout {
		return seconds(s.opts.timeout)
	}
	own, ok := plugin.Timeout()
	if !ok {
		own = ddl.DefaultTimeout
	}
	within := d.method.Timeout
	if limit := s.discoveryLimit(); limit != nil {
		within = *limit
	}
	return time.Duration(own*float64(time.Second)) + within
}

// batch reads --batch and --batch-sleep, or the cfg file's.
func (s *session) batch() rpc.Batch {
	b := rpc.Batch{Size: s.cfg.DefaultBatchSize, Sleep: s.cfg.DefaultBatchSleepTime}
	if s.opts.batch != "" {
		digits, percent := strings.CutSuffix(s.opts.batch, "%")
		n, err := strconv.Atoi(digits)
		if err != nil {
			n = 1 << 30 // more digits than any fleet has nodes
		}
		b.Size, b.Percent = n, percent
	}
	if s.opts.batchSleep != nil {
		b.Sleep = time.Duration(min(max(*s.opts.batchSleep, 0), 1e9) * float64(time.Second))
	}
	return b
}

// send makes a request whose replies nobody here waits for, and tells its id. Names that are known are addressed; else it is a
// broadcast.
func (s *session) send(d *search, call *rpc.Call) error {
	if err := s.publish(d, call); err != nil {
		return err
	}
	text := "Request sent with id: " + call.Stats.RequestID
	if call.ReplyTo != "" {
		text += " replies to " + call.ReplyTo
	}
	_, err := fmt.Fprintln(s.out, text)
	return err
}

func (s *session) publish(d *search, call *rpc.Call) error {
	if _, exact := d.exact(); exact || d.method.Name != "mc" {
		found, err := d.run(s.opts.verbose)
		if err != nil {
			return err
		}
		call.Nodes = found
	}
	client, err := s.connect()
	if err != nil {
		return err
	}
	for _, err := range client.Call(s.ctx, *call) {
		if err != nil {
			return err
		}
	}
	return nil
}

// sortReplies orders replies by sender, as --sort asks.
func sortReplies(replies []rpc.Reply) {
	slices.SortStableFunc(replies, func(a, b rpc.Reply) int { return strings.Compare(a.Sender, b.Sender) })
}
