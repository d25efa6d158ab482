package doctor

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/config"
	"github.com/mco-go/mco-go/mco/rpc"
	"github.com/mco-go/mco-go/mco/security"
)

// reachOfClocks is how wrong a clock may be so that its node still answers us. Two time zones lie 26 hours apart at most.
const reachOfClocks = 26 * time.Hour

// directWait is for a node that did not answer a broadcast to answer to its name.
const directWait = 2 * time.Second

// view is the fleet as one broker shows it. One goroutine fills it.
type view struct {
	*examination
	member   Member
	provider security.Provider
	where    string
	found    []Finding

	asked  bool // the question was sent
	nodes  []string
	skew   map[string]time.Duration // where it is more than a second
	silent []rpc.Silence            // of the known fleet
	broken []rpc.Silence            // messages that are no replies of ours
}

// ask asks all nodes behind the broker who they are. An error is the broker's.
func (v *view) ask(t *trial) error {
	client, err := rpc.New(v.client(t))
	if err != nil {
		return err
	}
	known := v.known()
	var all *rpc.Found
	err = t.do(v.examination, func(ctx context.Context) error {
		var err error
		all, err = client.Discover(ctx, rpc.Discovery{Expect: known})
		return err
	})
	if err != nil {
		if check, _ := refusal(err, v.member); v.Role == config.Server && check == "broker-permission" {
			v.say(Note, "nodes", "this account may not ask who is there, so the fleet was not looked at", "")
			return nil
		}
		return err
	}
	v.asked, v.nodes, v.skew, v.broken = true, all.Nodes, all.Skew, all.Broken
	v.silent = v.byName(t, client, slices.DeleteFunc(slices.Clone(known), func(n string) bool { return slices.Contains(v.nodes, n) }))
	slices.Sort(v.nodes)
	return nil
}

// client is how nodes are asked: in messages that a node takes however wrong its clock is, which are dated so far back and live twice
// as long. Nothing is remembered: what one broker shows is not the fleet.
func (v *view) client(t *trial) rpc.Options {
	o := rpc.OptionsFromConfig(v.cfg)
	o.Identity, o.Connector, o.Security, o.Memory = v.name(), t.Connector, v.provider, nil
	o.TTL = 2 * reachOfClocks
	o.Now = func() time.Time { return time.Now().Add(-reachOfClocks) }
	return o
}

// known is who should be there: for a client those who answered it the last time, for a node itself.
func (x *examination) known() []string {
	if x.Role == config.Server {
		return []string{x.cfg.Identity}
	}
	return rpc.NewMemory(x.cfg.Own.StateDir, x.cfg.File).Fleet(x.cfg.MainCollective)
}

// byName asks each of the missing nodes itself, and says why those that stay silent may do so.
func (v *view) byName(t *trial, client *rpc.Client, missing []string) []rpc.Silence {
	if len(missing) == 0 {
		return nil
	}
	unasked := func() (all []rpc.Silence) {
		for _, n := range missing {
			all = append(all, rpc.Silence{Node: n, Reason: rpc.NeverSeen, Detail: "it did not answer who is there"})
		}
		return all
	}
	if !v.cfg.DirectAddressing {
		return unasked()
	}
	var stats rpc.Stats
	call := rpc.Call{Agent: "rpcutil", Action: "ping", Data: new(mco.Map), Nodes: rpc.Known(missing...), Timeout: directWait, Stats: &stats}
	for r, err := range client.Call(t.ctx, call) {
		if err != nil {
			return unasked()
		}
		v.nodes = append(v.nodes, r.Sender)
		v.say(Warning, "node-deaf", fmt.Sprintf("%s answers to its name and not to the question who is there", r.Sender), "look at its log, and restart its daemon")
	}
	return stats.Silent
}
