package daemon

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/mco"
)

// denies refuses one action by a rule of its own.
type denies struct{ action, rule string }

func (d denies) Authorize(_ context.Context, r *agent.Request) error {
	if r.Action == d.action {
		return errors.New(d.rule)
	}
	return nil
}

// fate fails unless that is what became of r.
func (l *lab) fate(what string, r mco.Request, want agent.Outcome, detail string) agent.Fate {
	l.t.Helper()
	synctest.Wait()
	got := l.daemon.Fate(r.ID, r.Caller)
	if got.What != want || got.Detail != detail {
		l.t.Errorf("%s: %s (%q), want %s (%q)", what, got.What, got.Detail, want, detail)
	}
	return got
}

// A caller can learn what became of a request, whichever way it went.
func TestFates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := start(t, func(o *Options) {
			o.Concurrency, o.Queue = 1, 1
			o.Runner.Authorizer = denies{"say", "worker.policy line 3 denies it"}
			o.Match = func(r mco.Request) (bool, error) { return r.Collective != "eu", nil }
		})
		defer func() { _ = l.end() }()
		synctest.Wait()
		ask := func(action string, change func(*mco.Request)) mco.Request {
			r := l.request(action)
			if change != nil {
				change(&r)
			}
			l.send(r)
			return r
		}
		old := ask("wait", func(r *mco.Request) { r.Time = r.Time.Add(-time.Hour) })
		if f := l.fate("an hour old", old, agent.Expired, ""); f.Age != time.Hour {
			t.Errorf("its age is %v", f.Age)
		}
		early := ask("wait", func(r *mco.Request) { r.Time = r.Time.Add(time.Hour) })
		if f := l.fate("from the future", early, agent.Expired, ""); f.Age != -time.Hour {
			t.Errorf("its age is %v", f.Age)
		}
		l.fate("filtered", ask("wait", func(r *mco.Request) { r.Collective = "eu" }), agent.Filtered, "")
		l.fate("no such agent", ask("wait", func(r *mco.Request) { r.Agent = "nosuch" }), agent.Refused, "there is no agent nosuch")
		l.fate("refused", ask("say", nil), agent.Refused, "worker.policy line 3 denies it")
		running := ask("wait", nil)
		l.fate("under way", running, agent.Running, "")
		waiting := ask("wait", nil)
		l.fate("behind it", waiting, agent.Waiting, "")
		l.fate("one too many", ask("wait", nil), agent.Refused, "too many requests wait for agent worker")
		if got := l.daemon.Fate(running.ID, "uid=1"); got.What != agent.Forgotten {
			t.Errorf("another caller is told %+v", got)
		}
		l.worker.release <- struct{}{}
		l.fate("done", running, agent.Answered, "")
		l.send(func() mco.Request { r := running; r.Time = r.Time.Add(-time.Hour); return r }())
		l.fate("answered, and repeated when it was old", running, agent.Answered, "")
		time.Sleep(6 * time.Second)
		l.fate("took too long", waiting, agent.TimedOut, "5s")
	})
}

func TestFatesAreBounded(t *testing.T) {
	var f fates
	for i := range 3 * maxFates {
		f.note(mco.Request{ID: strings.Repeat("x", i)}, agent.Refused, strings.Repeat("\x00", 1000))
	}
	if len(f.known) != maxFates || len(f.order) != maxFates {
		t.Errorf("%d are known in an order of %d", len(f.known), len(f.order))
	}
	newest := f.known[fateKey{strings.Repeat("x", 3*maxFates-1), ""}]
	if newest == nil || len(newest.Detail) > maxFateDetail+3 || f.known[fateKey{"x", ""}] != nil {
		t.Errorf("the newest is %+v", newest)
	}
}
