package estate

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/mco-go/mco-go/generators/estate/topology"
	"github.com/mco-go/mco-go/generators/facts"
	"github.com/mco-go/mco-go/generators/problem"
	"github.com/mco-go/mco-go/generators/safe"
	"github.com/mco-go/mco-go/generators/secret"
)

// Options are what an estate is made from besides its topology.
type Options struct {
	Facts    *facts.Set        // of every node that the topology names, and of more
	Software map[string]string // versions by program, over the topology's
	Secrets  *secret.Store     // asked before those that the topology names
}

// Load reads the topology at path and resolves it. All problems of the topology, the facts' use and the secrets come back at once,
// sorted; the estate is nil if one of them is more than a warning.
func Load(path string, o Options) (*Estate, problem.List) {
	f, problems := topology.Read(path)
	if f == nil {
		return nil, problems.Sorted()
	}
	var nodes []*facts.Node
	if o.Facts != nil {
		nodes = o.Facts.Nodes()
	}
	r := newResolver(f, nodes, o)
	r.problems = problems
	r.openSecrets(filepath.Dir(path))
	r.resolve()
	for i := range r.problems {
		r.problems[i] = escaped(r.problems[i])
	}
	sorted := r.problems.Sorted()
	if sorted.Failed() {
		return nil, sorted
	}
	return r.estate, sorted
}

// escaped keeps a problem one line of ASCII, whatever names it tells of: it is read on terminals.
func escaped(p problem.Problem) problem.Problem {
	for _, s := range []*string{&p.Node, &p.Where, &p.What, &p.Got, &p.Want, &p.Todo} {
		if strings.ContainsFunc(*s, func(c rune) bool { return c < ' ' || c > '~' }) {
			q := strconv.QuoteToASCII(*s)
			*s = q[1 : len(q)-1]
		}
	}
	return p
}

// resolver holds an estate while it comes into being. Each step adds what it can and reports what it cannot; later steps take what is
// there.
type resolver struct {
	file     *topology.File
	options  Options
	secrets  *secret.Store
	problems problem.List
	estate   *Estate

	index     *index
	nodes     map[*facts.Node]*Node
	vips      map[string][]topology.Text // by address: where it is claimed
	held      []heldVIP
	groups    map[string]*BrokerGroup
	balancers map[string]*Balancer
	// warned remembers what is said once for the whole estate.
	warned map[string]bool
}

func newResolver(f *topology.File, nodes []*facts.Node, o Options) *resolver {
	return &resolver{
		file: f, options: o, secrets: o.Secrets, estate: &Estate{},
		index: newIndex(nodes), nodes: make(map[*facts.Node]*Node), vips: make(map[string][]topology.Text),
		groups: make(map[string]*BrokerGroup), balancers: make(map[string]*Balancer), warned: make(map[string]bool),
	}
}

func (r *resolver) resolve() {
	f := r.file
	if f.Version.Set && f.Version.V != 1 {
		r.bad("topology.type", f.Version.Place, "unknown version of topology", strconv.Itoa(f.Version.V), "1")
	}
	r.estate.Name = r.token(f.Estate, "the estate's name")
	r.origin("estate", f.Estate.V, f.Estate.Place)
	r.checkSoftware()
	r.claimVIPs()
	r.nameNodes()
	r.resolveBrokers()
	r.resolveStorage()
	r.resolveBalancers()
	r.resolveLinks()
	r.resolveCollectives()
	r.checkLinks()
	r.checkMeeting()
	r.resolveClients()
	r.resolveOpenStack()
	r.finishBrokers()
	r.finishBalancers()
	r.checkHeldVIPs()
	r.checkAddresses()
	r.checkPorts()
	r.sortEstate()
}

