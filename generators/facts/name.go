package facts

import (
	"strings"

	"github.com/mco-go/mco-go/generators/problem"
	"github.com/mco-go/mco-go/generators/safe"
)

// name finds out who the node is.
func (r *reader) name() bool {
	r.section("networking")
	hostname, _ := either(r, "networking.hostname", "hostname", r.hostname, r.hostname, strings.EqualFold)
	fqdn, _ := either(r, "networking.fqdn", "fqdn", r.hostname, r.hostname, strings.EqualFold)
	domain, _ := either(r, "networking.domain", "domain", r.domain, r.domain, strings.EqualFold)
	certname, certified := r.hostname(r.certname, "certname")
	if hostname == "" {
		hostname = fqdn
	}
	hostname, _, _ = strings.Cut(hostname, ".")
	if fqdn == "" {
		if fqdn = hostname; hostname != "" && domain != "" {
			fqdn += "." + domain
		}
	}
	r.identity = fqdn
	if certified {
		r.identity = certname
	}
	r.identity = strings.Clone(r.identity)
	if hostname == "" {
		// It has a fault, then. The node is known by its certificate, and more can be said of it.
		hostname, _, _ = strings.Cut(r.identity, ".")
		fqdn = r.identity
	}
	r.node.Identity, r.node.Hostname, r.node.FQDN = r.identity, strings.Clone(hostname), strings.Clone(fqdn)
	if safe.Underscore(r.identity) {
		r.problems.Add(problem.Problem{Class: safe.Invalid, Warning: true, Where: r.where, What: "a host name with an underscore is none to DNS",
			Got: safe.Quote(r.identity)})
	}
	if !r.named() {
		r.problems.Add(problem.Problem{Class: factMissing, Where: r.where, What: "neither networking.hostname, hostname, networking.fqdn nor fqdn is there",
			Todo: "without a name no file can be written for the node"})
	}
	return r.identity != ""
}

// named tells that there is a name, or that something else has already been reported in its place.
func (r *reader) named() bool {
	if v := r.get("networking"); v.there() && v.kind != mapping {
		return true
	}
	for _, key := range [...]string{"networking.hostname", "hostname", "networking.fqdn", "fqdn"} {
		if r.get(key).there() {
			return true
		}
	}
	return false
}

// hostname reads a name.
func (r *reader) hostname(v *value, key string) (string, bool) {
	if !r.is(v, key, text, text) {
		return "", false
	}
	if err := safe.Hostname(v.text); err != nil {
		r.refuse(key, err)
		return "", false
	}
	return v.text, true
}

// domain is a name that facter 1 writes as an empty text where there is none.
func (r *reader) domain(v *value, key string) (string, bool) {
	if v.kind == text && v.text == "" {
		return "", false
	}
	return r.hostname(v, key)
}
