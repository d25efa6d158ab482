package logging_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/mco-go/mco-go/mco/logging"
)

func open(t *testing.T, o logging.Options) *logging.Logger {
	t.Helper()
	l, err := logging.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func read(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestFileLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mcollective.log")
	l := open(t, logging.Options{Type: "file", File: path, Level: "debug"})
	l.Warn("Failed to handle message: no such agent - RuntimeError\n", slog.String("agent", "nrpe"))
	lines := strings.Split(strings.TrimSpace(read(t, path)), "\n")
	if len(lines) != 2 || !strings.HasPrefix(lines[0], "# Logfile created on ") {
		t.Fatalf("the file holds %q, want a head and one line", lines)
	}
	want := regexp.MustCompile(`^W, \[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}[+-]\d\d:\d\d  #` + fmt.Sprint(os.Getpid()) +
		`\]  WARN -- : logging_test\.go:\d+:in 'TestFileLine' Failed to handle message: no such agent - RuntimeError agent=nrpe$`)
	if !want.MatchString(lines[1]) {
		t.Errorf("line %q\nwant %s", lines[1], want)
	}
}

func TestConsoleLine(t *testing.T) {
	for _, tt := range []struct {
		name  string
		color bool
		log   func(*logging.Logger)
		want  string
	}{
		{"plain", false, func(l *logging.Logger) { l.Info("hello") }, `^info \d{4}/\d\d/\d\d \d\d:\d\d:\d\d: \S+ hello\n$`},
		{"plain with a method", false, func(l *logging.Logger) { l.Error("hello") }, `^error \S+ \S+ logging_test\.go:\d+:in 'TestConsoleLine.*' hello\n$`},
		{"warn in yellow", true, func(l *logging.Logger) { l.Warn("hello") }, `^\x1b\[33mwarn\x1b\[0m `},
		{"error in red", true, func(l *logging.Logger) { l.Error("hello") }, `^\x1b\[31merror\x1b\[0m `},
		{"fatal in red", true, func(l *logging.Logger) { l.Fatal("hello") }, `^\x1b\[31mfatal\x1b\[0m `},
		{"info in green", true, func(l *logging.Logger) { l.Info("hello") }, `^\x1b\[32minfo\x1b\[0m `},
		{"debug has the reset alone", true, func(l *logging.Logger) { l.Debug("hello") }, `^debug\x1b\[0m `},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			tt.log(open(t, logging.Options{Type: "console", Level: "debug", Color: tt.color, Console: &out}))
			want := regexp.MustCompile(strings.Replace(tt.want, `\S+ hello`, `logging_test.go:\d+:in '\S+' hello`, 1))
			if !want.MatchString(out.String()) {
				t.Errorf("line %q\nwant %s", out.String(), want)
			}
		})
	}
}

func TestLevelsCycle(t *testing.T) {
	var out bytes.Buffer
	l := open(t, logging.Options{Type: "console", Level: "info", Console: &out})
	var seen []string
	for range 5 {
		seen = append(seen, logging.LevelName(l.CycleLevel()))
	}
	if got := strings.Join(seen, " "); got != "warn error fatal debug info" {
		t.Errorf("levels %s", got)
	}
	l.CycleLevel() // warn
	l.Info("hidden")
	l.Warn("shown")
	if got := out.String(); strings.Contains(got, "hidden") || !strings.Contains(got, "shown") {
		t.Errorf("at level warn: %q", got)
	}
}

func TestUnknownLevelIsDebugAndSaysSo(t *testing.T) {
	var out bytes.Buffer
	l := open(t, logging.Options{Type: "console", Level: "loud", Console: &out})
	if l.Level() != slog.LevelDebug || !strings.Contains(out.String(), "loud") {
		t.Errorf("level %v, said %q", l.Level(), out.String())
	}
}

