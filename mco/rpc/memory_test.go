package rpc

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mco-go/mco-go/mco"
)

func TestMemory(t *testing.T) {
	dir := t.TempDir()
	m := NewMemory(dir, "client.cfg")
	web := mco.Filter{Classes: []string{"web"}}
	if got := m.recall("mcollective", web); got != nil {
		t.Errorf("nothing was remembered, got %v", got)
	}
	if err := m.remember("mcollective", web, []string{"n1", "n2", "no name", ""}); err != nil {
		t.Fatal(err)
	}
	if got := NewMemory(dir, "client.cfg").recall("mcollective", web); !slices.Equal(got, []string{"n1", "n2"}) {
		t.Errorf("got %v", got)
	}
	for name, got := range map[string][]string{
		"collective": m.recall("eu", web),
		"filter":     m.recall("mcollective", mco.Filter{Classes: []string{"db"}}),
		"scope":      NewMemory(dir, "other.cfg").recall("mcollective", web),
		"none":       NewMemory("", "client.cfg").recall("mcollective", web),
	} {
		if got != nil {
			t.Errorf("another %s recalls %v", name, got)
		}
	}
	if err := m.remember("mcollective", web, nil); err != nil {
		t.Fatal(err)
	}
	if got := m.recall("mcollective", web); got != nil {
		t.Errorf("an empty answer is remembered as %v", got)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	dir := t.TempDir()
	m := NewMemory(dir, "client.cfg")
	for i := range maxMemories + 5 {
		if err := m.remember("mcollective", mco.Filter{Classes: []string{fmt.Sprint(i)}}, []string{"n1"}); err != nil {
			t.Fatal(err)
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "fleet", "*"))
	if err != nil || len(files) != maxMemories {
		t.Errorf("%d files, %v", len(files), err)
	}
	info, err := os.Stat(files[0])
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	big := filepath.Join(dir, "fleet", m.file("mcollective", mco.Filter{}))
	if err := os.WriteFile(big, make([]byte, maxMemoryBytes+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := m.recall("mcollective", mco.Filter{}); got != nil {
		t.Errorf("read %d names from a file that is too large", len(got))
	}
}

func TestMemoryThatCannotBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		b := newBus(t, fleet(2))
		f, err := b.client(func(o *Options) { o.Memory = NewMemory(file, "") }).Discover(t.Context(), Discovery{})
		if err != nil || len(f.Nodes) != 2 {
			t.Errorf("got %+v, %v", f, err)
		}
	})
}

func TestDiscoveryRemembers(t *testing.T) {
	memory := NewMemory(t.TempDir(), "")
	ask := func(t *testing.T, nodes int, d Discovery) time.Duration {
		t.Helper()
		var took time.Duration
		synctest.Test(t, func(t *testing.T) {
			f, err := newBus(t, fleet(nodes)).client(func(o *Options) { o.Memory = memory }).Discover(t.Context(), d)
			if err != nil || len(f.Nodes) != nodes && d.Limit == 0 {
				t.Errorf("got %+v, %v", f, err)
			}
			took = f.Took
			time.Sleep(time.Minute)
		})
		return took
	}
	for _, step := range []struct {
		name  string
		nodes int
		ask   Discovery
		want  time.Duration
	}{
		{"strangers", 3, Discovery{}, 410 * ms},
		{"known", 3, Discovery{}, 160 * ms},
		{"a part of them", 3, Discovery{Limit: 1}, 10 * ms},
		{"the part was not remembered", 3, Discovery{}, 160 * ms},
		{"one gone", 2, Discovery{}, 2 * time.Second},
		{"forgotten", 2, Discovery{}, 160 * ms},
		{"one new", 3, Discovery{}, 160 * ms},
		{"all gone", 0, Discovery{}, 4 * time.Second},
		{"strangers again", 3, Discovery{}, 410 * ms},
		{"too short to learn from", 0, Discovery{Timeout: time.Second}, time.Second},
		{"still known", 3, Discovery{}, 160 * ms},
		{"an explicit limit", 3, Discovery{Timeout: time.Second}, time.Second},
	} {
		if got := ask(t, step.nodes, step.ask); got != step.want {
			t.Errorf("%s: took %v, want %v", step.name, got, step.want)
		}
	}
}
