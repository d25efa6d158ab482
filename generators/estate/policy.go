package estate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mco-go/mco-go/generators/estate/topology"
	"github.com/mco-go/mco-go/generators/problem"
	"github.com/mco-go/mco-go/generators/safe"
	"github.com/mco-go/mco-go/mco/spelling"
)

// policies takes the topology's own policies.
func (r *resolver) policies(g *BrokerGroup, t *topology.Broker) {
	for _, p := range t.Policies {
		applyTo := "all"
		if p.ApplyTo.Set {
			applyTo = p.ApplyTo.V
		} else if onlyQueues(p.Definition) {
			applyTo = "queues"
		}
		words := []string{"queues", "exchanges", "all"}
		if g.Version.AtLeast(3, 12) {
			words = append(words, "classic_queues", "quorum_queues", "streams")
		}
		if !slices.Contains(words, applyTo) {
			r.bad("policy.invalid", p.ApplyTo.Place, "a policy cannot apply to that", safe.Quote(applyTo), "one of "+listed(words))
		}
		r.checkWord(p.Name, "a policy")
		r.checkPattern(p.Pattern)
		policy := Policy{VHost: or(p.VHost, "/"), Name: p.Name.V, Pattern: p.Pattern.V, ApplyTo: applyTo, Priority: p.Priority.V, Definition: make(map[string]any)}
		for _, key := range sortedKeys(p.Definition) {
			v := p.Definition[key]
			if want := policyKeys()[key]; want == nil {
				r.unknownPolicyKey(v.Place, key)
			} else if !want(v.V) {
				r.bad("policy.invalid", v.Place, "wrong type", fmt.Sprintf("%T", v.V), "what RabbitMQ documents for "+key)
			}
			policy.Definition[key] = v.V
		}
		if len(p.Definition) == 0 {
			r.bad("policy.invalid", p.Place, "the policy defines nothing", "", "")
		}
		r.mirrorPolicy(g, p.Place, policy)
		r.addPolicy(g, p.Place, policy)
	}
}

func (r *resolver) addPolicy(g *BrokerGroup, at topology.Place, p Policy) {
	if slices.ContainsFunc(g.Policies, func(o Policy) bool { return o.VHost == p.VHost && o.Name == p.Name }) {
		r.bad("policy.invalid", at, "the vhost has a policy of that name already", p.Name, "")
		return
	}
	g.Policies = append(g.Policies, p)
	r.origin("brokers."+g.Name+".policies."+p.Name, p.Pattern+" in "+p.VHost, at)
}

func (r *resolver) unknownPolicyKey(at topology.Place, key string) {
	p := problem.Problem{Class: "policy.invalid", Where: at.String(), What: "policies have no such key"}
	if near := spelling.Nearest(key, sortedKeys(policyKeys())); near != "" {
		p.Todo = "did you mean " + near + "?"
	}
	r.problems.Add(p)
}

// mirrorPolicy judges the ha- keys of a policy.
func (r *resolver) mirrorPolicy(g *BrokerGroup, at topology.Place, p Policy) {
	mirrors := slices.ContainsFunc(sortedKeys(p.Definition), func(k string) bool { return strings.HasPrefix(k, "ha-") })
	if !mirrors {
		return
	}
	if g.Version.AtLeast(4) {
		r.bad("policy.unsupported", at, "RabbitMQ 4 mirrors no queues: ha- keys have no effect", g.Version.String(), "quorum queues")
		return
	}
	if g.DefaultType == "quorum" {
		r.warn("cross.mismatch", at, "the policy mirrors queues of a group whose queues are quorum queues by default", "choose one of them")
	}
	mode, params := p.Definition["ha-mode"], p.Definition["ha-params"]
	switch mode {
	case "all":
		if params != nil {
			r.bad("policy.invalid", at, "ha-mode all takes no ha-params", "", "")
		}
	case "exactly":
		if n, ok := params.(int); !ok || n < 1 || n > len(g.Members) {
			r.bad("policy.invalid", at, "ha-mode exactly takes no more copies than there are nodes", fmt.Sprint(params), fmt.Sprintf("1 to %d", len(g.Members)))
		}
	case "nodes":
		names, ok := params.([]any)
		if !ok || len(names) == 0 {
			r.bad("policy.invalid", at, "ha-mode nodes takes a list of nodes", fmt.Sprint(params), "")
		}
		for _, name := range names {
			if !slices.ContainsFunc(g.Members, func(m *BrokerMember) bool { return m.NodeName == name }) {
				r.bad("policy.invalid", at, "ha-params names what is no node of the cluster", fmt.Sprint(name), "")
			}
		}
	default:
		r.bad("policy.invalid", at, "no such ha-mode", fmt.Sprint(mode), "all, exactly or nodes")
	}
	if sync := p.Definition["ha-sync-mode"]; sync != nil && sync != "automatic" && sync != "manual" {
		r.bad("policy.invalid", at, "no such ha-sync-mode", fmt.Sprint(sync), "automatic or manual")
	}
}

// onlyQueues tells whether all keys of a definition are about queues.
func onlyQueues(definition map[string]topology.Value) bool {
	for key := range definition {
		if strings.HasPrefix(key, "federation-") || key == "alternate-exchange" {
			return false
		}
	}
	return true
}

// policyKeys are the keys of policies with what their values must be.
func policyKeys() map[string]func(any) bool {
	text := func(v any) bool { _, ok := v.(string); return ok }
	count := func(v any) bool { n, ok := v.(int); return ok && n >= 0 }
	either := func(v any) bool { return text(v) || count(v) }
	oneOf := func(words ...string) func(any) bool {
		return func(v any) bool { s, ok := v.(string); return ok && slices.Contains(words, s) }
	}
	// Their values are judged together, in mirrorPolicy.
	later := func(any) bool { return true }
	return map[string]func(any) bool{
		"message-ttl": count, "expires": count, "max-length": count, "max-length-bytes": count, "delivery-limit": count,
		"max-in-memory-length": count, "max-in-memory-bytes": count, "consumer-timeout": count, "initial-cluster-size": count,
		"target-group-size": count, "queue-version": count, "stream-max-segment-size-bytes": count, "stream-filter-size-bytes": count,
		"max-age": either, "overflow": oneOf("drop-head", "reject-publish", "reject-publish-dlx"),
		"dead-letter-exchange": text, "dead-letter-routing-key": text, "dead-letter-strategy": oneOf("at-most-once", "at-least-once"),
		"queue-mode": oneOf("default", "lazy"), "queue-master-locator": oneOf("min-masters", "client-local", "random"),
		"queue-leader-locator": oneOf("balanced", "client-local", "least-leaders", "random"),
		"alternate-exchange":   text, "federation-upstream": text, "federation-upstream-set": text,
		"federation-upstream-pattern": text,
		"ha-mode":                     later, "ha-params": later, "ha-sync-mode": later, "ha-sync-batch-size": count,
		"ha-promote-on-shutdown": oneOf("always", "when-synced"), "ha-promote-on-failure": oneOf("always", "when-synced"),
	}
}
