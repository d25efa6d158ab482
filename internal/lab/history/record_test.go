package history_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mco-go/mco-go/internal/lab/history"
)

func TestReadWhatWasRecorded(t *testing.T) {
	var file bytes.Buffer
	r := history.NewRecord(&file, history.Daemon, time.Now())
	want := sound()
	for _, e := range want {
		r.Add(e)
	}
	if err := r.Err(); err != nil {
		t.Fatal(err)
	}
	file.WriteString(`{"at":1,"what":"r`) // a killed process
	got, err := history.Read(&file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-written +read:\n%s", diff)
	}
}

func TestReadRefuses(t *testing.T) {
	for name, line := range map[string]string{
		"no JSON":              "hello\n",
		"no kind":              `{"at":1}` + "\n",
		"a call without one":   `{"at":1,"what":"called"}` + "\n",
		"a count of nothing":   `{"at":1,"what":"baseline"}` + "\n",
		"a line without bound": strings.Repeat("x", 17<<20),
	} {
		if _, err := history.Read(strings.NewReader(line)); err == nil || !strings.Contains(err.Error(), "line 1") {
			t.Errorf("%s: %v, want an error that names line 1", name, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	var file bytes.Buffer
	r := history.NewRecord(&file, history.Daemon, time.Now())
	for _, e := range sound() {
		r.Add(e)
	}
	f.Add(file.Bytes())
	f.Fuzz(func(t *testing.T, in []byte) {
		events, err := history.Read(bytes.NewReader(in))
		if err != nil {
			return
		}
		var again bytes.Buffer
		w := history.NewRecord(&again, "", time.Now())
		for _, e := range events {
			_ = e.String()
			w.Add(e)
		}
		history.Check(events, history.Terms{BackBy: time.Second, Nodes: []string{"one"}})
		back, err := history.Read(&again)
		if err != nil || len(back) != len(events) {
			t.Fatalf("%d events, written and read again %d, %v", len(events), len(back), err)
		}
	})
}
