// Package filemgr is the agent that touches, removes and describes a file of the node, as the user of the daemon.
//
// Source of the facts: mcollective-filemgr-agent 1.1.0, agent/filemgr.rb.
package filemgr

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/agent/data"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/ddl"
)

// Name is what requests call the agent.
const Name = "filemgr"

// defaultFile is the original's, for those who only try whether the agent works.
const defaultFile = "/var/run/mcollective.plugin.filemgr.touch"

// maxListed bounds the names of a listing: a reply has to fit into a frame.
const maxListed = 20_000

// Agent is the agent filemgr.
type Agent struct{ env agent.Environment }

var _ agent.Agent = (*Agent)(nil)

// New returns the agent; it is an [agent.Maker].
func New(env agent.Environment) (agent.Agent, error) { return &Agent{env: env}, nil }

// DDL describes the agent.
func (a *Agent) DDL() *ddl.DDL { return a.env.DDL() }

// Weakness says what the agent is where nobody is asked whether a caller may use it.
func (*Agent) Weakness() string {
	return "it touches and removes any file, as the user of this daemon"
}

// Handle runs one action.
func (a *Agent) Handle(ctx context.Context, r *agent.Request, reply *agent.Reply) error {
	file := r.Text("file")
	if file == "" {
		file, _ = a.env.Config.Plugin("filemgr.touch_file")
	}
	if file == "" {
		file = defaultFile
	}
	switch r.Action {
	case "touch":
		if err := touch(file, a.env.Now()); err != nil {
			return agent.Failf(mco.Aborted, "Could not touch file '%s': %s", file, err)
		}
		return nil
	case "remove":
		return remove(file)
	case "status":
		list, _ := r.Value("dirlist").AsBool()
		return status(ctx, file, list, reply)
	}
	return agent.UnknownAction(r)
}

// touch makes an empty file, or sets the times of what is there.
func touch(file string, now time.Time) error {
	err := os.Chtimes(file, now, now)
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	return f.Close()
}

// remove removes a file or a link, but no folder.
func remove(file string) error {
	info, err := os.Lstat(file)
	if errors.Is(err, fs.ErrNotExist) {
		return agent.Failf(mco.Aborted, "Could not remove file '%s' - it is not present", file)
	}
	if err == nil && info.IsDir() {
		err = &fs.PathError{Op: "remove", Path: file, Err: syscall.EISDIR}
	}
	if err == nil {
		err = os.Remove(file)
	}
	if err != nil {
		return agent.Failf(mco.Aborted, "Could not remove file '%s': %s", file, err)
	}
	return nil
}

func status(ctx context.Context, file string, list bool, reply *agent.Reply) error {
	told, err := data.Stat(ctx, file)
	if err != nil {
		return err
	}
	present, _ := told.Symbol("present").AsInt()
	for k, v := range told.All() {
		name, _ := k.AsSymbol()
		if strings.HasSuffix(string(name), "_age") {
			continue // the data plugin's alone
		}
		if seconds, ok := told.Symbol(name + "_seconds").AsInt(); ok && present == 1 {
			v = mco.String(time.Unix(seconds, 0).Format("2006-01-02 15:04:05 -0700")) // as Ruby prints a time
		}
		reply.Set(name, v)
	}
	if present == 0 {
		return agent.Failf(mco.Aborted, "%s does not exist", file)
	}
	if list {
		return listing(file, reply)
	}
	return nil
}

// listing tells what is in a folder, of anything else nothing.
func listing(file string, reply *agent.Reply) error {
	if info, err := os.Stat(file); err != nil || !info.IsDir() {
		return err
	}
	dir, err := os.Open(file)
	if err != nil {
		return err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(maxListed)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	reply.Set("dir_listing", mco.Strings(names...))
	return nil
}
