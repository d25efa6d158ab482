package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/mco-go/mco-go/mco/connector"
	"github.com/mco-go/mco-go/mco/logging"
)

// systemd tells the service manager how the daemon is (sd_notify(3)): ready, alive, stopping. Without NOTIFY_SOCKET it tells nobody.
type systemd struct {
	socket   string
	watchdog time.Duration // how often it wants to hear that we are alive; 0: never
}

// healthy is what the watchdog asks of a daemon.
type healthy interface {
	Alive() error
	Status() connector.Status
}

// underSystemd reads the environment, and takes it away: what the daemon starts must not speak for it.
func underSystemd() systemd {
	s := systemd{socket: os.Getenv("NOTIFY_SOCKET")}
	if pid := os.Getenv("WATCHDOG_PID"); pid == "" || pid == strconv.Itoa(os.Getpid()) {
		if n, err := strconv.ParseInt(os.Getenv("WATCHDOG_USEC"), 10, 64); err == nil && n > 0 {
			s.watchdog = time.Duration(n) * time.Microsecond
		}
	}
	for _, name := range []string{"NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC"} {
		// Unsetenv fails for names that are none.
		_ = os.Unsetenv(name)
	}
	return s
}

// tell sends one state, such as READY=1.
func (s systemd) tell(state string) error {
	if s.socket == "" {
		return nil
	}
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: s.socket, Net: "unixgram"}) // a name that begins with @ is abstract
	if err != nil {
		return fmt.Errorf("tell systemd: %w", err)
	}
	defer c.Close()
	if _, err := c.Write([]byte(state)); err != nil {
		return fmt.Errorf("tell systemd: %w", err)
	}
	return nil
}

// watch tells that the daemon runs, and twice in each interval of the watchdog that it is alive, as long as it is: a daemon whose loops
// hang falls silent and is started again. It returns when ctx ends.
func (s systemd) watch(ctx context.Context, log *logging.Logger, d healthy) {
	say := func(state string) {
		if err := s.tell(state); err != nil {
			log.Warn(err.Error())
		}
	}
	if s.socket == "" {
		return
	}
	say("READY=1")
	defer say("STOPPING=1")
	if s.watchdog == 0 {
		<-ctx.Done()
		return
	}
	next := time.NewTicker(s.watchdog / 2)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-next.C:
		}
		if err := d.Alive(); err != nil {
			log.Error(fmt.Sprintf("Not telling the watchdog that all is well: %s", err))
			continue
		}
		status := d.Status()
		say(fmt.Sprintf("WATCHDOG=1\nSTATUS=%s %s", status.State, status.Broker))
	}
}
