package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/filter"
	"github.com/mco-go/mco-go/mco/inspect"
	"github.com/mco-go/mco-go/mco/rpc"
)

// timedFleet has nodes whose runs last for a while of the bubble's time.
type timedFleet struct {
	names   []string
	lasts   map[string]time.Duration // 0: ten seconds; negative: a run that is asked for never begins
	silent  map[string]bool
	started map[string]time.Time
	busy    string // a node that is running by itself at first, until ownEnd
	ownEnd  time.Time

	most  int // runs at once
	order []string
}

func (f *timedFleet) enabled() ([]string, error) { return f.names, nil }

func (f *timedFleet) duration(node string) time.Duration {
	if d := f.lasts[node]; d != 0 {
		return d
	}
	return 10 * time.Second
}

func (f *timedFleet) applying(node string) bool {
	if node == f.busy && time.Now().Before(f.ownEnd) {
		return true
	}
	start, ok := f.started[node]
	return ok && time.Since(start) < f.duration(node)
}

func (f *timedFleet) status(nodes []string) ([]rpc.Reply, error) {
	var replies []rpc.Reply
	for _, n := range nodes {
		if f.silent[n] {
			continue
		}
		last := int64(1)
		if start, ok := f.started[n]; ok && !f.applying(n) && f.duration(n) > 0 {
			last = start.Add(f.duration(n)).Unix()
		}
		_, _, data := served(0, "OK", "applying", f.applying(n), "lastrun", int(last))("", mco.Nil())
		replies = append(replies, rpc.Reply{Sender: n, Data: mco.Hash(data)})
	}
	return replies, nil
}

func (f *timedFleet) run(node string) (*rpc.Reply, error) {
	if f.started == nil {
		f.started = map[string]time.Time{}
	}
	f.started[node] = time.Now()
	f.order = append(f.order, node)
	now := 0
	for _, n := range f.names {
		if f.applying(n) {
			now++
		}
	}
	f.most = max(f.most, now)
	if f.silent[node] {
		return nil, nil
	}
	_, _, data := served(0, "OK", "summary", "Started", "initiated_at", int(time.Now().Unix()))("", mco.Nil())
	return &rpc.Reply{Sender: node, Data: mco.Hash(data)}, nil
}

func TestPuppetRunner(t *testing.T) {
	for _, tc := range []struct {
		name        string
		fleet       timedFleet
		concurrency int
		most        int
		least, max  time.Duration // how long it takes until all are started
		says        string
	}{
		{"one at a time", timedFleet{names: []string{"a", "b", "c"}}, 1, 1, 20 * time.Second, 26 * time.Second, ""},
		{"two at a time", timedFleet{names: []string{"a", "b", "c", "d"}}, 2, 2, 10 * time.Second, 14 * time.Second, ""},
		{"all at once", timedFleet{names: []string{"a", "b", "c"}}, 9, 3, 0, 2 * time.Second, ""},
		{"one is slow", timedFleet{names: []string{"a", "b", "c"}, lasts: map[string]time.Duration{"a": time.Minute}}, 2, 2, 10 * time.Second, 13 * time.Second, ""},
		{"a run that never begins", timedFleet{names: []string{"a", "b"}, lasts: map[string]time.Duration{"a": -1}}, 1, 1, 5 * time.Second, 7 * time.Second,
			"Host a did not move into an applying state. Skipping."},
		{"a node that is silent", timedFleet{names: []string{"a", "b"}, silent: map[string]bool{"a": true}}, 1, 2, 10 * time.Second, 13 * time.Second,
			"Host a failed to respond multiple times. Skipping."},
		{"a node that runs by itself", timedFleet{names: []string{"a", "b"}, busy: "a"}, 1, 1, 30 * time.Second, 43 * time.Second, ""},
		{"nobody", timedFleet{}, 1, 0, 0, time.Second, "Found 0 enabled nodes"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := tc.fleet
				f.ownEnd = time.Now().Add(30 * time.Second)
				var log []string
				p := &puppetRunner{fleet: &f, concurrency: tc.concurrency, log: func(text string) { log = append(log, text) }}
				start := time.Now()
				if err := p.once(t.Context()); err != nil {
					t.Fatal(err)
				}
				took := time.Since(start)
				if slices.Sort(f.order); !slices.Equal(f.order, f.names) {
					t.Errorf("runs on %v, not on %v", f.order, f.names)
				}
				if f.most > tc.most || took < tc.least || took > tc.max {
					t.Errorf("%d at once, %s; want %d, %s to %s", f.most, took, tc.most, tc.least, tc.max)
				}
				if all := strings.Join(log, "\n"); !strings.Contains(all, tc.says) {
					t.Errorf("no %q in\n%s", tc.says, all)
				}
			})
		})
	}
}

func TestPuppetRunnerForever(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := timedFleet{names: []string{"a"}}
		var log []string
		p := &puppetRunner{fleet: &f, concurrency: 1, log: func(text string) { log = append(log, text) }}
		ctx, cancel := context.WithTimeout(t.Context(), 130*time.Second)
		defer cancel()
		if err := p.forever(ctx, time.Minute); !errors.Is(err, exit(1)) {
			t.Errorf("ended with %v", err)
		}
		if len(f.order) != 3 {
			t.Errorf("%d runs in 130 s, one a minute", len(f.order))
		}
		if !slices.Contains(log, "Running all hosts took 1 seconds; sleeping for 59 seconds due to minimum run time configuration of 60 seconds") {
			t.Errorf("log:\n%s", strings.Join(log, "\n"))
		}
	})
}

func TestOnlyEnabled(t *testing.T) {
	theirs, err := filter.ParseCompound("role=web or role=db", false)
	if err != nil {
		t.Fatal(err)
	}
	f := mco.Filter{Compound: []mco.Value{theirs}}
	if err := onlyEnabled(&f); err != nil {
		t.Fatal(err)
	}
	want, err := filter.ParseCompound("puppet().enabled=true and (role=web or role=db)", false)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(inspect.Text(f.Compound[0])); got != inspect.Text(want) {
		t.Errorf("got %s\nwant %s", got, inspect.Text(want))
	}
	if got := inspect.Text(theirs); strings.Contains(got, "enabled") {
		t.Errorf("the operator's filter was changed: %s", got)
	}
}
