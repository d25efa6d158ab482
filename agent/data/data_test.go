package data_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/mco-go/mco-go/agent/data"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/ddl"
	"github.com/mco-go/mco-go/mco/inspect"
)

func shipped(name string) (func() *ddl.DDL, error) { return new(ddl.Cache).Find(ddl.Data, name) }

func load(t *testing.T, n data.Node, more ...data.Plugin) *data.Set {
	t.Helper()
	s, err := data.Load(shipped, append(data.Builtin(n), more...)...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func ask(t *testing.T, s *data.Set, plugin, query string) map[string]string {
	t.Helper()
	m, err := s.Query(t.Context(), plugin, mco.String(query))
	if err != nil {
		t.Fatalf("%s('%s'): %v", plugin, query, err)
	}
	got := map[string]string{}
	for k, v := range m.All() {
		got[inspect.Text(k)] = inspect.Inspect(v)
	}
	return got
}

func TestNamesInLoadOrder(t *testing.T) {
	want := []string{"agent_data", "collective_data", "fact_data", "fstat_data"}
	if d := cmp.Diff(want, load(t, data.Node{}).Names()); d != "" {
		t.Errorf("names (-want +got):\n%s", d)
	}
}

func TestFact(t *testing.T) {
	facts := new(mco.Map)
	facts.Set(mco.String("os"), mco.String("Debian"))
	facts.Set(mco.String("disks"), mco.List(mco.String("sda"), mco.String("sdb")))
	nics := new(mco.Map)
	nics.Set(mco.String("eth0"), mco.Hash(mco.NewMap(mco.Pair{Key: mco.String("ip"), Value: mco.String("10.0.0.1")})))
	facts.Set(mco.String("nics"), mco.Hash(nics))
	s := load(t, data.Node{Facts: func() *mco.Map { return facts }})
	none := map[string]string{"exists": "false", "value": "false", "value_encoding": "false"}
	is := func(value, encoding string) map[string]string {
		return map[string]string{"exists": "true", "value": value, "value_encoding": `"` + encoding + `"`}
	}
	for query, want := range map[string]map[string]string{
		"os":           is(`"Debian"`, "text/plain"),
		"disks.1":      is(`"sdb"`, "text/plain"),
		"disks.-2":     is(`"sda"`, "text/plain"),
		"disks.2":      none,
		"nics.eth0.ip": is(`"10.0.0.1"`, "text/plain"),
		"nics.eth0":    is(`"{\"ip\":\"10.0.0.1\"}"`, "application/json"),
		"disks":        is(`"[\"sda\",\"sdb\"]"`, "application/json"),
		"os.x":         none,
		"nothing":      none,
	} {
		if d := cmp.Diff(want, ask(t, s, "fact", query)); d != "" {
			t.Errorf("fact('%s') (-want +got):\n%s", query, d)
		}
	}
	if _, err := s.Query(t.Context(), "fact", mco.String("disks.x")); err == nil {
		t.Error("a list was walked by a word")
	}
}

func TestAgentAndCollective(t *testing.T) {
	s := load(t, data.Node{Collectives: []string{"mcollective", "eu"}, Agent: func(name string) (*mco.Map, bool) {
		m := new(mco.Map)
		for _, key := range []mco.Symbol{"license", "description", "url", "version", "author"} {
			m.SetSymbol(key, mco.String("the "+string(key)))
		}
		m.SetSymbol("timeout", mco.Int(10))
		return m, name == "rpcutil"
	}})
	if got := ask(t, s, "agent", "rpcutil"); got["agent"] != `"rpcutil"` || got["timeout"] != "10" || got["version"] != `"the version"` {
		t.Errorf("agent('rpcutil') = %v", got)
	}
	if _, err := s.Query(t.Context(), "agent", mco.String("nope")); err == nil || err.Error() != "No agent called nope found" {
		t.Errorf("agent('nope'): %v", err)
	}
	for name, want := range map[string]string{"eu": "true", "us": "false"} {
		if got := ask(t, s, "collective", name); got["member"] != want {
			t.Errorf("collective('%s') = %v", name, got)
		}
	}
}

// The system's own stat and md5sum are the judges.
func TestFstat(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("some words\n"), 0o640); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, "socket")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := load(t, data.Node{})
	for path, kind := range map[string]string{file: "file", dir: "directory", link: "symlink", socket: "socket", "/dev/null": "chardev"} {
		got := ask(t, s, "fstat", path)
		out, err := exec.Command("stat", "-c", "%s %u %g %Y %f", path).Output()
		if err != nil {
			t.Fatal(err)
		}
		var size, uid, gid, mtime, mode int64
		if _, err := fmt.Sscanf(string(out), "%d %d %d %d %x", &size, &uid, &gid, &mtime, &mode); err != nil {
			t.Fatal(err)
		}
		want := map[string]string{"name": fmt.Sprintf("%q", path), "output": `"present"`, "present": "1", "type": `"` + kind + `"`, "size": fmt.Sprint(size),
			"uid": fmt.Sprint(uid), "gid": fmt.Sprint(gid), "mtime_seconds": fmt.Sprint(mtime), "mode": fmt.Sprintf(`"%o"`, mode)}
		for key, value := range want {
			if got[key] != value {
				t.Errorf("%s of %s: %s, want %s", key, path, got[key], value)
			}
		}
		if kind != "file" && got["md5"] != "0" {
			t.Errorf("md5 of %s: %s", path, got["md5"])
		}
	}
	out, err := exec.Command("md5sum", file).Output()
	if err != nil {
		t.Fatal(err)
	}
	if got := ask(t, s, "fstat", file)["md5"]; got != `"`+strings.Fields(string(out))[0]+`"` {
		t.Errorf("md5 %s, want %s", got, out)
	}
	absent := ask(t, s, "fstat", filepath.Join(dir, "absent"))
	if absent["present"] != "0" || absent["output"] != `"not present"` || absent["mode"] != `"0000"` || absent["mtime_age"] != "nil" {
		t.Errorf("an absent file: %v", absent)
	}
}

