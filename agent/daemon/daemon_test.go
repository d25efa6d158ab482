package daemon

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/connector"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestAnswersARequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := start(t, nil)
		r := l.request("say")
		l.send(r)
		synctest.Wait()
		reply, out := l.reply()
		if code, text := status(reply); code != 0 || text != "OK" {
			t.Errorf("status %d %s", code, text)
		}
		if reply.RequestID != r.ID || reply.Sender != "web1.example.net" || reply.Agent != "worker" || !reply.Time.Equal(time.Now()) {
			t.Errorf("envelope %+v", reply)
		}
		want := connector.Outgoing{Kind: connector.Replies, Collective: "mcollective", Agent: "worker", To: "/reply-queue/x", TTL: time.Minute}
		out.Payload = nil
		if out.Kind != want.Kind || out.Collective != want.Collective || out.Agent != want.Agent || out.To != want.To || out.TTL != want.TTL {
			t.Errorf("frame %+v, want %+v", out, want)
		}
		if err := l.end(); err != nil {
			t.Error(err)
		}
		if !l.bus.closed {
			t.Error("the connection was not closed")
		}
		s := l.daemon.Statistics()
		if s.Total != 1 || s.Validated != 1 || s.Passed != 1 || s.Replies != 1 || s.Filtered+s.Unvalidated+s.TTLExpired != 0 {
			t.Errorf("statistics %+v", s)
		}
	})
}

func TestSubscriptions(t *testing.T) {
	all := []string{"0 eu echo", "0 eu worker", "0 mcollective echo", "0 mcollective worker", "1 eu ", "1 mcollective "}
	for _, tc := range []struct {
		name   string
		direct bool
		want   []string
	}{
		{"with direct addressing", true, all},
		{"without", false, all[:4]},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := start(t, func(o *Options) { o.Direct = tc.direct })
				synctest.Wait()
				if got := l.bus.subscriptions(); !slices.Equal(got, tc.want) {
					t.Errorf("subscriptions %q, want %q", got, tc.want)
				}
				l.end()
			})
		})
	}
}

// Each row is one message that must not run; counts and log lines tell why.
func TestRefusals(t *testing.T) {
	for _, tc := range []struct {
		name    string
		change  func(*mco.Request)
		payload string
		log     string
		count   func(agent.Statistics) uint64
	}{
		{name: "forged", payload: "forged", count: func(s agent.Statistics) uint64 { return s.Unvalidated },
			log: "Failed to handle message: Received an invalid signature in message - MCollective::SecurityValidationFailed"},
		{name: "caller id", payload: "caller", count: func(s agent.Statistics) uint64 { return s.Validated },
			log: "callerid in request is not valid"},
		{name: "rubbish", payload: "\x00\xff", count: func(s agent.Statistics) uint64 { return s.Undecodable }, log: "Failed to handle message: malformed"},
		{name: "too large", payload: strings.Repeat("x", 101), count: func(s agent.Statistics) uint64 { return s.Undecodable }, log: "101 bytes, at most 100 are accepted"},
		{name: "expired", change: func(r *mco.Request) { r.Time = r.Time.Add(-61 * time.Second) }, count: func(s agent.Statistics) uint64 { return s.TTLExpired },
			log: "for agent 'worker' in collective 'mcollective' from uid=0@client.example.net created at 946684739 is 61 seconds old, TTL is 60. Rejecting message."},
		{name: "negative ttl", change: func(r *mco.Request) { r.TTL = -time.Second }, count: func(s agent.Statistics) uint64 { return s.TTLExpired },
			log: "is 0 seconds old, TTL is -1. Rejecting message."},
		{name: "from the future", change: func(r *mco.Request) { r.Time = r.Time.Add(62 * time.Second) }, count: func(s agent.Statistics) uint64 { return s.TTLExpired },
			log: "62 seconds in the future, at most 60 are accepted: compare the clocks. Rejecting message."},
		{name: "filter", change: func(r *mco.Request) { r.Filter = mco.Filter{Identities: []mco.Value{mco.String("other")}}.Value() },
			count: func(s agent.Statistics) uint64 { return s.Filtered }, log: "does not pass filters. Ignoring message."},
		{name: "broken filter", change: func(r *mco.Request) { r.Filter = mco.Int(5) }, count: func(s agent.Statistics) uint64 { return s.Validated },
			log: "Failed to handle message: no filter - RuntimeError"},
		{name: "unknown agent", change: func(r *mco.Request) { r.Agent = "nosuch" }, count: func(s agent.Statistics) uint64 { return s.Passed },
			log: "Execution of nosuch failed: No plugin nosuch_agent defined"},
		{name: "no rpc body", change: func(r *mco.Request) { r.Body = mco.String("ping") }, count: func(s agent.Statistics) uint64 { return s.Passed },
			log: "Execution of worker failed: the request's body is string, not a hash"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := start(t, func(o *Options) {
					o.MaxMessage = 100
					o.Match = func(r mco.Request) (bool, error) {
						if _, ok := r.Filter.AsMap(); !ok {
							return false, errors.New("no filter")
						}
						ids, _ := r.Filter.Field("identity").AsList()
						return len(ids) == 0, nil
					}
				})
				if tc.change != nil {
					r := l.request("say")
					tc.change(&r)
					l.send(r)
				} else {
					l.bus.in <- connector.Message{ReplyTo: "/reply-queue/x", Payload: []byte(tc.payload)}
				}
				synctest.Wait()
				l.silent()
				if s := l.daemon.Statistics(); tc.count(s) != 1 || s.Replies != 0 || s.Total != 1 {
					t.Errorf("statistics %+v", s)
				}
				if !strings.Contains(l.log.String(), tc.log) {
					t.Errorf("log has no %q:\n%s", tc.log, l.log)
				}
				// The node lives and answers the next one.
				l.send(l.request("say"))
				synctest.Wait()
				l.reply()
				l.end()
			})
		})
	}
}

func TestARepeatedRequestRunsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := start(t, nil)
		r := l.request("say")
		for range 3 {
			l.send(r)
		}
		synctest.Wait()
		l.reply()
		l.silent()
		if s := l.daemon.Statistics(); s.Repeated != 2 || s.Passed != 1 {
			t.Errorf("statistics %+v", s)
		}
		l.end()
	})
}

// What a signature covers is what a request is known by: another id, agent or filter makes no second request of it.
func TestASignedRequestRunsOnce(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*mco.Request)
		runs   uint64
	}{
		{"with another id", func(r *mco.Request) { r.ID = "other" }, 1},
		{"with another id and caller's signature", func(r *mco.Request) { r.ID, r.Signed = "other", "other" }, 2},
		{"to an agent that only answers", func(r *mco.Request) { r.ID, r.Agent = "other", "echo" }, 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := start(t, nil)
				r := l.request("say")
				r.Signed = "signed by uid=0"
				l.send(r)
				tc.change(&r)
				l.send(r)
				synctest.Wait()
				if s := l.daemon.Statistics(); s.Passed != tc.runs || s.Repeated != 2-tc.runs {
					t.Errorf("statistics %+v, want %d passed", s, tc.runs)
				}
				l.end()
			})
		})
	}
}

// A signed body says which agent it is for; the envelope, which everybody can change, must not say otherwise.
func TestASignedBodyIsForItsAgent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := start(t, nil)
		for i, signed := range []string{"signed", ""} {
			r := l.request("say")
			r.ID, r.Signed = fmt.Sprint(i), signed
			body, _ := r.Body.AsMap()
			body.SetSymbol("agent", mco.String("another"))
			l.send(r)
		}
		synctest.Wait()
		l.reply()
		l.silent()
		if want := "the body was signed for agent 'another'"; !strings.Contains(l.log.String(), want) {
			t.Errorf("the log does not say %q: %s", want, l.log.String())
		}
		l.end()
	})
}

func TestClocksThatDifferAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := start(t, nil)
		for _, ahead := range []time.Duration{5 * time.Second, 20 * time.Second, 30 * time.Second} {
			r := l.request("say")
			r.Time = r.Time.Add(ahead)
			l.send(r)
			synctest.Wait()
			l.reply()
		}
		l.end()
		log := l.log.String()
		if strings.Count(log, "The clock of") != 1 || !strings.Contains(log, "The clock of client.example.net is 20 seconds ahead of this node's") {
			t.Errorf("log:\n%s", log)
		}
	})
}

func TestInputsAreNotLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := start(t, nil)
		r := l.request("say", mco.Pair{Key: mco.Sym("secret"), Value: mco.String("hunter2")})
		r.Sender = "client\x1b[31m\nroot"
		l.send(r)
		synctest.Wait()
		l.reply()
		l.end()
		log := l.log.String()
		if strings.Contains(log, "hunter2") || strings.Contains(log, "\x1b") {
			t.Errorf("log shows what it must not:\n%s", log)
		}
		if want := "Handling message " + r.ID + " for agent 'worker' in collective 'mcollective' from uid=0@client"; !strings.Contains(log, want) ||
			!strings.Contains(log, "action=say inputs=secret") {
			t.Errorf("log has no %q:\n%s", want, log)
		}
	})
}

func TestNoReplyDestination(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := start(t, nil)
		payload, _ := l.keys.EncodeRequest(l.request("say"))
		l.bus.in <- connector.Message{Payload: payload}
		synctest.Wait()
		l.silent()
		if s := l.daemon.Statistics(); s.Unanswerable != 1 || s.Replies != 0 {
			t.Errorf("statistics %+v", s)
		}
		l.end()
	})
}

