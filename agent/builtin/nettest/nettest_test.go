package nettest

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/agent/agenttest"
	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/inspect"
)

func ask(t *testing.T, action, host string, port int64) *agent.Reply {
	t.Helper()
	a := agenttest.New(t, Name, New, agenttest.Config(t, ""))
	inputs := agenttest.Texts("fqdn", host)
	if action == "connect" {
		inputs = append(inputs, agenttest.In("port", mco.Int(port)))
	}
	return agenttest.Ask(t, a, action, inputs...)
}

func listen(t *testing.T) int64 {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return int64(l.Addr().(*net.TCPAddr).Port)
}

func TestConnect(t *testing.T) {
	port := listen(t)
	for _, host := range []string{"127.0.0.1", "localhost"} {
		r := ask(t, "connect", host, port)
		took, isFloat := r.Data.Symbol("connect_time").AsFloat()
		if r.Status != mco.OK || inspect.Text(r.Data.Symbol("connect_status")) != "Connected" || !isFloat || took <= 0 || took > 2 {
			t.Errorf("%s: %s", host, inspect.Text(r.Value()))
		}
	}
	for _, closed := range []int64{1, 0, 65536, -1} {
		r := ask(t, "connect", "127.0.0.1", closed)
		if got := inspect.Text(mco.Hash(r.Data)); r.Status != mco.OK || got != `{:connect=>false, :connect_status=>"Connection Refused", :connect_time=>nil}` {
			t.Errorf("port %d: %d %s", closed, r.Status, got)
		}
	}
	if r := ask(t, "connect", "nosuch.invalid", port); r.Status != mco.Aborted || r.Message != "Cannot resolve hostname" {
		t.Errorf("a name that is none: %d %s", r.Status, r.Message)
	}
	if r := ask(t, "ping", "-c 1 localhost", 0); r.Status != mco.InvalidData {
		t.Errorf("options as a name: %d %s", r.Status, r.Message)
	}
}

func TestPing(t *testing.T) {
	lab.Need(t, lab.Superuser)
	r := ask(t, "ping", "127.0.0.1", 0)
	if rtt, ok := r.Data.Symbol("rtt").AsFloat(); r.Status != mco.OK || !ok || rtt <= 0 || rtt > 5000 {
		t.Errorf("%s", inspect.Text(r.Value()))
	}
	if _, err := net.ListenPacket("ip6:ipv6-icmp", "::1"); err == nil {
		if r := ask(t, "ping", "::1", 0); r.Status != mco.OK {
			t.Errorf("IPv6: %s", inspect.Text(r.Value()))
		}
	}
	// No route leads to a broadcast address from an ordinary socket.
	if r := ask(t, "ping", "255.255.255.255", 0); r.Status != mco.Aborted || r.Message != "Cannot reach host" {
		t.Errorf("unreachable: %d %s", r.Status, r.Message)
	}
}

func TestData(t *testing.T) {
	port := listen(t)
	for query, want := range map[string]string{
		"localhost:" + strconv.FormatInt(port, 10): "{:connect=>true}", "127.0.0.1:1": "{:connect=>false}", "nosuch.invalid:1": "{:connect=>false}",
		"localhost": "error", "localhost:x": "error",
	} {
		m, err := reachable{}.Query(t.Context(), mco.String(query))
		got := "error"
		if err == nil {
			got = inspect.Text(mco.Hash(m))
		}
		if got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
}

func TestChecksum(t *testing.T) {
	// The example of RFC 1071, section 3: its sum is ddf2.
	if got := fmt.Sprintf("%04x", ^checksum([]byte{0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7})); got != "ddf2" {
		t.Error(got)
	}
	m := newEcho(echoRequest4)
	if checksum(m) != 0 {
		t.Error("the checksum over a message with its checksum is not 0")
	}
	answer := append([]byte{echoReply4}, m[1:]...)
	if !isAnswer(answer, m, echoReply4) || isAnswer(m, m, echoReply4) || isAnswer(answer[:8], m, echoReply4) {
		t.Error("the answer is not told from others")
	}
	if strings.Contains(string(newEcho(echoRequest4)), string(m[4:])) {
		t.Error("two requests are alike")
	}
}
