package command

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
)

// startsJob names the variable with which this test binary starts a job in the folder, and ends.
const startsJob = "COMMAND_TEST_STARTS"

func startAndLeave(dir string) {
	jobs, err := newJobs(dir)
	if err == nil {
		var handle string
		if handle, err = jobs.Start(Spec{Line: "echo begun; while [ ! -e " + dir + "/go ]; do sleep 0.02; done; echo over; exit 7"}, "a job"); err == nil {
			fmt.Print(handle)
			os.Exit(0)
		}
	}
	panic(err)
}

func newJobs(dir string) (*Jobs, error) {
	r, err := New(Options{})
	if err != nil {
		return nil, err
	}
	return r.Jobs(dir)
}

func testJobs(t *testing.T) (*Jobs, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "jobs")
	jobs, err := newJobs(dir)
	if err != nil {
		t.Fatal(err)
	}
	return jobs, dir
}

// wait returns the job when it has ended.
func wait(t *testing.T, jobs *Jobs, handle string) (job Job) {
	t.Helper()
	err := lab.Eventually(15*time.Second, func() (err error) {
		if job, err = jobs.Status(handle); err == nil && (job.State == JobRunning || job.State == JobStarting) {
			err = fmt.Errorf("job %s is %s", handle, job.State)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return job
}

func output(t *testing.T, jobs *Jobs, handle string, stream Stream) string {
	t.Helper()
	out, _, err := jobs.Output(handle, stream, 0, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestJobOutcomes(t *testing.T) {
	lab.Leaks(t)
	jobs, _ := testJobs(t)
	for name, row := range map[string]struct {
		line, stdout, stderr string
		code, signal         int
	}{
		"both streams and a code": {"echo out; echo err >&2; exit 3", "out\n", "err\n", 3, 0},
		"a signal":                {"kill -9 $$", "", "", 0, 9},
		"a child that writes on":  {"(sleep 0.2; echo late) & exit 0", "late\n", "", 0, 0},
		"no command":              {"no-such-command", "", "/bin/sh: 1: no-such-command: not found\n", 127, 0},
	} {
		t.Run(name, func(t *testing.T) {
			mark, env := marked(t)
			handle, err := jobs.Start(Spec{Line: row.line, Env: env}, row.line)
			if err != nil {
				t.Fatal(err)
			}
			job := wait(t, jobs, handle)
			if job.State != JobStopped || job.ExitCode != row.code || job.Signal != row.signal || job.Command != row.line {
				t.Errorf("job %+v", job)
			}
			if out, errs := output(t, jobs, handle, Stdout), output(t, jobs, handle, Stderr); out != row.stdout || errs != row.stderr {
				t.Errorf("stdout %q, stderr %q", out, errs)
			}
			wantNone(t, mark)
		})
	}
	if all, err := jobs.List(); err != nil || len(all) != 4 {
		t.Errorf("%d jobs, %v", len(all), err)
	}
}

// A job goes on when the program that started it has ended; another one finds it and how it ends.
func TestJobsOutliveTheirStarter(t *testing.T) {
	jobs, dir := testJobs(t)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	starter := exec.Command(exe)
	starter.Env = append(os.Environ(), startsJob+"="+dir)
	out, err := starter.Output()
	if err != nil {
		t.Fatal(err)
	}
	handle := string(out)
	job, err := jobs.Status(handle)
	if err != nil || job.State != JobRunning || job.Command != "a job" {
		t.Fatalf("job %+v, %v", job, err)
	}
	if err := os.WriteFile(dir+"/go", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if job = wait(t, jobs, handle); job.State != JobStopped || job.ExitCode != 7 {
		t.Errorf("job %+v", job)
	}
	if out := output(t, jobs, handle, Stdout); out != "begun\nover\n" {
		t.Errorf("output %q", out)
	}
}

func TestJobKill(t *testing.T) {
	jobs, _ := testJobs(t)
	mark, env := marked(t)
	handle, err := jobs.Start(Spec{Line: "setsid sleep 983 & trap 'echo told; exit 4' TERM; while :; do sleep 0.05; done", Env: env}, "x")
	if err != nil {
		t.Fatal(err)
	}
	if err := jobs.Remove(handle); err == nil || !strings.Contains(err.Error(), "is running") {
		t.Errorf("a running job is removed: %v", err)
	}
	if err := jobs.Kill(handle); err != nil {
		t.Fatal(err)
	}
	if job := wait(t, jobs, handle); job.State != JobStopped || job.ExitCode != 4 && job.Signal != 15 {
		t.Errorf("job %+v", job)
	}
	wantNone(t, mark)
	if err := jobs.Kill(handle); err != nil {
		t.Errorf("a second time: %v", err)
	}
	if err := jobs.Remove(handle); err != nil {
		t.Error(err)
	}
	if _, err := jobs.Status(handle); !errors.Is(err, ErrNoJob) {
		t.Errorf("status of what is removed: %v", err)
	}
}

// A process that got the number of a job's after it ended is not taken for the job, and is not killed for it.
func TestJobOfAnotherProcess(t *testing.T) {
	jobs, dir := testJobs(t)
	other := exec.Command("cat")
	stdin, err := other.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { stdin.Close(); other.Wait() }()
	p, err := readProc(other.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	for name, line := range map[string]string{
		"an earlier start": fmt.Sprintf("%d %d %s\n", p.pid, p.start-1, bootID()),
		"an earlier boot":  fmt.Sprintf("%d %d %s\n", p.pid, p.start, "0e4a5a1c-0000-0000-0000-000000000000"),
	} {
		t.Run(name, func(t *testing.T) {
			handle := newHandle()
			if err := os.MkdirAll(filepath.Join(dir, handle), 0o700); err != nil {
				t.Fatal(err)
			}
			for file, text := range map[string]string{fileCommand: "x", filePid: fmt.Sprint(p.pid), fileProcess: line + line} {
				if err := os.WriteFile(filepath.Join(dir, handle, file), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if job, err := jobs.Status(handle); err != nil || job.State != JobFailed {
				t.Errorf("job %+v, %v", job, err)
			}
			if err := jobs.Kill(handle); err != nil {
				t.Error(err)
			}
			if q, err := readProc(p.pid); err != nil || q.state == 'Z' {
				t.Error("another process was killed")
			}
		})
	}
}

func TestHandles(t *testing.T) {
	jobs, dir := testJobs(t)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc", filepath.Join(dir, "outside")); err != nil {
		t.Fatal(err)
	}
	for _, handle := range []string{"", ".", "..", "../jobs", "a/b", "a\n", "\na", "A", "ä", "x\x00", strings.Repeat("a", 37), "not-there"} {
		if _, err := jobs.Status(handle); !errors.Is(err, ErrNoJob) {
			t.Errorf("status of %q: %v", handle, err)
		}
		if _, _, err := jobs.Output(handle, Stdout, 0, 1); !errors.Is(err, ErrNoJob) {
			t.Errorf("output of %q: %v", handle, err)
		}
		if err := jobs.Kill(handle); !errors.Is(err, ErrNoJob) {
			t.Errorf("kill of %q: %v", handle, err)
		}
	}
	if _, err := jobs.Status("outside"); err == nil {
		t.Error("a link leads out of the folder")
	}
}

func TestJobOutputInPieces(t *testing.T) {
	jobs, _ := testJobs(t)
	handle, err := jobs.Start(Spec{Line: "printf 0123456789"}, "x")
	if err != nil {
		t.Fatal(err)
	}
	wait(t, jobs, handle)
	for _, row := range []struct {
		offset int64
		limit  int
		want   string
		more   bool
	}{{0, 4, "0123", true}, {4, 6, "456789", false}, {10, 6, "", false}, {99, 6, "", false}, {-3, 1, "0", true}} {
		out, more, err := jobs.Output(handle, Stdout, row.offset, row.limit)
		if err != nil || string(out) != row.want || more != row.more {
			t.Errorf("from %d at most %d: %q, %v, %v", row.offset, row.limit, out, more, err)
		}
	}
}

func TestJobsFolder(t *testing.T) {
	open := t.TempDir()
	if err := os.Chmod(open, 0o777); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{
		"relative": `folder of jobs: "relative" is no absolute path`,
		open:       "folder of jobs: others may write to " + open + " (mode 0777)",
	} {
		jobs, err := newJobs(dir)
		if err == nil {
			_, err = jobs.Start(Spec{Line: "true"}, "x")
		}
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", dir, err, want)
		}
	}
}

// What a command that cannot be started leaves is nothing.
func TestJobThatDoesNotStart(t *testing.T) {
	lab.Leaks(t)
	jobs, dir := testJobs(t)
	if _, err := jobs.Start(Spec{Argv: []string{"/etc/passwd"}}, "x"); !errors.Is(err, os.ErrPermission) {
		t.Errorf("error %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}
