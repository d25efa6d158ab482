package command

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Shim is called first by the main of every program that runs commands, and by the TestMain of such tests. In a process that was
// started as a shim it does a shim's work and exits; in any other it returns at once.
func Shim() {
	if len(os.Args) == 0 || os.Args[0] != shimName {
		return
	}
	// The kernel ties the death signal of a child to the thread that forked it.
	runtime.LockOSThread()
	closeOnExec()
	switch {
	case len(os.Args) == 1:
		os.Exit(runShim())
	case os.Args[1] == argDetach:
		os.Exit(detach())
	case os.Args[1] == argJob:
		os.Exit(runJob())
	}
	os.Exit(1)
}

// closeOnExec keeps every descriptor but the three standard ones from the command, whoever opened it.
func closeOnExec() {
	if unix.CloseRange(3, ^uint(0), unix.CLOSE_RANGE_CLOEXEC) == nil {
		return
	}
	for fd := 3; fd < 1024; fd++ { // kernels before 5.11
		unix.CloseOnExec(fd)
	}
}

// shim is the process above one command. It belongs to one goroutine.
type shim struct {
	status  *os.File
	leader  int
	exited  bool           // the leader has
	childs  chan os.Signal // SIGCHLD
	killed  int
	streams []string // what the command's outputs are, as link reads them
	onExit  func(syscall.WaitStatus)
	started func(pid int) error
}

func runShim() int {
	status := os.NewFile(statusFD, "status")
	control := bufio.NewReader(os.NewFile(controlFD, "control"))
	o, err := readOrder(control)
	if err != nil {
		return 1
	}
	s := newShim(status)
	s.onExit = func(ws syscall.WaitStatus) { s.report(report{Exited: true, Status: int(ws)}) }
	s.streams = []string{link(os.Stdout), link(os.Stderr)}
	if !s.start(o, 1, 2) {
		return 0
	}
	// Our own copies would keep the streams open.
	hush(1, 2)
	wishes := make(chan byte)
	go func() {
		defer close(wishes)
		for {
			b, err := control.ReadByte()
			if err != nil {
				return
			}
			wishes <- b
		}
	}()
	s.serve(wishes)
	s.report(report{Done: true, Killed: s.killed})
	return 0
}

func readOrder(control *bufio.Reader) (*order, error) {
	line, err := control.ReadBytes('\n')
	if err != nil {
		return nil, err
	}
	o := new(order)
	return o, json.Unmarshal(line, o)
}

// newShim makes this process the one that inherits every orphan below it, and deaf to the signals that ask a program to end: whoever
// sends them to our whole group or unit means the command, which this process must outlive.
func newShim(status *os.File) *shim {
	_ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
	_ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
	s := &shim{status: status, childs: make(chan os.Signal, 1)}
	signal.Notify(s.childs, syscall.SIGCHLD)
	signal.Notify(make(chan os.Signal, 1), syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGPIPE)
	return s
}

func (s *shim) report(r report) {
	if line, err := json.Marshal(r); err == nil {
		_, _ = s.status.Write(append(line, '\n')) // nobody may be there to read it any more
	}
}

// start runs the ordered program with the descriptors as its outputs. It tells how that went.
func (s *shim) start(o *order, stdout, stderr uintptr) bool {
	null, err := os.Open(os.DevNull)
	if err == nil {
		defer null.Close()
		syscall.Umask(o.Umask)
		s.leader, err = syscall.ForkExec(string(o.Path), toTexts(o.Argv), &syscall.ProcAttr{
			Dir: string(o.Dir), Env: toTexts(o.Env), Files: []uintptr{null.Fd(), stdout, stderr},
			Sys: &syscall.SysProcAttr{Setsid: true, Credential: o.Who, Pdeathsig: syscall.SIGKILL},
		})
	}
	if err != nil {
		errno := syscall.EIO
		if e, ok := errors.AsType[syscall.Errno](err); ok {
			errno = e
		}
		s.report(report{Errno: int(errno), What: string(o.Argv[0])})
		return false
	}
	if s.started != nil {
		if err := s.started(s.leader); err != nil {
			s.report(report{Errno: int(syscall.EIO), What: err.Error()})
			s.killAll(nil)
			return false
		}
	}
	s.report(report{Started: s.leader})
	return true
}

// hush lets go of the descriptors.
func hush(fds ...int) {
	null, err := unix.Open(os.DevNull, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		null = -1
	}
	for _, fd := range fds {
		if null < 0 || unix.Dup3(null, fd, 0) != nil {
			_ = unix.Close(fd)
		}
	}
}

// serve reaps until it is asked to end, or until there is nobody left.
func (s *shim) serve(wishes <-chan byte) {
	for {
		if left := s.reap(); !left {
			return
		}
		select {
		case <-s.childs:
		case wish, ok := <-wishes:
			switch {
			case ok && wish == askTerminate:
				s.signal(syscall.SIGTERM)
			case ok && wish == askFinish:
				s.finish()
				return
			default:
				s.killAll(nil)
				return
			}
		}
	}
}

// finish kills what the command left and has not let go. A command that has not ended is killed with all it has.
func (s *shim) finish() {
	if !s.exited {
		s.killAll(nil)
		return
	}
	// Who was started in the background a moment ago may not be yet what it shall be: nohup and setsid first have to run.
	for end := time.Now().Add(settleTime); s.reap() && s.unsettled() && time.Now().Before(end); {
		s.pause()
	}
	s.killAll(s.independent)
}

// unsettled tells whether there are processes that hold none of the command's streams, and are not independent.
func (s *shim) unsettled() bool {
	return slices.ContainsFunc(descendants(os.Getpid()), func(p proc) bool { return !s.independent(p) && !p.holds(s.streams) })
}

// pause waits for the end of a child, but not long: what it waits for need not be one.
func (s *shim) pause() {
	select {
	case <-s.childs:
	case <-time.After(10 * time.Millisecond):
	}
}

// reap reads the ends of all children that have ended, and tells whether there are others.
func (s *shim) reap() (left bool) {
	for {
		var ws syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &ws, syscall.WNOHANG, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case err != nil:
			return false
		case pid == 0:
			return true
		}
		if pid == s.leader && !s.exited {
			s.exited = true
			s.onExit(ws)
		}
	}
}

func (s *shim) signal(sig syscall.Signal) {
	for _, p := range descendants(os.Getpid()) {
		_ = syscall.Kill(p.pid, sig)
	}
}

// killAll kills every process below this one but those that spare names. It goes in rounds: who forks while it is looked for is found
// in the next.
func (s *shim) killAll(spare func(proc) bool) {
	seen := map[int]bool{s.leader: true} // who are counted already, or not to be
	for s.reap() {
		found := descendants(os.Getpid())
		if spare != nil {
			found = slices.DeleteFunc(found, spare)
			if len(found) == 0 {
				return
			}
		}
		for _, p := range found {
			if syscall.Kill(p.pid, syscall.SIGKILL) == nil && !seen[p.pid] {
				seen[p.pid] = true
				s.killed++
			}
		}
		s.pause()
	}
}

// independent tells whether the command has let the process go: it has a session of its own, or ignores the end of the command's as
// under nohup, and it holds none of the command's streams.
func (s *shim) independent(p proc) bool {
	return (p.session != s.leader || p.deafToHangup()) && !p.holds(s.streams)
}

// link returns what the file is, as "pipe:[4711]"; links of a process's descriptors are compared with it.
func link(f *os.File) string {
	name, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(int(f.Fd())))
	if err != nil {
		return "?"
	}
	return name
}
