// Package validate asks the real programs whether they take a generated file: HAProxy itself, RabbitMQ's own schema, the
// original's Config class. Each [Program] runs in a scratch folder that holds all files of one node, with a time limit, its standard
// input closed and an environment of ours. A program that is not installed, or that died before it judged, never counts as consent.
//
// The calls and what their exit codes mean were read off the programs of Debian 12; each file of this package says which.
package validate

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mco-go/mco-go/generators/problem"
	"github.com/mco-go/mco-go/generators/target"
)

// Status is how a program judged.
type Status string

// The four outcomes.
const (
	Accepted Status = "accepted"
	Refused  Status = "refused"
	Missing  Status = "missing" // it is not installed
	Unable   Status = "unable"  // it died by a signal, ran out of time, or could not judge for a reason that is not the file's
)

// Result is one program's judgement of one file.
type Result struct {
	Status Status
	Text   string // what it said, or why it could not; empty where it accepted in silence
}

// Program is a real program that judges files of some kinds.
type Program struct {
	Name  string   // as a person calls it: haproxy, RabbitMQ's schema
	Kinds []string // of target.File
	// Available tells whether what Run needs is installed; the error names what is not.
	Available func() error
	// Run judges one file. All files of the node lie below scratch under their absolute paths (see [Write]); Run may add files of its
	// own there and changes none. It returns within its own time limit, whatever ctx allows.
	Run func(ctx context.Context, scratch string, f target.File) Result
	// All is Run for many files at once, for programs that take longer to start than to judge; nil: there is no faster way than Run.
	All func(ctx context.Context, cases []Case) []Result
}

// Case is a file to be judged, and the folder that its node's files lie below.
type Case struct {
	Scratch string
	File    target.File
}

// Judge is Run for a program that may be missing.
func (p Program) Judge(ctx context.Context, scratch string, f target.File) Result {
	if err := p.Available(); err != nil {
		return Result{Missing, err.Error()}
	}
	return p.Run(ctx, scratch, f)
}

// JudgeAll judges many files. The results are in the order of the cases, and those that Judge would give.
func (p Program) JudgeAll(ctx context.Context, cases []Case) []Result {
	if len(cases) > 0 && p.All != nil && p.Available() == nil {
		return p.All(ctx, cases)
	}
	results := make([]Result, len(cases))
	for i, c := range cases {
		results[i] = p.Judge(ctx, c.Scratch, c.File)
	}
	return results
}

// Programs lists every program, those for RabbitMQ first.
func Programs() []Program {
	return slices.Concat(
		rabbitMQ(),
		mcollective(),
		shell(),
		haproxy(),
		keepalivedTest(),
		kernel(),
		clusterTools(),
		oslo(),
	)
}

// For returns the programs that judge files of a kind.
func For(kind string) []Program {
	return slices.DeleteFunc(Programs(), func(p Program) bool { return !slices.Contains(p.Kinds, kind) })
}

// Write puts a node's files below the folder scratch, under their absolute paths, readable by their owner alone. What a program needs
// beside its file (a script, a key, the definitions) is found there.
func Write(scratch string, files []target.File) error {
	root, err := os.OpenRoot(scratch)
	if err != nil {
		return err
	}
	defer root.Close()
	for _, f := range files {
		if !filepath.IsAbs(f.Path) {
			return fmt.Errorf("write %s for its validator: the path is not absolute", f.Path)
		}
		name := strings.TrimPrefix(filepath.Clean(f.Path), "/")
		if err := root.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			return err
		}
		if err := root.WriteFile(name, f.Content, 0o600|f.Mode.Perm()&0o100); err != nil {
			return err
		}
	}
	return nil
}

// At is where the file f lies below scratch.
func At(scratch string, f target.File) string { return filepath.Join(scratch, f.Path) }

// Files lets every program that knows them judge a node's files, and returns what is wrong: class validator.refused,
// validator.missing (a warning unless require is set) or validator.unable. The scratch folder is left for the caller to remove.
func Files(ctx context.Context, scratch, node string, files []target.File, require bool) (problem.List, error) {
	if err := Write(scratch, files); err != nil {
		return nil, err
	}
	var list problem.List
	for _, f := range files {
		for _, p := range For(f.Kind) {
			r := p.Judge(ctx, scratch, f)
			found := problem.Problem{Node: node, Where: f.Path, Got: clean(r.Text, f, scratch)}
			switch r.Status {
			case Accepted:
				continue
			case Refused:
				found.Class, found.What = "validator.refused", p.Name+" does not take the file"
			case Missing:
				found.Class, found.What, found.Warning = "validator.missing", p.Name+" is not installed", !require
			default:
				found.Class, found.What = "validator.unable", p.Name+" could not judge the file"
			}
			list.Add(found)
		}
	}
	return list.Sorted(), nil
}

// clean makes one bounded line of what a program said and takes the node's secrets and the scratch folder's name out of it.
func clean(text string, f target.File, scratch string) string {
	text = strings.ReplaceAll(text, scratch, "")
	for _, s := range f.Secrets {
		if s.Reveal() != "" {
			text = strings.ReplaceAll(text, s.Reveal(), s.String())
		}
	}
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "?")), " ")
	if r := []rune(text); len(r) > maxShown {
		text = string(r[:maxShown]) + " ..."
	}
	return text
}

// maxShown bounds what is shown of a program's words, in characters.
const maxShown = 600
