package facts

import (
	"strings"

	"github.com/mco-go/mco-go/generators/problem"
	"github.com/mco-go/mco-go/generators/safe"
	"github.com/mco-go/mco-go/generators/version"
)

// reader makes a node of a document. It goes on behind a fault, so that all are reported.
type reader struct {
	document
	index    map[string]*value // the facts that are there, by name
	node     *Node
	identity string // as far as it can be shown
	problems problem.List
}

// normalise returns nil if the facts do not say which node they are of.
func normalise(d document) (*Node, problem.List) {
	r := reader{document: d, index: make(map[string]*value, len(d.facts.members)), node: &Node{Source: d.where}}
	for i := range d.facts.members {
		if m := &d.facts.members[i]; m.value.kind != null && m.value.kind != absent {
			r.index[m.key] = &m.value
		}
	}
	named := r.name()
	r.system()
	r.hardware()
	r.software()
	r.network()
	r.custom()
	for i := range r.problems {
		r.problems[i].Node = r.identity
	}
	if !named {
		return nil, r.problems
	}
	return r.node, r.problems
}

func (r *reader) bad(class problem.Class, key, what, got, want string) {
	if len(r.problems) < maxProblems {
		r.problems.Add(problem.Problem{Class: class, Where: r.where + ": " + key, What: what, Got: got, Want: want})
	}
}

func (r *reader) refuse(key string, err error) {
	if len(r.problems) < maxProblems {
		r.problems.Add(safe.Problem(err, "", r.where+": "+key))
	}
}

// get returns the fact of that name, or the member of one, "os.release.full". In Puppet's form an empty text is none.
func (r *reader) get(path string) *value {
	name, rest, nested := strings.Cut(path, ".")
	v, ok := r.index[name]
	if !ok {
		return &none
	}
	if nested {
		v = v.path(rest)
	}
	if r.puppet && v.kind == text && v.text == "" {
		return &none
	}
	return v
}

// is tells whether v is there and of one of two kinds; another kind is a fault.
func (r *reader) is(v *value, key string, a, b kind) bool {
	if v.kind == absent || v.kind == null || v.kind == a || v.kind == b {
		return v.kind == a || v.kind == b
	}
	want := a.String()
	if b != a {
		want += " or " + b.String()
	}
	r.bad(factType, key, "a fact is of the wrong type", v.kind.String(), want)
	return false
}

// section refuses a structured fact that is no map.
func (r *reader) section(name string) { r.is(r.get(name), name, mapping, mapping) }

// parse reads one fact; ok tells whether there is a good one.
type parse[T any] func(v *value, key string) (parsed T, ok bool)

// either returns the structured fact, else the legacy one. If both are there they must mean the same.
func either[T any](r *reader, structured, legacy string, read, readLegacy parse[T], same func(a, b T) bool) (T, bool) {
	a, ok := read(r.get(structured), structured)
	b, okLegacy := readLegacy(r.get(legacy), legacy)
	switch {
	case ok && okLegacy && !same(a, b):
		r.conflict(structured, legacy, r.get(structured).text, r.get(legacy).text)
	case !ok && okLegacy:
		return b, true
	}
	return a, ok
}

func (r *reader) conflict(key, other, a, b string) {
	r.bad(factConflict, key, "it differs from "+other, safe.Quote(a), safe.Quote(b))
}

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
	r.node.Identity, r.node.Hostname, r.node.FQDN = r.identity, strings.Clone(hostname), strings.Clone(fqdn)
	if safe.Underscore(r.identity) {
		r.problems.Add(problem.Problem{Class: safe.Invalid, Warning: true, Where: r.where, What: "a host name with an underscore is none to DNS",
			Got: safe.Quote(r.identity)})
	}
	if !r.named() {
		r.problems.Add(problem.Problem{Class: factMissing, Where: r.where, What: "neither networking.hostname, hostname, networking.fqdn nor fqdn is there",
			Todo: "without a name no file can be written for the node"})
	}
	return hostname != "" && r.identity != ""
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

