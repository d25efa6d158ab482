package lab

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// The users of a broker's management API, whose password is [Broker.Password].
const (
	Administrator = "administrator" // may do everything
	Monitor       = "monitor"       // has the tag monitoring and may enter the vhost, and may touch nothing in it
)

// tickTime is after how many seconds the nodes of a cluster hold one that says nothing for gone.
const tickTime = 4

// cluster is what the nodes of one RabbitMQ cluster have in common.
type cluster struct {
	nodes    []string
	epmdPort string
	cookie   string
	first    chan struct{} // closed when the first node runs, or will not
}

// turn lets the first node of a cluster start, and then the others at once: nodes that see nobody each make a cluster of their own. What it
// returns is to be called when the node runs. A broker of no cluster has no turn.
func (c *cluster) turn(member int) (done func()) {
	switch {
	case c == nil:
	case member == 0:
		return func() { close(c.first) }
	default:
		<-c.first
	}
	return func() {}
}

// newCluster starts the port mapper of a cluster of n nodes, which ends with the test.
func newCluster(t testing.TB, n int) *cluster {
	t.Helper()
	port, err := FreePort()
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{epmdPort: strconv.Itoa(port), cookie: "laboratory", first: make(chan struct{})}
	for i := range n {
		c.nodes = append(c.nodes, fmt.Sprintf("rabbit%d@localhost", i+1))
	}
	p, err := startEpmd(nil, "epmd", filepath.Join(t.TempDir(), "epmd.log"), c.epmdPort)
	if err != nil {
		t.Fatal(err)
	}
	keep(t, p)
	return c
}

// conf is what makes nodes find each other.
func (c *cluster) conf() string {
	var b strings.Builder
	fmt.Fprintf(&b, "cluster_formation.peer_discovery_backend = classic_config\nnet_ticktime = %d\n", tickTime)
	for i, n := range c.nodes {
		fmt.Fprintf(&b, "cluster_formation.classic_config.nodes.%d = %s\n", i+1, n)
	}
	return b.String()
}

// startEpmd starts a port mapper on a host; nil is this machine.
func startEpmd(h *Host, name, logFile, port string) (*Process, error) {
	return startProcess(name, logFile, h.command("epmd", "-port", port, "-address", "127.0.0.1"))
}
