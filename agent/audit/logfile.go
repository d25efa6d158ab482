// Package audit writes down the requests that a node is about to run: the original's audit provider Logfile, one line per request,
// written and synced before the request runs. Where it is asked for, a second file gets a line when the request has ended, so that the
// first one keeps the original's form: what began and never ended was running when the daemon was killed.
//
// A line is in the file as a whole or not at all: what a full disk left of one is taken back.
//
// Who may read it may read the inputs of every request, secrets among them: the file is made for owner and group alone.
//
// Source of the facts: the original's lib/mcollective/audit/logfile.rb.
package audit

import (
	"context"
	"errors"
	"fmt"
	"io"
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
	Path    string
	EndPath string           // where ends are written; empty: nowhere
	Now     func() time.Time // nil: time.Now

	mu sync.Mutex // keeps a line that fails half way from mixing with the next
}

var (
	_ agent.Auditor    = (*Logfile)(nil)
	_ agent.EndAuditor = (*Logfile)(nil)
)

// Audit appends the line of r and syncs it to the disk.
func (l *Logfile) Audit(_ context.Context, r *agent.Request) error {
	return l.append(l.Path, Line(l.now(), r))
}

// AuditEnd appends the line of an end; it is synced too, or a machine that stopped would look busy.
func (l *Logfile) AuditEnd(r *agent.Request, reply *agent.Reply, took time.Duration) error {
	if l.EndPath == "" {
		return nil
	}
	return l.append(l.EndPath, EndLine(l.now(), r, reply, took))
}

func (l *Logfile) now() time.Time {
	if l.Now == nil {
		return time.Now()
	}
	return l.Now()
}

func (l *Logfile) append(path, line string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, mode)
	if err != nil {
		return fmt.Errorf("open the audit log: %w", err)
	}
	before, err := f.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = f.WriteString(line)
	}
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		// The request will not run: neither may half a line of it stand before the next.
		err = errors.Join(err, f.Truncate(before))
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

// EndLine returns the line of a request that has ended, with its newline.
func EndLine(now time.Time, r *agent.Request, reply *agent.Reply, took time.Duration) string {
	return fmt.Sprintf("[%s] reqid=%s: end caller=%s@%s agent=%s action=%s status=%d seconds=%.3f\n",
		now.UTC().Format("2006-01-02 15:04:05 UTC"), word(r.ID), word(r.Caller), word(r.Sender),
		word(r.Agent), word(r.Action), reply.Status, took.Seconds())
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