// slow answers when its time is over.
type slow struct{}

func (slow) Name() string { return "fact" }

func (slow) Query(ctx context.Context, _ mco.Value) (*mco.Map, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// wrong answers with a list.
type wrong struct{}

func (wrong) Name() string { return "fact" }

func (wrong) Query(context.Context, mco.Value) (*mco.Map, error) {
	return mco.NewMap(mco.Pair{Key: mco.Sym("value"), Value: mco.List()}), nil
}

func TestRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := load(t, data.Node{}, slow{})
		if _, err := s.Query(t.Context(), "system", mco.String("true")); !errors.Is(err, data.ErrUnknown) {
			t.Errorf("a method of Ruby: %v", err)
		}
		if _, err := s.Query(t.Context(), "fstat", mco.Nil()); err == nil {
			t.Error("a query that the DDL requires was left out")
		} else if _, ok := errors.AsType[*ddl.ValidationError](err); !ok {
			t.Errorf("a query that the DDL requires was left out: %v", err)
		}
		_, err := s.Query(t.Context(), "fact", mco.String("os"))
		if e, ok := errors.AsType[*data.TimeoutError](err); !ok || e.Error() != "Data plugin Fact_data timed out on query 'os'" {
			t.Errorf("a query that takes too long: %v", err)
		}
		if _, err := load(t, data.Node{}, wrong{}).Query(t.Context(), "fact", mco.String("os")); err == nil {
			t.Error("an output that is a list was taken")
		}
	})
}

func TestPluginWithoutDDLIsLeftOut(t *testing.T) {
	none := errors.New("no file")
	s, err := data.Load(func(name string) (func() *ddl.DDL, error) {
		if name == "fact_data" {
			return nil, none
		}
		return shipped(name)
	}, data.Builtin(data.Node{})...)
	if !errors.Is(err, none) || len(s.Names()) != 3 {
		t.Errorf("%v, %v", s.Names(), err)
	}
}
