package command

import (
	"bufio"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Arguments of the shims of jobs. The first only starts the second in a session of its own and ends, so that the job is nobody's child
// that would have to wait for it.
const (
	argDetach = "detach"
	argJob    = "job"
)

// jobGrace is what a job gets between SIGTERM and SIGKILL when somebody ends it.
const jobGrace = 5 * time.Second

func detach() int {
	_, err := syscall.ForkExec("/proc/self/exe", []string{shimName, argJob}, &syscall.ProcAttr{
		Dir: "/", Env: shimEnviron(), Files: []uintptr{0, 1, 2, controlFD, statusFD, folderFD},
		Sys: &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		return 1
	}
	return 0
}

// jobShim is the process above a job. What it has to tell, it writes into the job's folder.
type jobShim struct {
	*shim
	folder *os.Root
	wishes chan byte
	how    syscall.WaitStatus // how the command ended
}

func runJob() int {
	control := os.NewFile(controlFD, "control")
	o, err := readOrder(bufio.NewReader(control))
	control.Close()
	if err != nil {
		return 1
	}
	folder, err := os.OpenRoot("/proc/self/fd/" + strconv.Itoa(folderFD))
	if err != nil {
		return 1
	}
	j := &jobShim{shim: newShim(os.NewFile(statusFD, "status")), folder: folder, wishes: make(chan byte, 2)}
	if err := j.run(o); err != nil {
		j.report(report{Errno: int(syscall.EIO), What: err.Error()})
		return 1
	}
	return 0
}

func (j *jobShim) run(o *order) error {
	outR, outW, err := os.Pipe()
	if err != nil {
		return err
	}
	errR, errW, err := os.Pipe()
	if err != nil {
		return err
	}
	var files [2]*keeper
	for i, name := range []string{fileStdout, fileStderr} {
		f, err := j.folder.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		files[i] = &keeper{file: f, left: o.Keep}
	}
	var streams sync.WaitGroup
	drained := make(chan struct{})
	j.onExit = func(ws syscall.WaitStatus) {
		j.how = ws
		// What the command left may write for a while; then the job is over.
		go func() {
			select {
			case <-drained:
			case <-time.After(lingerTime):
			}
			j.wishes <- askFinish
		}()
	}
	j.started = j.note
	j.streams = []string{link(outW), link(errW)}
	j.obeySignals()
	if !j.start(o, outW.Fd(), errW.Fd()) {
		return nil // it has told
	}
	outW.Close()
	errW.Close()
	j.status.Close()
	streams.Go(func() { drain(outR, files[0].add) })
	streams.Go(func() { drain(errR, files[1].add) })
	go func() {
		streams.Wait()
		close(drained)
	}()
	j.serve(j.wishes)
	select {
	case <-drained:
	case <-time.After(time.Second): // a process that was let go, or cannot be killed
	}
	return j.conclude(files)
}

// obeySignals turns SIGTERM, with which a job is ended, into wishes.
func (j *jobShim) obeySignals() {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGTERM)
	go func() {
		<-asked
		j.wishes <- askTerminate
		time.Sleep(jobGrace)
		j.wishes <- askKill
	}()
}

// note writes down who the job is, before anybody hears that it runs.
func (j *jobShim) note(leader int) error {
	var lines strings.Builder
	for _, pid := range []int{os.Getpid(), leader} {
		p, err := readProc(pid)
		if err != nil {
			return err
		}
		fmt.Fprintf(&lines, "%d %d %s\n", p.pid, p.start, bootID())
	}
	if err := writeWhole(j.folder, fileProcess, lines.String()); err != nil {
		return err
	}
	return writeWhole(j.folder, filePid, strconv.Itoa(leader))
}

// conclude writes how the job ended.
func (j *jobShim) conclude(files [2]*keeper) error {
	for _, k := range files {
		if err := k.file.Sync(); err != nil {
			return err
		}
	}
	if d0, d1 := files[0].dropped, files[1].dropped; d0+d1 > 0 {
		if err := writeWhole(j.folder, fileDropped, fmt.Sprintf("%d %d\n", d0, d1)); err != nil {
			return err
		}
	}
	return writeWhole(j.folder, fileExit, strconv.Itoa(int(j.how))+"\n")
}

// keeper writes the first bytes of a stream to a file and counts the rest.
type keeper struct {
	file          *os.File
	left, dropped int64
}

func (k *keeper) add(p []byte) {
	n, _ := k.file.Write(p[:min(int64(len(p)), k.left)])
	k.left -= int64(n)
	k.dropped += int64(len(p) - n)
}

// writeWhole writes a file that readers see whole or not at all.
func writeWhole(folder *os.Root, name, text string) error {
	if err := folder.WriteFile(name+".new", []byte(text), 0o600); err != nil {
		return err
	}
	return folder.Rename(name+".new", name)
}

// bootID names this run of the machine: process ids and start times repeat in the next.
func bootID() string {
	raw, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "-"
	}
	return strings.TrimSpace(string(raw))
}
