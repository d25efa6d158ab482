package bench

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/lab/wire"
)

// program is one of the two commands, with the client's cfg file that it reads.
type program struct {
	path   string
	config string
	env    []string
}

// programs returns ours and the original's, both with the same settings.
func programs(b *testing.B, brokers ...*lab.Broker) (ours, theirs program) {
	b.Helper()
	cfg := lab.ClientCfg{Cfg: lab.Cfg{Brokers: brokers}}
	g, r := lab.GoMco(b, cfg), lab.RubyMco(b, cfg)
	base := []string{"PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8", "TZ=UTC"}
	ours = program{lab.Program(b, "mco"), g.Config, append(base, "HOME="+g.Dir)}
	theirs = program{"/usr/bin/mco", r.Config, append(base, "HOME="+r.Dir, "RUBYOPT=-r"+lab.Vectors()+"/ruby31_compat.rb")}
	return ours, theirs
}

// run runs one command and returns its output and what it cost, in milliseconds and processor milliseconds. exit is what it must end with.
func (p program) run(b *testing.B, exit int, args ...string) (string, measure) {
	b.Helper()
	cmd := exec.Command(p.path, args...)
	cmd.Env = p.env
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	start := time.Now()
	err := cmd.Run()
	took := time.Since(start)
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != exit {
		b.Fatalf("%s %q: %v\n%s", p.path, args, err, out.String())
	}
	used := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return out.String(), measure{millis(took), millis(used)}
}

// measured is run for abba, with a check of the output.
func (p program) measured(b *testing.B, exit int, want string, args ...string) func() measure {
	return func() measure {
		out, m := p.run(b, exit, args...)
		if !strings.Contains(out, want) {
			b.Fatalf("%s %q: no %q in the output\n%s", p.path, args, want, out)
		}
		return m
	}
}

// BenchmarkCommand measures what an operator waits for: the start of the command, and a request to one known node.
func BenchmarkCommand(b *testing.B) {
	lab.Need(b, lab.RabbitMQServer, lab.Ruby)
	broker := lab.RabbitMQ(b, lab.BrokerOptions{})
	node := lab.GoNode(b, lab.ServerCfg{Cfg: lab.Cfg{Brokers: []*lab.Broker{broker}}, Identity: "node1.example.net"})
	node.WaitReady(b, broker, time.Minute)
	ours, theirs := programs(b, broker)
	t := table{
		title: "The command",
		note:  "Milliseconds, wall and processor, median (spread) of 10 rounds in the order A B B A. Goal: 30 times faster.",
		head:  []string{"command", "Go", "Go, processor", "Ruby", "Ruby, processor", "times as fast"},
	}
	for _, c := range []struct {
		name, want string
		exitRuby   int
		args       []string
	}{
		{"mco --version", "2.12.5", 1, []string{"--version"}},
		{"mco rpc rpcutil ping -I node1", "node1.example.net", 0, []string{"rpc", "rpcutil", "ping", "-I", "node1.example.net"}},
	} {
		args := func(p program) []string {
			if c.args[0] == "--version" {
				return c.args
			}
			return append(c.args[:len(c.args):len(c.args)], "-c", p.config)
		}
		wg, wr, cg, cr := abba(b, 10, ours.measured(b, 0, c.want, args(ours)...), theirs.measured(b, c.exitRuby, c.want, args(theirs)...))
		t.row(c.name, wg.String(), cg.String(), wr.String(), cr.String(), short(wr.median()/wg.median()))
	}
	var bare, cold series
	call := coldCall(b, broker.Login(), "node1.example.net")
	for range 20 {
		bare = append(bare, bareCall(b, broker.Login(), "node1.example.net").wall)
		cold = append(cold, call().wall)
	}
	t.row("the broker's and the node's share: a bare STOMP session that connects, calls and closes", bare.String(), "", "", "", "")
	t.row("the least that a program can take: one that starts, does only that, and ends", cold.String(), "", "", "", "")
	t.print(b)
}

// bareCall does on the wire what a directed `mco rpc` does, with nothing around it: what is left of the command's time is the command's.
func bareCall(b *testing.B, l wire.Login, identity string) measure {
	b.Helper()
	payload := rpcPing()
	start := time.Now()
	s, err := dialRaw(l, 4096)
	if err != nil {
		b.Fatal(err)
	}
	defer s.close()
	if err := s.call(1, 1, func(int) []byte { return payload }, callHeaders(identity)...); err != nil {
		b.Fatal(err)
	}
	return measure{wall: millis(time.Since(start))}
}

// coldCall is bareCall in a process of its own, which holds nothing but that.
func coldCall(b *testing.B, l wire.Login, identity string) func() measure {
	b.Helper()
	path := filepath.Join(b.TempDir(), "coldcall")
	if out, err := exec.Command("go", "build", "-o", path, "./testdata/coldcall").CombinedOutput(); err != nil {
		b.Fatalf("build coldcall: %v\n%s", err, out)
	}
	connect := appendFrame(nil, "CONNECT", nil, connectHeaders(l)...)
	return func() measure {
		cmd := exec.Command(path, l.Addr)
		cmd.Stdin = bytes.NewReader(append(connect[:len(connect):len(connect)], appendFrame(nil, "SEND", rpcPing(), callHeaders(identity)...)...))
		start := time.Now()
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("coldcall: %v\n%s", err, out)
		}
		return measure{wall: millis(time.Since(start))}
	}
}

// BenchmarkMemory measures a node at rest.
func BenchmarkMemory(b *testing.B) {
	lab.Need(b, lab.RabbitMQServer, lab.Ruby)
	broker := lab.RabbitMQ(b, lab.BrokerOptions{})
	cfg := lab.Cfg{Brokers: []*lab.Broker{broker}}
	ours := lab.GoNode(b, lab.ServerCfg{Cfg: cfg, Identity: "go.example.net"})
	theirs := lab.RubyNode(b, lab.ServerCfg{Cfg: cfg, Identity: "ruby.example.net"})
	ours.WaitReady(b, broker, time.Minute)
	theirs.WaitReady(b, broker, time.Minute)
	const rest = 60 * time.Second
	before := [2]float64{processSeconds(b, ours.PID()), processSeconds(b, theirs.PID())}
	time.Sleep(rest) // what is measured is a node that had nothing to do for so long
	t := table{
		title: "A node at rest",
		note:  fmt.Sprintf("After %v without a request. Goal: at most 0.4 of the original's memory.", rest),
		head:  []string{"", "Go", "Ruby", "Go / Ruby"},
	}
	g, r := residentKiB(b, ours.PID()), residentKiB(b, theirs.PID())
	t.row("resident memory, MiB", short(g/1024), short(r/1024), short(g/r))
	t.row("processor milliseconds in that time", short(1000*(processSeconds(b, ours.PID())-before[0])), short(1000*(processSeconds(b, theirs.PID())-before[1])), "")
	t.print(b)
}

// lastReply reads from the statistics of `mco ping` when the last answer came.
func lastReply(b *testing.B, out string) (replies int, ms float64) {
	b.Helper()
	m := regexp.MustCompile(`(\d+) replies max: ([\d.]+)`).FindStringSubmatch(out)
	if m == nil {
		b.Fatalf("no statistics in the output of mco ping:\n%.2000s", out)
	}
	replies, _ = strconv.Atoi(m[1])
	ms, _ = strconv.ParseFloat(m[2], 64)
	return replies, ms
}
