package replay

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/mco"
)

// present is rounded, so that seconds on the wire and here are the same.
var present = time.Now().Truncate(time.Second)

func request(id, signed string) mco.Request {
	return mco.Request{ID: id, Signed: signed, Time: present, TTL: time.Minute}
}

func first(m *Memory, id, signed string) bool {
	return m.First(request(id, signed), present, present.Add(time.Minute))
}

func TestFirst(t *testing.T) {
	for _, tc := range []struct {
		name         string
		id, signed   string // of the second request; the first one is 1 and s
		after        time.Duration
		want         bool
		firstUnkeyed bool
	}{
		{name: "the same again", id: "1", signed: "s"},
		{name: "another id", id: "2", signed: "s"},
		{name: "another signature", id: "1", signed: "t"},
		{name: "another of both", id: "2", signed: "t", want: true},
		{name: "in its last second", id: "1", signed: "s", after: time.Minute},
		{name: "later", id: "1", signed: "s", after: time.Minute + time.Second, want: true},
		{name: "ids alone", id: "1", firstUnkeyed: true},
		{name: "another id alone", id: "2", firstUnkeyed: true, want: true},
		{name: "an id is no signature", id: "2", signed: "1", want: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var m Memory
			signed := "s"
			if tc.firstUnkeyed {
				signed = ""
			}
			if !first(&m, "1", signed) {
				t.Fatal("the first request was taken for a repetition")
			}
			if got := m.First(request(tc.id, tc.signed), present.Add(tc.after), present.Add(2*time.Minute)); got != tc.want {
				t.Errorf("first: %t, want %t", got, tc.want)
			}
		})
	}
}

func TestMemoryIsBounded(t *testing.T) {
	m := Memory{Limit: 100}
	for i := range 50_000 {
		id := fmt.Sprint(i)
		if !first(&m, id, "signed "+id) {
			t.Fatalf("request %d was taken for a repetition", i)
		}
		if first(&m, id, "") {
			t.Fatalf("request %d was not recognised", i)
		}
		if m.Len() > 100 || cap(m.order) > 1024 {
			t.Fatalf("%d entries, room for %d after %d requests", m.Len(), cap(m.order), i)
		}
	}
	later := present.Add(time.Hour)
	if !m.First(request("late", ""), later, later.Add(time.Minute)) || m.Len() != 1 {
		t.Errorf("%d entries are kept beyond their time", m.Len())
	}
}

// open returns a memory that is kept at path.
func open(t *testing.T, path string) *Memory {
	t.Helper()
	m := new(Memory)
	if err := Open(path, m); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

func TestARestartForgetsNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "replay")
	for _, end := range []string{"closed", "killed"} {
		t.Run(end, func(t *testing.T) {
			m := open(t, path)
			if !first(m, end, "signed "+end) {
				t.Fatal("the first request was taken for a repetition")
			}
			if end == "closed" {
				m.Close()
			} else {
				m.file.close() // nothing is synced, and nobody says so
			}
			m = open(t, path)
			defer m.Close()
			if first(m, end, "other") || first(m, "other", "signed "+end) {
				t.Error("the request would run again")
			}
			if !first(m, "new "+end, "new "+end) {
				t.Error("a new request was taken for a repetition")
			}
		})
	}
}

func TestWhatIsOverIsNotRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "replay")
	m := open(t, path)
	m.First(request("old", ""), present.Add(-time.Hour), present.Add(-time.Minute))
	m.Close()
	if m = open(t, path); m.Len() != 0 {
		t.Errorf("%d entries", m.Len())
	}
}

func TestATornEndIsDropped(t *testing.T) {
	path := filepath.Join(t.TempDir(), "replay")
	m := open(t, path)
	first(m, "whole", "")
	first(m, "torn", "")
	m.Close()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, raw[:len(raw)-1], 0o600); err != nil {
		t.Fatal(err)
	}
	m = open(t, path)
	if first(m, "whole", "") || !first(m, "torn", "") {
		t.Error("not the whole entry alone was read")
	}
	m.Close()
	if m = open(t, path); first(m, "torn", "") {
		t.Error("an entry behind a torn one was lost")
	}
}

// A file that is no memory has lost what it knew: what was asked before now may have run.
func TestADamagedFileRefusesThePast(t *testing.T) {
	path := filepath.Join(t.TempDir(), "replay")
	if err := os.WriteFile(path, []byte("something else"), 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	m := &Memory{Log: slog.New(slog.NewTextHandler(&log, nil))}
	if err := Open(path, m); err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	now := time.Now()
	past, future := mco.Request{ID: "1", Time: now.Add(-2 * time.Second)}, mco.Request{ID: "2", Time: now.Add(2 * time.Second)}
	if m.First(past, now, now.Add(time.Minute)) || !m.First(future, now, now.Add(time.Minute)) {
		t.Error("not the past alone was refused")
	}
	if !strings.Contains(log.String(), "cannot be read") {
		t.Errorf("the log says %q", &log)
	}
}

func TestOneProcessAtATime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "replay")
	m := open(t, path)
	if err := Open(path, new(Memory)); err == nil || !strings.Contains(err.Error(), "another process's") {
		t.Errorf("a second one opened the file: %v", err)
	}
	m.Close()
	open(t, path)
}

func TestTheFileStaysSmall(t *testing.T) {
	path := filepath.Join(t.TempDir(), "replay")
	m := open(t, path)
	m.Limit = 100
	for i := range 5000 {
		first(m, fmt.Sprint(i), "")
		if i%500 == 0 && !m.sync() {
			t.Fatal("the file was given up")
		}
	}
	m.sync()
	if info, err := os.Stat(path); err != nil || info.Size() > 1500*entrySize {
		t.Errorf("%v, %d bytes for 100 entries", err, info.Size())
	}
	m.Close()
	if m = open(t, path); first(m, "4999", "") || m.Len() < 100 || m.Len() > 1500 {
		t.Errorf("%d entries after all, want the last ones", m.Len())
	}
}

func TestRunSyncsAndEnds(t *testing.T) {
	m := open(t, filepath.Join(t.TempDir(), "replay"))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); m.Run(ctx) }()
	first(m, "1", "")
	cancel()
	<-ended
	if m.file != nil {
		t.Error("the file is still open")
	}
	if first(m, "1", "") {
		t.Error("the request would run again without the file")
	}
	new(Memory).Run(t.Context()) // returns: there is no file
}

func TestAFullDiskIsToldOnce(t *testing.T) {
	var log bytes.Buffer
	m := open(t, filepath.Join(t.TempDir(), "replay"))
	m.Log = slog.New(slog.NewTextHandler(&log, nil))
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	m.file.f.Close()
	m.file.f = full
	for _, id := range []string{"1", "2"} {
		if !first(m, id, "") {
			t.Errorf("request %s was refused because of the disk", id)
		}
		if first(m, id, "") {
			t.Errorf("request %s would run again", id)
		}
	}
	if n := strings.Count(log.String(), "no longer kept in a file"); n != 1 {
		t.Errorf("said %d times: %s", n, &log)
	}
}

// FuzzDecode wants any file to be read or refused, and what was read to be written back the same.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(magic))
	f.Add(encode([]byte(magic), entry{keyOf("id ", "1"), 1700000060}))
	f.Add([]byte("something else"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		entries, err := decode(raw)
		if err != nil {
			return
		}
		back := []byte(magic)
		for _, e := range entries {
			back = encode(back, e)
		}
		if !bytes.HasPrefix(raw, back) || len(raw)-len(back) >= entrySize {
			t.Errorf("%d entries of %d bytes make %d bytes", len(entries), len(raw), len(back))
		}
	})
}
