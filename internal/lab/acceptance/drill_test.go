package acceptance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/lab/browser"
	"github.com/mco-go/mco-go/mco/failover/drill"
)

// inCommand stands in the command that stops a broker and may be seen nowhere else.
const inCommand = "hush-of-the-stop-command"

// rehearsal is a fleet whose brokers a drill's commands stop and start.
type rehearsal struct {
	brokers []*lab.Broker
	nodes   map[string]*lab.Node
	client  *lab.Client
	state   string // the client's
	folder  string // of the commands and the reports
}

// startRehearsal starts two brokers, four nodes of ours that differ in how they move, and one of the original's.
func startRehearsal(t *testing.T) *rehearsal {
	t.Helper()
	r := &rehearsal{brokers: lab.Brokers(t, lab.RabbitMQKind, 2, lab.BrokerOptions{Management: true}), nodes: map[string]*lab.Node{}, state: t.TempDir(), folder: t.TempDir()}
	cfg := func(identity string, more ...string) lab.ServerCfg {
		return lab.ServerCfg{Identity: identity, Cfg: lab.Cfg{Brokers: r.brokers, Extra: append([]string{
			"plugin.rabbitmq.heartbeat_interval = 5", "plugin.rabbitmq.max_reconnect_delay = 2"}, more...)}}
	}
	r.nodes["ruby"] = lab.RubyNode(t, cfg("ruby"))
	r.nodes["home1"] = lab.GoNode(t, cfg("home1", "plugin.mco.pool.failback = 3"))
	r.nodes["home2"] = lab.GoNode(t, cfg("home2", "plugin.mco.pool.failback = 3"))
	r.nodes["stays"] = lab.GoNode(t, cfg("stays", "plugin.mco.pool.failback = off"))
	r.nodes["both"] = lab.GoNode(t, cfg("both", "plugin.mco.pool.mode = all"))
	extra := []string{"plugin.mco.state_dir = " + r.state}
	for i, b := range r.brokers {
		extra = append(extra,
			fmt.Sprintf("plugin.mco.management.%d.url = %s", i+1, b.Management),
			fmt.Sprintf("plugin.mco.management.%d.user = %s", i+1, lab.Administrator),
			fmt.Sprintf("plugin.mco.management.%d.password = %s", i+1, b.Password))
	}
	// The first broker is killed and started again, the second one frozen and thawed, which takes no time.
	first, second := r.brokers[0], r.brokers[1].Process().PID()
	start := filepath.Join(r.folder, "start")
	attend(t, first, start)
	extra = append(extra,
		fmt.Sprintf("plugin.mco.drill.1.stop = kept=%s; tr '\\0' ' ' </proc/$$/cmdline >%s/argv; kill -KILL %d", inCommand, r.folder, first.Process().PID()),
		fmt.Sprintf("plugin.mco.drill.1.start = touch %s", start),
		fmt.Sprintf("plugin.mco.drill.2.stop = kept=%s; kill -STOP %d", inCommand, second),
		fmt.Sprintf("plugin.mco.drill.2.start = kill -CONT %d", second))
	r.client = lab.GoMco(t, lab.ClientCfg{Cfg: lab.Cfg{Brokers: r.brokers, Extra: extra}})
	for _, n := range r.nodes {
		n.WaitReady(t, r.brokers[0], time.Minute)
	}
	r.nodes["both"].WaitReady(t, r.brokers[1], time.Minute)
	return r
}

// attend starts the broker again when a file asks for it.
func attend(t *testing.T, b *lab.Broker, start string) {
	t.Helper()
	stop, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
			}
			if os.Remove(start) != nil {
				continue
			}
			<-b.Process().Done()
			if err := b.Start(); err != nil {
				t.Error(err)
			}
		}
	}()
	t.Cleanup(func() { close(stop); <-ended })
}

// drilling is a drill under way.
type drilling struct {
	cmd            *exec.Cmd
	stdout, stderr bytes.Buffer
	ended          chan struct{}
}

