package lab

import (
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Inside runs do on a thread that is on the host's network: a socket that do opens belongs there, for its whole life. do must not start
// goroutines that open sockets.
func (h *Host) Inside(do func() error) error {
	result := make(chan error)
	go func() {
		// The thread is given up when this goroutine ends: it would come back to a wrong network.
		runtime.LockOSThread()
		theirs, err := os.Open("/proc/" + strconv.Itoa(h.PID()) + "/ns/net")
		if err != nil {
			result <- err
			return
		}
		err = unix.Setns(int(theirs.Fd()), unix.CLONE_NEWNET)
		if err = errors.Join(err, theirs.Close()); err != nil {
			result <- fmt.Errorf("enter the network of %s: %w", h.Name, err)
			return
		}
		result <- do()
	}()
	return <-result
}

// Dial opens a connection from the host. The address is a number.
func (h *Host) Dial(network, addr string, limit time.Duration) (c net.Conn, err error) {
	err = h.Inside(func() error {
		c, err = net.DialTimeout(network, addr, limit)
		return err
	})
	return c, err
}

// Listen listens on the host.
func (h *Host) Listen(network, addr string) (l net.Listener, err error) {
	err = h.Inside(func() error {
		l, err = net.Listen(network, addr)
		return err
	})
	return l, err
}

// PID is a process of the host that lives as long as it does.
func (h *Host) PID() int { return h.holder.PID() }

// Do runs a program on the host to its end; what it prints is part of the error.
func (h *Host) Do(args ...string) error {
	if out, err := h.Command(args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s on %s: %w: %s", strings.Join(args, " "), h.Name, err, strings.TrimSpace(string(out)))
	}
	return nil
}

// Plug pulls the host's cable, or plugs it in.
func (h *Host) Plug(in bool) error {
	if h.hub == nil {
		return fmt.Errorf("%s has no cable", h.Name)
	}
	state := "down"
	if in {
		state = "up"
	}
	return h.hub.Do("ip", "link", "set", h.port, state)
}
