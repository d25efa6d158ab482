package acceptance

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
)

var peers lab.Shared

func TestMain(m *testing.M) {
	asked()
	os.Exit(peers.Run(m))
}

// The programs, as the matrix names them.
const (
	ruby   = "Ruby"
	golang = "Go"
)

// pair is the fleet of one cell: web and db differ in each thing that a filter can see. They live in a sub-collective of their own,
// so that cells at one broker do not meet.
type pair struct {
	broker     *lab.Broker
	program    string // whose nodes
	collective string
	web, db    *lab.Node
}

func startPair(t *testing.T, b *lab.Broker, program string) *pair {
	t.Helper()
	p := &pair{broker: b, program: program, collective: map[string]string{ruby: "eu", golang: "us"}[program]}
	start := lab.RubyNode
	if program == golang {
		start = lab.GoNode
	}
	node := func(role string, cores int) *lab.Node {
		return start(t, lab.ServerCfg{
			Cfg:      lab.Cfg{Brokers: []*lab.Broker{b}, Collectives: []string{p.collective}, LibDirs: []string{t.TempDir()}},
			Identity: role + ".example.net",
			Facts:    fmt.Sprintf("---\nrole: %s\ncores: %d\n", role, cores),
			Classes:  []string{"base", "role::" + role},
		})
	}
	p.web, p.db = node("web", 2), node("db", 4)
	p.web.WaitReadyIn(t, b, p.collective, 60*time.Second)
	p.db.WaitReadyIn(t, b, p.collective, 60*time.Second)
	return p
}

// cell is one client program before one pair.
type cell struct {
	*pair
	program   string      // whose client
	client    *lab.Client // as it is usually set up
	broadcast *lab.Client // direct addressing off: RPC requests go to all, with their filter
}

func newCell(t *testing.T, p *pair, program string) *cell {
	t.Helper()
	client := lab.RubyMco
	if program == golang {
		client = lab.GoMco
	}
	with := func(extra ...string) *lab.Client {
		return client(t, lab.ClientCfg{Cfg: lab.Cfg{Brokers: []*lab.Broker{p.broker}, Collectives: []string{p.collective}, Extra: extra}})
	}
	return &cell{pair: p, program: program, client: with(), broadcast: with("direct_addressing = 0")}
}

// find is a check of `mco find ARGS`.
func find(want string, args ...string) func(*testing.T, *cell) error {
	return func(t *testing.T, c *cell) error {
		out := c.client.Run(t, append([]string{"find"}, args...)...)
		got := strings.Fields(out.Stdout)
		slices.Sort(got)
		exit := 0
		if want == "" {
			exit = 1
		}
		if strings.Join(got, " ") != want || out.Exit != exit {
			return fmt.Errorf("mco find %q: exit %d, found %q, want exit %d, %q\n%s", args, out.Exit, got, exit, want, out.Stderr)
		}
		return nil
	}
}

const (
	web  = "web.example.net"
	db   = "db.example.net"
	both = db + " " + web
)

// answer is one reply in what `mco rpc -j` prints.
type answer struct {
	Sender     string
	StatusCode int
	StatusMsg  string
	Data       map[string]any
}

// rpc runs `mco rpc -j ARGS` and returns the answers by sender.
func rpc(t *testing.T, c *lab.Client, args ...string) (map[string]answer, lab.Output, error) {
	t.Helper()
	out := c.Run(t, append(append([]string{"rpc"}, args...), "-j")...)
	var list []answer
	if err := json.Unmarshal([]byte(out.Stdout), &list); err != nil {
		return nil, out, fmt.Errorf("mco rpc %q -j: exit %d: %w\n%s", args, out.Exit, err, out.All())
	}
	answers := map[string]answer{}
	for _, a := range list {
		if _, twice := answers[a.Sender]; twice {
			return nil, out, fmt.Errorf("mco rpc %q: two answers of %s", args, a.Sender)
		}
		answers[a.Sender] = a
	}
	return answers, out, nil
}

