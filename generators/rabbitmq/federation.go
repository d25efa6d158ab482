package rabbitmq

import "slices"

// upstream is a broker group whose exchanges or queues a vhost follows.
type upstream struct {
	stream
	name             string
	applyTo, pattern string
}

func newUpstream(s stream, name string) upstream {
	if s.link.Exchanges != "" {
		return upstream{s, name, "exchanges", s.link.Exchanges}
	}
	return upstream{s, name, "queues", s.link.Queues}
}

// alike tells whether one policy serves both.
func (u upstream) alike(o upstream) bool {
	return u.vhost() == o.vhost() && u.applyTo == o.applyTo && u.pattern == o.pattern
}

func (u upstream) parameter() Parameter {
	value := map[string]any{"ack-mode": "on-confirm", "trust-user-id": false, "uri": any(u.uris())}
	if all := u.uris(); len(all) == 1 {
		value["uri"] = all[0]
	}
	if u.link.MaxHops > 0 && u.applyTo == "exchanges" {
		value["max-hops"] = u.link.MaxHops
	}
	return Parameter{Component: "federation-upstream", Name: u.name, Value: value, VHost: u.vhost()}
}

// federate adds one policy for all upstreams that it serves; of several policies that match, RabbitMQ applies one, and that one has a
// priority above those which say nothing. It names the upstream, or all of the vhost, as versions before 3.2 know no other. There is no
// third way: a set of its own, which is a parameter too, breaks the export of definitions in 3.10.8.
func (w *writer) federate(d *Definitions, all []upstream) {
	for i, u := range all {
		if slices.ContainsFunc(all[:i], u.alike) {
			continue
		}
		served, inVHost := 0, 0
		for _, o := range all {
			if u.alike(o) {
				served++
			}
			if u.vhost() == o.vhost() {
				inVHost++
			}
		}
		definition := map[string]any{"federation-upstream-set": "all"}
		switch {
		case served == 1 && w.group.Version.AtLeast(3, 2):
			definition = map[string]any{"federation-upstream": u.name}
		case served != inVHost:
			w.refuse("policy.unsupported", folder+"definitions.json", "the links of vhost %s to %d broker groups have several patterns, of which one "+
				"names %d groups: give them one pattern", u.vhost(), inVHost, served)
		}
		d.Policies = append(d.Policies, Policy{ApplyTo: u.applyTo, Definition: definition, Name: "federation-" + u.name, Pattern: u.pattern, Priority: 1, VHost: u.vhost()})
	}
}
