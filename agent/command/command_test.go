package command

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	Shim()
	if mark := os.Getenv(runsForEver); mark != "" {
		runForEver(mark)
	}
	if dir := os.Getenv(startsJob); dir != "" {
		startAndLeave(dir)
	}
	goleak.VerifyTestMain(m)
}

func newRunner(t *testing.T, o Options) *Runner {
	t.Helper()
	r, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestOutcomes(t *testing.T) {
	r := newRunner(t, Options{OutputMax: 8})
	for name, row := range map[string]struct {
		spec Spec
		want Result
	}{
		"both streams and a code": {Spec{Line: "echo out; echo err >&2; exit 3"}, Result{Stdout: []byte("out\n"), Stderr: []byte("err\n"), ExitCode: 3}},
		"words":                   {Spec{Argv: []string{"printf", "%s|", "a b", "$HOME"}}, Result{Stdout: []byte("a b|$HOM"), StdoutDropped: 2}},
		"a signal":                {Spec{Line: "kill -9 $$"}, Result{ExitCode: -1, Signal: 9}},
		"bytes that are no text":  {Spec{Line: "printf '\\377\\000\\376'"}, Result{Stdout: []byte("\xff\x00\xfe")}},
		"a line that is no text":  {Spec{Line: "printf '\xff'"}, Result{Stdout: []byte("\xff")}},
		"more than is kept":       {Spec{Line: "printf 0123456789; printf abcdefghij >&2"}, Result{Stdout: []byte("01234567"), StdoutDropped: 2, Stderr: []byte("abcdefgh"), StderrDropped: 2}},
		"no input":                {Spec{Argv: []string{"cat"}}, Result{}},
		"the folder":              {Spec{Argv: []string{"pwd"}}, Result{Stdout: []byte("/\n")}},
		"another folder":          {Spec{Argv: []string{"pwd"}, Dir: "/usr"}, Result{Stdout: []byte("/usr\n")}},
		"the mask":                {Spec{Line: "umask"}, Result{Stdout: []byte("0022\n")}},
		"no core files":           {Spec{Line: "ulimit -c"}, Result{Stdout: []byte("0\n")}},
		"no descriptor above 2":   {Spec{Line: "ls /proc/$$/fd; true"}, Result{Stdout: []byte("0\n1\n2\n")}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := r.Run(t.Context(), row.spec)
			if err != nil {
				t.Fatal(err)
			}
			got.Duration = 0
			if diff := cmp.Diff(row.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
