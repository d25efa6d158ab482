package logging

import (
	"log/slog"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/vectors"
)

// Each line of the original's is made again from its level and text. The head of a log file names who began it: that is us.
func TestVectorsLines(t *testing.T) {
	v := vectors.Load[struct{ Logs map[string]string }](t, "misc.json")
	at := time.Unix(1700000000, 0).UTC()
	done := 0
	compare := func(list, separator string, line lineFunc, placeholders *strings.Replacer) {
		done++
		for want := range strings.Lines(v.Logs[list]) {
			if strings.HasPrefix(want, "# Logfile created on ") {
				continue
			}
			head, text, ok := strings.Cut(strings.TrimSuffix(want, "\n"), separator)
			if !ok {
				t.Fatalf("%s: %q has no %q", list, want, separator)
			}
			level, known := levelIn(head)
			if !known {
				t.Fatalf("%s: %q has no level", list, want)
			}
			if got := placeholders.Replace(string(line(nil, at, level, "", text))); got != want {
				t.Errorf("%s\n got %q\nwant %q", list, got, want)
			}
		}
	}
	pid := strings.NewReplacer("#"+strconv.Itoa(os.Getpid()), "#<pid>")
	stamp := strings.NewReplacer("2023/11/14 22:13:20", "<yyyy/mm/dd HH:MM:SS>")
	compare("file", " -- : ", fileLine, pid)
	compare("console_plain", ">: ", consoleLine(false), stamp)
	compare("console_color", ">: ", consoleLine(true), stamp)
	vectors.Count(t, "misc.json", "logs", done, len(v.Logs))
}

func levelIn(head string) (level slog.Level, known bool) {
	for _, name := range []string{"debug", "info", "warn", "error", "fatal"} {
		if strings.Contains(strings.ToLower(head), name) {
			return ParseLevel(name)
		}
	}
	return 0, false
}