// roles asks each node that the arguments choose for its role, and compares who answered what.
func roles(t *testing.T, c *lab.Client, want string, args ...string) error {
	answers, out, err := rpc(t, c, append([]string{"rpcutil", "get_fact", "fact=role"}, args...)...)
	if err != nil {
		return err
	}
	var got []string
	for sender, a := range answers {
		got = append(got, fmt.Sprintf("%s is %v", sender, a.Data["value"]))
	}
	slices.Sort(got)
	if text := strings.Join(got, ", "); text != want || out.Exit != 0 {
		return fmt.Errorf("mco rpc get_fact %q: exit %d, %q, want %q\n%s", args, out.Exit, text, want, out.All())
	}
	return nil
}

// statistic returns a counter of a node's daemon_stats.
func statistic(t *testing.T, c *lab.Client, identity, counter string) (int, error) {
	answers, out, err := rpc(t, c, "rpcutil", "daemon_stats", "-I", identity)
	if err != nil {
		return 0, err
	}
	n, ok := answers[identity].Data[counter].(float64)
	if !ok {
		return 0, fmt.Errorf("daemon_stats of %s has no %s: %s", identity, counter, out.All())
	}
	return int(n), nil
}

// refused runs do, in which one request reaches web too late, and looks that the node counted it, and answers again.
func refused(t *testing.T, c *cell, do func() (lab.Output, error)) error {
	before, err := statistic(t, c.client, web, "ttlexpired")
	if err != nil {
		return err
	}
	out, err := do()
	if err != nil {
		return err
	}
	if out.Exit != 4 || strings.Contains(out.Stdout, "Timestamp") {
		return fmt.Errorf("exit %d, want 4 (no answer):\n%s", out.Exit, out.All())
	}
	return lab.Eventually(10*time.Second, func() error {
		after, err := statistic(t, c.client, web, "ttlexpired")
		if err == nil && after != before+1 {
			err = fmt.Errorf("%d messages counted as expired, want %d", after, before+1)
		}
		return err
	})
}

// checks are what each cell of the matrix must show.
var checks = []struct {
	name string
	run  func(*testing.T, *cell) error
}{
	{"ping", func(t *testing.T, c *cell) error {
		out := c.client.Run(t, "ping")
		if out.Exit != 0 || !strings.Contains(out.Stdout, web) || !strings.Contains(out.Stdout, db) || !strings.Contains(out.Stdout, "2 replies max:") {
			return fmt.Errorf("mco ping: exit %d\n%s", out.Exit, out.All())
		}
		return nil
	}},
	{"find", find(both)},
	{"find -F", find(web, "-F", "role=web")},
	{"find -F by number", find(db, "-F", "cores>2")},
	{"find -F by regular expression", find(web, "-F", "role=~^w")},
	{"find -C", find(web, "-C", "role::web")},
	{"find -C by regular expression", find(db, "-C", "/^role::d/")},
	{"find -I", find(web, "-I", web)},
	{"find -I by regular expression", find(db, "-I", "/^d/")},
	{"find -A", find(both, "-A", "rpcutil")},
	{"find -A unknown", find("", "-A", "nosuch")},
	{"find -W", find(web, "-W", "role::web cores<4")},
	{"find -S", find(db, "-S", "role=db and cores>2")},
	{"find -S with a data function", find(web, "-S", "fact('role').value=web and not role::db")},
	{"find nobody", find("", "-F", "role=none")},
	{"rpc broadcast", func(t *testing.T, c *cell) error {
		return errors.Join(roles(t, c.broadcast, "db.example.net is db, web.example.net is web"),
			roles(t, c.broadcast, "db.example.net is db", "-F", "role=db"))
	}},
	{"rpc to the discovered", func(t *testing.T, c *cell) error {
		return roles(t, c.client, "db.example.net is db, web.example.net is web")
	}},
	{"rpc directed", func(t *testing.T, c *cell) error {
		return roles(t, c.client, "web.example.net is web", "-I", web)
	}},
	{"rpc with a compound filter", func(t *testing.T, c *cell) error {
		return roles(t, c.client, "db.example.net is db", "-S", "(role=db or role=none) and !cores<4")
	}},
	{"unknown agent", func(t *testing.T, c *cell) error {
		out := c.client.Run(t, "rpc", "nosuch", "ping")
		if out.Exit != 1 || !strings.Contains(out.Stderr, "Can't find DDL for agent plugin 'nosuch'") {
			return fmt.Errorf("an agent without a DDL: exit %d\n%s", out.Exit, out.All())
		}
		// The client knows vec, the nodes do not: they say nothing, and answer the next one.
		out = c.client.Run(t, "rpc", "vec", "echo", "msg=x", "-I", web, "-t", "1")
		if out.Exit != 4 || !strings.Contains(out.Stdout, "No response from") || !strings.Contains(out.Stdout, web) {
			return fmt.Errorf("an agent that the node lacks: exit %d\n%s", out.Exit, out.All())
		}
		return roles(t, c.client, "web.example.net is web", "-I", web)
	}},
	{"expired message", func(t *testing.T, c *cell) error {
		return refused(t, c, func() (lab.Output, error) {
			return c.client.Run(t, "rpc", "rpcutil", "ping", "-I", web, "-t", "1", "--ttl=-1"), nil
		})
	}},
	{"node frozen past the TTL", func(t *testing.T, c *cell) error {
		return refused(t, c, func() (lab.Output, error) {
			if err := c.web.Freeze(); err != nil {
				return lab.Output{}, err
			}
			// The client waits for its timeout and the agent's, which is longer than the TTL.
			out := c.client.Run(t, "rpc", "rpcutil", "ping", "-I", web, "--ttl=1", "-t", "3")
			return out, c.web.Thaw()
		})
	}},
}

