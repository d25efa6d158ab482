package filemgr

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/agent/agenttest"
	"github.com/mco-go/mco-go/mco"
)

func newAgent(t *testing.T, dir string) agent.Agent {
	t.Helper()
	return agenttest.New(t, Name, New, agenttest.Config(t, "plugin.filemgr.touch_file = "+dir+"/touched\n"))
}

func file(name string) mco.Pair { return mco.Pair{Key: mco.Sym("file"), Value: mco.String(name)} }

func TestTouchAndRemove(t *testing.T) {
	noon := time.Unix(1700000000, 0)
	dir := t.TempDir()
	a := newAgent(t, dir)
	touched := filepath.Join(dir, "touched")
	for range 2 { // it makes the file, then it sets its times
		if r := agenttest.Ask(t, a, "touch"); r.Status != mco.OK {
			t.Fatal(r.Message)
		}
		if st, err := os.Stat(touched); err != nil || time.Since(st.ModTime()) > time.Minute {
			t.Errorf("touched: %v, %v", st, err)
		}
		if err := os.Chtimes(touched, noon, noon); err != nil {
			t.Fatal(err)
		}
	}
	if r := agenttest.Ask(t, a, "remove"); r.Status != mco.OK {
		t.Error(r.Message)
	}
	dangling := filepath.Join(dir, "dangling")
	if err := os.Symlink("/nonexistent", dangling); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ action, name, want string }{
		{"remove", touched, "1 Could not remove file '" + touched + "' - it is not present"},
		{"remove", dir, "1 Could not remove file '" + dir + "': remove " + dir + ": is a directory"},
		{"remove", dangling, "0 OK"},
		{"touch", dir + "/no/file", "1 Could not touch file '" + dir + "/no/file': open " + dir + "/no/file: no such file or directory"},
	} {
		r := agenttest.Ask(t, a, row.action, file(row.name))
		if got := fmt.Sprintf("%d %s", r.Status, r.Message); got != row.want {
			t.Errorf("%s %s: %s", row.action, row.name, got)
		}
	}
}

func TestStatus(t *testing.T) {
	noon := time.Unix(1700000000, 0)
	dir := t.TempDir()
	a := newAgent(t, dir)
	at := func(name string) string { return filepath.Join(dir, name) }
	if err := os.WriteFile(at("file"), []byte("hello\n"), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(at("file"), noon, noon); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("file", at("link")); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", at("socket"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, row := range []struct{ name, want string }{
		{at("file"), "0 present 1 file 100640 6 b1946ac92492d2347c6235b4d2611184 1700000000"},
		{at("link"), "0 present 1 symlink 120777"},
		{at("socket"), "0 present 1 socket 140"},
		{dir, "0 present 1 directory 40"},
		{"/dev/null", "0 present 1 chardev 20666 0 0"},
		{at("nosuch"), "1 not present 0 unknown 0000 0 0 0"},
	} {
		r := agenttest.Ask(t, a, "status", file(row.name), mco.Pair{Key: mco.Sym("dirlist"), Value: mco.Bool(true)})
		got := fmt.Sprint(r.Status)
		for _, out := range []mco.Symbol{"output", "present", "type", "mode", "size", "md5", "mtime_seconds"} {
			got += " " + agenttest.Output(r, out)
		}
		if !strings.HasPrefix(got, row.want) {
			t.Errorf("%s: %s, want %s", row.name, got, row.want)
		}
		if names, isList := r.Data.Symbol("dir_listing").AsList(); isList != (row.name == dir) || isList && len(names) != 3 {
			t.Errorf("%s: listing %v", row.name, names)
		}
		if text := agenttest.Output(r, "mtime"); row.name == at("file") && text != noon.Format("2006-01-02 15:04:05 -0700") {
			t.Errorf("time %s", text)
		}
	}
	if r := agenttest.Ask(t, a, "status", file(at("nosuch"))); r.Message != at("nosuch")+" does not exist" {
		t.Error(r.Message)
	}
}
