package broker_test

import (
	"fmt"
	"io"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-stomp/stomp/v3/frame"
	"github.com/google/go-cmp/cmp"

	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/mco/broker"
)

// dialogues are played with RabbitMQ and with the dev broker, a step a line: who, command, headers, and behind | the body. Every step
// waits for its answer, which is CONNECTED or a receipt. `who ? n` waits for n messages, `who ? ERROR` for an error, which ends the
// dialogue. GEN1 is the first name of a queue that the broker made up; HELLO are the login, passcode and host that are let in.
var dialogues = []struct{ name, steps string }{
	{"STOMP 1.0", "c CONNECT HELLO"},
	{"STOMP 1.1", "c CONNECT HELLO accept-version:1.1,1.0 heart-beat:3000,4000"},
	{"STOMP 1.2", "c STOMP HELLO accept-version:1.0,1.1,1.2 heart-beat:0,0"},
	{"no common version", "c CONNECT! HELLO accept-version:3\nc ? ERROR"},
	{"wrong password", "c CONNECT! login:mcollective passcode:x host:/mcollective\nc ? ERROR"},
	{"no login", "c CONNECT! host:/mcollective\nc ? ERROR"},
	{"unknown vhost", "c CONNECT! login:mcollective passcode:marionette host:/nosuch\nc ? ERROR"},
	{"SEND before CONNECT", "c SEND! destination:/queue/x |hi\nc ? ERROR"},

	{"broadcast and reply", `n CONNECT HELLO accept-version:1.1
		c CONNECT HELLO accept-version:1.1
		n SUBSCRIBE id:a destination:/exchange/mcollective_broadcast/ping reply-to:/temp-queue/mcollective_reply_ping
		c SEND destination:/exchange/mcollective_broadcast/ping reply-to:/temp-queue/mcollective_reply_ping expiration:70000 mc_sender:c x-own:1 |ask
		n ? 1
		n SEND destination:/reply-queue/GEN1 expiration:70000 mc_sender:n |answer
		c ? 1
		c SEND destination:/exchange/mcollective_broadcast/ping reply-to:/temp-queue/mcollective_reply_ping |again
		n ? 1`},
	{"one who asked has gone", `n CONNECT HELLO accept-version:1.1
		c CONNECT HELLO accept-version:1.1
		n SUBSCRIBE id:a destination:/exchange/mcollective_broadcast/gone
		c SEND destination:/exchange/mcollective_broadcast/gone reply-to:/temp-queue/a |ask
		n ? 1
		c DISCONNECT
		n SEND destination:/reply-queue/GEN1 |answer
		n SEND destination:/reply-queue/amq.gen-nosuch |answer`},
	{"other places to reply to", `n CONNECT HELLO accept-version:1.1
		n SUBSCRIBE id:a destination:/topic/places
		n SEND destination:/topic/places reply-to:/queue/x |1
		n SEND destination:/topic/places reply-to:/exchange/mcollective_reply/c_1_2 |2
		n SEND destination:/topic/places reply-to:/topic/x |3
		n SEND destination:/topic/places reply-to:/reply-queue/x |4
		n ? 4`},
	{"reply exchange", `c CONNECT HELLO accept-version:1.1
		c SUBSCRIBE id:mcollective_ping_replies destination:/exchange/mcollective_reply/c_1_2
		c SEND destination:/exchange/mcollective_reply/c_1_2 |answer
		c ? 1`},
	{"one key for all agents", `n CONNECT HELLO accept-version:1.1
		n SUBSCRIBE id:a destination:/exchange/us_broadcast
		n SEND destination:/exchange/us_broadcast/x |not here
		n SEND destination:/exchange/us_broadcast |here
		n ? 1`},
	{"wildcards", `n CONNECT HELLO accept-version:1.1
		n SUBSCRIBE id:star destination:/exchange/eu_broadcast/*
		n SUBSCRIBE id:many destination:/exchange/eu_broadcast/#
		n SUBSCRIBE id:a.many destination:/exchange/eu_broadcast/a.#
		n SUBSCRIBE id:many.c destination:/exchange/eu_broadcast/#.c
		n SUBSCRIBE id:two destination:/exchange/eu_broadcast/*.*
		n SUBSCRIBE id:amid destination:/exchange/eu_broadcast/#.a.#.b.#
		n SEND destination:/exchange/eu_broadcast/a |1
		n ? 3
		n SEND destination:/exchange/eu_broadcast/a.b.c |2
		n ? 4
		n SEND destination:/exchange/eu_broadcast/a. |3
		n ? 3
		n SEND destination:/exchange/eu_broadcast |4
		n ? 1
		n SEND destination:/exchange/eu_broadcast/# |5
		n ? 2
		n SEND destination:/exchange/eu_broadcast/x.b.a |6
		n ? 1`},
	{"direct exchange", `n CONNECT HELLO accept-version:1.1
		n SUBSCRIBE id:a destination:/exchange/mcollective_directed/*
		n SUBSCRIBE id:b destination:/exchange/mcollective_directed/Node
		n SUBSCRIBE id:c destination:/exchange/mcollective_directed/Node
		n SEND destination:/exchange/mcollective_directed/node |1
		n SEND destination:/exchange/mcollective_directed/Node |2
		n ? 2
		n SEND destination:/exchange/mcollective_directed/* |3
		n ? 1`},
	{"topics", `n CONNECT HELLO accept-version:1.1
		n SUBSCRIBE id:a destination:/topic/t.b
		n SUBSCRIBE id:b destination:/topic/t.*
		n SEND destination:/topic/t.b |1
		n ? 2`},
	{"queues take turns", `n CONNECT HELLO accept-version:1.1
		m CONNECT HELLO accept-version:1.1
		n SEND destination:/queue/turns |1
		n SEND destination:/queue/turns |2
		m SUBSCRIBE id:a destination:/queue/turns
		m ? 2
		n SUBSCRIBE id:a destination:/queue/turns
		m SEND destination:/queue/turns |3
		m ? 1
		m SEND destination:/queue/turns |4
		n ? 1`},
	{"expired in a queue", `n CONNECT HELLO accept-version:1.1
		n SEND destination:/queue/expired expiration:0 |1
		n SEND destination:/queue/expired |2
		n SUBSCRIBE id:a destination:/queue/expired
		n ? 1`},
	{"expiration of none", `n CONNECT HELLO accept-version:1.1
		n SUBSCRIBE id:a destination:/queue/now
		n SEND destination:/queue/now expiration:0 |1
		n ? 1`},
	{"no number in expiration", "n CONNECT HELLO accept-version:1.1\nn SEND! destination:/queue/x expiration:x |1\nn ? ERROR"},

	{"missing exchange to send to", "n CONNECT HELLO accept-version:1.1\nn SEND! destination:/exchange/nosuch/x |1\nn ? ERROR"},
	{"missing exchange to subscribe to", "n CONNECT HELLO accept-version:1.1\nn SUBSCRIBE! id:a destination:/exchange/asia_broadcast/x\nn ? ERROR"},
	{"exchange without a name", "n CONNECT HELLO accept-version:1.1\nn SEND! destination:/exchange/ |1\nn ? ERROR"},
	{"exchange and nothing more", "n CONNECT HELLO accept-version:1.1\nn SEND! destination:/exchange |1\nn ? ERROR"},
	{"key with a slash", "n CONNECT HELLO accept-version:1.1\nn SEND! destination:/exchange/mcollective_directed/a/b |1\nn ? ERROR"},
	{"key with a slash in its other form", `n CONNECT HELLO accept-version:1.1
		n SUBSCRIBE id:a destination:/exchange/mcollective_directed/a%2Fb
		n SEND destination:/exchange/mcollective_directed/a%2Fb |1
		n ? 1`},
	{"queue with a slash", "n CONNECT HELLO accept-version:1.1\nn SUBSCRIBE! id:a destination:/queue/a/b\nn ? ERROR"},
	{"topic without a name", "n CONNECT HELLO accept-version:1.1\nn SUBSCRIBE! id:a destination:/topic/\nn ? ERROR"},
	{"unknown kind to send to", "n CONNECT HELLO accept-version:1.1\nn SEND! destination:/nosuch/x |1\nn ? ERROR"},
	{"unknown kind to subscribe to", "n CONNECT HELLO accept-version:1.1\nn SUBSCRIBE! id:a destination:/nosuch/x\nn ? ERROR"},
	{"no destination to send to", "n CONNECT HELLO accept-version:1.1\nn SEND! |1\nn ? ERROR"},
	{"no destination to subscribe to", "n CONNECT HELLO accept-version:1.1\nn SUBSCRIBE! id:a\nn ? ERROR"},
	{"temp-queue to send to", "n CONNECT HELLO accept-version:1.1\nn SEND! destination:/temp-queue/a |1\nn ? ERROR"},
	{"temp-queue to subscribe to", "n CONNECT HELLO accept-version:1.1\nn SUBSCRIBE! id:a destination:/temp-queue/a\nn ? ERROR"},
	{"message-id to send", "n CONNECT HELLO accept-version:1.1\nn SEND! destination:/topic/x message-id:1 |1\nn ? ERROR"},
	{"transaction that was not begun", "n CONNECT HELLO accept-version:1.1\nn SEND! destination:/topic/x transaction:t |1\nn ? ERROR"},
	{"transaction without a name", "n CONNECT HELLO accept-version:1.1\nn BEGIN!\nn ? ERROR"},
	{"transaction begun twice", "n CONNECT HELLO accept-version:1.1\nn BEGIN transaction:t\nn BEGIN transaction:t"},

	{"subscription without id", `n CONNECT HELLO
		n SUBSCRIBE destination:/topic/without
		n SEND destination:/topic/without |1
		n ? 1
		n UNSUBSCRIBE destination:/topic/without
		n SEND destination:/topic/without |2`},
	{"subscription with id under 1.0", `n CONNECT HELLO
		n SUBSCRIBE id:a destination:/topic/with
		n SEND destination:/topic/with |1
		n ? 1
		n UNSUBSCRIBE id:a
		n SEND destination:/topic/with |2`},
	{"unsubscribed", `n CONNECT HELLO accept-version:1.1
		n SUBSCRIBE id:a destination:/exchange/mcollective_broadcast/un
		n SUBSCRIBE id:b destination:/exchange/mcollective_broadcast/un
		n UNSUBSCRIBE id:a
		n SEND destination:/exchange/mcollective_broadcast/un |1
		n ? 1`},
	{"one id twice", "n CONNECT HELLO accept-version:1.1\nn SUBSCRIBE id:a destination:/topic/x\nn SUBSCRIBE! id:a destination:/topic/y\nn ? ERROR"},
	{"no id twice", "n CONNECT HELLO accept-version:1.1\nn SUBSCRIBE destination:/topic/x\nn SUBSCRIBE! destination:/topic/x\nn ? ERROR"},
	{"unknown id", "n CONNECT HELLO accept-version:1.1\nn UNSUBSCRIBE! id:a\nn ? ERROR"},
	{"unknown destination", "n CONNECT HELLO accept-version:1.1\nn SUBSCRIBE id:a destination:/topic/x\nn UNSUBSCRIBE! destination:/topic/x\nn ? ERROR"},
	{"neither id nor destination", "n CONNECT HELLO accept-version:1.1\nn UNSUBSCRIBE!\nn ? ERROR"},

	{"escapes", `n CONNECT HELLO accept-version:1.1
		o CONNECT HELLO
		n SUBSCRIBE id:a destination:/topic/escapes
		o SUBSCRIBE id:a destination:/topic/escapes
		n SEND destination:/topic/escapes h1:a\cb h2:a\\b h3:a\nb h4:a:b |1
		n ? 1
		o ? 1
		o SEND destination:/topic/escapes h1:a\cb h2:a\\b h3:a\nb h4:a:b |2
		n ? 1
		o ? 1`},
	{"repeated header", `n CONNECT HELLO accept-version:1.1
		n SUBSCRIBE id:a destination:/topic/repeated
		n SEND destination:/topic/repeated x:1 x:2 x:1 content-type:text/plain priority:3 |1
		n ? 1`},
}

