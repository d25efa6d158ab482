package bus

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/mco-go/mco-go/mco"
)

// closeWait is the state of a connection that the other side has closed and that its owner still holds, as /proc/net/tcp has it. The
// original's client is known to leave such sockets behind.
const closeWait = "08"

// maxTable bounds what is read of the kernel's table of connections: on a machine with very many the answer is a part of the truth.
const maxTable = 16 << 20

// staleSockets counts connections of the process in that state; nil where there is no such folder.
func staleSockets(proc string) mco.Value {
	fds, err := os.ReadDir(filepath.Join(proc, "fd"))
	if err != nil {
		return mco.Value{}
	}
	ours := map[string]bool{}
	for _, fd := range fds {
		// A descriptor may be gone by now.
		if target, err := os.Readlink(filepath.Join(proc, "fd", fd.Name())); err == nil {
			if inode, ok := strings.CutPrefix(target, "socket:["); ok {
				ours[strings.TrimSuffix(inode, "]")] = true
			}
		}
	}
	count := int64(0)
	for _, table := range []string{"net/tcp", "net/tcp6"} {
		f, err := os.Open(filepath.Join(proc, table))
		if err != nil {
			continue // without IPv6 there is none
		}
		count += staleIn(f, ours)
		_ = f.Close()
	}
	return mco.Int(count)
}

// staleIn counts in one table; its columns are number, local, remote, state, four others, uid, timeout, inode.
func staleIn(table io.Reader, ours map[string]bool) (count int64) {
	lines := bufio.NewScanner(io.LimitReader(table, maxTable))
	for lines.Scan() {
		columns := strings.Fields(lines.Text())
		if len(columns) > 9 && columns[3] == closeWait && ours[columns[9]] {
			count++
		}
	}
	return count
}
