package acceptance

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/lab/wire"
)

var kinds = []lab.Kind{lab.RabbitMQKind, lab.ActiveMQKind}

// victim is one of our nodes at a broker that others use too.
type victim struct {
	*lab.Node
	broker *lab.Broker
	client *lab.Client
}

// victimOf names the node of a test, of which many use one broker at a time.
func victimOf(t *testing.T) string {
	return strings.ToLower(strings.Map(func(r rune) rune {
		if strings.ContainsRune(" /_", r) {
			return '-'
		}
		return r
	}, t.Name())) + ".example.net"
}

func newVictim(t *testing.T, kind lab.Kind) *victim {
	t.Helper()
	b := peers.Broker(t, kind)
	cfg := lab.Cfg{Brokers: []*lab.Broker{b}}
	v := &victim{broker: b, client: lab.GoMco(t, lab.ClientCfg{Cfg: cfg})}
	v.Node = lab.GoNode(t, lab.ServerCfg{Cfg: cfg, Identity: victimOf(t)})
	v.WaitReady(t, b, 30*time.Second)
	return v
}

// lives fails the test unless the node still runs, is the same process, and answers a ping.
func (v *victim) lives(t *testing.T) {
	t.Helper()
	v.Alive(t)
	if _, err := v.broker.Ready(v.Identity, "lab", 10*time.Second); err != nil {
		t.Errorf("the next ping: %v", err)
	}
}

func (v *victim) counted(t *testing.T, counter string) int {
	t.Helper()
	n, err := statistic(t, v.client, v.Identity, counter)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// refuses sends each payload to the node and expects of each: no reply, a warning that contains the text, and where a counter is
// named one more there; then an answer to the next ping. Its memory must not have grown by more than it may.
func (v *victim) refuses(t *testing.T, warning, counter string, payloads ...[]byte) {
	t.Helper()
	const growth = 64 << 20
	s, err := v.broker.Session(5 * time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Replies(string(v.broker.Kind), "mcollective", "fault"); err != nil {
		t.Fatal(err)
	}
	var before int
	if counter != "" {
		before = v.counted(t, counter)
	}
	memory := lab.RSS(v.PID())
	said := strings.Count(v.DaemonLog(), warning)
	for i, payload := range payloads {
		if err := s.Send(wire.Directed(string(v.broker.Kind), "mcollective", v.Identity, "fault", payload)); err != nil {
			t.Fatal(err)
		}
		lab.Wait(t, fmt.Sprintf("the node to refuse payload %d (%d bytes)", i, len(payload)), 10*time.Second, func() error {
			if n := strings.Count(v.DaemonLog(), warning); n != said+i+1 {
				return fmt.Errorf("its log says %q %d times, want %d", warning, n, said+i+1)
			}
			return nil
		})
	}
	v.lives(t)
	if f, err := s.Receive(100 * time.Millisecond); err == nil {
		t.Errorf("got a reply: %s %v %.200q", f.Command, f.Header, f.Body)
	}
	if counter != "" {
		if after := v.counted(t, counter); after != before+len(payloads) {
			t.Errorf("%s went from %d to %d, want %d more", counter, before, after, len(payloads))
		}
	}
	if now := lab.RSS(v.PID()); now > memory+growth {
		t.Errorf("memory went from %d to %d MiB", memory>>20, now>>20)
	}
}

// onBoth runs a test with a victim at each kind of broker.
func onBoth(t *testing.T, run func(*testing.T, *victim)) {
	for _, kind := range kinds {
		t.Run(string(kind), func(t *testing.T) { run(t, newVictim(t, kind)) })
	}
}

// ping returns the payload of a ping that r makes special.
func ping(r wire.Request) []byte {
	_, payload := r.Encode()
	return payload
}

func TestWrongPSK(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, v *victim) {
		v.refuses(t, "Received an invalid signature in message", "unvalidated", ping(wire.Request{Secret: "other"}), ping(wire.Request{Secret: "la"}))
		stranger := lab.GoMco(t, lab.ClientCfg{Cfg: lab.Cfg{Brokers: []*lab.Broker{v.broker}, Secret: "other"}})
		if out := stranger.Run(t, "ping", "-t", "1"); out.Exit != 4 || !strings.Contains(out.Stdout, "No responses received") {
			t.Errorf("mco ping with another secret: exit %d, want 4\n%s", out.Exit, out.All())
		}
		v.lives(t)
	})
}