func (r *resolver) openSecrets(dir string) {
	from := r.file.Secrets
	if from == nil {
		return
	}
	var sources secret.Sources
	inside := func(t topology.Text) string {
		if t.V == "" || filepath.IsAbs(t.V) {
			return t.V
		}
		return filepath.Join(dir, t.V)
	}
	sources.File, sources.Dir = inside(from.File), inside(from.Directory)
	if from.Environment.V {
		sources.Env = os.Environ()
	}
	store, problems := secret.Open(sources)
	r.problems.Add(problems...)
	r.secrets = r.secrets.Over(store)
}

func (r *resolver) sortEstate() {
	e := r.estate
	e.Nodes = slices.SortedFunc(maps.Values(r.nodes), func(a, b *Node) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortStableFunc(e.Origins, func(a, b Origin) int { return cmp.Compare(a.Key, b.Key) })
}

// bad reports a problem of the topology.
func (r *resolver) bad(class problem.Class, at topology.Place, what, got, want string) {
	r.problems.Add(problem.Problem{Class: class, Where: at.String(), What: what, Got: got, Want: want})
}

// warn reports what is allowed but seldom meant.
func (r *resolver) warn(class problem.Class, at topology.Place, what, todo string) {
	r.problems.Add(problem.Problem{Class: class, Warning: true, Where: at.String(), What: what, Todo: todo})
}

// origin remembers that a value came from a line of the topology.
func (r *resolver) origin(key string, value any, at topology.Place) {
	r.note(key, value, fromTopology(at))
}

func fromTopology(at topology.Place) string {
	return "topology " + topology.Place{File: at.File, Line: at.Line}.String()
}

func (r *resolver) note(key string, value any, from string) {
	r.estate.Origins = append(r.estate.Origins, Origin{Key: key, Value: fmt.Sprint(value), From: from})
}

// text is the topology's value, or the default.
func (r *resolver) text(key string, v topology.Text, fallback string) string {
	if v.Set {
		r.origin(key, v.V, v.Place)
		return v.V
	}
	if fallback != "" {
		r.note(key, fallback, "default")
	}
	return fallback
}

const auto = "auto"

// choice is text that must be one of a few words; the first is the default.
func (r *resolver) choice(key string, v topology.Text, words ...string) string {
	if v.Set && !slices.Contains(words, v.V) {
		p := problem.Problem{Class: "topology.type", Where: v.String(), What: "no such value", Got: safe.Quote(v.V), Want: "one of " + listed(words)}
		r.problems.Add(p)
		return words[0]
	}
	if v.V == auto || !v.Set && words[0] == auto {
		return auto // the rule that decides then says so
	}
	return r.text(key, v, words[0])
}

// number is the topology's value, which must lie within the bounds, or the default.
func (r *resolver) number(key string, v topology.Int, fallback, least, most int) int {
	return r.numberOf("topology.type", key, v, fallback, least, most)
}

func (r *resolver) numberOf(class problem.Class, key string, v topology.Int, fallback, least, most int) int {
	if !v.Set {
		r.note(key, fallback, "default")
		return fallback
	}
	if v.V < least || v.V > most {
		r.bad(class, v.Place, "out of range", strconv.Itoa(v.V), fmt.Sprintf("%d to %d", least, most))
		return fallback
	}
	r.origin(key, v.V, v.Place)
	return v.V
}

func (r *resolver) yes(key string, v topology.Bool, fallback bool) bool {
	if !v.Set {
		r.note(key, fallback, "default")
		return fallback
	}
	r.origin(key, v.V, v.Place)
	return v.V
}

// token checks a name that will stand in files as a word.
func (r *resolver) token(v topology.Text, what string) string {
	if v.Set {
		r.checkToken(v.Place, v.V, what)
	}
	return v.V
}

func (r *resolver) checkToken(at topology.Place, name, what string) bool {
	if err := safe.Token(name); err != nil {
		r.bad("topology.type", at, what+" is not a name", safe.Quote(name), "1 to 64 of A-Z a-z 0-9 _ . -")
		return false
	}
	return true
}

func listed(words []string) string {
	s := ""
	for i, w := range words {
		if i > 0 {
			s += ", "
		}
		s += w
	}
	return s
}
