package lab

import (
	"fmt"
	"net"
	"os"
	"sync/atomic"
)

// nextPort is where the search goes on, so that two starts at once do not find the same port. Ports lie under the range that the
// kernel takes for outgoing connections: a broker that is down for a while finds its own free when it comes back.
var nextPort atomic.Uint32

const (
	firstPort = 15000
	portCount = 15000
)

// FreePort returns a loopback port that nothing listens on.
func FreePort() (int, error) {
	nextPort.CompareAndSwap(0, uint32(os.Getpid()*131)%portCount+1)
	for range portCount {
		port := firstPort + int(nextPort.Add(1)%portCount)
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		return port, l.Close()
	}
	return 0, fmt.Errorf("no free port from %d to %d", firstPort, firstPort+portCount-1)
}

func freePorts(n int) ([]int, error) {
	ports := make([]int, n)
	for i := range ports {
		var err error
		if ports[i], err = FreePort(); err != nil {
			return nil, err
		}
	}
	return ports, nil
}