// drill starts a drill; its report is NAME.json and NAME.html in the folder.
func (r *rehearsal) drill(t *testing.T, name string, args ...string) *drilling {
	t.Helper()
	args = append([]string{"failover", "drill", "-c", r.client.Config, "--report", filepath.Join(r.folder, name)}, args...)
	d := &drilling{cmd: exec.Command(lab.Program(t, "mco"), args...), ended: make(chan struct{})}
	d.cmd.Dir, d.cmd.Stdout, d.cmd.Stderr = r.folder, &d.stdout, &d.stderr
	d.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + r.client.Dir}
	if err := lab.Leash(d.cmd, func(error) { close(d.ended) }); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = d.cmd.Process.Kill()
		<-d.ended
	})
	return d
}

// end waits for the end and compares the exit code.
func (d *drilling) end(t *testing.T, code int) {
	t.Helper()
	select {
	case <-d.ended:
	case <-time.After(3 * time.Minute):
		t.Fatalf("the drill does not end: %s%s", &d.stdout, &d.stderr)
	}
	if got := d.cmd.ProcessState.ExitCode(); got != code {
		t.Errorf("exit code %d, want %d: %s%s", got, code, &d.stdout, &d.stderr)
	}
}

func (r *rehearsal) journal() string { return filepath.Join(r.state, "drill", "journal") }

// away waits until the journal says that the broker is gone.
func (r *rehearsal) away(t *testing.T) {
	t.Helper()
	lab.Wait(t, "the fault", time.Minute, func() error {
		raw, err := os.ReadFile(r.journal())
		if err == nil && !strings.Contains(string(raw), `"step":"gone"`) {
			err = fmt.Errorf("the journal says %s", raw)
		}
		return err
	})
}

// frozen tells whether the second broker is.
func (r *rehearsal) frozen(t *testing.T) bool {
	t.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", r.brokers[1].Process().PID()))
	if err != nil {
		t.Fatal(err)
	}
	_, state, _ := strings.Cut(string(raw), ") ")
	return strings.HasPrefix(state, "T")
}

// restored fails where a broker is away, or a journal is left.
func (r *rehearsal) restored(t *testing.T) {
	t.Helper()
	if _, err := os.Stat(r.journal()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the journal is left: %v", err)
	}
	select {
	case <-r.brokers[0].Process().Done():
		t.Error("the first broker is away")
	default:
	}
	if r.frozen(t) {
		t.Error("the second broker is away")
	}
}

// on waits until nodes answer over a broker.
func (r *rehearsal) on(t *testing.T, broker int, names ...string) {
	t.Helper()
	for _, n := range names {
		r.nodes[n].WaitReady(t, r.brokers[broker-1], time.Minute)
	}
}

func (r *rehearsal) report(t *testing.T, name string) (res drill.Result, byName map[string]drill.Node) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(r.folder, name+".json"))
	if err == nil {
		err = json.Unmarshal(raw, &res)
	}
	if err != nil {
		t.Fatal(err)
	}
	byName = map[string]drill.Node{}
	for _, n := range res.Nodes {
		byName[n.Identity] = n
	}
	page, err := os.ReadFile(filepath.Join(r.folder, name+".html"))
	if err != nil {
		t.Fatal(err)
	}
	for file, text := range map[string][]byte{"json": raw, "html": page} {
		if bytes.Contains(text, []byte(inCommand)) || bytes.Contains(text, []byte("marionette")) {
			t.Errorf("a secret stands in the %s", file)
		}
	}
	return res, byName
}

// TestDrill rehearses with real brokers and both programs' nodes: by commands, interrupted, killed, and through the management interface.
func TestDrill(t *testing.T) {
	lab.Need(t, lab.Ruby, lab.RabbitMQServer, lab.Chromium)
	t.Parallel()
	r := startRehearsal(t)
	for _, step := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"by commands", r.byCommands},
		{"interrupted", r.interrupted},
		{"killed", r.killed},
		{"by closed connections", r.byConnections},
		{"on a terminal, and to no effect", r.toNoEffect},
	} {
		if !t.Run(step.name, step.run) {
			break // the next one begins where this one ends
		}
	}
}

