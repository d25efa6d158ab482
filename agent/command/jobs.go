package command

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// The files of a job's folder. Those but the last three are the original's shell agent's.
const (
	fileCommand = "command"
	filePid     = "pid"
	fileStdout  = "stdout"
	fileStderr  = "stderr"
	fileExit    = "exitstatus" // the number that wait(2) gives
	fileProcess = "process"    // shim, then command: pid, start time, boot id
	fileDropped = "dropped"    // bytes of stdout and stderr beyond what is kept
)

// Bounds of a folder of jobs.
const (
	keepOutput = 64 << 20 // bytes of each stream of a job
	keepJobs   = 1000     // ended ones; older ones are removed
	maxRunning = 100
)

// Jobs are commands in the background, each with a folder of its own below one folder. They go on when the program that started them
// ends, and any program that opens the folder later finds them. A job is known by process id and start time together, never by its
// process id alone. Jobs holds nothing open and is safe for concurrent use.
type Jobs struct {
	runner *Runner
	dir    string
}

// ErrNoJob is a handle that belongs to no job.
var ErrNoJob = errors.New("no such job")

// Jobs returns the jobs below dir, an absolute path. It is made when the first job is.
func (r *Runner) Jobs(dir string) (*Jobs, error) {
	if !filepath.IsAbs(dir) {
		return nil, fmt.Errorf("folder of jobs: %q is no absolute path", dir)
	}
	return &Jobs{runner: r, dir: dir}, nil
}

// validHandle tells whether the text can be a handle: at most 36 small letters, digits and hyphens, so that it names nothing but an
// entry of the folder.
func validHandle(s string) bool {
	if s == "" || len(s) > 36 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// open opens the folder of a job.
func (j *Jobs) open(handle string) (*os.Root, error) {
	if !validHandle(handle) {
		return nil, ErrNoJob
	}
	all, err := os.OpenRoot(j.dir)
	if err == nil {
		defer all.Close()
		var one *os.Root
		if one, err = all.OpenRoot(handle); err == nil {
			return one, nil
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoJob
	}
	return nil, err
}

// Output returns at most limit bytes of a stream from offset on, and whether there are more now.
func (j *Jobs) Output(handle string, stream Stream, offset int64, limit int) (out []byte, more bool, err error) {
	folder, err := j.open(handle)
	if err != nil {
		return nil, false, err
	}
	defer folder.Close()
	name := fileStdout
	if stream == Stderr {
		name = fileStderr
	}
	f, err := folder.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	defer f.Close()
	if _, err := f.Seek(max(offset, 0), io.SeekStart); err != nil {
		return nil, false, err
	}
	out, err = io.ReadAll(io.LimitReader(f, int64(limit)+1))
	if len(out) > limit {
		return out[:limit], true, err
	}
	return out, false, err
}

// List returns all jobs, oldest first.
func (j *Jobs) List() ([]Job, error) {
	entries, err := os.ReadDir(j.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []Job
	for _, e := range entries {
		if !validHandle(e.Name()) || !e.IsDir() {
			continue
		}
		one, err := j.Status(e.Name())
		if errors.Is(err, ErrNoJob) {
			continue // removed just now
		}
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	slices.SortStableFunc(all, func(a, b Job) int { return a.Began.Compare(b.Began) })
	return all, nil
}

// Remove forgets a job that has ended. Its files go.
func (j *Jobs) Remove(handle string) error {
	job, err := j.Status(handle)
	if err != nil {
		return err
	}
	if job.State == JobRunning || job.State == JobStarting {
		return fmt.Errorf("job %s is %s", handle, job.State)
	}
	root, err := os.OpenRoot(j.dir)
	if err != nil {
		return err
	}
	defer root.Close()
	return root.RemoveAll(handle)
}

// Kill asks a job to end: SIGTERM now, SIGKILL five seconds later. It does not wait, and does nothing to a job that has ended.
func (j *Jobs) Kill(handle string) error {
	folder, err := j.open(handle)
	if err != nil {
		return err
	}
	defer folder.Close()
	ids, err := readIdentities(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("job %s has not begun", handle)
	}
	if err != nil {
		return err
	}
	return ids[0].terminate()
}
