package rpc

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestLastRun(t *testing.T) {
	dir := t.TempDir()
	m := NewMemory(dir, "client.cfg")
	if r := m.LastRun("puppet", "runonce"); r != nil {
		t.Errorf("before the first run: %+v", r)
	}
	want := LastRun{Time: time.Unix(1700000000, 0).UTC(), Agent: "puppet", Action: "runonce", Failed: []string{"a"}, Silent: []string{"b", "c"}}
	if err := m.KeepRun(LastRun{Agent: "puppet", Action: "runonce", Failed: []string{"x"}}); err != nil {
		t.Fatal(err)
	}
	if err := m.KeepRun(want); err != nil {
		t.Fatal(err)
	}
	got := m.LastRun("puppet", "runonce")
	if got == nil || cmp.Diff(want, *got) != "" {
		t.Fatalf("%+v, want %+v", got, want)
	}
	for name, other := range map[string]*LastRun{"another action": m.LastRun("puppet", "status"), "another cfg file": NewMemory(dir, "other.cfg").LastRun("puppet", "runonce")} {
		if other != nil {
			t.Errorf("%s: %+v", name, other)
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "runs", "*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v, %v, want one file", files, err)
	}
	info, err := os.Stat(files[0])
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v, want 0600", info.Mode(), err)
	}
	if err := os.WriteFile(files[0], []byte(`{"failed": `), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := m.LastRun("puppet", "runonce"); r != nil {
		t.Errorf("of half a file: %+v", r)
	}
	var none *Memory
	if err := none.KeepRun(want); err != nil || none.LastRun("puppet", "runonce") != nil {
		t.Errorf("without a memory: %v", err)
	}
}