// RabbitMQ and the dev broker say the same.
func TestAsRabbitMQ(t *testing.T) {
	real := lab.RabbitMQ(t, lab.BrokerOptions{Collectives: []string{"mcollective", "eu", "us"}})
	dev, err := broker.Start(broker.Options{Login: real.User, Passcode: real.Password, VHosts: []string{real.VHost}, Collectives: []string{"mcollective", "eu", "us"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := dev.Close(); err != nil {
			t.Error(err)
		}
	})
	hello := strings.NewReplacer("HELLO", "login:"+real.User+" passcode:"+real.Password+" host:"+real.VHost)
	for _, d := range dialogues {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			steps := hello.Replace(d.steps)
			want, got := newStage(t, real.Addr()).play(steps), newStage(t, dev.Addr()).play(steps)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("- RabbitMQ, + the dev broker:\n%s", diff)
			}
		})
	}
}

// stage is one run of a dialogue.
type stage struct {
	t      *testing.T
	addr   string
	actors map[string]*actor
	names  map[string]string // what we call the names that the broker made up
	told   []string          // what it said
}

type actor struct {
	net.Conn
	r        *frame.Reader
	messages []string // that nobody has asked for yet
}

func newStage(t *testing.T, addr string) *stage {
	return &stage{t: t, addr: addr, actors: map[string]*actor{}, names: map[string]string{}}
}

