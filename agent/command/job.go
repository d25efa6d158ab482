package command

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// JobState is the state of a job, in the words of the original's shell agent.
type JobState string

// The states of a job.
const (
	JobStarting JobState = "starting"
	JobRunning  JobState = "running"
	JobStopped  JobState = "stopped" // it has ended, however it did
	JobFailed   JobState = "failed"  // it could not be started, or nobody knows how it ended, as after a crash of the machine
)

// Job is what is known of a command in the background.
type Job struct {
	Handle                       string
	Command                      string
	State                        JobState
	ExitCode                     int // when stopped; 0 when a signal ended it, as in the original
	Signal                       int // the signal that ended it
	StdoutDropped, StderrDropped int64
	Began                        time.Time
}

// Status returns what is known of a job.
func (j *Jobs) Status(handle string) (Job, error) {
	folder, err := j.open(handle)
	if err != nil {
		return Job{}, err
	}
	defer folder.Close()
	st, err := folder.Stat(fileCommand)
	if errors.Is(err, fs.ErrNotExist) {
		return Job{}, ErrNoJob
	}
	if err != nil {
		return Job{}, err
	}
	text, err := folder.ReadFile(fileCommand)
	if err != nil {
		return Job{}, err
	}
	job := Job{Handle: handle, Command: string(text), Began: st.ModTime()}
	// Whether it lives is asked first: one that ends in between has then written how.
	alive, begun := living(folder)
	raw, err := folder.ReadFile(fileExit)
	switch {
	case err == nil:
		return job, job.ended(folder, string(raw))
	case !errors.Is(err, fs.ErrNotExist):
		return Job{}, err
	case alive:
		job.State = JobRunning
	case !begun && time.Since(job.Began) < startTime:
		job.State = JobStarting
	default:
		job.State = JobFailed
	}
	return job, nil
}

// ended fills in how the job ended.
func (job *Job) ended(folder *os.Root, exit string) error {
	n, err := strconv.Atoi(strings.TrimSpace(exit))
	if err != nil {
		return fmt.Errorf("job %s: exit status: %w", job.Handle, err)
	}
	job.State = JobStopped
	if ws := syscall.WaitStatus(n); ws.Signaled() {
		job.Signal = int(ws.Signal())
	} else {
		job.ExitCode = ws.ExitStatus()
	}
	if raw, err := folder.ReadFile(fileDropped); err == nil {
		if _, err := fmt.Sscan(string(raw), &job.StdoutDropped, &job.StderrDropped); err != nil {
			return fmt.Errorf("job %s: dropped bytes: %w", job.Handle, err)
		}
	}
	return nil
}

// living tells whether the job's shim is there, and whether it ever was.
func living(folder *os.Root) (alive, begun bool) {
	ids, err := readIdentities(folder)
	if err != nil {
		return false, !errors.Is(err, fs.ErrNotExist)
	}
	return ids[0].alive(), true
}

// identity names a process for ever: no other has the same id, start time and boot.
type identity struct {
	pid   int
	start uint64
	boot  string
}

// readIdentities returns the job's shim and its command.
func readIdentities(folder *os.Root) (ids [2]identity, err error) {
	raw, err := folder.ReadFile(fileProcess)
	if err != nil {
		return ids, err
	}
	_, err = fmt.Sscan(string(raw), &ids[0].pid, &ids[0].start, &ids[0].boot, &ids[1].pid, &ids[1].start, &ids[1].boot)
	return ids, err
}

func (i identity) alive() bool {
	p, err := readProc(i.pid)
	return err == nil && p.start == i.start && p.state != 'Z' && i.boot == bootID()
}

// terminate sends SIGTERM to this process and to no other that got its id since.
func (i identity) terminate() error {
	fd, err := unix.PidfdOpen(i.pid, 0)
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("process %d: %w", i.pid, err)
	}
	defer unix.Close(fd)
	if !i.alive() { // asked while fd holds on to whoever has the id now
		return nil
	}
	if err := unix.PidfdSendSignal(fd, unix.SIGTERM, nil, 0); err != nil && !errors.Is(err, unix.ESRCH) {
		return fmt.Errorf("process %d: %w", i.pid, err)
	}
	return nil
}
