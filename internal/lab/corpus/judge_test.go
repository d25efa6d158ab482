package corpus

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mco-go/mco-go/generators"
	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/problem"
	"github.com/mco-go/mco-go/generators/target"
	"github.com/mco-go/mco-go/generators/validate"
	"github.com/mco-go/mco-go/internal/lab"
)

// needPrograms names all that judge.
func needPrograms(t *testing.T) {
	t.Helper()
	lab.Need(t, lab.Superuser, lab.RabbitMQServer, lab.Ruby, lab.Shellcheck, lab.HAProxy, lab.Keepalived, lab.NetFilter, lab.Cluster, lab.OsloMessaging)
}

// written is a file of an estate.
type written struct {
	estate string
	node   string
	target.File
	scratch string
}

// render makes the files of all nodes of an estate, which have been read back by then, each node's below a folder of its own in dir unless that is empty. Its
// problems are those that are more than warnings.
func render(e *estate.Estate, name, dir string) (files []written, problems problem.List, err error) {
	for _, n := range e.Nodes {
		set, found := generators.Files(e, n)
		problems.Add(faults(found)...)
		for _, f := range set.Files {
			files = append(files, written{name, n.Name, f, filepath.Join(dir, n.Name)})
		}
		if dir == "" {
			continue
		}
		if err := errors.Join(os.MkdirAll(filepath.Join(dir, n.Name), 0o700), validate.Write(filepath.Join(dir, n.Name), set.Files)); err != nil {
			return nil, problems, err
		}
	}
	return files, problems, nil
}

func faults(problems problem.List) problem.List {
	return slices.DeleteFunc(slices.Clone(problems), func(p problem.Problem) bool { return p.Warning })
}

// verdict is how one program judged one file.
type verdict struct {
	written
	program string
	validate.Result
}

// judge has every program that knows a file judge it. Files that are alike are judged once, since the programs see nothing else of a
// node but what a file names, and all of that lies beside each. A program that was not able to judge, as when its time was up on a busy
// machine, is asked once more, alone.
func judge(ctx context.Context, files []written) []verdict {
	var all []verdict
	var results []*validate.Result // of each verdict
	var jobs, unable []func()
	for _, p := range validate.Programs() {
		var cases []validate.Case
		var judged []*validate.Result // of each case
		alike := make(map[[sha256.Size]byte]*validate.Result)
		for _, f := range files {
			if !slices.Contains(p.Kinds, f.Kind) {
				continue
			}
			sum := sha256.Sum256(append([]byte(f.Kind+"\n"), f.Content...))
			if alike[sum] == nil {
				alike[sum] = new(validate.Result)
				cases, judged = append(cases, validate.Case{Scratch: f.scratch, File: f.File}), append(judged, alike[sum])
			}
			all, results = append(all, verdict{written: f, program: p.Name}), append(results, alike[sum])
		}
		share := max(1, len(cases))
		if p.All == nil {
			share = 1
		}
		for from := 0; from < len(cases); from += share {
			jobs = append(jobs, func() {
				for i, r := range p.JudgeAll(ctx, cases[from:from+share]) {
					*judged[from+i] = r
				}
			})
		}
		for i, c := range cases {
			unable = append(unable, func() {
				if judged[i].Status == validate.Unable {
					*judged[i] = p.Judge(ctx, c.Scratch, c.File)
				}
			})
		}
	}
	work(jobs)
	for _, again := range unable {
		again()
	}
	for i, r := range results {
		all[i].Result = *r
	}
	return all
}

// work does the jobs, as many at once as there are processors.
func work(jobs []func()) {
	next := make(chan func())
	var workers sync.WaitGroup
	for range runtime.NumCPU() {
		workers.Go(func() {
			for job := range next {
				job()
			}
		})
	}
	for _, job := range jobs {
		next <- job
	}
	close(next)
	workers.Wait()
}

// tally counts verdicts by row and column.
type tally map[string]map[string]map[validate.Status]int

func (t tally) add(row, column string, s validate.Status) {
	if t[row] == nil {
		t[row] = make(map[string]map[validate.Status]int)
	}
	if t[row][column] == nil {
		t[row][column] = make(map[validate.Status]int)
	}
	t[row][column][s]++
}

// cell tells how many were accepted, and what else happened.
func (t tally) cell(row, column string) string {
	counts := t[row][column]
	if counts == nil {
		return ""
	}
	text := fmt.Sprint(counts[validate.Accepted])
	for _, s := range []validate.Status{validate.Refused, validate.Unable, validate.Missing} {
		if counts[s] > 0 {
			text += fmt.Sprintf(" %d %s", counts[s], s)
		}
	}
	return text
}

// brief is the beginning of what a program said.
func brief(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > 500 {
		s = s[:500] + " ..."
	}
	return s
}
