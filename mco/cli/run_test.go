package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/mco/connector/loopback"
)

func three() []node {
	return []node{
		{identity: "node1.example.net", facts: map[string]string{"role": "web"}},
		{identity: "node2.example.net", facts: map[string]string{"role": "db"}},
		{identity: "node3.example.net", facts: map[string]string{"role": "db"}},
	}
}

func TestPing(t *testing.T) {
	f := newFleet(t, three()...)
	for _, tc := range []struct {
		name string
		args []string
		want string
		exit int
	}{
		{"all", []string{"ping"}, `(node[123]\.example\.net {24}time=\d+\.\d\d ms\n){3}\n\n---- ping statistics ----\n3 replies max: [\d.]+ min: [\d.]+ avg: [\d.]+ \n`, 0},
		{"graph", []string{"ping", "-g", "-F", "role=web"}, `node1.* ms\n\n\n---- ping statistics ----\n1 replies max: .* ▇\n`, 0},
		{"none", []string{"ping", "-t", "1", "-F", "role=none"}, `\n\n---- ping statistics ----\nNo responses received\n`, 4},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := f.run(t, nil, tc.args...)
			if got.exit != tc.exit || got.stderr != "" || !regexp.MustCompile("^"+tc.want+"$").MatchString(got.stdout) {
				t.Errorf("%v\nwant exit %d, %s", got, tc.exit, tc.want)
			}
		})
	}
}

func TestFind(t *testing.T) {
	f := newFleet(t, three()...)
	for _, tc := range []struct {
		name, stdin string
		args        []string
		want        result
	}{
		{"filter", "", []string{"find", "-F", "role=web"}, result{0, "node1.example.net\n", ""}},
		{"none", "", []string{"find", "--dt", "1", "-F", "role=none"}, result{1, "", ""}},
		{"names are taken as they are", "", []string{"find", "-I", "a", "-I", "b"}, result{0, "a\nb\n", ""}},
		{"names on standard input", "b\na\n", []string{"find"}, result{0, "b\na\n", ""}},
		{"a method that was given wins over standard input", "b\n", []string{"find", "--dm", "mc", "-F", "role=web"}, result{0, "node1.example.net\n", ""}},
		{"limit", "b\na\n", []string{"find", "-1"}, result{0, "b\n", ""}},
		{"collective", "", []string{"find", "-T", "eu"}, result{1, "", "\nThe \x1b[1mfind\x1b[0m application failed to run, use -v for full error backtrace details: " +
			"\x1b[31mUnknown collective 'eu' known collectives are 'mcollective'\x1b[0m\n"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := f.run(t, strings.NewReader(tc.stdin), tc.args...); got != tc.want {
				t.Errorf("%v\nwant %v", got, tc.want)
			}
		})
	}
	got := f.run(t, strings.NewReader(""), "find", "-v", "-F", "role=web")
	want := `^Discovering hosts using the mc method for 2 second\(s\) \.\.\.\. 1\n\n\nDiscovered 1 nodes in \d+\.\d\d seconds using the mc discovery plugin\n$`
	if !regexp.MustCompile(want).MatchString(got.stderr) || got.stdout != "node1.example.net\n" {
		t.Errorf("find -v: %v", got)
	}
}

// NO_COLOR and a verbose failure: the text twice, the second time with its class, as the original.
func TestVerboseFailure(t *testing.T) {
	f := newFleet(t)
	got := f.run(t, nil, "rpc", "-v", "nosuch", "ping")
	want := "\nThe \x1b[1mrpc\x1b[0m application failed to run: \x1b[31mCan't find DDL for agent plugin 'nosuch'\x1b[0m\n" +
		"\n\x1b[31mCan't find DDL for agent plugin 'nosuch'\x1b[0m \x1b[1m(RuntimeError)\x1b[0m\n"
	if got.exit != 1 || got.stdout != "" || got.stderr != want {
		t.Errorf("%v\nwant %q", got, want)
	}
}

