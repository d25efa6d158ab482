package cli

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/ddl"
	"github.com/mco-go/mco-go/mco/discovery"
	"github.com/mco-go/mco-go/mco/filter"
	"github.com/mco-go/mco-go/mco/rpc"
)

// search finds the nodes that a command is for.
type search struct {
	s      *session
	method discovery.Method
	input  io.Reader // what stdin holds
	given  bool      // the method was chosen, not the default
	names  []string  // options of the method
	filter mco.Filter
	extra  time.Duration // what data plugins of compound filters may take

	agent, action string // of the call that the nodes are for; --rerun wants to know
}

// newSearch settles the method and checks the filter, without asking anybody. detect allows that names waiting on standard input
// are taken (rpc/client.rb: detect_and_set_stdin_discovery).
func (s *session) newSearch(agent string, detect bool) (*search, error) {
	if err := s.checkRerun(); err != nil {
		return nil, err
	}
	detect = detect && s.opts.rerun == ""
	d := &search{s: s, input: s.in, given: s.opts.method != "", names: s.opts.methodOptions, filter: s.opts.filter}
	if !slices.Contains(d.filter.Agents, agent) {
		d.filter.Agents = append(slices.Clone(d.filter.Agents), agent)
	}
	name := s.opts.method
	if name == "" {
		name = s.cfg.DefaultDiscoveryMethod
	}
	if detect && !d.given {
		if in, ok := s.waiting(); ok {
			name, d.input, d.names = "stdin", in, nil
		}
	}
	var err error
	if len(d.filter.Compound) > 0 && name != "mc" {
		s.log.Info("Switching to mc discovery method because compound filters are used")
		name = "mc"
	}
	if d.method, err = discovery.Find(name, s.cfg.DirectAddressing); err != nil {
		return nil, err
	}
	if d.extra, err = s.checkCompound(d.filter.Compound); err != nil {
		return nil, err
	}
	s.tellHopeless(s.opts.filter)
	return d, nil
}

// checkCompound checks data queries against their DDLs and converts their arguments, in place.
func (s *session) checkCompound(stacks []mco.Value) (extra time.Duration, err error) {
	for i, stack := range stacks {
		checked, more, err := filter.CheckCompound(stack, func(name string) (filter.DataDDL, error) {
			return ddl.Load(s.cfg.LibDirs, ddl.Data, name)
		})
		if err != nil {
			return 0, err
		}
		stacks[i] = checked
		extra += more
	}
	return extra, nil
}

// timeout is how long the original would wait for discovery.
func (d *search) timeout() time.Duration {
	if limit := d.s.discoveryLimit(); limit != nil {
		return *limit + d.extra
	}
	return d.method.Timeout + d.extra
}

// exact returns the names of an identity filter without patterns, which are taken for the nodes as they are.
func (d *search) exact() ([]string, bool) {
	if d.method.Name != "mc" || d.s.opts.rerun != "" {
		return nil, false
	}
	return plainNames(d.filter)
}

func (d *search) identities() []string {
	var names []string
	for _, v := range d.filter.Identities {
		name, _ := v.AsString()
		names = append(names, name)
	}
	return names
}

// run finds the nodes; announce says so on standard error. Names that are given leave nothing to announce.
func (d *search) run(announce bool) (*rpc.Found, error) {
	if d.s.opts.rerun != "" {
		d.s.audience.listed = true
		return d.again()
	}
	if names, ok := d.exact(); ok {
		found := rpc.Known(names...)
		found.Listed = d.s.cfg.DirectAddressing
		return found, nil
	}
	announce = announce && !d.s.opts.json
	if announce {
		within := ""
		if t := d.timeout(); t > 0 {
			within = fmt.Sprintf(" for %d second(s)", int(t/time.Second))
		}
		fmt.Fprintf(d.s.errOut, "Discovering hosts using the %s method%s .... ", d.method.Name, within)
	}
	found, err := d.ask()
	if err != nil {
		return nil, err
	}
	if announce {
		fmt.Fprintln(d.s.errOut, len(found.Nodes))
	}
	return found, nil
}

func (d *search) ask() (*rpc.Found, error) {
	if err := d.method.Check(d.filter); err != nil {
		return nil, err
	}
	start := time.Now()
	var names []string
	var err error
	switch d.method.Name {
	case "flatfile":
		names, err = discovery.Flatfile(d.names, d.identities())
	case "stdin":
		names, err = discovery.Stdin(d.input, d.names, d.identities())
	default:
		return d.askBus()
	}
	if err != nil {
		return nil, err
	}
	if n, ok := d.firstOnly(); ok && n > 0 && n < len(names) {
		names = names[:n]
	}
	found := rpc.Known(names...)
	found.Took = max(time.Since(start), 1)
	d.s.audience.listed = true
	return found, nil
}

func (d *search) askBus() (*rpc.Found, error) {
	client, err := d.s.connect()
	if err != nil {
		return nil, err
	}
	question := rpc.Discovery{Collective: d.s.opts.collective, Filter: d.filter, Extra: d.extra}
	if limit := d.s.discoveryLimit(); limit != nil {
		question.Timeout, question.Extra = *limit+d.extra, 0
	}
	if n, ok := d.firstOnly(); ok {
		question.Limit = n
	}
	q := d.s.expect(d.filter, d.s.opts.filter.Empty())
	found, err := client.Discover(d.s.ctx, question)
	if err == nil {
		d.s.searched(q, found.Nodes, d.extra)
	}
	return found, err
}

// firstOnly returns the number of nodes after which discovery may stop, because the first ones are meant.
func (d *search) firstOnly() (int, bool) {
	if d.s.cfg.RPCLimitMethod != "first" {
		return 0, false
	}
	n, err := strconv.Atoi(d.s.opts.limit)
	return n, err == nil
}

// picker returns what chooses among the nodes found, nil where all are meant.
func (s *session) picker() func([]string) ([]string, error) {
	if s.opts.limit == "" {
		return nil
	}
	return discovery.Limit{Count: s.opts.limit, Random: s.cfg.RPCLimitMethod != "first", Seed: s.opts.limitSeed}.Pick
}
