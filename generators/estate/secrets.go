package estate

import (
	"github.com/mco-go/mco-go/generators/estate/topology"
	"github.com/mco-go/mco-go/generators/problem"
	"github.com/mco-go/mco-go/generators/secret"
)

// secretValue finds a secret and checks that all its targets can hold it.
func (r *resolver) secretValue(ref topology.SecretRef, rules ...secret.Rule) secret.Value {
	if !ref.Set {
		return secret.Value{}
	}
	v, ok := r.secrets.Get(ref.Name)
	if !ok || v.Reveal() == "" {
		r.bad("secret.missing", ref.Place, "no source knows this secret", ref.Name, "")
		return secret.New(ref.Name, "")
	}
	for _, rule := range rules {
		if err := v.Fits(rule); err != nil {
			r.bad("secret.unrepresentable", ref.Place, "the secret "+ref.Name+": "+err.Error(), "", "")
		}
	}
	return v
}

// cookie is a group's Erlang cookie: the one that it names, else the estate's, else the one that the nodes have.
func (r *resolver) cookie(g *BrokerGroup, t *topology.Broker) secret.Value {
	if t.Cookie.Set {
		return r.secretValue(t.Cookie, secret.Cookie)
	}
	v, ok := r.secrets.Get("erlang_cookie")
	if !ok {
		if g.Kind == Cluster || g.Kind == ActivePassive {
			r.warn("secret.missing", t.Place, "the nodes must have the same cookie, and there is no secret erlang_cookie", "give it, or see to it that the nodes agree")
		}
		return secret.Value{}
	}
	if err := v.Fits(secret.Cookie); err != nil && r.once("cookie") {
		r.problems.Add(problem.Problem{Class: "secret.unrepresentable", Where: t.String(), What: "the secret erlang_cookie: " + err.Error()})
	}
	return v
}