// word reads a short text of printable ASCII, or a number as it is written. An empty one is none.
func (r *reader) word(v *value, key string) (string, bool) {
	if !r.is(v, key, text, number) || v.text == "" {
		return "", false
	}
	if err := safe.Plain("a plain text", v.text); err != nil {
		r.refuse(key, err)
		return "", false
	}
	return v.text, true
}

// system reads what the operating system is.
func (r *reader) system() {
	r.section("os")
	for _, f := range []struct {
		to                 *string
		structured, legacy string
	}{
		{&r.node.OS.Family, "os.family", "osfamily"},
		{&r.node.OS.Name, "os.name", "operatingsystem"},
		{&r.node.OS.Release, "os.release.full", "operatingsystemrelease"},
		{&r.node.OS.Major, "os.release.major", "operatingsystemmajrelease"},
	} {
		s, _ := either(r, f.structured, f.legacy, r.word, r.word, strings.EqualFold)
		*f.to = kept(s)
	}
	if r.node.OS.Major == "" {
		major, _, _ := strings.Cut(r.node.OS.Release, ".")
		r.node.OS.Major = kept(major)
	}
	r.node.Systemd = r.systemd()
	r.node.Cloud = r.cloud()
	datacenter, _ := r.word(r.get("datacenter"), "datacenter")
	r.node.Datacenter = kept(datacenter)
}

// systemd believes facts, else the releases that began with it.
func (r *reader) systemd() bool {
	switch v := r.get("systemd"); v.kind {
	case boolean, text:
		return v.text == "true"
	}
	if v := r.get("service_provider"); v.kind == text {
		return v.text == "systemd"
	}
	os := r.node.OS
	release, err := version.Parse(os.Release)
	if err != nil {
		release, _ = version.Parse(os.Major)
	}
	switch {
	case !release.Known():
		return false
	case os.Name == "Ubuntu":
		return release.AtLeast(15, 4)
	case os.Name == "Fedora":
		return release.AtLeast(15)
	case os.Name == "Amazon":
		return release.AtLeast(2) && release.Below(2010) || release.AtLeast(2022)
	case os.Family == "Debian":
		return release.AtLeast(8)
	case os.Family == "RedHat":
		return release.AtLeast(7)
	case os.Family == "Suse":
		return release.AtLeast(12)
	}
	return false
}

// cloud looks for the facts that providers' metadata become.
func (r *reader) cloud() bool {
	for _, name := range [...]string{"ec2_metadata", "gce", "az_metadata", "cloud.provider"} {
		switch v := r.get(name); v.kind {
		case mapping:
			if len(v.members) > 0 {
				return true
			}
		case text:
			if v.text != "" {
				return true
			}
		}
	}
	return false
}

// programs are those whose versions facts may tell, as NAME_version.
var programs = [...]string{"rabbitmq", "haproxy", "keepalived", "mcollective", "corosync", "pacemaker", "drbd", "erlang"}

// software reads versions of programs.
func (r *reader) software() {
	r.node.Facter, _ = r.version(r.get("facterversion"), "facterversion")
	r.section("ruby")
	r.node.Ruby, _ = either(r, "ruby.version", "rubyversion", r.version, r.version, func(a, b version.Version) bool { return a == b })
	for _, p := range programs {
		key := p + "_version"
		if v, ok := r.version(r.get(key), key); ok {
			if r.node.Software == nil {
				r.node.Software = make(map[string]version.Version, 1)
			}
			r.node.Software[p] = v
		}
	}
}

func (r *reader) version(v *value, key string) (version.Version, bool) {
	s, ok := r.word(v, key)
	if !ok {
		return version.Version{}, false
	}
	if err := safe.Token(strings.NewReplacer(":", "", "+", "", "~", "").Replace(s)); err != nil {
		r.refuse(key, err)
		return version.Version{}, false
	}
	parsed, err := version.Parse(s)
	if err != nil {
		r.bad(safe.Invalid, key, "not a version", safe.Quote(s), "numbers between dots")
		return version.Version{}, false
	}
	return parsed, true
}