// matrix collects what the cells found, to be printed at the end.
type matrix struct {
	mu   sync.Mutex // guards the field below
	cell map[string]int
}

func (m *matrix) passed(row, column string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.cell[row+"|"+column]++
}

func (m *matrix) String() string {
	var b strings.Builder
	columns := []string{"Ruby node", "Go node"}
	fmt.Fprintf(&b, "\n%-24s", "passed of "+fmt.Sprint(len(checks)))
	for _, column := range columns {
		fmt.Fprintf(&b, "%12s", column)
	}
	for _, broker := range []string{"rabbitmq", "activemq"} {
		for _, client := range []string{ruby, golang} {
			row := client + " client, " + broker
			fmt.Fprintf(&b, "\n%-24s", row)
			for _, column := range columns {
				fmt.Fprintf(&b, "%12d", m.cell[row+"|"+column])
			}
		}
	}
	return b.String()
}

// TestInterop asks nodes of either program by clients of either program through either broker.
func TestInterop(t *testing.T) {
	lab.Need(t, lab.Ruby, lab.RabbitMQServer, lab.ActiveMQServer)
	t.Parallel()
	m := &matrix{cell: map[string]int{}}
	t.Cleanup(func() { t.Log(m) })
	for _, kind := range []lab.Kind{lab.RabbitMQKind, lab.ActiveMQKind} {
		for _, node := range []string{ruby, golang} {
			t.Run(fmt.Sprintf("%s/%sNode", kind, node), func(t *testing.T) {
				t.Parallel()
				p := startPair(t, peers.Broker(t, kind), node)
				for _, client := range []string{ruby, golang} {
					t.Run(client+"Client", func(t *testing.T) {
						c := newCell(t, p, client)
						for _, check := range checks {
							t.Run(check.name, func(t *testing.T) {
								if err := check.run(t, c); err != nil {
									t.Fatal(err)
								}
								m.passed(client+" client, "+string(kind), node+" node")
							})
						}
					})
				}
				p.web.Alive(t)
				p.db.Alive(t)
			})
		}
	}
}