func TestExpiredMessage(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, v *victim) {
		v.refuses(t, "seconds old, TTL is 10. Rejecting message.", "ttlexpired", ping(wire.Request{TTL: 10, Time: time.Now().Add(-time.Minute)}))
	})
}

func TestFutureMessage(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, v *victim) {
		v.refuses(t, "seconds in the future, at most 60 are accepted", "ttlexpired", ping(wire.Request{Time: time.Now().Add(time.Hour)}), ping(wire.Request{Time: time.Unix(1<<40, 0)}))
		// A clock that is a little ahead is no fault.
		if _, err := v.broker.Answers(v.Identity, wire.Request{Time: time.Now().Add(30 * time.Second)}, 10*time.Second); err != nil {
			t.Errorf("half a minute ahead: %v", err)
		}
	})
}

func TestRandomBytes(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, v *victim) {
		var payloads [][]byte
		for _, size := range []int{1, 2, 3, 100, 5000, 100_000} {
			noise := make([]byte, size)
			if _, err := rand.Read(noise); err != nil {
				t.Fatal(err)
			}
			whole := ping(wire.Request{})
			payloads = append(payloads, noise, append([]byte{4, 8}, noise...), whole[:len(whole)-min(size, len(whole)-1)])
		}
		v.refuses(t, "Failed to handle message", "", payloads...)
	})
}

// TestMarshalBombs sends what is small on the wire and large, deep or alive in a careless decoder's memory: as the envelope, and
// signed as a body.
func TestMarshalBombs(t *testing.T) {
	t.Parallel()
	bombs := map[string]string{
		"depth":               strings.Repeat("[\x06", 200_000) + "0",
		"array of a billion":  "[\x04\xff\xff\xff\x3f",
		"hash of a billion":   "{\x04\xff\xff\xff\x3f",
		"string of a billion": "I\"\x04\xff\xff\xff\x3f",
		"bignum of a billion": "l+\x04\xff\xff\xff\x3f",
		"negative length":     "[\xfc\x00\x00\x00\x80",
		"links that multiply": multiplying(40),
		"object":              "o:\x0bObject\x00",
		"struct":              "S:\x08Foo\x00",
		"class":               "c\x0bString",
		"user defined":        "Iu:\x11Gem::Version\x06a\x06:\x06ET",
		"user marshalled":     "U:\x15Gem::Requirement[\x06[\x00",
		"extended":            "e:\x0fComparableo:\x0bObject\x00",
		"unknown type":        "z",
		"link to nothing":     "@\x04\xff\xff\xff\x3f",
		"symbol of nothing":   ";\x04\xff\xff\xff\x3f",
	}
	onBoth(t, func(t *testing.T, v *victim) {
		for name, bomb := range bombs {
			t.Run(name, func(t *testing.T) {
				v.refuses(t, "Failed to handle message", "", append([]byte{4, 8}, bomb...), ping(wire.Request{Body: wire.Raw(bomb)}))
			})
		}
		t.Run("larger than a frame may be", func(t *testing.T) {
			// Nobody may take so much: the session ends, and the node comes back.
			s, err := v.broker.Session(5 * time.Second)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			large := ping(wire.Request{Body: strings.Repeat("x", 12<<20)})
			if err := s.Send(wire.Directed(string(v.broker.Kind), "mcollective", v.Identity, "fault", large)); err != nil {
				t.Fatal(err)
			}
			lab.Wait(t, "a word in the log", 10*time.Second, func() error {
				if !strings.Contains(v.DaemonLog(), "a frame has more than 8388608 bytes of body") {
					return errors.New("the log says nothing about a size")
				}
				return nil
			})
			v.lives(t)
		})
	})
}

