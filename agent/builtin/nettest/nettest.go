// Package nettest is the agent that tries the network from the node: an ICMP echo, and a TCP connection. The data plugin nettest filters
// by the latter.
//
// Names are resolved as all programs of the node resolve them; the original asks DNS alone.
//
// Source of the facts: mcollective-nettest-agent 4.1, agent/nettest.rb, util/nettest_agent.rb and data/nettest_data.rb.
package nettest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"time"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/agent/data"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/config"
	"github.com/mco-go/mco-go/mco/ddl"
)

// Name is what requests call the agent.
const Name = "nettest"

// How long the other side has to answer (agent/nettest.rb; net-ping's own for echoes).
const (
	connectTime = 2 * time.Second
	echoTime    = 5 * time.Second
)

// Agent is the agent nettest.
type Agent struct{ env agent.Environment }

var _ agent.Agent = (*Agent)(nil)

// New returns the agent; it is an [agent.Maker].
func New(env agent.Environment) (agent.Agent, error) { return &Agent{env: env}, nil }

// DDL describes the agent.
func (a *Agent) DDL() *ddl.DDL { return a.env.DDL() }

// Weakness says what the agent is where nobody is asked whether a caller may use it.
func (*Agent) Weakness() string {
	return "it connects to any address"
}

// Handle runs one action.
func (a *Agent) Handle(ctx context.Context, r *agent.Request, reply *agent.Reply) error {
	if r.Action != "ping" && r.Action != "connect" {
		return agent.UnknownAction(r)
	}
	addr, err := resolve(ctx, r.Text("fqdn"))
	if err != nil {
		return agent.Failf(mco.Aborted, "Cannot resolve hostname")
	}
	if r.Action == "ping" {
		rtt, err := echo(ctx, addr)
		if err != nil {
			a.env.Log.Debug(fmt.Sprintf("ping %s: %s", addr, err))
			return agent.Failf(mco.Aborted, "Cannot reach host")
		}
		reply.Set("rtt", mco.Float(float64(rtt)/float64(time.Millisecond)))
		return nil
	}
	port, _ := r.Value("port").AsInt()
	c := connect(ctx, addr, port)
	reply.Set("connect", mco.Bool(c.connected))
	reply.Set("connect_status", mco.String(c.status))
	if c.connected {
		reply.Set("connect_time", mco.Float(c.took.Seconds()))
	}
	return nil
}

// resolve returns the first address of a host, IPv4 before IPv6.
func resolve(ctx context.Context, host string) (netip.Addr, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr, nil
	}
	var addrs []netip.Addr
	var err error
	for _, network := range []string{"ip4", "ip6"} {
		if addrs, err = net.DefaultResolver.LookupNetIP(ctx, network, host); err == nil && len(addrs) > 0 {
			return addrs[0].Unmap(), nil
		}
	}
	return netip.Addr{}, errors.Join(errors.New("no address of "+host), err)
}

// connection is what came of a try.
type connection struct {
	connected bool
	status    string
	took      time.Duration
}

func connect(ctx context.Context, addr netip.Addr, port int64) connection {
	if port < 1 || port > 65535 {
		return connection{status: "Connection Refused"} // by ourselves: no such port
	}
	d := net.Dialer{Timeout: connectTime}
	start := time.Now()
	conn, err := d.DialContext(ctx, "tcp", netip.AddrPortFrom(addr, uint16(port)).String())
	took := time.Since(start)
	if err != nil {
		if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
			return connection{status: "Connection Timeout"}
		}
		return connection{status: "Connection Refused"}
	}
	_ = conn.Close()
	return connection{true, "Connected", took}
}

// Data returns the data plugin nettest.
func Data(*config.Config) ([]data.Plugin, error) { return []data.Plugin{reachable{}}, nil }

// reachable tells whether host:port can be connected to (data/nettest_data.rb).
type reachable struct{}

func (reachable) Name() string { return Name }

func (reachable) Query(ctx context.Context, query mco.Value) (*mco.Map, error) {
	text, _ := query.AsString()
	host, service, err := net.SplitHostPort(text)
	if err != nil {
		return nil, err
	}
	port, err := strconv.ParseInt(service, 10, 32)
	if err != nil {
		return nil, err
	}
	c := connection{}
	if addr, err := resolve(ctx, host); err == nil {
		c = connect(ctx, addr, port)
	}
	answer := mco.SymbolMap(1)
	answer.SetSymbol("connect", mco.Bool(c.connected))
	return answer, nil
}