// stopAt stops the command when it has printed a text.
type stopAt struct {
	text string
	stop context.CancelFunc
	seen strings.Builder
}

func (s *stopAt) Write(p []byte) (int, error) {
	s.seen.Write(p)
	if strings.Contains(s.seen.String(), s.text) {
		s.stop()
	}
	return len(p), nil
}

// Ctrl-C while answers come ends the wait, and what came is summed up; nothing of ours is left at the broker.
func TestInterruptedPing(t *testing.T) {
	f := newFleet(t, three()...)
	f.bus.SetFaults(loopback.Faults{Delay: 300 * time.Millisecond}, 1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	start := time.Now()
	got := f.runUntil(ctx, t, nil, &stopAt{text: " ms\n", stop: cancel}, "ping", "-t", "30")
	if got.exit != 0 || !strings.Contains(got.stdout, " replies max: ") || !strings.HasSuffix(got.stdout, "\n") || time.Since(start) > 10*time.Second {
		t.Errorf("%v", got)
	}
}

// Somebody who holds standard input open must not keep Ctrl-C from working.
func TestInterruptedWhileStandardInputIsOpen(t *testing.T) {
	f := newFleet(t)
	r, w := io.Pipe()
	defer w.CloseWithError(errors.New("over"))
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if got := f.runUntil(ctx, t, r, nil, "find"); got.exit != 1 || got.stdout != "" {
		t.Errorf("%v", got)
	}
}

func TestRPC(t *testing.T) {
	f := newFleet(t, three()...)
	statistics := "\n\n\nFinished processing \x1b[32m%d\x1b[0m / \x1b[32m%[1]d\x1b[0m hosts in <t> ms\n\n"
	took := regexp.MustCompile(`\d+\.\d\d ms`)
	for _, tc := range []struct {
		name, stdin string
		args        []string
		want        result
	}{
		{"names, sorted", "", []string{"rpc", "rpcutil", "ping", "-I", "node2.example.net", "-I", "node1.example.net", "--sort", "--np"}, result{0,
			"\nnode1.example.net                        \n   Timestamp: 1700000000\n\nnode2.example.net                        \n   Timestamp: 1700000000\n" + fmt.Sprintf(statistics, 2), ""}},
		{"progress, discovered", "", []string{"rpc", "rpcutil", "ping", "-F", "role=web"}, result{0,
			"\n\r0 / 1\r1 / 1\n\n\nnode1.example.net                        \n   Timestamp: 1700000000\n" + fmt.Sprintf(statistics, 1),
			"Discovering hosts using the mc method for 2 second(s) .... 1\n"}},
		{"JSON", "node1.example.net", []string{"rpc", "rpcutil", "ping", "-j"}, result{0,
			`[{"agent":"rpcutil","action":"ping","sender":"node1.example.net","statuscode":0,"statusmsg":"OK","data":{"pong":1700000000}}]` + "\n", ""}},
		{"failures set the exit code", "node1.example.net", []string{"rpc", "vec", "misfire", "how=1", "-j"}, result{2,
			`[{"agent":"vec","action":"misfire","sender":"node1.example.net","statuscode":1,"statusmsg":"soft one","data":{"partial":"half"}}]` + "\n", ""}},
		{"nobody", "", []string{"rpc", "rpcutil", "ping", "--dt", "1", "-F", "role=none"}, result{1, "\n\n\n\n",
			"Discovering hosts using the mc method for 1 second(s) .... 0\n\nNo request sent, we did not discover any nodes."}},
		{"limit", "node3.example.net\nnode1.example.net\n", []string{"rpc", "rpcutil", "ping", "--limit", "50%", "-j"}, result{0,
			`[{"agent":"rpcutil","action":"ping","sender":"node3.example.net","statuscode":0,"statusmsg":"OK","data":{"pong":1700000000}}]` + "\n", ""}},
		{"an input that is not valid", "", []string{"rpc", "vec", "echo", "msg=a", "times=x"}, result{1, "",
			"\nThe \x1b[1mrpc\x1b[0m application failed to run, use -v for full error backtrace details: \x1b[31mx does not look like a number\x1b[0m\n"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := f.run(t, strings.NewReader(tc.stdin), tc.args...)
			got.stdout = took.ReplaceAllString(got.stdout, "<t> ms")
			if got != tc.want {
				t.Errorf("%v\nwant %v", got, tc.want)
			}
		})
	}
}

// What is sent: inputs by their DDL's types, and the time to live that was asked for.
func TestRPCRequest(t *testing.T) {
	f := newFleet(t, three()...)
	f.run(t, nil, "rpc", "vec", "echo", "msg=a=b", "times=3", "--ttl", "7", "-I", "node1.example.net")
	seen := f.requests()
	if len(seen) != 1 {
		t.Fatalf("%d requests reached nodes", len(seen))
	}
	data := seen[0].Body.Field("data")
	if s, _ := data.Field("msg").AsString(); s != "a=b" {
		t.Errorf("msg = %q", s)
	}
	if n, ok := data.Field("times").AsInt(); n != 3 || !ok {
		t.Errorf("times = %v", data.Field("times"))
	}
	if seen[0].TTL != 7*time.Second {
		t.Errorf("ttl = %s", seen[0].TTL)
	}
}

func TestRPCWithoutResults(t *testing.T) {
	f := newFleet(t, three()...)
	got := f.run(t, nil, "rpc", "rpcutil", "ping", "--nr")
	if got.exit != 0 || !regexp.MustCompile(`^Request sent with id: [0-9a-f]{32}\n$`).MatchString(got.stdout) || got.stderr != "" {
		t.Errorf("%v", got)
	}
	got = f.run(t, nil, "rpc", "rpcutil", "ping", "--reply-to", "/queue/x")
	if got.exit != 0 || !regexp.MustCompile(`^Request sent with id: [0-9a-f]{32} replies to /queue/x\n$`).MatchString(got.stdout) {
		t.Errorf("%v", got)
	}
}

// A node that stays silent is named; the answers that came are printed, and the exit code is that of the answers.
func TestRPCSilentNode(t *testing.T) {
	f := newFleet(t, append(three(), node{identity: "mute.example.net", mute: true})...)
	got := f.run(t, nil, "rpc", "rpcutil", "ping", "-I", "node1.example.net", "-I", "mute.example.net", "-t", "1", "--np")
	if got.exit != 0 || !strings.Contains(got.stdout, "\x1b[31mNo response from:\x1b[0m\n\n    mute.example.net ") ||
		!strings.Contains(got.stderr, "Could not receive all responses. Did not receive responses from mute.example.net\n") {
		t.Errorf("%v", got)
	}
}

// Ctrl-C during a call prints what came; during discovery it keeps the request from being sent.
func TestInterruptedRPC(t *testing.T) {
	f := newFleet(t, append(three(), node{identity: "mute.example.net", mute: true})...)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	got := f.runUntil(ctx, t, nil, &stopAt{text: "\r1 / 2", stop: cancel}, "rpc", "rpcutil", "ping", "-I", "node1.example.net", "-I", "mute.example.net", "-t", "30")
	if !strings.Contains(got.stdout, "1 / 2\n\n\nnode1.example.net") || !strings.HasSuffix(got.stdout, "\n") {
		t.Errorf("%v", got)
	}
	before := len(f.requests())
	f.bus.SetFaults(loopback.Faults{Drop: 1}, 1)
	ctx, cancel = context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	got = f.runUntil(ctx, t, nil, nil, "rpc", "rpcutil", "ping", "--dt", "20")
	if got.exit != 1 || got.stdout != "" || !strings.HasSuffix(got.stderr, "\n") || len(f.requests()) != before {
		t.Errorf("%v", got)
	}
}
