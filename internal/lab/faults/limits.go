package faults

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/mco-go/mco-go/internal/lab"
)

// cgroups is where version 1 of the kernel's control groups is mounted.
const cgroups = "/sys/fs/cgroup"

// FDs lets a process have no more than n file descriptors. Those that it has stay.
func FDs(pid func() int, broker int, n uint64) Fault {
	return Fault{Name: fmt.Sprintf("%d descriptors", n), Broker: broker, needs: []lab.Peer{lab.Superuser},
		inject: func(context.Context) (func() error, error) {
			id := pid()
			var before unix.Rlimit
			if err := unix.Prlimit(id, unix.RLIMIT_NOFILE, nil, &before); err != nil {
				return nil, err
			}
			heal := func() error { return gone(unix.Prlimit(id, unix.RLIMIT_NOFILE, &before, nil)) }
			return heal, unix.Prlimit(id, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: n, Max: before.Max}, nil)
		}}
}

// Memory lets a process have no more than so many bytes.
func Memory(pid func() int, broker int, bytes int64) Fault {
	return group("memory", fmt.Sprintf("%d MiB of memory", bytes>>20), pid, broker, map[string]string{"memory.limit_in_bytes": strconv.FormatInt(bytes, 10)})
}

// CPU lets a process have no more than a share of one processor, in percent.
func CPU(pid func() int, broker, percent int) Fault {
	const period = 100_000 // microseconds
	return group("cpu", fmt.Sprintf("%d %% of a processor", percent), pid, broker, map[string]string{
		"cpu.cfs_period_us": strconv.Itoa(period), "cpu.cfs_quota_us": strconv.Itoa(period * percent / 100),
	})
}

// group puts a process into a control group of its own, and back.
func group(controller, name string, pid func() int, broker int, limits map[string]string) Fault {
	root := filepath.Join(cgroups, controller)
	own := filepath.Join(root, fmt.Sprintf("mco-lab-%d-%d", os.Getpid(), number.Add(1)))
	return Fault{Name: name, Broker: broker, needs: []lab.Peer{lab.Superuser},
		able: func() error {
			_, err := os.Stat(filepath.Join(root, "cgroup.procs"))
			return err
		},
		inject: func(context.Context) (func() error, error) {
			id := pid()
			before, err := groupOf(id, controller)
			if err != nil {
				return nil, err
			}
			procs := func(dir string) error { return write(dir, "cgroup.procs", strconv.Itoa(id)) }
			heal := func() error { return errors.Join(gone(procs(filepath.Join(root, before))), os.Remove(own)) }
			err = os.Mkdir(own, 0o755)
			for file, text := range limits {
				if err == nil {
					err = write(own, file, text)
				}
			}
			if err == nil {
				err = procs(own)
			}
			if err != nil {
				return nil, errors.Join(err, os.Remove(own))
			}
			return heal, nil
		}}
}

// groupOf returns in which group of the controller a process is.
func groupOf(pid int, controller string) (string, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(text)) {
		if _, path, ok := strings.Cut(line, ":"+controller+":"); ok {
			return strings.TrimSpace(path), nil
		}
	}
	return "", fmt.Errorf("process %d is in no group of %s", pid, controller)
}

func write(dir, file, text string) error {
	return os.WriteFile(filepath.Join(dir, file), []byte(text), 0o644)
}

// gone makes nothing of the error that the process has ended.
func gone(err error) error {
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	return err
}