func (r *rehearsal) byCommands(t *testing.T) {
	d := r.drill(t, "commands", "1", "--yes", "--json", "--bound", "10s", "--hold", "3s")
	d.end(t, 0)
	r.restored(t)
	res, nodes := r.report(t, "commands")
	var printed drill.Result
	if err := json.Unmarshal(d.stdout.Bytes(), &printed); err != nil || printed.Away != res.Away || !printed.Time.Equal(res.Time) {
		t.Errorf("what is printed is another report: %v\n%s", err, &d.stdout)
	}
	if d.stderr.Len() > 0 {
		t.Errorf("in a pipe: %s", &d.stderr)
	}
	first, second := r.brokers[0].Addr(), r.brokers[1].Addr()
	if res.Broker != first || !slices.Equal(res.Pool, []string{first, second}) || !res.Within || !res.Restored || !res.Closed || res.Bound != 10 ||
		res.Away.Expected != 4 || res.Away.Arrived != 4 || res.Back.Expected != 3 || res.Back.Arrived != 3 {
		t.Errorf("%+v", res)
	}
	for name, n := range nodes {
		t.Logf("%-6s %-6s away %s back %s exact %v: %s", name, n.Outcome, of(n.Away), of(n.Back), n.Exact, n.Reason)
		moved, ours, returns := name != "both", name != "ruby", strings.HasPrefix(name, "home") || name == "both"
		switch {
		case n.Ours != ours || n.Returns != returns || n.To != second || len(n.Spans) == 0:
			t.Errorf("%+v", n)
		case moved != (n.Outcome == drill.Moved) || moved != (n.Away != nil) || moved && ours != n.Exact || moved && *n.Away > 10:
			t.Errorf("%+v", n)
		case returns != (n.Back != nil):
			t.Errorf("%+v", n)
		case strings.HasPrefix(name, "home") && *n.Back < 2.5: // failback is 3 s, and a node's own look may be a little before ours
			t.Errorf("%s was back after %g s", name, *n.Back)
		}
	}
	if got := res.Stay(); !slices.Equal(got, []string{"ruby", "stays"}) {
		t.Errorf("%v stay", got)
	}
	if away := *res.Marks.Restore - *res.Marks.Gone; away < 3 || away > 20 {
		t.Errorf("the broker was away for %.1f s", away)
	}
	argv, err := os.ReadFile(filepath.Join(r.folder, "argv"))
	if err != nil || bytes.Contains(argv, []byte(inCommand)) || !bytes.Contains(argv, []byte("sh")) {
		t.Errorf("%v, the list of processes shows %q", err, argv)
	}
	r.page(t, "commands", res)
}

func of(s *float64) string {
	if s == nil {
		return "-"
	}
	return fmt.Sprintf("%.3f s", *s)
}

// page compares what a browser shows with the JSON, and keeps pictures.
func (r *rehearsal) page(t *testing.T, name string, res drill.Result) {
	t.Helper()
	p := browser.Open(t, filepath.Join(r.folder, name+".html"))
	p.Size(t, 1200, 900)
	for id, want := range map[string]float64{"away-p50": res.Away.P50, "away-p99": res.Away.P99, "away-max": res.Away.Max, "bound": res.Bound,
		"back-p50": res.Back.P50, "back-p99": res.Back.P99, "back-max": res.Back.Max,
		"away-arrived": float64(res.Away.Arrived), "away-expected": float64(res.Away.Expected),
		"back-arrived": float64(res.Back.Arrived), "back-expected": float64(res.Back.Expected)} {
		if got, err := strconv.ParseFloat(p.Text(t, "#"+id), 64); err != nil || got != want {
			t.Errorf("the page says %s %g, the JSON %g (%v)", id, got, want, err)
		}
	}
	for _, n := range res.Nodes {
		got := p.Text(t, "#node-"+n.Identity+" > .n")
		if n.Away != nil && got != fmt.Sprintf("%.3f s", *n.Away) || n.Away == nil && got != string(n.Outcome) {
			t.Errorf("the page says of %s %q", n.Identity, got)
		}
	}
	if got := browser.Eval[int](t, p, "document.querySelectorAll('script,link,img').length"); got != 0 {
		t.Errorf("the page needs %d other things", got)
	}
	if got := browser.Eval[bool](t, p, "document.documentElement.scrollWidth <= window.innerWidth"); !got {
		t.Error("the page is wider than the window")
	}
	p.Screenshot(t, "drill-light")
	p.Dark(t, true)
	p.Screenshot(t, "drill-dark")
	p.Size(t, 390, 800)
	if got := browser.Eval[bool](t, p, "document.documentElement.scrollWidth <= window.innerWidth"); !got {
		t.Error("the page is wider than a phone")
	}
	p.Screenshot(t, "drill-phone")
}

