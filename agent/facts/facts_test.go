package facts_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/mco-go/mco-go/agent/facts"
	"github.com/mco-go/mco-go/internal/vectors"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/inspect"
)

// lines is a log that keeps "level: message".
type lines struct {
	mu  sync.Mutex
	got []string
}

func (l *lines) Enabled(context.Context, slog.Level) bool { return true }
func (l *lines) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l *lines) WithGroup(string) slog.Handler            { return l }

func (l *lines) Handle(_ context.Context, r slog.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.got = append(l.got, strings.ToLower(r.Level.String())+": "+r.Message)
	return nil
}

func (l *lines) take() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	got := l.got
	l.got = nil
	return got
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestVectorsFacts(t *testing.T) {
	file := vectors.Load[struct {
		Files []struct {
			Name   string
			Files  []*vectors.Text
			Result vectors.Value
			Log    []string
		}
	}](t, "facts.json")
	done := 0
	for _, c := range file.Files {
		done++
		dir := t.TempDir()
		var paths []string
		for i, text := range c.Files {
			path := filepath.Join(dir, fmt.Sprintf("f%d.yaml", i))
			paths = append(paths, path)
			if text != nil {
				write(t, path, string(*text))
			}
		}
		log := new(lines)
		got := mco.Hash(facts.New(facts.Options{Files: paths, Log: slog.New(log)}).Facts())
		// The labels of texts count too, so the printed forms would not do.
		if !got.Equal(c.Result.Value) || inspect.Inspect(got) != inspect.Inspect(c.Result.Value) {
			t.Errorf("%s: %s, want %s", c.Name, inspect.Inspect(got), inspect.Inspect(c.Result.Value))
		}
		said := log.take()
		for i := range said {
			said[i] = strings.ReplaceAll(said[i], dir, "<dir>")
		}
		if !slices.EqualFunc(said, c.Log, sameLine) {
			t.Errorf("%s: log %q, want %q", c.Name, said, c.Log)
		}
	}
	vectors.Count(t, "facts.json", "files", done, len(file.Files))
}

// sameLine compares log lines. Of a syntax error libyaml's context ("while parsing ...") and place are not ours.
func sameLine(got, want string) bool {
	if strings.Contains(want, ": Psych::SyntaxError: (<unknown>): ") {
		want, _, _ = strings.Cut(want, " at line ")
		want, _, _ = strings.Cut(want, " while ")
		return strings.HasPrefix(got, want)
	}
	return got == want
}