func TestNoReplyWanted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := start(t, nil)
		l.send(l.request("say", mco.Pair{Key: mco.Sym("process_results"), Value: mco.Bool(false)}))
		synctest.Wait()
		l.silent()
		if s := l.daemon.Statistics(); s.Passed != 1 || s.Replies != 0 {
			t.Errorf("statistics %+v", s)
		}
		l.end()
	})
}

func TestPanicBecomesStatusFive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := start(t, nil)
		l.send(l.request("panic"))
		synctest.Wait()
		reply, _ := l.reply()
		if code, _ := status(reply); code != 5 {
			t.Errorf("status %d, want 5", code)
		}
		if s := l.daemon.Statistics(); s.Panics != 1 {
			t.Errorf("statistics %+v", s)
		}
		l.end()
	})
}

func TestAgentTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := start(t, nil)
		l.send(l.request("wait"))
		time.Sleep(4999 * time.Millisecond)
		synctest.Wait()
		if got := l.daemon.Statistics().Running; !slices.Equal(got, []string{"worker#wait"}) {
			t.Errorf("running %q", got)
		}
		time.Sleep(time.Millisecond)
		synctest.Wait()
		l.silent()
		if got := l.daemon.Statistics().Running; len(got) != 0 {
			t.Errorf("running %q after the timeout", got)
		}
		if !strings.Contains(l.log.String(), "Timeout while handling message for worker") {
			t.Errorf("log:\n%s", l.log)
		}
		l.end()
	})
}

func TestBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := start(t, func(o *Options) { o.Concurrency, o.Queue = 2, 1 })
		for range 4 {
			l.send(l.request("wait"))
		}
		ping := l.request("")
		ping.Agent, ping.Body = "echo", mco.String("ping")
		l.send(ping)
		synctest.Wait()
		busy, _ := l.reply()
		if code, text := status(busy); code != 1 || !strings.HasPrefix(text, "Too busy") {
			t.Errorf("status %d %s", code, text)
		}
		// Another agent answers although this one is full.
		if echoed, _ := l.reply(); !echoed.Body.Equal(mco.String("ping")) {
			t.Errorf("body %v", echoed.Body)
		}
		l.silent()
		if s := l.daemon.Statistics(); s.Busy != 1 || len(s.Running) != 2 {
			t.Errorf("statistics %+v", s)
		}
		close(l.worker.release)
		synctest.Wait()
		for range 3 {
			if r, _ := l.reply(); !r.Body.Field("data").Field("done").Equal(mco.String("yes")) {
				t.Errorf("body %v", r.Body)
			}
		}
		l.end()
	})
}

// A request that waits for its turn until its TTL is over must not run.
func TestTTLEndsWhileWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := start(t, func(o *Options) { o.Concurrency = 1 })
		l.send(l.request("wait"))
		r := l.request("say")
		r.TTL = 3 * time.Second
		l.send(r)
		time.Sleep(4500 * time.Millisecond)
		close(l.worker.release)
		synctest.Wait()
		l.reply()
		l.silent()
		if s := l.daemon.Statistics(); s.TTLExpired != 1 {
			t.Errorf("statistics %+v", s)
		}
		l.end()
	})
}

func TestPlainAgents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := start(t, nil)
		for _, body := range []string{"quiet", "fail", "panic", "wait"} {
			r := l.request("")
			r.Agent, r.Body = "echo", mco.String(body)
			l.send(r)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		l.silent()
		for _, want := range []string{"Execution of echo failed: no", "Execution of echo failed: panic: a bug", "Timeout while handling message for echo"} {
			if !strings.Contains(l.log.String(), want) {
				t.Errorf("log has no %q:\n%s", want, l.log)
			}
		}
		l.end()
	})
}

func TestReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		agents := Agents{Plain: []agent.Plain{echo{}}}
		l := start(t, func(o *Options) {
			o.Direct = false
			o.Collectives = []string{"mcollective"}
			o.Load = func(agent.Node) (Agents, error) { return agents, nil }
		})
		synctest.Wait()
		agents = Agents{RPC: []Named{{"worker", l.worker}, {"worker", l.worker}}} // the second of one name is left out
		if err := l.daemon.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got, want := l.bus.subscriptions(), []string{"0 mcollective worker"}; !slices.Equal(got, want) {
			t.Errorf("subscriptions %q, want %q", got, want)
		}
		if got := l.daemon.Agents(); !slices.Equal(got, []string{"worker"}) {
			t.Errorf("agents %q", got)
		}
		l.end()
	})
}
