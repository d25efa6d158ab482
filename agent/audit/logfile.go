// Package audit writes down the requests that a node is about to run: the original's audit provider Logfile, one line per request,
// written and synced before the request runs.
//
// Who may read it may read the inputs of every request, secrets among them: the file is made for owner and group alone.
//
// Source of the facts: the original's lib/mcollective/audit/logfile.rb.
package audit

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/inspect"
)

// DefaultPath is where the lines go unless plugin.rpcaudit.logfile says otherwise.
const DefaultPath = "/var/log/puppetlabs/mcollective/mcollective-audit.log"

// mode is for a file that we make; one that exists keeps its own.
const mode = 0o640

// Logfile appends to one file. The file is opened for each line, so that it may be rotated at any time. It is safe for concurrent
// use; its fields must not change once it is used.
type Logfile struct {
	Path string
	Now  func() time.Time // nil: time.Now

	mu sync.Mutex // keeps a line that fails half way from mixing with the next
}

var _ agent.Auditor = (*Logfile)(nil)

// Audit appends the line of r and syncs it to the disk.
func (l *Logfile) Audit(_ context.Context, r *agent.Request) error {
	now := time.Now
	if l.Now != nil {
		now = l.Now
	}
	line := Line(now(), r)
	l.mu.Lock()
	defer l.mu.Unlock()
	f, err := os.OpenFile(l.Path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, mode)
	if err != nil {
		return fmt.Errorf("open the audit log: %w", err)
	}
	_, err = f.WriteString(line)
	if err == nil {
		err = f.Sync()
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return fmt.Errorf("write the audit log: %w", err)
	}
	return nil
}

// Line returns the line of one request, with its newline. What comes from the wire as free text is made to stay on it.
func Line(now time.Time, r *agent.Request) string {
	return fmt.Sprintf("[%s] reqid=%s: reqtime=%d caller=%s@%s agent=%s action=%s data=%s\n",
		now.UTC().Format("2006-01-02 15:04:05 UTC"), word(r.ID), r.Time.Unix(), word(r.Caller), word(r.Sender),
		word(r.Agent), word(r.Action), inspect.Inspect(mco.Hash(r.Data)))
}

// word keeps control characters out of the line: with them, a caller could write lines of his own.
func word(s string) string {
	for i := range len(s) {
		if s[i] < ' ' || s[i] == 0x7f {
			quoted := strconv.Quote(s)
			return quoted[1 : len(quoted)-1]
		}
	}
	return s
}