// play returns all frames that the broker sent but receipts.
func (s *stage) play(steps string) []string {
	s.t.Helper()
	defer func() {
		for _, a := range s.actors {
			a.Close()
		}
	}()
	for line := range strings.Lines(steps) {
		head, body, _ := strings.Cut(strings.TrimSpace(line), "|")
		words := strings.Fields(head)
		who, command := words[0], words[1]
		a := s.actor(who)
		if command == "?" {
			s.hear(who, a, words[2])
			if words[2] == "ERROR" {
				return s.told
			}
			continue
		}
		text := strings.TrimSuffix(command, "!") + "\n" + strings.Join(words[2:], "\n") + "\n"
		for theirs, ours := range s.names {
			text = strings.ReplaceAll(text, ours, theirs)
		}
		answered, connect := !strings.HasSuffix(command, "!"), command == "CONNECT" || command == "STOMP"
		if answered && !connect {
			text += "receipt:" + command + "\n"
		}
		if len(words) == 2 { // no headers
			text = strings.Replace(text, "\n\n", "\n", 1)
		}
		if _, err := io.WriteString(a, text+"\n"+body+"\x00"); err != nil {
			s.t.Fatal(err)
		}
		switch {
		case answered && connect:
			s.hear(who, a, frame.CONNECTED)
		case answered:
			s.hear(who, a, frame.RECEIPT)
		}
	}
	for who, a := range s.actors { // nobody gets more
		s.told = append(s.told, a.messages...)
		_ = a.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		if f, err := a.r.Read(); err == nil && f != nil {
			s.told = append(s.told, s.show(who, f))
		}
	}
	return s.told
}

