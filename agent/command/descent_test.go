package command

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestParseStat(t *testing.T) {
	const rest = " S 7 42 43 0 -1 4194304 100 0 0 0 1 2 0 0 20 0 1 0 98765 1000 10"
	want := proc{pid: 42, parent: 7, session: 43, state: 'S', start: 98765}
	for name, row := range map[string]struct {
		line string
		ok   bool
	}{
		"usual":                 {"42 (sh)" + rest, true},
		"a name that lies":      {"42 (x) R 1 1 1 (y) z)" + rest, true},
		"a name with a newline": {"42 (a\nb)" + rest, true},
		"cut off":               {"42 (sh) S 7 42 43 0", false},
		"no name":               {"42 sh S 7 42 43", false},
		"no number":             {"x (sh)" + rest, false},
		"nothing":               {"", false},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parseStat([]byte(row.line))
			if (err == nil) != row.ok || row.ok && got != want {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

func FuzzParseStat(f *testing.F) {
	f.Add([]byte("42 (x) R 1 1 1 (y) z) S 7 42 43 0 -1 4194304 100 0 0 0 1 2 0 0 20 0 1 0 98765 1000 10"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if p, err := parseStat(raw); err == nil && strings.Count(string(raw), " ") < 19 && p.start != 0 {
			t.Errorf("%+v from %q", p, raw)
		}
	})
}

// Kernels with lists of children and those without see the same processes.
func TestDescendants(t *testing.T) {
	tree := exec.Command("sh", "-c", "sh -c 'sleep 982 & echo up; wait' & wait")
	stdout, err := tree.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := tree.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		for _, p := range descendants(tree.Process.Pid) {
			if q, err := os.FindProcess(p.pid); err == nil {
				q.Kill()
			}
		}
		tree.Wait()
	}()
	if _, err := stdout.Read(make([]byte, 3)); err != nil {
		t.Fatal(err)
	}
	scanned := scannedChildren(tree.Process.Pid)
	if len(scanned) < 2 {
		t.Errorf("only %+v", scanned)
	}
	listed, ok := listedChildren(tree.Process.Pid)
	if !ok {
		t.Log("this kernel keeps no lists of children")
		return
	}
	less := func(a, b proc) bool { return a.pid < b.pid }
	if diff := cmp.Diff(scanned, listed, cmp.AllowUnexported(proc{}), cmpopts.SortSlices(less)); diff != "" {
		t.Errorf("-scanned +listed:\n%s", diff)
	}
}
