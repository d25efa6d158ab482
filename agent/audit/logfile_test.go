package audit

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/internal/vectors"
	"github.com/mco-go/mco-go/mco"
)

// request is the one that the vectors' lines tell of, with the given inputs.
func request(t *testing.T, data mco.Value) *agent.Request {
	t.Helper()
	body := mco.NewMap(
		mco.Pair{Key: mco.Sym("agent"), Value: mco.String("rpcutil")},
		mco.Pair{Key: mco.Sym("action"), Value: mco.String("get_fact")},
		mco.Pair{Key: mco.Sym("data"), Value: data})
	r, err := agent.NewRequest(mco.Request{
		ID: strings.Repeat("ab", 16), Agent: "rpcutil", Sender: "client.example.net", Caller: "uid=0",
		Time: time.Unix(1700000000, 0), Body: mco.Hash(body),
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestVectorsAudit(t *testing.T) {
	file := vectors.Load[struct {
		Audit []struct {
			Data vectors.Value
			Line string
		}
	}](t, "rpc.json")
	done := 0
	for _, tc := range file.Audit {
		done++
		if got := Line(time.Unix(1700000000, 0), request(t, tc.Data.Value)); got != tc.Line {
			t.Errorf("line\n got %q\nwant %q", got, tc.Line)
		}
	}
	vectors.Count(t, "rpc.json", "audit", done, len(file.Audit))
}

func TestLinesAreAppended(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	l := &Logfile{Path: path}
	r := request(t, mco.Hash(nil))
	r.Sender = "client\n[2023-11-14 22:13:20 UTC] reqid=forged"
	for range 2 {
		if err := l.Audit(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(raw), "\n"); n != 2 {
		t.Errorf("%d lines, want 2:\n%s", n, raw)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o007 != 0 {
		t.Errorf("mode %v, %v: others must not read the file", info.Mode(), err)
	}
}

func TestAnAuditThatCannotBeWrittenFails(t *testing.T) {
	l := &Logfile{Path: filepath.Join(t.TempDir(), "none", "audit.log")}
	if err := l.Audit(t.Context(), request(t, mco.Hash(nil))); err == nil {
		t.Error("no error")
	}
}
