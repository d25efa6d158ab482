package node

import (
	"fmt"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/agent/actionpolicy"
	"github.com/mco-go/mco-go/agent/daemon"
)

// authorizes returns who decides about requests. Names are looked up as the original does (rpc/agent.rb authorized_by): action_policy in
// any case is its class ActionPolicy, actionpolicy is none.
func (p *parts) authorizes() (agent.Authorizer, error) {
	const known = "action_policy"
	switch name := p.config.RPCAuthProvider; name {
	case known:
	case "":
		return nil, fmt.Errorf("rpcauthorization is on and rpcauthprovider names nobody who decides; %s is there", known)
	default:
		return nil, fmt.Errorf("rpcauthprovider = %s: this program has no such provider; %s is there", name, known)
	}
	policy, err := actionpolicy.FromConfig(p.config, target{p}, p.log)
	if err != nil {
		return nil, err
	}
	policy.Check()
	return policy, nil
}

// tellWeakness names, once, the agents that let whoever reaches them do what root can, where nobody decides who may.
func (p *parts) tellWeakness(agents []daemon.Named) {
	if p.config.RPCAuthorization || p.weaknessTold {
		return
	}
	p.weaknessTold = true
	for _, a := range agents {
		if weak, ok := a.Agent.(interface{ Weakness() string }); ok {
			p.log.Warn(fmt.Sprintf("Agent %s: %s. Whoever has the keys may call it: rpcauthorization = 1 and rpcauthprovider = action_policy decide who may",
				a.Name, weak.Weakness()))
		}
	}
}
