package drill

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func entry() Entry {
	return Entry{Version: 1, Step: Planned, Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), PID: 7, Config: "/etc/mcollective/client.cfg", Broker: "mq1:61613", Number: 1,
		Fault: Command, StartKey: "plugin.mco.drill.1.start"}
}

func open(t *testing.T, state string) *Journal {
	t.Helper()
	j, err := OpenJournal(state)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return j
}

func TestJournal(t *testing.T) {
	state := t.TempDir()
	j := open(t, state)
	if e, err := j.Read(); e != nil || err != nil {
		t.Errorf("at first: %+v, %v", e, err)
	}
	want := entry()
	for _, step := range []Step{Planned, Gone, Giving} {
		want.Step = step
		if err := j.Write(want); err != nil {
			t.Fatal(err)
		}
	}
	if info, err := os.Stat(j.Path()); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if _, err := OpenJournal(state); !errors.Is(err, ErrRunning) {
		t.Errorf("beside another: %v", err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j = open(t, state)
	e, err := j.Read()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&want, e); diff != "" {
		t.Error(diff)
	}
	for range 2 {
		if err := j.Clear(); err != nil {
			t.Fatal(err)
		}
	}
	if e, err := j.Read(); e != nil || err != nil {
		t.Errorf("at the end: %+v, %v", e, err)
	}
}

// A crash while an entry is written leaves the one before, or the new one: these are the states that the disk goes through.
func TestJournalIsNeverTorn(t *testing.T) {
	old, fresh := entry(), entry()
	fresh.Step = Gone
	raw := func(e Entry) []byte {
		j := open(t, t.TempDir())
		if err := j.Write(e); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(j.Path())
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	before, after := raw(old), raw(fresh)
	for n := range len(after) + 1 {
		j := open(t, t.TempDir())
		if err := errors.Join(os.WriteFile(j.Path(), before, 0o600), os.WriteFile(j.Path()+".new", after[:n], 0o600)); err != nil {
			t.Fatal(err)
		}
		if e, err := j.Read(); err != nil || e.Step != old.Step {
			t.Fatalf("%d bytes were written: %+v, %v", n, e, err)
		}
		if err := j.Write(fresh); err != nil {
			t.Fatal(err)
		}
		if e, err := j.Read(); err != nil || e.Step != fresh.Step {
			t.Fatalf("the next entry: %+v, %v", e, err)
		}
	}
	// Where a disk has torn the file all the same, nothing is guessed and nobody goes on.
	for n := range len(after) - 1 {
		j := open(t, t.TempDir())
		if err := os.WriteFile(j.Path(), after[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if e, err := j.Read(); e != nil || err == nil || !strings.Contains(err.Error(), "look after the broker by hand") {
			t.Fatalf("%d bytes of %d: %+v, %v", n, len(after), e, err)
		}
	}
}

func TestJournalOfOthers(t *testing.T) {
	for _, tc := range []struct {
		name string
		do   func(*Journal) error
		says string
	}{
		{"others may write to it", func(j *Journal) error { return os.Chmod(j.Path(), 0o622) }, "chmod go-w"},
		{"a link", func(j *Journal) error {
			return errors.Join(os.Rename(j.Path(), j.Path()+".x"), os.Symlink(filepath.Base(j.Path())+".x", j.Path()))
		}, "it is no file"},
		{"a folder", func(j *Journal) error { return errors.Join(os.Remove(j.Path()), os.Mkdir(j.Path(), 0o700)) }, "it is no file"},
		{"too long", func(j *Journal) error { return os.WriteFile(j.Path(), make([]byte, maxEntryBytes+1), 0o600) }, "longer than"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			j := open(t, t.TempDir())
			if err := errors.Join(j.Write(entry()), tc.do(j)); err != nil {
				t.Fatal(err)
			}
			if e, err := j.Read(); e != nil || err == nil || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("%+v, %v", e, err)
			}
		})
	}
	state := t.TempDir()
	if err := errors.Join(os.Mkdir(filepath.Join(state, "drill"), 0o700), os.Chmod(filepath.Join(state, "drill"), 0o777)); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenJournal(state); err == nil || !strings.Contains(err.Error(), "can be written to by others") {
		t.Errorf("a folder for everybody: %v", err)
	}
}

func TestEntryCheck(t *testing.T) {
	for _, tc := range []struct {
		name string
		spot func(*Entry)
	}{
		{"version", func(e *Entry) { e.Version = 2 }},
		{"step", func(e *Entry) { e.Step = "" }},
		{"broker", func(e *Entry) { e.Broker = "mq1" }},
		{"number", func(e *Entry) { e.Number = 0 }},
		{"cfg file", func(e *Entry) { e.Config = "client.cfg" }},
		{"no command", func(e *Entry) { e.StartKey = "" }},
		{"two commands", func(e *Entry) { e.Start = "true" }},
		{"long command", func(e *Entry) { e.StartKey, e.Start = "", strings.Repeat("x", maxCommandBytes+1) }},
		{"fault", func(e *Entry) { e.Fault = "flood" }},
		{"table", func(e *Entry) { e.Fault, e.Table = Firewall, "filter" }},
		{"table with more", func(e *Entry) { e.Fault, e.Table = Firewall, "mco_drill_x; flush ruleset" }},
	} {
		e := entry()
		tc.spot(&e)
		if e.check() == nil || open(t, t.TempDir()).Write(e) == nil {
			t.Errorf("%s: no error of %+v", tc.name, e)
		}
	}
	for _, e := range []Entry{entry(), {Version: 1, Step: Gone, Config: "/c", Broker: "[::1]:1", Number: 2, Fault: Firewall, Table: NewTable()}, {Version: 1, Step: Gone, Config: "/c", Broker: "b:1", Number: 2, Fault: Connections}} {
		if err := e.check(); err != nil {
			t.Errorf("%+v: %v", e, err)
		}
	}
}

// tumbler is a fault that notes what is done to it, and can be made to fail.
type tumbler struct {
	done           []string
	inject, revert error
	crash          string // the step before which the program dies
}

func (f *tumbler) Entry() Entry                { return entry() }
func (f *tumbler) By() string                  { return "a test" }
func (f *tumbler) Check(context.Context) error { return nil }

func (f *tumbler) Inject(context.Context) error {
	f.die("inject")
	f.done = append(f.done, "inject")
	f.die("injected")
	return f.inject
}

func (f *tumbler) Restore(context.Context) error {
	f.die("restore")
	f.done = append(f.done, "restore")
	f.die("restored")
	return f.revert
}

func (f *tumbler) die(at string) {
	if f.crash == at {
		panic("crash")
	}
}

// Wherever a drill dies, the next run knows that something is to be given back, and gives it back.
func TestCrashAtEachStep(t *testing.T) {
	for _, step := range []string{"inject", "injected", "restore", "restored", "up"} {
		t.Run(step, func(t *testing.T) {
			state := t.TempDir()
			f := &tumbler{crash: step}
			died := func() (died bool) {
				j := open(t, state)
				defer j.Close()
				defer func() { died = recover() != nil }()
				o := outage{f, j, func(context.Context) error { f.die("up"); return nil }}
				if err := errors.Join(o.plan(), o.take(t.Context()), o.give(t.Context())); err != nil {
					t.Error(err)
				}
				return false
			}()
			if !died {
				t.Fatal("it did not crash")
			}
			j := open(t, state)
			e, err := j.Read()
			if err != nil || e == nil {
				t.Fatalf("the next run knows nothing: %+v, %v", e, err)
			}
			next := &tumbler{}
			if err := Restore(t.Context(), j, next, nil); err != nil || fmt.Sprint(next.done) != "[restore]" {
				t.Errorf("%v, %v", err, next.done)
			}
			if e, err := j.Read(); e != nil || err != nil {
				t.Errorf("it is still to be given back: %+v, %v", e, err)
			}
		})
	}
}

func TestGive(t *testing.T) {
	sick := errors.New("sick")
	up := func(context.Context) error { return nil }
	down := func(ctx context.Context) error { return sick }
	for _, tc := range []struct {
		name   string
		revert error
		up     func(context.Context) error
		left   bool
	}{
		{"all is well", nil, up, false},
		{"its command fails, and the broker is up", sick, up, false},
		{"its command succeeds, and the broker is not up", nil, down, true},
		{"both fail", sick, down, true},
		{"nobody can tell", nil, nil, false},
		{"its command fails, and nobody can tell", sick, nil, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			j := open(t, t.TempDir())
			o := outage{&tumbler{revert: tc.revert}, j, tc.up}
			if err := o.plan(); err != nil {
				t.Fatal(err)
			}
			err := o.give(t.Context())
			left, isLeft := errors.AsType[*LeftError](err)
			e, readErr := j.Read()
			if isLeft != tc.left || (e != nil) != tc.left || readErr != nil || tc.left && (left.Broker != "mq1:61613" || !errors.Is(err, sick)) {
				t.Errorf("%v, journal %+v, %v", err, e, readErr)
			}
		})
	}
}

// Without a journal nothing is done.
func TestNoJournalNoFault(t *testing.T) {
	j := open(t, t.TempDir())
	if err := os.Mkdir(j.Path()+".new", 0o700); err != nil {
		t.Fatal(err)
	}
	o := outage{&tumbler{}, j, nil}
	if err := o.plan(); err == nil || !strings.Contains(err.Error(), "nothing was done") {
		t.Error(err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"version":1,"step":"gone","time":"2026-01-02T03:04:05Z","pid":7,"config":"/c","broker":"b:1","number":1,"fault":"command","start":"true"}`))
	f.Add([]byte(`{"version":1,"step":"gone","time":"2026-01-02T03:04:05Z","pid":7,"config":"/c","broker":"b:1","number":1,"fault":"firewall","table":"mco_drill_a"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, err := decode(raw)
		if err != nil {
			return
		}
		j := open(t, t.TempDir())
		if err := j.Write(e); err != nil {
			t.Fatalf("%+v was read, and is not written: %v", e, err)
		}
		back, err := j.Read()
		if err != nil || !cmp.Equal(e, *back) {
			t.Fatalf("%+v became %+v, %v", e, back, err)
		}
	})
}