func TestCache(t *testing.T) {
	file := filepath.Join(t.TempDir(), "facts.yaml")
	write(t, file, "a: 1\n")
	now := time.Unix(1_700_000_000, 0)
	log := new(lines)
	s := facts.New(facts.Options{Files: []string{file}, CacheTime: 300 * time.Second, Log: slog.New(log), Now: func() time.Time { return now }})
	fact := func() string {
		t.Helper()
		v, _ := s.Fact("a")
		text, _ := v.AsString()
		return text
	}
	age := func(seconds int64) {
		t.Helper()
		at := time.Unix(1_600_000_000+seconds, 0)
		if err := os.Chtimes(file, at, at); err != nil {
			t.Fatal(err)
		}
	}
	age(0)
	if got := fact(); got != "1" {
		t.Fatalf("first: %q, want 1", got)
	}
	write(t, file, "a: 2\n")
	age(0)
	if got := fact(); got != "1" {
		t.Errorf("same time and size: %q, want the kept 1", got)
	}
	age(1)
	if got := fact(); got != "2" {
		t.Errorf("newer file: %q, want 2", got)
	}
	write(t, file, "a: 3\n")
	age(1)
	now = now.Add(300 * time.Second)
	if got := fact(); got != "2" {
		t.Errorf("at the cache time: %q, want 2", got)
	}
	now = now.Add(time.Second)
	if got := fact(); got != "3" {
		t.Errorf("past the cache time: %q, want 3", got)
	}
	write(t, file, "a: [\n")
	age(2)
	if got := fact(); got != "3" {
		t.Errorf("broken file: %q, want the last good 3", got)
	}
	if got := log.take(); len(got) != 2 || got[1] != "error: Failed to load facts: RuntimeError: Got empty facts" {
		t.Errorf("log %q", got)
	}
	if fact(); log.take() != nil {
		t.Error("a broken file is read again at once")
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if got := fact(); got != "3" {
		t.Errorf("vanished file: %q, want the last good 3", got)
	}
	write(t, file, "a: 4\n")
	age(3)
	if got := fact(); got != "4" {
		t.Errorf("file that came back: %q, want 4", got)
	}
}

func TestRefusesWhatIsNoFile(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	log := new(lines)
	s := facts.New(facts.Options{Files: []string{pipe}, Log: slog.New(log)})
	if got := s.Facts().Len(); got != 0 {
		t.Errorf("%d facts from a pipe", got)
	}
	if got := log.take(); len(got) != 2 || !strings.Contains(got[0], "is not a regular file") {
		t.Errorf("log %q", got)
	}
}

// Askers in parallel, while the file changes, see whole sets of facts (the race detector looks on).
func TestConcurrentUse(t *testing.T) {
	file := filepath.Join(t.TempDir(), "facts.yaml")
	write(t, file, "a: 0\nb: 0\n")
	s := facts.New(facts.Options{Files: []string{file}})
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				m := s.Facts()
				a, _ := m.Get(mco.String("a"))
				b, _ := m.Get(mco.String("b"))
				if !a.Equal(b) {
					t.Errorf("facts of two readings: %s and %s", inspect.Inspect(a), inspect.Inspect(b))
					return
				}
			}
		})
	}
	for i := range 50 {
		next := file + ".new"
		write(t, next, fmt.Sprintf("a: %d\nb: %d\n", i, i))
		at := time.Unix(1_600_000_000+int64(i), 0)
		if err := os.Chtimes(next, at, at); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(next, file); err != nil {
			t.Fatal(err)
		}
		s.Facts()
	}
	close(stop)
	wg.Wait()
	if v, _ := s.Fact("a"); inspect.Text(v) != "49" {
		t.Errorf("a = %s, want 49", inspect.Text(v))
	}
}

func TestClassFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "classes.txt")
	log := new(lines)
	c := facts.NewClassFile(file, slog.New(log))
	if got := c.Lines(); got != nil {
		t.Errorf("no file: %q", got)
	}
	if got := log.take(); len(got) != 1 || got[0] != "warn: Parsing classes file '"+file+"' failed: Errno::ENOENT: No such file or directory @ rb_sysopen - "+file {
		t.Errorf("log %q", got)
	}
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{"line ends", "base\nrole::web\r\n\n last", []string{"base", "role::web", "", " last"}},
		{"empty", "", nil},
		{"another size", "one\ntwo\n", []string{"one", "two"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			write(t, file, tt.text)
			if got := c.Lines(); !slices.Equal(got, tt.want) {
				t.Errorf("%q, want %q", got, tt.want)
			}
			if got := facts.Classes(file); !slices.Equal(got, tt.want) {
				t.Errorf("read anew: %q, want %q", got, tt.want)
			}
		})
	}
}

func BenchmarkFact(b *testing.B) {
	file := filepath.Join(b.TempDir(), "facts.yaml")
	var text bytes.Buffer
	for i := range 300 {
		fmt.Fprintf(&text, "fact_%d: value %d\n", i, i)
	}
	if err := os.WriteFile(file, text.Bytes(), 0o600); err != nil {
		b.Fatal(err)
	}
	s := facts.New(facts.Options{Files: []string{file}})
	for b.Loop() {
		if _, ok := s.Fact("fact_299"); !ok {
			b.Fatal("no fact_299")
		}
	}
}