// multiplying is an array of arrays, each of which holds the next one and a link to it: 2^n leaves in a few bytes. Objects are
// counted in the order in which they begin.
func multiplying(n int) string {
	var open, links string
	for i := range n {
		open += "[\x07"
		links = "@" + string([]byte{byte(i + 1 + 5)}) + links
	}
	return open + "[\x00" + links
}

func TestFrameThatLiesAboutItsSize(t *testing.T) {
	t.Parallel()
	b := peers.Broker(t, lab.RabbitMQKind)
	length := regexp.MustCompile(`content-length:\d+`)
	lies := []struct{ name, header string }{
		{"a gigabyte", "content-length:1500000000"},
		{"more than there is", "content-length:5000"},
		{"less than there is", "content-length:3"},
		{"negative", "content-length:-1"},
		{"beyond 64 bits", "content-length:99999999999999999999"},
		{"not a number", "content-length:many"},
	}
	for _, lie := range lies {
		t.Run(lie.name, func(t *testing.T) {
			p := lab.NewProxy(t, b.Addr())
			n := lab.GoNode(t, lab.ServerCfg{Identity: victimOf(t), Cfg: lab.Cfg{
				Pool: []lab.Member{p.Member(b)}, VHost: b.VHost, Extra: []string{"plugin.rabbitmq.heartbeat_interval = 2"}}})
			v := &victim{Node: n, broker: b}
			n.WaitReady(t, b, 30*time.Second)
			memory := lab.RSS(n.PID())
			p.Set(lab.Fault{Name: lie.name, Change: func(toServer bool, chunk []byte) []byte {
				if toServer || !bytes.Contains(chunk, []byte("MESSAGE\n")) {
					return chunk
				}
				return length.ReplaceAll(chunk, []byte(lie.header))
			}})
			s, err := b.Session(5 * time.Second)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			for range 3 {
				if err := s.Send(wire.Directed("rabbitmq", "mcollective", n.Identity, "lie", ping(wire.Request{}))); err != nil {
					t.Fatal(err)
				}
				if _, err := s.Receive(200 * time.Millisecond); err == nil {
					t.Error("a reply to a request whose frame lied")
				}
			}
			v.Alive(t)
			if now := lab.RSS(n.PID()); now > memory+64<<20 {
				t.Errorf("memory went from %d to %d MiB", memory>>20, now>>20)
			}
			p.Set(lab.NoFault)
			v.lives(t)
		})
	}
}

func TestNoiseInsteadOfFrames(t *testing.T) {
	t.Parallel()
	b := peers.Broker(t, lab.RabbitMQKind)
	p := lab.NewProxy(t, b.Addr())
	n := lab.GoNode(t, lab.ServerCfg{Identity: victimOf(t), Cfg: lab.Cfg{Pool: []lab.Member{p.Member(b)}, VHost: b.VHost}})
	n.WaitReady(t, b, 30*time.Second)
	memory := lab.RSS(n.PID())
	p.Set(lab.Fault{Name: "noise", Change: func(toServer bool, chunk []byte) []byte {
		if !toServer {
			noise := make([]byte, 64<<10) // no header of a frame may be so long either
			_, _ = rand.Read(noise)
			return bytes.ReplaceAll(noise, []byte{0}, []byte{'\n', 'a'})
		}
		return chunk
	}})
	s, err := b.Session(5 * time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Send(wire.Directed("rabbitmq", "mcollective", n.Identity, "noise", ping(wire.Request{}))); err != nil {
		t.Fatal(err)
	}
	lab.Wait(t, "the node to give the session up", 10*time.Second, func() error {
		if p.Accepted() < 2 {
			return errors.New("it did not connect again")
		}
		return nil
	})
	n.Alive(t)
	if now := lab.RSS(n.PID()); now > memory+64<<20 {
		t.Errorf("memory went from %d to %d MiB", memory>>20, now>>20)
	}
	p.Set(lab.NoFault)
	p.Cut()
	(&victim{Node: n, broker: b}).lives(t)
}