// interrupted gives the second broker back, on which the drill before has left two nodes.
func (r *rehearsal) interrupted(t *testing.T) {
	d := r.drill(t, "interrupted", r.brokers[1].Addr(), "--yes", "--hold", "10m")
	r.away(t)
	other := r.drill(t, "other", "1", "--yes")
	other.end(t, 2)
	if !strings.Contains(other.stderr.String(), "another drill is running") {
		t.Errorf("beside another: %s", &other.stderr)
	}
	if !r.frozen(t) {
		t.Error("the broker is not away")
	}
	if err := d.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	d.end(t, 2)
	r.restored(t)
	if res, _ := r.report(t, "interrupted"); !res.Interrupted || !res.Restored || res.Within || res.Of(drill.Unmeasured) != 2 || res.Of(drill.Bystander) != 2 {
		t.Errorf("%+v", res)
	}
	if !strings.Contains(d.stderr.String(), "interrupted") {
		t.Error(d.stderr.String())
	}
}

func (r *rehearsal) killed(t *testing.T) {
	d := r.drill(t, "killed", "2", "--yes", "--hold", "10m")
	r.away(t)
	if err := d.cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	d.end(t, -1)
	if !r.frozen(t) {
		t.Error("the broker is not away")
	}
	raw, err := os.ReadFile(r.journal())
	if err != nil || bytes.Contains(raw, []byte(inCommand)) || bytes.Contains(raw, []byte("CONT")) {
		t.Errorf("%v, the journal says %s", err, raw)
	}
	again := r.drill(t, "again", "--yes")
	again.end(t, 2)
	r.restored(t)
	if !strings.Contains(again.stderr.String(), r.brokers[1].Addr()+" is back") {
		t.Error(again.stderr.String())
	}
	nothing := r.drill(t, "nothing", "--restore")
	nothing.end(t, 0)
	if got := nothing.stdout.String(); got != "nothing is to be given back\n" {
		t.Errorf("then --restore says %q", got)
	}
	if _, err := os.Stat(filepath.Join(r.folder, "again.json")); err == nil {
		t.Error("what only gave back wrote a report")
	}
}

func (r *rehearsal) byConnections(t *testing.T) {
	r.on(t, 1, "home1", "home2", "both")
	r.on(t, 2, "ruby", "stays", "both")
	d := r.drill(t, "connections", "1", "--connections", "--yes", "--bound", "10")
	d.end(t, 0)
	r.restored(t)
	res, nodes := r.report(t, "connections")
	for name, n := range nodes {
		t.Logf("%-6s %-9s away %s back %s exact %v: %s", name, n.Outcome, of(n.Away), of(n.Back), n.Exact, n.Reason)
		want := map[string]drill.Outcome{"ruby": drill.Bystander, "stays": drill.Bystander, "both": drill.Kept, "home1": drill.Moved, "home2": drill.Moved}[name]
		if n.Outcome != want || (want == drill.Moved || want == drill.Kept) != (n.Back != nil) {
			t.Errorf("%+v", n)
		}
	}
	if !res.Within || res.Away.Arrived != 2 || res.Fault != drill.Connections {
		t.Errorf("%+v", res)
	}
	for _, line := range []string{"home1", "to another broker  2 of 2 nodes", "no node was without a broker for longer than the bound of 10 s", "connections.html"} {
		if !strings.Contains(d.stdout.String(), line) {
			t.Errorf("no %q in\n%s", line, &d.stdout)
		}
	}
}

