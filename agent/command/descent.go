package command

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// proc is one process, as /proc/PID/stat tells it.
type proc struct {
	pid, parent, session int
	state                byte   // Z: dead, not yet reaped
	start                uint64 // clock ticks after the machine's start; with the pid it names a process for ever
}

// readProc returns the process of that id.
func readProc(pid int) (proc, error) {
	raw, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return proc{}, err
	}
	return parseStat(raw)
}

// parseStat reads "pid (name) state parent group session ... start ..."; the name may hold anything, parentheses included.
func parseStat(raw []byte) (proc, error) {
	open, end := bytes.IndexByte(raw, '('), bytes.LastIndexByte(raw, ')')
	if open < 1 || end < open {
		return proc{}, syscall.EINVAL
	}
	f := strings.Fields(string(raw[end+1:]))
	const startField = 19 // field 22 of proc(5), counted from the state, which is 3
	if len(f) <= startField || len(f[0]) != 1 {
		return proc{}, syscall.EINVAL
	}
	p := proc{state: f[0][0]}
	var err error
	for _, n := range []struct {
		to   *int
		text string
	}{{&p.pid, strings.TrimSpace(string(raw[:open]))}, {&p.parent, f[1]}, {&p.session, f[3]}} {
		if *n.to, err = strconv.Atoi(n.text); err != nil {
			return proc{}, err
		}
	}
	p.start, err = strconv.ParseUint(f[startField], 10, 64)
	return p, err
}

// descendants returns the living processes below pid, in no order.
func descendants(pid int) []proc {
	if found, ok := listedChildren(pid); ok {
		return found
	}
	return scannedChildren(pid)
}

// listedChildren asks the kernel, where it keeps lists of children.
func listedChildren(root int) (found []proc, ok bool) {
	pending := []int{root}
	for len(pending) > 0 {
		pid := pending[0]
		pending = pending[1:]
		lists, _ := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/[0-9]*/children")
		if len(lists) == 0 && pid == root {
			return nil, false
		}
		for _, file := range lists {
			raw, err := os.ReadFile(file)
			if err != nil {
				continue
			}
			for _, id := range strings.Fields(string(raw)) {
				child, err := strconv.Atoi(id)
				if err != nil {
					continue
				}
				pending = append(pending, child)
				if p, err := readProc(child); err == nil && p.state != 'Z' {
					found = append(found, p)
				}
			}
		}
	}
	return found, true
}

// scannedChildren reads the whole process table.
func scannedChildren(root int) (found []proc) {
	below := map[int][]proc{}
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		if p, err := parseStat(raw); err == nil {
			below[p.parent] = append(below[p.parent], p)
		}
	}
	pending := []int{root}
	for len(pending) > 0 {
		for _, p := range below[pending[0]] {
			pending = append(pending, p.pid)
			if p.state != 'Z' {
				found = append(found, p)
			}
		}
		pending = pending[1:]
	}
	return found
}

// holds tells whether the process has one of the files open that the links name, as "pipe:[4711]".
func (p proc) holds(links []string) bool {
	dir := "/proc/" + strconv.Itoa(p.pid) + "/fd"
	entries, err := os.ReadDir(dir)
	if err != nil {
		return false
	}
	for _, e := range entries {
		link, err := os.Readlink(filepath.Join(dir, e.Name()))
		if err != nil {
			continue
		}
		for _, l := range links {
			if link == l {
				return true
			}
		}
	}
	return false
}

// deafToHangup tells whether the process ignores SIGHUP, as nohup makes it.
func (p proc) deafToHangup() bool {
	raw, err := os.ReadFile("/proc/" + strconv.Itoa(p.pid) + "/status")
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(raw)) {
		if mask, ok := strings.CutPrefix(line, "SigIgn:"); ok {
			bits, err := strconv.ParseUint(strings.TrimSpace(mask), 16, 64)
			return err == nil && bits>>(uint(syscall.SIGHUP)-1)&1 == 1
		}
	}
	return false
}
