package command

import (
	"crypto/rand"
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

// Start starts a job and returns its handle as soon as it runs. Timeout, Output and Daemons of the spec mean nothing: what a job has
// let go stays. text is what the job's list calls it.
func (j *Jobs) Start(s Spec, text string) (handle string, err error) {
	o, err := j.runner.order(s)
	if err != nil {
		return "", err
	}
	o.Keep = keepOutput
	root, err := j.create()
	if err != nil {
		return "", err
	}
	defer root.Close()
	if err := j.makeRoom(root); err != nil {
		return "", err
	}
	handle = newHandle()
	if err := root.Mkdir(handle, 0o700); err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, root.RemoveAll(handle))
		}
	}()
	if err := root.WriteFile(filepath.Join(handle, fileCommand), []byte(text), 0o600); err != nil {
		return "", err
	}
	folder, err := root.Open(handle)
	if err != nil {
		return "", err
	}
	defer folder.Close()
	return handle, startJob(o, folder)
}

// create opens the folder of all jobs, which it makes if need be. One that others may write to is none of ours.
func (j *Jobs) create() (*os.Root, error) {
	if err := os.MkdirAll(j.dir, 0o700); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(j.dir)
	if err != nil {
		return nil, err
	}
	st, err := root.Stat(".")
	if err == nil && st.Mode().Perm()&0o022 != 0 {
		err = fmt.Errorf("folder of jobs: others may write to %s (mode %04o)", j.dir, st.Mode().Perm())
	}
	if err != nil {
		root.Close()
		return nil, err
	}
	return root, nil
}

// startJob has a detached shim start the command, and waits until it has.
func startJob(o *order, folder *os.File) error {
	controlR, controlW, err := os.Pipe()
	if err != nil {
		return err
	}
	defer controlW.Close()
	statusR, statusW, err := os.Pipe()
	if err != nil {
		closeAll([]*os.File{controlR})
		return err
	}
	defer statusR.Close()
	cmd := shimCommand([]string{argDetach}, controlR, statusW, folder)
	err = cmd.Run()
	closeAll([]*os.File{controlR, statusW})
	if err != nil {
		return &StartError{Program: string(o.Argv[0]), Err: err}
	}
	if err := writeOrder(controlW, o); err != nil {
		return &StartError{Program: string(o.Argv[0]), Err: err}
	}
	return awaitJob(statusR, string(o.Argv[0]))
}

// newHandle returns a random UUID, as the original's handles are.
func newHandle() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // it never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
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

// makeRoom refuses one job too many, and forgets the oldest of those that have ended.
func (j *Jobs) makeRoom(root *os.Root) error {
	all, err := j.List()
	if err != nil {
		return err
	}
	var ended []string
	for _, job := range all {
		if job.State == JobStopped || job.State == JobFailed {
			ended = append(ended, job.Handle)
		}
	}
	if len(all)-len(ended) >= maxRunning {
		return ErrBusy
	}
	for _, handle := range ended[:max(0, len(ended)-keepJobs)] {
		if err := root.RemoveAll(handle); err != nil {
			return err
		}
	}
	return nil
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
