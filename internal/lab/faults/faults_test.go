package faults_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/lab/faults"
	"github.com/mco-go/mco-go/internal/lab/history"
)

const port = 7007

// pair is two hosts on a bridge; there answers with what it gets.
type pair struct{ here, there *lab.Host }

func newPair(t *testing.T) *pair {
	t.Helper()
	n := lab.NewNetwork(t)
	p := &pair{n.Host(t, "here", "", netip.MustParsePrefix("192.0.2.1/24")), n.Host(t, "there", "", netip.MustParsePrefix("192.0.2.2/24"))}
	l, err := p.there.Listen("tcp", fmt.Sprintf("0.0.0.0:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	echoed := make(chan struct{})
	go func() {
		defer close(echoed)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(c, c); _ = c.Close() }()
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-echoed })
	return p
}

func (p *pair) dial(t *testing.T, limit time.Duration) (net.Conn, error) {
	t.Helper()
	c, err := p.here.Dial("tcp", fmt.Sprintf("%s:%d", p.there.Address, port), limit)
	if err == nil {
		t.Cleanup(func() { _ = c.Close() })
	}
	return c, err
}

// echo tells whether a byte comes back within limit.
func echo(c net.Conn, limit time.Duration) error {
	if err := c.SetDeadline(time.Now().Add(limit)); err != nil {
		return err
	}
	if _, err := c.Write([]byte("x")); err != nil {
		return err
	}
	_, err := io.ReadFull(c, make([]byte, 1))
	return err
}

const silence = 300 * time.Millisecond

// Each fault of the network takes from a connection that stands, and from one that is new, what its name says, and gives it back.
func TestNetworkFaults(t *testing.T) {
	lab.Need(t, lab.Superuser, lab.NetFilter)
	p := newPair(t)
	tests := []struct {
		fault            faults.Fault
		standing, opened bool // whether they work under the fault
	}{
		{faults.Drop(p.there, 0, faults.Both), false, false},
		{faults.Drop(p.there, 0, faults.In, p.here.Address), false, false},
		{faults.Drop(p.there, 0, faults.Out, p.here.Address), false, false},
		{faults.Drop(p.there, 0, faults.Both, netip.MustParseAddr("192.0.2.77")), true, true},
		{faults.BlackHole(p.there, 0, port), true, false},
		{faults.BlackHole(p.there, 0, port+1), true, true},
		{faults.NoRoute(p.here, 0, p.there.Address), false, false},
		{faults.LinkDown(p.there, 0), false, false},
		{faults.Loss(p.there, 0, 99), false, false},
		{faults.Rate(p.there, 0, 64), true, true},
	}
	for _, tt := range tests {
		t.Run(tt.fault.Name, func(t *testing.T) {
			c, err := p.dial(t, 5*time.Second)
			if err != nil {
				t.Fatal(err)
			}
			if err := tt.fault.Available(t); err != nil {
				t.Fatal(err)
			}
			heal, err := tt.fault.Inject(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := echo(c, silence); (err == nil) != tt.standing {
				t.Errorf("a connection that stands: %v, want it to work: %v", err, tt.standing)
			}
			if _, err := p.dial(t, silence); (err == nil) != tt.opened {
				t.Errorf("a new connection: %v, want it to work: %v", err, tt.opened)
			}
			if err := errors.Join(heal(), heal()); err != nil {
				t.Error(err)
			}
			lab.Wait(t, "the way to be free", 5*time.Second, func() error {
				c, err := p.dial(t, time.Second)
				if err != nil {
					return err
				}
				return echo(c, time.Second)
			})
		})
	}
}

func TestFlapping(t *testing.T) {
	lab.Need(t, lab.Superuser)
	p := newPair(t)
	times := make(chan int, 100)
	heal, err := faults.Flapping(p.there, 0, 30*time.Millisecond, 20*time.Millisecond, func(n int) { times <- n }).Inject(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for want := range 3 {
		if got := <-times; got != want+1 {
			t.Errorf("flap %d, want %d", got, want+1)
		}
	}
	if err := heal(); err != nil {
		t.Fatal(err)
	}
	if _, err := p.dial(t, 5*time.Second); err != nil {
		t.Errorf("after it was healed: %v", err)
	}
}

// sleeper is a process that does what the shell is told.
func sleeper(t *testing.T, script string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("sh", "-c", script)
	ended := make(chan error, 1)
	if err := lab.Leash(cmd, func(err error) { ended <- err }); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); <-ended })
	return cmd
}

func TestLimits(t *testing.T) {
	lab.Need(t, lab.Superuser)
	pid := sleeper(t, "sleep 60").Process.Pid
	own := func() int { return pid }
	t.Run("descriptors", func(t *testing.T) {
		now := func() (l unix.Rlimit) {
			if err := unix.Prlimit(pid, unix.RLIMIT_NOFILE, nil, &l); err != nil {
				t.Fatal(err)
			}
			return l
		}
		before := now()
		heal, err := faults.FDs(own, 0, 32).Inject(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got := now().Cur; got != 32 {
			t.Errorf("limit %d, want 32", got)
		}
		if err := heal(); err != nil || now() != before {
			t.Errorf("healed: %v, limit %+v, want %+v", err, now(), before)
		}
	})
	for name, f := range map[string]faults.Fault{"memory": faults.Memory(own, 0, 64<<20), "cpu": faults.CPU(own, 0, 1)} {
		t.Run(name, func(t *testing.T) {
			if err := f.Available(t); err != nil {
				t.Fatal(err)
			}
			groups := func() string {
				b, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
				if err != nil {
					t.Fatal(err)
				}
				return string(b)
			}
			before := groups()
			heal, err := f.Inject(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(strings.Split(groups(), "\n"), func(line string) bool {
				return strings.Contains(line, ":"+name+":/mco-lab-")
			}) {
				t.Errorf("not in a group of its own:\n%s", groups())
			}
			if err := heal(); err != nil || groups() != before {
				t.Errorf("healed: %v, groups\n%s\nbefore\n%s", err, groups(), before)
			}
		})
	}
}

// What a test forgets to heal is healed, and the history tells of it.
func TestInjectorHeals(t *testing.T) {
	lab.Need(t, lab.Superuser, lab.NetFilter)
	p := newPair(t)
	var file bytes.Buffer
	t.Run("forgets", func(t *testing.T) {
		in := faults.NewInjector(t, history.NewRecord(&file, history.Injector, time.Now()))
		in.Make(faults.LinkDown(p.there, 2))
		in.Make(faults.BlackHole(p.there, 1, port))()
	})
	if _, err := p.dial(t, 5*time.Second); err != nil {
		t.Errorf("after the test: %v", err)
	}
	events, err := history.Read(&file)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range events {
		got = append(got, fmt.Sprint(e.What, " ", e.Who, " ", e.Broker))
	}
	want := []string{"injected link down at there 2", "injected black hole at there 1", "healed black hole at there 1", "healed link down at there 2"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
