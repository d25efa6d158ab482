package ddl

import (
	"os"
	"path/filepath"
	"testing"
)

// Find trusts that our own files hold no mistake.
func TestOwnFilesHoldNoMistake(t *testing.T) {
	kinds, err := builtin.ReadDir("builtin")
	if err != nil || len(kinds) == 0 {
		t.Fatalf("%v, %v", kinds, err)
	}
	for _, kind := range kinds {
		names := List(nil, Kind(kind.Name()))
		if len(names) == 0 {
			t.Errorf("no file of kind %s", kind.Name())
		}
		for _, name := range names {
			for side, opts := range map[string][]Option{"client": nil, "node": {OnNode()}} {
				if d, err := Load(nil, Kind(kind.Name()), name, opts...); err != nil || d.Meta.Len() == 0 {
					t.Errorf("%s %s on a %s: %v", kind.Name(), name, side, err)
				}
			}
		}
	}
}

func TestFind(t *testing.T) {
	dir := t.TempDir()
	folder := filepath.Join(dir, "mcollective", "agent")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "bad.ddl"), []byte("action 'x' do"), 0o644); err != nil {
		t.Fatal(err)
	}
	c := &Cache{LibDirs: []string{dir}}
	if _, err := c.Find(Agent, "bad"); err == nil {
		t.Error("a mistake in a folder's file is not told at once")
	}
	if _, err := c.Find(Agent, "nosuch"); err == nil {
		t.Error("a file that is not there was found")
	}
	first, err := c.Find(Agent, "rpcutil")
	if err != nil {
		t.Fatal(err)
	}
	again, err := c.Get(Agent, "rpcutil")
	if err != nil {
		t.Fatal(err)
	}
	if first() != again || again.Action("ping") == nil {
		t.Errorf("rpcutil is read twice, or wrong: %v", again.Actions)
	}
}
