package apply

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"

	"github.com/mco-go/mco-go/generators/problem"
)

// Write does what the plan says and returns what was done, in order. Either all of it is done, or, at the first failure or the end of
// ctx, what was done already is undone and the problem named; with Partial it stays. A plan with refused paths writes nothing.
func (p *Plan) Write(ctx context.Context) ([]Change, problem.List) {
	if refused := p.Problems(); len(refused) > 0 && !p.options.Partial {
		return nil, refused
	}
	var done []Change
	var undo []undoing
	var failed problem.List
	for _, s := range p.steps {
		if s.Verb == Unchanged || s.Verb == Refuse {
			done = append(done, s.Change)
			continue
		}
		err := ctx.Err()
		var u undoing
		if err == nil {
			u, err = p.do(s)
		}
		if err != nil {
			failed.Add(problem.Problem{Class: "write.failed", Node: s.Node, Where: s.Path, What: err.Error()})
			if p.options.Partial && ctx.Err() == nil {
				continue
			}
			break
		}
		undo = append(undo, u)
		done = append(done, s.Change)
	}
	if len(failed) > 0 && !p.options.Partial {
		for i := len(undo) - 1; i >= 0; i-- {
			if err := undo[i].back(p.root); err != nil {
				failed.Add(problem.Problem{Class: "write.failed", Node: p.options.Node, Where: "/" + undo[i].name, What: "undo: " + err.Error(),
					Todo: cmp.Or(undo[i].hint(), "look at the file by hand")})
			}
		}
		return nil, failed
	}
	for _, u := range undo {
		if err := u.settle(p.root, p.options.Backup); err != nil {
			failed.Add(problem.Problem{Class: "write.failed", Warning: true, Node: p.options.Node, Where: "/" + u.name, What: err.Error()})
		}
	}
	return done, append(failed, p.Problems()...)
}

// undoing is how one step is taken back.
type undoing struct {
	name string
	kept string   // what was there, under another name; empty: nothing was
	mode *state   // only mode and owner were changed, from these
	dirs []string // folders that were made
}

// do carries out one step. On an error it leaves things as they were.
func (p *Plan) do(s step) (u undoing, err error) {
	u.name = s.name
	defer func() {
		if err != nil {
			err = errors.Join(err, u.back(p.root))
		}
	}()
	if s.Verb == Mode {
		u.mode = s.old
		return u, p.setMode(s)
	}
	if s.file != nil {
		if u.dirs, err = makeParents(p.root, path.Dir(s.name)); err != nil {
			return u, err
		}
	}
	name := s.name
	if p.options.Follow {
		if name, err = p.resolve(name); err != nil {
			return u, err
		}
		u.name = name
	}
	if s.old != nil {
		kept := beside(name, "old")
		if err := p.root.Link(name, kept); err != nil {
			return u, fmt.Errorf("keep what is there: %w", err)
		}
		u.kept = kept
	}
	if s.file == nil {
		return u, errors.Join(p.root.Remove(name), syncDir(p.root, path.Dir(name)))
	}
	return u, p.put(s, name)
}

// put writes the content beside its target and renames it.
func (p *Plan) put(s step, name string) (err error) {
	tmp := beside(name, "new")
	// 0600 until owner and mode are set: nobody else reads a secret in between.
	f, err := p.root.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close(), ignoreMissing(p.root.Remove(tmp)))
		}
	}()
	want, err := p.want(s.file)
	if err != nil {
		return err
	}
	if p.options.Owners {
		if err := f.Chown(want.uid, want.gid); err != nil {
			return err
		}
	}
	if err := f.Chmod(want.mode); err != nil {
		return err
	}
	if s.old != nil && s.old.label != nil {
		if err := setLabel(f, s.old.label); err != nil {
			return err
		}
	}
	if _, err := f.Write(s.file.Content); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := p.root.Rename(tmp, name); err != nil {
		return err
	}
	return syncDir(p.root, path.Dir(name))
}

func (p *Plan) setMode(s step) error {
	want, err := p.want(s.file)
	if err != nil {
		return err
	}
	// Tightened first, so that a new owner never sees more than the old and the new mode both allow.
	if err := p.root.Chmod(s.name, s.old.mode&want.mode); err != nil {
		return err
	}
	if p.options.Owners {
		if err := p.root.Chown(s.name, want.uid, want.gid); err != nil {
			return err
		}
	}
	return p.root.Chmod(s.name, want.mode)
}

// back takes the step back.
func (u *undoing) back(root *os.Root) error {
	switch {
	case u.mode != nil:
		return errors.Join(ignoreMissing(root.Chown(u.name, u.mode.uid, u.mode.gid)), root.Chmod(u.name, u.mode.mode))
	case u.kept != "":
		return errors.Join(root.Rename(u.kept, u.name), ignoreMissing(root.Remove(u.kept)), syncDir(root, path.Dir(u.name)))
	}
	err := ignoreMissing(root.Remove(u.name))
	for i := len(u.dirs) - 1; i >= 0; i-- {
		err = errors.Join(err, ignoreMissing(root.Remove(u.dirs[i])))
	}
	return err
}

func (u *undoing) hint() string {
	if u.kept == "" {
		return ""
	}
	return "what was there is in /" + u.kept
}

// settle ends the possibility to take the step back.
func (u *undoing) settle(root *os.Root, backup string) error {
	if u.kept == "" {
		return nil
	}
	if backup != "" {
		return root.Rename(u.kept, u.name+backup)
	}
	return root.Remove(u.kept)
}

// makeParents makes the folders above a file and returns those that were missing, outermost first.
func makeParents(root *os.Root, dir string) (made []string, err error) {
	if dir == "." {
		return nil, nil
	}
	if _, err := root.Stat(dir); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if made, err = makeParents(root, path.Dir(dir)); err != nil {
		return made, err
	}
	if err := root.Mkdir(dir, 0o755); err != nil {
		return made, err
	}
	return append(made, dir), nil
}

// resolve follows links at the target as far as they stay in the root.
func (p *Plan) resolve(name string) (string, error) {
	for range 16 {
		to, err := p.root.Readlink(name)
		if err != nil {
			return name, nil // no link
		}
		if path.IsAbs(to) {
			name = path.Clean(to)[1:]
		} else {
			name = path.Join(path.Dir(name), to)
		}
	}
	return "", errors.New("too many links")
}

// beside is a name in the same folder that nobody can foresee.
func beside(name, what string) string {
	return path.Join(path.Dir(name), "."+path.Base(name)+"."+what+"-"+rand.Text()[:10])
}

func syncDir(root *os.Root, dir string) error {
	d, err := root.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
