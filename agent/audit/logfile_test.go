package audit

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
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

// fill writes to a file in dir until the disk is full.
func fill(t *testing.T, dir string) {
	t.Helper()
	f, err := os.Create(filepath.Join(dir, "filler"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for size := 1 << 16; size > 0; {
		if _, err := f.Write(make([]byte, size)); err != nil {
			size /= 2
		}
	}
}

// On a full disk a request is not audited, and no part of its line stays; when there is room again the next line is whole.
func TestFullDisk(t *testing.T) {
	if os.Geteuid() != 0 {
		if err := (&Logfile{Path: "/dev/full"}).Audit(t.Context(), request(t, mco.Hash(nil))); !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("%v, want that there is no space", err)
		}
		return
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	l := &Logfile{Path: filepath.Join(dir, "audit.log"), Now: func() time.Time { return time.Unix(1700000000, 0) }}
	r := request(t, mco.Hash(nil))
	if err := l.Audit(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	fill(t, dir)
	long := request(t, mco.Hash(mco.NewMap(mco.Pair{Key: mco.Sym("x"), Value: mco.String(strings.Repeat("x", 8192))})))
	if err := l.Audit(t.Context(), long); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("%v, want that there is no space", err)
	}
	line := Line(time.Unix(1700000000, 0), r)
	if raw, err := os.ReadFile(l.Path); err != nil || string(raw) != line {
		t.Errorf("the file holds %q, %v; want the first line alone", raw, err)
	}
	if err := os.Remove(filepath.Join(dir, "filler")); err != nil {
		t.Fatal(err)
	}
	if err := l.Audit(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if raw, err := os.ReadFile(l.Path); err != nil || string(raw) != line+line {
		t.Errorf("the file holds %q, %v; want two lines", raw, err)
	}
}

func TestEnds(t *testing.T) {
	dir := t.TempDir()
	l := &Logfile{Path: filepath.Join(dir, "audit.log"), EndPath: filepath.Join(dir, "end.log"), Now: func() time.Time { return time.Unix(1700000000, 0) }}
	r := request(t, mco.Hash(nil))
	if err := l.AuditEnd(r, &agent.Reply{Status: mco.Aborted}, 1234567*time.Microsecond); err != nil {
		t.Fatal(err)
	}
	want := "[2023-11-14 22:13:20 UTC] reqid=abababababababababababababababab: end caller=uid=0@client.example.net agent=rpcutil action=get_fact status=1 seconds=1.235\n"
	if raw, err := os.ReadFile(l.EndPath); err != nil || string(raw) != want {
		t.Errorf("line %q, %v\nwant %q", raw, err, want)
	}
	if _, err := os.Stat(l.Path); err == nil {
		t.Error("the end was written to the original's file")
	}
	if err := (&Logfile{Path: l.Path}).AuditEnd(r, &agent.Reply{}, 0); err != nil {
		t.Errorf("ends that nobody asked for: %v", err)
	}
}
