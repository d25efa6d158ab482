// Package rubyjudge lets tests ask the real Ruby what it makes of a value, instead of trusting what somebody remembers of it.
//
// A judge is one ruby process with a script of the test's own, which calls judge (judge.rb) with a block: each question goes to the block
// and what the block returns is the answer, both as one line of JSON; bytes travel as base64, which is what Go's JSON makes of a []byte. What
// it promises: the locale is UTF-8, the process ends with the test and never outlives the test binary, its complaints are shown when the test
// fails, and a missing ruby is a failure in CI and otherwise a skip that `make test` names at its end.
//
// Only tests import it.
package rubyjudge

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
)

// endLimit is how long a script may take to end when there are no more questions.
const endLimit = 10 * time.Second

// Judge is a running ruby. One goroutine may ask at a time.
type Judge struct {
	in  *json.Encoder
	out *json.Decoder
}

// Start runs ruby with these arguments: its options, then the script's file or -e and its text, then what the script finds in ARGV.
// The script must end without an error when the test does.
func Start(t testing.TB, args ...string) *Judge {
	t.Helper()
	lab.Need(t, lab.Interpreter)
	cmd := exec.Command("ruby", append([]string{"-r", filepath.Join(lab.Root(), "internal", "rubyjudge", "judge.rb")}, args...)...)
	cmd.Env = append(os.Environ(), "LANG=C.UTF-8", "LC_ALL=C.UTF-8")
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	// A pipe of our own: that of cmd would be closed, unread, as soon as ruby ends.
	out, answers, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout = answers
	ended := make(chan error, 1)
	err = lab.Leash(cmd, func(err error) { ended <- err })
	answers.Close()
	if err != nil {
		out.Close()
		t.Fatalf("start ruby: %v", err)
	}
	t.Cleanup(func() {
		in.Close()
		select {
		case err = <-ended:
		case <-time.After(endLimit):
			_ = cmd.Process.Kill()
			<-ended
			err = fmt.Errorf("did not end within %v", endLimit)
		}
		out.Close()
		if err != nil {
			t.Errorf("ruby: %v", err)
		}
		if t.Failed() && complaints.Len() > 0 {
			t.Logf("ruby said:\n%s", complaints.Bytes())
		}
	})
	return &Judge{in: json.NewEncoder(in), out: json.NewDecoder(out)}
}

// Ask returns the judge's answer to a question.
func Ask[A any](t testing.TB, j *Judge, question any) A {
	t.Helper()
	var answer A
	if err := j.in.Encode(question); err != nil {
		t.Fatalf("ask ruby about %+v: %v", question, err)
	}
	if err := j.out.Decode(&answer); err == io.EOF {
		t.Fatalf("ask ruby about %+v: it ended", question)
	} else if err != nil {
		t.Fatalf("ask ruby about %+v: %v", question, err)
	}
	return answer
}

// Record asks a judge, started with args, all questions and keeps its answers in a file, one a line, for [Recorded].
func Record[Q any](t testing.TB, file string, questions []Q, args ...string) {
	t.Helper()
	j := Start(t, args...)
	b := []byte("[\n")
	for i, q := range questions {
		if i > 0 {
			b = append(b, ",\n"...)
		}
		b = append(b, Ask[json.RawMessage](t, j, q)...)
	}
	if err := os.WriteFile(file, append(b, "\n]\n"...), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Recorded returns the answers that [Record] kept in a file.
func Recorded[A any](t testing.TB, file string) []A {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var answers []A
	if err := json.Unmarshal(raw, &answers); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return answers
}
