package estate

import (
	"slices"
	"strings"

	"github.com/mco-go/mco-go/generators/estate/topology"
	"github.com/mco-go/mco-go/generators/facts"
	"github.com/mco-go/mco-go/generators/problem"
	"github.com/mco-go/mco-go/generators/safe"
	"github.com/mco-go/mco-go/generators/version"
	"github.com/mco-go/mco-go/mco/spelling"
)

// Programs that versions can be told of.
const (
	rabbitMQ    = "rabbitmq"
	haProxy     = "haproxy"
	keepalived  = "keepalived"
	mcollective = "mcollective"
	corosync    = "corosync"
	pacemaker   = "pacemaker"
	drbd        = "drbd"
	openStack   = "openstack"
)

// oldest are the versions below which nothing is known of a program's files.
func oldest(program string) version.Version {
	switch program {
	case rabbitMQ:
		return version.Version{2, 7}
	case haProxy:
		return version.Version{1, 4}
	case keepalived:
		return version.Version{1, 1}
	case mcollective:
		return version.Version{2}
	case corosync, pacemaker:
		return version.Version{1}
	case drbd:
		return version.Version{8, 3}
	}
	return version.Version{}
}

// distribution is a system and what its packages are; the last word where neither topology nor facts tell.
type distribution struct {
	name    string
	matches func(facts.OS) bool
	has     map[string]string
}

func distributions() []distribution {
	el := func(major string) func(facts.OS) bool {
		return func(os facts.OS) bool { return os.Family == "RedHat" && os.Major == major && os.Name != "Fedora" }
	}
	named := func(name, release string) func(facts.OS) bool {
		return func(os facts.OS) bool {
			return os.Name == name && (os.Release == release || strings.HasPrefix(os.Release, release+".") || os.Major == release)
		}
	}
	return []distribution{
		{"EL 6", el("6"), map[string]string{rabbitMQ: "3.1.5", haProxy: "1.5", keepalived: "1.2.13"}},
		{"EL 7", el("7"), map[string]string{rabbitMQ: "3.3.5", haProxy: "1.5", keepalived: "1.3.5"}},
		{"Ubuntu 12.04", named("Ubuntu", "12.04"), map[string]string{rabbitMQ: "2.7", haProxy: "1.4", keepalived: "1.2.2"}},
		{"Ubuntu 14.04", named("Ubuntu", "14.04"), map[string]string{rabbitMQ: "3.2", haProxy: "1.4", keepalived: "1.2.7"}},
		{"Debian 11", named("Debian", "11"), map[string]string{rabbitMQ: "3.8.9", haProxy: "2.2", keepalived: "2.1.5"}},
		{"Debian 12", named("Debian", "12"), map[string]string{rabbitMQ: "3.10.8", haProxy: "2.6.12", keepalived: "2.2.7",
			mcollective: "2.12.5", corosync: "3.1.7", pacemaker: "2.1.5", drbd: "9.22"}},
	}
}

func (r *resolver) topologyVersion(program string) topology.Word {
	s := r.file.Software
	return map[string]topology.Word{rabbitMQ: s.RabbitMQ, haProxy: s.HAProxy, keepalived: s.Keepalived, mcollective: s.MCollective,
		corosync: s.Corosync, pacemaker: s.Pacemaker, drbd: s.DRBD, openStack: s.OpenStack}[program]
}

func programs() []string {
	return []string{rabbitMQ, haProxy, keepalived, mcollective, corosync, pacemaker, drbd, openStack}
}

// checkSoftware reports versions that are none, once for the estate.
func (r *resolver) checkSoftware() {
	for _, program := range sortedKeys(r.options.Software) {
		if !slices.Contains(programs(), program) {
			p := problem.Problem{Class: "topology.unknown-key", Where: "--software", What: "no such program", Got: safe.Quote(program), Want: listed(programs())}
			if near := spelling.Nearest(program, programs()); near != "" {
				p.Todo = "did you mean " + near + "?"
			}
			r.problems.Add(p)
		}
	}
	for _, program := range programs() {
		if v, ok := r.options.Software[program]; ok {
			r.checkVersion(topology.Place{File: "--software"}, program, v)
		} else if w := r.topologyVersion(program); w.Set {
			r.checkVersion(w.Place, program, w.V)
		}
	}
}

func (r *resolver) checkVersion(at topology.Place, program, text string) {
	v, err := version.Parse(text)
	switch {
	case program == openStack:
		r.checkToken(at, text, "the release of OpenStack")
	case err != nil || safe.Token(strings.ReplaceAll(strings.ReplaceAll(text, ":", "."), "+", ".")) != nil:
		r.bad("topology.type", at, "not a version of "+program, safe.Quote(text), "as 3.10.8")
	case v.Below(oldest(program)[0], oldest(program)[1]):
		r.bad("version.unsupported", at, "nothing is known of so old a "+program, v.String(), oldest(program).String()+" or later")
	}
}

// version finds what a node has of a program: option, topology, fact, the system's packages, else unknown, which counts as newest.
func (r *resolver) version(n *Node, program string) version.Version {
	key := "node " + n.Name + " software." + program
	if text, ok := r.options.Software[program]; ok {
		r.note(key, text, "option --software")
		v, _ := version.Parse(text)
		return v
	}
	if w := r.topologyVersion(program); w.Set {
		r.origin(key, w.V, w.Place)
		v, _ := version.Parse(w.V)
		return v
	}
	if v, ok := n.Facts.Software[program]; ok && v.Known() {
		r.note(key, v, "fact "+program+"_version of "+n.Name)
		return v
	}
	for _, d := range distributions() {
		if text, ok := d.has[program]; ok && d.matches(n.Facts.OS) {
			r.note(key, text, "the packages of "+d.name)
			v, _ := version.Parse(text)
			return v
		}
	}
	r.note(key, "newest", "default")
	if r.once("version of " + program) {
		r.problems.Add(problem.Problem{Class: "version.unsupported", Warning: true, Node: n.Name, Where: "software." + program,
			What: "neither topology nor facts tell the version of " + program + ": the newest is assumed", Todo: "write it under software"})
	}
	return version.Version{}
}

// allInOne tells whether MCollective came with Puppet's own packages, which keep it under /etc/puppetlabs.
func allInOne(f *facts.Node) bool {
	if f.Custom["aio_agent_version"] != "" {
		return true
	}
	return f.OS.Family == "RedHat" && f.OS.Name != "Fedora" && f.OS.Major == "7"
}
