package hiera

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/mco-go/mco-go/generators/problem"
	"github.com/mco-go/mco-go/generators/safe"
	"github.com/mco-go/mco-go/generators/secret"
)

// Options is what hiera does not tell.
type Options struct {
	Estate    string              // the estate's name
	Balancers []string            // the nodes that balance; default: those with data of their own for haproxy or keepalived
	Node      func(string) string // the name of the node that has an address, or ""; may be nil
}

// Result is what came of it.
type Result struct {
	Estate  []byte // the topology file
	Secrets []Secret
	Left    problem.List // what could not be carried over, as warnings
}

// Secret is one that the estate names.
type Secret struct {
	secret.Value
	Where string
	Known bool // false: hiera has it encrypted or from elsewhere, and Value is empty
}

// main is what the estate calls its only group of brokers.
const main = "main"

// importer gathers what the levels say.
type importer struct {
	Options
	node    string // of the level that is being read
	file    file
	group   broker
	kind    map[string]string // facts about the group that only decide others: config_cluster
	secrets map[string]Secret
	set     map[string]string // which value stands for what, and where it was read
	extras  map[string]value  // where the group's extra keys stand
	left    problem.List

	proxies   map[string]*proxy
	members   []*member
	instances map[string]*instance
	scripts   map[string]value
	servers   []*virtualServer
	balancing []string // nodes with data of their own
	stats     *stats
	maxconn   int
}

// Import makes an estate of the levels. Where that cannot be, the result is nil and the problems say why.
func Import(levels []*Level, o Options) (*Result, problem.List) {
	m := &importer{
		Options: o, kind: map[string]string{}, secrets: map[string]Secret{}, extras: map[string]value{}, set: map[string]string{}, proxies: map[string]*proxy{},
		instances: map[string]*instance{}, scripts: map[string]value{},
		file: file{Version: 1, Estate: cmp.Or(o.Estate, "imported"), Software: map[string]string{}, Addresses: map[string]string{}, Limits: map[string]int{}},
		group: broker{Listen: map[string]*int{}, VHosts: map[string]struct{}{}, Users: map[string]*user{}, Paths: map[string]string{},
			Extra: map[string]any{}},
	}
	if err := safe.Token(m.file.Estate); err != nil {
		return nil, problem.List{safe.Problem(err, "", "the estate's name")}
	}
	for _, l := range levels {
		m.node = l.Node
		for _, i := range l.root.items() {
			m.key(i)
		}
	}
	m.node = ""
	problems := m.finish()
	if problems.Failed() {
		return nil, problems
	}
	text, err := m.file.render()
	if err != nil {
		return nil, problem.List{{Class: "input.syntax", What: err.Error()}}
	}
	r := &Result{Estate: text, Left: m.left.Sorted()}
	for _, name := range slices.Sorted(maps.Keys(m.secrets)) {
		r.Secrets = append(r.Secrets, m.secrets[name])
	}
	return r, nil
}

// key hands one key of a level to the module that it is for. Keys of other modules are none of ours.
func (m *importer) key(i item) {
	module, name := split(i.key)
	var take func(string, item) bool
	switch module {
	case "rabbitmq":
		take = m.rabbitmq
	case "haproxy":
		take = m.haproxy
	case "keepalived":
		take = m.keepalived
	default:
		return
	}
	if m.node != "" && module != "rabbitmq" && !slices.Contains(m.balancing, m.node) {
		m.balancing = append(m.balancing, m.node)
	}
	for _, singular := range []string{name, strings.TrimSuffix(name, "s"), strings.TrimSuffix(name, "ies") + "y"} {
		if take(singular, i) {
			return
		}
	}
	m.leave(i.value, i.key, "has no place in an estate")
}

// split finds the module that a key is for and the rest of its name: rabbitmq::port, profile::mq::rabbitmq_users,
// keepalived::vrrp::instance.
func split(key string) (module, name string) {
	parts := strings.Split(key, "::")
	for i, p := range parts {
		for _, module := range []string{"rabbitmq", "haproxy", "keepalived"} {
			if p == module && i+1 < len(parts) {
				return module, strings.TrimPrefix(strings.Join(parts[i+1:], "_"), module+"_")
			}
			if rest, ok := strings.CutPrefix(p, module+"_"); ok && i+1 == len(parts) {
				return module, rest
			}
		}
	}
	return "", ""
}

// leave notes what is not carried over.
func (m *importer) leave(v value, what, why string) {
	m.left.Add(problem.Problem{Class: "import.left", Warning: true, Where: v.at(), What: safe.Quote(what) + " " + why})
}

// text is a value that must be known as it stands; else it is left, and empty.
func (m *importer) text(v value, what string) string {
	s, ok := v.text()
	switch {
	case !v.there():
	case !ok:
		m.leave(v, what, "is no plain value")
	case interpolated(s):
		m.leave(v, what, "is filled in by hiera when it is looked up")
	case encrypted(s):
		m.leave(v, what, "is encrypted")
	default:
		return s
	}
	return ""
}

func (m *importer) number(v value, what string) int {
	s := m.text(v, what)
	if s == "" {
		return 0
	}
	n, ok := v.number()
	if !ok || n < 0 {
		m.leave(v, what, "is no number")
		return 0
	}
	return n
}

// once keeps the first value of what the whole estate has in common, and leaves others.
func once[T comparable](m *importer, to *T, given T, v value, what string) {
	var none T
	switch {
	case given == none || *to == given:
	case *to == none:
		*to, m.set[what] = given, v.at()
	default:
		m.leave(v, what, "differs from what "+m.set[what]+" says, which the estate has")
	}
}

// secret keeps a password under a name and returns the name.
func (m *importer) secret(name string, v value) string {
	name = token(name)
	s, ok := v.text()
	known := ok && !interpolated(s) && !encrypted(s)
	if !known {
		m.leave(v, name, "is a secret whose value hiera has from elsewhere")
		s = ""
	}
	if had, twice := m.secrets[name]; twice {
		if had.Reveal() != s {
			m.leave(v, name, "is a secret that differs from what "+had.Where+" says, which the estate has")
		}
		return name
	}
	m.secrets[name] = Secret{Value: secret.New(name, s), Where: v.at(), Known: known}
	return name
}

// token makes a name of a title.
func token(title string) string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-' || r == '.' {
			return r
		}
		return '_'
	}, title)
	return name[:min(len(name), 64)]
}