// toNoEffect asks on a terminal, and tells that the nodes kept their sessions.
func (r *rehearsal) toNoEffect(t *testing.T) {
	out := r.client.RunOnTerminal(t, 120, "y\n", "failover", "drill", "2", "--stop", "true", "--start", "true", "--wait", "3s", "-c", r.client.Config,
		"--report", filepath.Join(r.folder, "none"))
	for _, text := range []string{"Go on? (y/n): ", "takes it away: true", " is away, ", "2 of 3 nodes kept their session: the fault did not reach them"} {
		if out.Exit != 1 || !strings.Contains(out.Stdout, text) {
			t.Errorf("exit code %d, no %q in\n%s", out.Exit, text, out.Stdout)
		}
	}
	if res, _ := r.report(t, "none"); res.Within || res.Of(drill.Untouched) != 2 || res.Of(drill.Kept) != 1 {
		t.Errorf("%+v", res)
	}
}

// TestDrillFirewall drops a broker's packets on its own machine, where nothing closes a connection: the node has to notice silence.
func TestDrillFirewall(t *testing.T) {
	lab.Need(t, lab.RabbitMQServer, lab.NetFilter, lab.Superuser)
	t.Parallel()
	machine := lab.NewNetwork(t).Host(t, "brokers", "", netip.MustParsePrefix("10.77.0.1/24"))
	brokers := lab.Brokers(t, lab.RabbitMQKind, 2, lab.BrokerOptions{Host: machine})
	node := lab.GoNode(t, lab.ServerCfg{Identity: "home", Cfg: lab.Cfg{Brokers: brokers, Host: machine, Extra: []string{
		"plugin.rabbitmq.heartbeat_interval = 5", "plugin.mco.pool.failback = 2"}}})
	node.WaitReady(t, brokers[0], time.Minute)
	state := t.TempDir()
	client := lab.GoMco(t, lab.ClientCfg{Cfg: lab.Cfg{Brokers: brokers, Host: machine, Extra: []string{"plugin.mco.state_dir = " + state}}})
	name := filepath.Join(t.TempDir(), "firewall")
	out := client.Run(t, "failover", "drill", "1", "--firewall", "--yes", "-c", client.Config, "--bound", "12.5s", "--report", name)
	table := "create table inet mco_drill_"
	if out.Exit != 0 || !strings.Contains(out.Stderr, table) || !strings.Contains(out.Stderr, fmt.Sprintf("ip daddr 10.77.0.1 tcp dport %d drop", brokers[0].Port)) {
		t.Fatalf("exit code %d: %s", out.Exit, out.All())
	}
	var res drill.Result
	raw, err := os.ReadFile(name + ".json")
	if err == nil {
		err = json.Unmarshal(raw, &res)
	}
	if err != nil {
		t.Fatal(err)
	}
	n := res.Nodes[0]
	t.Logf("away %s back %s: %s", of(n.Away), of(n.Back), n.Reason)
	if res.Closed || n.Outcome != drill.Moved || *n.Away < 4 || *n.Away > 12.5 || n.Back == nil || !n.Exact ||
		!strings.Contains(n.Reason, "with heart-beats every 5 s it notices silence after 4.5 to 9.5 s") {
		t.Errorf("%+v", n)
	}
	if rules := machine.Run(t, "nft", "list", "tables"); rules != "" {
		t.Errorf("left behind: %s", rules)
	}

	// A table that a killed drill has left is taken away by the next call.
	left := "mco_drill_left1"
	machine.Run(t, "nft", "add", "table", "inet", left)
	entry, err := json.Marshal(drill.Entry{Version: 1, Step: drill.Gone, Config: client.Config, Broker: brokers[0].Addr(), Number: 1, Fault: drill.Firewall, Table: left})
	if err == nil {
		err = os.WriteFile(filepath.Join(state, "drill", "journal"), entry, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	out = client.Run(t, "failover", "drill", "--restore", "-c", client.Config)
	if rules := machine.Run(t, "nft", "list", "tables"); out.Exit != 0 || rules != "" {
		t.Errorf("exit code %d, left behind %q: %s", out.Exit, rules, out.All())
	}
}