func TestSecretsAndControlCharacters(t *testing.T) {
	var out bytes.Buffer
	l := open(t, logging.Options{Type: "console", Console: &out})
	l.With("psk", logging.Secret("hunter2")).WithGroup("peer").Info("from \x1b[31mnode\nforged line",
		slog.Any("password", logging.Secret("hunter2")), slog.String("name", "a b\x00"))
	got := out.String()
	if strings.Contains(got, "hunter2") {
		t.Errorf("a secret in %q", got)
	}
	if strings.Count(got, "\n") != 1 || strings.ContainsAny(got, "\x1b\x00") {
		t.Errorf("control characters in %q", got)
	}
	for _, want := range []string{`psk=[redacted]`, `peer.password=[redacted]`, `from \x1b[31mnode\nforged line`} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in %q", want, got)
		}
	}
}

func TestRotation(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mcollective.log")
	l := open(t, logging.Options{Type: "file", File: path, Keep: 3, MaxSize: 200})
	for i := range 12 {
		l.Info(fmt.Sprintf("line %02d %s", i, strings.Repeat("x", 150)))
	}
	all := ""
	for _, f := range []string{path, path + ".0", path + ".1"} {
		all += read(t, f)
	}
	if !strings.Contains(read(t, path), "line 11") {
		t.Errorf("the newest line is not in %s", path)
	}
	if !strings.Contains(all, "line 10") || !strings.Contains(all, "line 09") {
		t.Errorf("the lines before are not in the old files")
	}
	if _, err := os.Stat(path + ".2"); err == nil {
		t.Errorf("keeplogs = 3 left a fourth file")
	}
}

func TestNoRotationWithoutKeeplogs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mcollective.log")
	l := open(t, logging.Options{Type: "file", File: path, MaxSize: 10})
	for range 5 {
		l.Info("a line")
	}
	if _, err := os.Stat(path + ".0"); err == nil {
		t.Errorf("keeplogs = 0 rotated")
	}
}

func TestReopenFollowsTheName(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mcollective.log")
	l := open(t, logging.Options{Type: "file", File: path})
	l.Info("before")
	if err := os.Rename(path, path+".moved"); err != nil {
		t.Fatal(err)
	}
	l.Info("in between")
	if err := l.Reopen(); err != nil {
		t.Fatal(err)
	}
	l.Info("after")
	if got := read(t, path+".moved"); !strings.Contains(got, "in between") {
		t.Errorf("old file %q", got)
	}
	if got := read(t, path); !strings.Contains(got, "after") || strings.Contains(got, "in between") {
		t.Errorf("new file %q", got)
	}
}

func TestJSON(t *testing.T) {
	var out bytes.Buffer
	l := open(t, logging.Options{Type: "console", JSON: true, Console: &out})
	l.Fatal("gone", slog.Any("psk", logging.Secret("hunter2")))
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatalf("%q: %v", out.String(), err)
	}
	if line["level"] != "fatal" || line["msg"] != "gone" || line["psk"] != "[redacted]" {
		t.Errorf("line %v", line)
	}
}

func TestErrorsNameTheDestination(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "no", "such", "folder", "log")
	if _, err := logging.New(logging.Options{Type: "file", File: missing}); err == nil || !strings.Contains(err.Error(), missing) {
		t.Errorf("error %v does not name %s", err, missing)
	}
	if _, err := logging.New(logging.Options{Type: "pigeon"}); err == nil || !strings.Contains(err.Error(), "pigeon") {
		t.Errorf("error %v does not name the type", err)
	}
}

func TestClosedFileRefusesLines(t *testing.T) {
	l := open(t, logging.Options{Type: "file", File: filepath.Join(t.TempDir(), "log")})
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l.Info("late") // must not panic
	if err := l.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
}

// A machine's syslog takes datagrams on a socket of a fixed name, which a test must not occupy; where there is none, the error says so.
func TestSyslogWithoutADaemonIsAnError(t *testing.T) {
	if _, err := net.Dial("unixgram", "/dev/log"); err == nil {
		l := open(t, logging.Options{Type: "syslog", Facility: "local3", Program: "mcollectived"})
		l.Info("a test of the log")
		return
	}
	if _, err := logging.New(logging.Options{Type: "syslog", Program: "mcollectived"}); err == nil || !strings.HasPrefix(err.Error(), "Could not start logger: ") {
		t.Errorf("error %v", err)
	}
}
