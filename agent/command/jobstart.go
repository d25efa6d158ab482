package command

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

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

// awaitJob waits for the report of a job's shim.
func awaitJob(status *os.File, program string) error {
	if err := status.SetReadDeadline(time.Now().Add(startTime)); err != nil {
		return err
	}
	var r report
	switch err := json.NewDecoder(status).Decode(&r); {
	case err != nil:
		return &StartError{Program: program, Err: errNoShim}
	case r.Errno != 0:
		return &StartError{Program: r.What, Err: syscall.Errno(r.Errno)}
	}
	return nil
}