func (s *stage) actor(who string) *actor {
	a := s.actors[who]
	if a == nil {
		conn, err := net.Dial("tcp", s.addr)
		if err != nil {
			s.t.Fatal(err)
		}
		a = &actor{Conn: conn, r: frame.NewReader(conn)}
		s.actors[who] = a
	}
	return a
}

// hear reads until a frame of a kind, or that many messages: those that came in front of a receipt count. Messages of several
// subscriptions come in no order.
func (s *stage) hear(who string, a *actor, until string) {
	s.t.Helper()
	count, _ := strconv.Atoi(until)
	for count == 0 || len(a.messages) < count {
		_ = a.SetReadDeadline(time.Now().Add(10 * time.Second))
		f, err := a.r.Read()
		if err != nil {
			s.t.Fatalf("%s: %v; heard until then: %q", s.addr, err, append(s.told, a.messages...))
		}
		switch {
		case f == nil:
			continue
		case f.Command == frame.MESSAGE:
			a.messages = append(a.messages, s.show(who, f))
		case f.Command != frame.RECEIPT:
			s.told = append(s.told, s.show(who, f))
		}
		if f.Command == until {
			return
		}
		if f.Command == frame.ERROR {
			s.t.Fatalf("%s: %q", s.addr, s.told)
		}
	}
	slices.Sort(a.messages)
	s.told = append(s.told, a.messages...)
	a.messages = nil
}

var madeUp = regexp.MustCompile(`amq\.gen-[A-Za-z0-9_-]+`)

// show writes a frame down without what is of one run, or of RabbitMQ alone: it hands on a sender's wish for a receipt to the
// receivers, and counts among the kinds of destinations one that we have not.
func (s *stage) show(who string, f *frame.Frame) string {
	var headers []string
	for i := range f.Header.Len() {
		name, value := f.Header.GetAt(i)
		switch name {
		case "content-length", "receipt":
			continue
		case "server", "session", "message-id":
			value = strconv.FormatBool(value != "")
		}
		value = madeUp.ReplaceAllStringFunc(value, func(theirs string) string {
			if s.names[theirs] == "" {
				s.names[theirs] = fmt.Sprintf("GEN%d", len(s.names)+1)
			}
			return s.names[theirs]
		})
		headers = append(headers, name+":"+value)
	}
	slices.Sort(headers)
	return fmt.Sprintf("%s %s %q %q", who, f.Command, headers, strings.Replace(string(f.Body), "/amq/queue, ", "", 1))
}
