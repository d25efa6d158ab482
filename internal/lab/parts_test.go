package lab_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
)

// echo starts a server that sends every line back, and returns its address.
func echo(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(c, c)
				_ = c.Close()
			}()
		}
	}()
	return l.Addr().String()
}

func TestProxyFaults(t *testing.T) {
	lab.Leaks(t)
	p := lab.NewProxy(t, echo(t))
	dial := func() (net.Conn, *bufio.Reader) {
		t.Helper()
		c, err := net.Dial("tcp", p.Address())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c, bufio.NewReader(c)
	}
	say := func(c net.Conn, r *bufio.Reader, limit time.Duration) (string, error) {
		if _, err := io.WriteString(c, "hello\n"); err != nil {
			return "", err
		}
		if err := c.SetReadDeadline(time.Now().Add(limit)); err != nil {
			return "", err
		}
		return r.ReadString('\n')
	}
	c, r := dial()
	if got, err := say(c, r, time.Second); got != "hello\n" || err != nil {
		t.Fatalf("without a fault: %q, %v", got, err)
	}

	p.Set(lab.BlackHole)
	if got, err := say(c, r, 50*time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("black hole: %q, %v, want silence", got, err)
	}
	p.Set(lab.NoFault)
	if err := c.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if got, err := r.ReadString('\n'); got != "hello\n" || err != nil {
		t.Errorf("after the black hole: %q, %v, want what was held back", got, err)
	}

	p.Set(lab.Fault{Name: "corrupt", Change: func(toServer bool, b []byte) []byte {
		if toServer {
			b[0] ^= 'h' ^ 'j'
		}
		return b
	}})
	if got, err := say(c, r, time.Second); got != "jello\n" || err != nil {
		t.Errorf("corrupt: %q, %v", got, err)
	}

	const late, size = 100 * time.Millisecond, 2 << 20
	narrow := size / (32 << 10) * late // if each piece waited for the one before
	p.Set(lab.Fault{Name: "delay", Delay: func() time.Duration { return late }})
	began := time.Now()
	if err := c.SetDeadline(began.Add(2 * narrow)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write(make([]byte, size)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(io.Discard, r, size); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < 2*late || took >= narrow {
		t.Errorf("delay: 2 MiB there and back took %v, want more than %v and less than the %v of a narrow line", took, 2*late, narrow)
	}
	p.Set(lab.NoFault)

	p.Cut()
	if _, err := say(c, r, time.Second); err == nil {
		t.Error("cut: the connection still stands")
	}
	lab.Wait(t, "no connections", time.Second, func() error {
		if n := p.Connections(); n != 0 {
			return errors.New("some left")
		}
		return nil
	})

	p.Set(lab.Refusing)
	c, r = dial()
	if _, err := say(c, r, time.Second); err == nil {
		t.Error("refusing: got an answer")
	}
}

func TestSamplerSeesCloseWait(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := lab.Sample(os.Getpid())
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	peer, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if err := peer.Close(); err != nil { // c does not read, and so stays in CLOSE_WAIT
		t.Fatal(err)
	}
	lab.Wait(t, "CLOSE_WAIT", time.Second, func() error {
		for _, sock := range lab.Sockets(os.Getpid()) {
			if sock.State == "CLOSE_WAIT" && sock.Remote == l.Addr().String() {
				return nil
			}
		}
		return errors.New("no socket in CLOSE_WAIT")
	})
	begin := time.Now()
	lab.Wait(t, "half a second of it", 5*time.Second, func() error {
		if time.Since(begin) < 500*time.Millisecond {
			return errors.New("too early")
		}
		return nil
	})
	longest, samples := s.Stop()
	if d := longest[os.Getpid()]; d < 300*time.Millisecond || samples < 4 {
		t.Errorf("CLOSE_WAIT for %v in %d samples, want some half a second", d, samples)
	}
}

func TestChildren(t *testing.T) {
	cmd := exec.Command("sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if got := lab.Children(os.Getpid()); len(got) == 0 {
		t.Errorf("children %v, want %d among them", got, cmd.Process.Pid)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	for _, pid := range lab.Children(os.Getpid()) {
		if pid == cmd.Process.Pid {
			t.Errorf("child %d is counted after its end", pid)
		}
	}
}

// TestNothingOutlivesAKilledTest runs a test binary that starts a broker, kills it, and looks for the broker's port.
func TestNothingOutlivesAKilledTest(t *testing.T) {
	lab.Need(t, lab.ActiveMQServer)
	if os.Getenv("MCO_LAB_VICTIM") != "" {
		b := lab.ActiveMQ(t, lab.BrokerOptions{})
		if _, err := os.Stdout.WriteString("listening " + b.Addr() + "\n"); err != nil {
			t.Fatal(err)
		}
		select {} // until killed
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestNothingOutlivesAKilledTest$")
	cmd.Env = append(os.Environ(), "MCO_LAB_VICTIM=1", "TMPDIR="+t.TempDir())
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var addr string
	for lines := bufio.NewScanner(out); addr == "" && lines.Scan(); {
		if word, rest, ok := strings.Cut(lines.Text(), " "); ok && word == "listening" {
			addr = rest
		}
	}
	if addr == "" {
		t.Fatalf("the victim started no broker: %v", cmd.Wait())
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	lab.Wait(t, "the broker to be gone", 5*time.Second, func() error {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			return nil
		}
		_ = c.Close()
		return errors.New("it still listens")
	})
}
