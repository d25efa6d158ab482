package bench

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/lab/wire"
)

const fleetSize = 2000

// nodeAgents are the agents of a simulated node, and so its broadcast subscriptions.
var nodeAgents = []string{"discovery", "rpcutil"}

// startFleet runs `mco simulate` and returns its process id.
func startFleet(b *testing.B, ours program, n int) int {
	b.Helper()
	cmd := exec.Command(ours.path, "simulate", fmt.Sprint(n), "-c", ours.config)
	return startReady(b, cmd, fmt.Sprintf("%d nodes ready", n), ours.env...)
}

// ask publishes one discovery ping over a raw session and counts frames until n have come: the floor of `mco ping`.
func ask(b *testing.B, l wire.Login, n int) measure {
	b.Helper()
	s, err := dialRaw(l, 64<<10)
	if err != nil {
		b.Fatal(err)
	}
	defer s.close()
	start := time.Now()
	_, payload := wire.Request{}.Encode()
	err = s.send("SEND", payload, "destination", "/exchange/mcollective_broadcast/discovery", "reply-to", "/temp-queue/floor",
		"content-type", "text/plain; charset=UTF-8", "expiration", "70000", "mc_sender", "bench")
	for got := 0; err == nil && got < n; {
		var command string
		if command, _, err = s.next(); command == "MESSAGE" {
			got++
		}
	}
	if err != nil {
		b.Fatal(err)
	}
	return measure{wall: millis(time.Since(start))}
}

// BenchmarkFleet measures a fleet of 2,000 nodes on one broker: that discovery is complete, and how near `mco ping` comes to the floor.
func BenchmarkFleet(b *testing.B) {
	lab.Need(b, lab.RabbitMQServer, lab.Ruby)
	const rounds = 10
	// Two brokers, so that the simulated fleet and the floor never share queues; only one works at a time.
	fleet, floor := lab.RabbitMQ(b, lab.BrokerOptions{Name: "fleet"}), lab.RabbitMQ(b, lab.BrokerOptions{Name: "floor"})
	ours, theirs := programs(b, fleet)
	start := time.Now()
	pid := startFleet(b, ours, fleetSize)
	up := time.Since(start)
	startFloor(b, floorJob{Login: floor.Login(), Count: fleetSize, Collective: "mcollective", Agents: nodeAgents, Reply: make([]byte, replyBytes)})

	ping := func() measure {
		out, m := ours.run(b, 0, "ping", "-c", ours.config)
		replies, last := lastReply(b, out)
		if replies != fleetSize {
			b.Errorf("mco ping: %d of %d", replies, fleetSize)
		}
		return measure{wall: last, cpu: m.cpu}
	}
	b.Logf("fleet ready after %v, both brokers hold %d nodes", up, fleetSize)
	ping()
	ask(b, floor.Login(), fleetSize)
	last, bare, cpu, _ := abba(b, rounds, ping, func() measure { return ask(b, floor.Login(), fleetSize) })
	t := table{
		title: fmt.Sprintf("Ping of %d simulated nodes", fleetSize),
		note: fmt.Sprintf("Milliseconds from the question to the last answer, median (spread) of %d rounds in the order A B B A. The floor is as many bare STOMP sessions in one process, with the same "+
			"subscriptions, each with a fixed answer of a ping reply's size, and a client that counts frames. Goal: at most 1.25 x the floor. The fleet came up in %.1f s and takes %.0f KiB a node.",
			rounds, up.Seconds(), residentKiB(b, pid)/fleetSize),
		head: []string{"`mco ping`", "processor of the command", "floor", "ping / floor"},
	}
	t.row(last.String(), cpu.String(), bare.String(), short(last.median()/bare.median()))
	t.print(b)

	complete := table{
		title: fmt.Sprintf("Discovery of %d simulated nodes", fleetSize),
		note:  "`mco find` with its defaults; each run's number of nodes found, and the time until the prompt was back.",
		head:  []string{"", "complete runs", "nodes found", "seconds"},
	}
	for _, p := range []struct {
		name string
		program
		exit int
	}{{"Go", ours, 0}, {"Ruby", theirs, 0}} {
		var found []string
		var seconds series
		full := 0
		for range rounds {
			os.RemoveAll(filepath.Join(filepath.Dir(p.config), ".local")) // what was learnt of the fleet must not help
			out, m := p.runAny(b, "find", "-c", p.config)
			n := strings.Count(out, "sim")
			if n == fleetSize {
				full++
			}
			found = append(found, fmt.Sprint(n))
			seconds = append(seconds, m.wall/1000)
		}
		complete.row(p.name, fmt.Sprintf("%d of %d", full, rounds), strings.Join(found, " "), seconds.String())
	}
	complete.print(b)
}

// runAny is run for commands whose exit code depends on what they find.
func (p program) runAny(b *testing.B, args ...string) (string, measure) {
	b.Helper()
	cmd := exec.Command(p.path, args...)
	cmd.Env = p.env
	start := time.Now()
	out, err := cmd.Output()
	if cmd.ProcessState == nil {
		b.Fatalf("%s %q: %v", p.path, args, err)
	}
	return string(out), measure{wall: millis(time.Since(start))}
}

// BenchmarkSmallFleet measures what most calls are: a question to three nodes.
func BenchmarkSmallFleet(b *testing.B) {
	lab.Need(b, lab.RabbitMQServer, lab.Ruby)
	broker := lab.RabbitMQ(b, lab.BrokerOptions{})
	for i := range 3 {
		lab.GoNode(b, lab.ServerCfg{Cfg: lab.Cfg{Brokers: []*lab.Broker{broker}}, Identity: fmt.Sprintf("node%d.example.net", i+1)}).WaitReady(b, broker, time.Minute)
	}
	ours, theirs := programs(b, broker)
	t := table{
		title: "Three nodes",
		note:  "Milliseconds until the prompt is back, median (spread) of 10 rounds in the order A B B A. Goal: within 700.",
		head:  []string{"command", "Go", "Ruby", "times as fast"},
	}
	for _, name := range []string{"find", "ping"} {
		wg, wr, _, _ := abba(b, 10, ours.measured(b, 0, "node3.example.net", name, "-c", ours.config), theirs.measured(b, 0, "node3.example.net", name, "-c", theirs.config))
		t.row("mco "+name, wg.String(), wr.String(), short(wr.median()/wg.median()))
	}
	t.print(b)
}
