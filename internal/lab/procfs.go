package lab

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Socket is one TCP socket of a process.
type Socket struct {
	Inode         string
	Local, Remote string // address:port, as text
	State         string // as the kernel's documentation names it, such as ESTABLISHED
}

var tcpStates = [...]string{"", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT", "CLOSE", "CLOSE_WAIT", "LAST_ACK", "LISTEN", "CLOSING"}

// timeWait is how the kernel's table writes TIME_WAIT, between the addresses and the queues.
const timeWait = " 06 "

// Sockets returns the TCP sockets that the process holds. A process that is gone has none.
func Sockets(pid int) []Socket { return socketsOf(pid)[pid] }

// socketsOf returns the sockets of each of the processes. It reads the tables of a network once, which takes the kernel milliseconds.
func socketsOf(pids ...int) map[int][]Socket {
	found := make(map[int][]Socket)
	networks := make(map[string]map[string]int) // the holder of each socket, by the namespace and the inode
	in := make(map[string]int)                  // a process of the namespace
	for _, pid := range pids {
		network, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/net", pid))
		if err != nil {
			continue
		}
		if networks[network] == nil {
			networks[network], in[network] = make(map[string]int), pid
		}
		for _, link := range fdLinks(pid) {
			if inode, ok := strings.CutPrefix(link, "socket:["); ok {
				networks[network][strings.TrimSuffix(inode, "]")] = pid
			}
		}
	}
	for network, holders := range networks {
		if len(holders) == 0 {
			continue
		}
		for _, table := range []string{"tcp", "tcp6"} {
			text, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", in[network], table))
			if err != nil {
				continue
			}
			for line := range strings.Lines(string(text)) {
				if s, ok := parseSocket(line); ok && holders[s.Inode] != 0 {
					found[holders[s.Inode]] = append(found[holders[s.Inode]], s)
				}
			}
		}
	}
	return found
}

// parseSocket reads a line of the kernel's table (Documentation/networking/proc_net_tcp.rst).
func parseSocket(line string) (Socket, bool) {
	if strings.Contains(line, timeWait) { // most of a busy machine's, and nobody's
		return Socket{}, false
	}
	f := strings.Fields(line)
	if len(f) < 10 {
		return Socket{}, false
	}
	state, err := strconv.ParseUint(f[3], 16, 8)
	if err != nil || int(state) >= len(tcpStates) {
		return Socket{}, false
	}
	return Socket{Inode: f[9], Local: hexAddr(f[1]), Remote: hexAddr(f[2]), State: tcpStates[state]}, true
}

// hexAddr reads the kernel's notation: each 32 bits in the machine's order (little endian here), then the port.
func hexAddr(s string) string {
	host, port, _ := strings.Cut(s, ":")
	p, err := strconv.ParseUint(port, 16, 16)
	if err != nil || len(host) < 8 {
		return s
	}
	last := host[len(host)-8:] // an IPv4 address, also inside an IPv6 one
	var b [4]uint64
	for i := range b {
		if b[i], err = strconv.ParseUint(last[2*i:2*i+2], 16, 8); err != nil {
			return s
		}
	}
	return fmt.Sprintf("%d.%d.%d.%d:%d", b[3], b[2], b[1], b[0], p)
}

func fdLinks(pid int) []string {
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	links := make([]string, 0, len(entries))
	for _, e := range entries {
		if link, err := os.Readlink(filepath.Join(dir, e.Name())); err == nil {
			links = append(links, link)
		}
	}
	return links
}

// FDs returns how many file descriptors the process holds, without those of the Go runtime's poller, which come with the first
// socket and stay.
func FDs(pid int) int {
	n := 0
	for _, link := range fdLinks(pid) {
		if !strings.HasPrefix(link, "anon_inode:[event") {
			n++
		}
	}
	return n
}

// RSS returns the resident memory of a process in bytes, 0 when it is gone.
func RSS(pid int) int64 { return statusKB(pid, "VmRSS:") * 1024 }

func statusKB(pid int, key string) int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, key); ok {
			n, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return n
		}
	}
	return 0
}

// Children returns the ids of the processes whose parent is pid, without those that are dead and only wait to be read.
func Children(pid int) []int {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	var found []int
	for _, file := range stats {
		b, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		// pid (comm) state ppid ...; comm may hold anything.
		_, rest, _ := strings.Cut(string(b), "(")
		end := strings.LastIndexByte(rest, ')')
		if end < 0 {
			continue
		}
		f := strings.Fields(rest[end+1:])
		if len(f) > 2 && f[0] != "Z" && f[1] == strconv.Itoa(pid) {
			child, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			found = append(found, child)
		}
	}
	return found
}

// Naming returns the ids of the processes, dead ones that wait to be read aside, that were started with text in their arguments or
// their environment, such as the folder that they were given.
func Naming(text string) []int {
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	var found []int
	for _, file := range lines {
		args, err := os.ReadFile(file)
		if err != nil || len(args) == 0 { // gone, or dead
			continue
		}
		dir := filepath.Dir(file)
		env, _ := os.ReadFile(filepath.Join(dir, "environ"))
		pid, _ := strconv.Atoi(filepath.Base(dir))
		if pid != os.Getpid() && (strings.Contains(string(args), text) || strings.Contains(string(env), text)) {
			found = append(found, pid)
		}
	}
	return found
}

// Sampler looks at the sockets of processes ten times a second and keeps for how long each was seen in CLOSE_WAIT without a break:
// the peer had closed it, and its owner had not.
type Sampler struct {
	pids    []int
	every   time.Duration
	stop    chan struct{}
	stopped chan struct{}
	mu      sync.Mutex // guards the fields below
	since   map[string]time.Time
	longest map[int]time.Duration
	samples int
}

// Sample starts to look. End it with Stop.
func Sample(pids ...int) *Sampler {
	s := &Sampler{pids: pids, every: 100 * time.Millisecond, stop: make(chan struct{}), stopped: make(chan struct{}),
		since: map[string]time.Time{}, longest: map[int]time.Duration{}}
	go func() {
		defer close(s.stopped)
		tick := time.NewTicker(s.every)
		defer tick.Stop()
		for {
			s.look(time.Now())
			select {
			case <-tick.C:
			case <-s.stop:
				return
			}
		}
	}()
	return s
}

func (s *Sampler) look(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.samples++
	seen := map[string]bool{}
	for pid, sockets := range socketsOf(s.pids...) {
		for _, sock := range sockets {
			if sock.State != "CLOSE_WAIT" {
				continue
			}
			key := strconv.Itoa(pid) + "/" + sock.Inode
			seen[key] = true
			if s.since[key].IsZero() {
				s.since[key] = now
			}
			s.longest[pid] = max(s.longest[pid], now.Sub(s.since[key]))
		}
	}
	for key := range s.since {
		if !seen[key] {
			delete(s.since, key)
		}
	}
}

// Stop ends the sampling and returns, for each process that had a socket in CLOSE_WAIT, the longest time that one stayed so, and how
// often it looked.
func (s *Sampler) Stop() (longest map[int]time.Duration, samples int) {
	close(s.stop)
	<-s.stopped
	return s.longest, s.samples
}
