package actionpolicy

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"unicode/utf8"
)

// find returns the policy file of an agent: its own, else the default one where that is enabled, otherwise its own name and false.
func (p *Policy) find(agent string) (path string, found bool, err error) {
	names := []string{agent}
	if p.o.Default != "" {
		names = append(names, p.o.Default)
	}
	for _, name := range names {
		if strings.ContainsAny(name, "/\x00") {
			return "", false, fmt.Errorf("%.80q is no name of a policy", name)
		}
		path := filepath.Join(p.o.Dir, name+".policy")
		switch _, err := os.Stat(path); {
		case err == nil:
			return path, true, nil
		case !errors.Is(err, fs.ErrNotExist):
			return "", false, err // a policy that cannot be seen may be one that denies
		}
	}
	return filepath.Join(p.o.Dir, agent+".policy"), false, nil
}

// groupsOf returns the groups of callers; none when there is no such file.
func (p *Policy) groupsOf() (groupFile, error) {
	groups, err := load(p, p.groups, filepath.Join(p.o.Dir, "groups"), parseGroups)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return groups, err
}

// load returns what the file at path says. It is parsed again only when its text has changed, and its remarks are logged then.
func load[T any](p *Policy, known map[string]parsed[T], path string, parse func(string) (T, []remark)) (T, error) {
	text, err := read(path)
	if err != nil {
		var none T
		return none, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if before, ok := known[path]; ok && before.text == text {
		return before.value, nil
	}
	value, remarks := parse(text)
	for _, r := range remarks {
		p.o.Log.Warn(fmt.Sprintf("%s line %d: %s", path, r.line, r.text))
	}
	known[path] = parsed[T]{text, value}
	return value, nil
}

// read returns the text of a file that may decide: one that only its owner and group can write, of bounded size, in UTF-8.
func read(path string) (string, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe would block
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s is not a regular file", path)
	}
	if err := trusted(path, info); err != nil {
		return "", err
	}
	raw, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	switch {
	case err != nil:
		return "", err
	case len(raw) > maxFile:
		return "", fmt.Errorf("%s is larger than %d bytes", path, maxFile)
	case !utf8.Valid(raw):
		return "", fmt.Errorf("%s is not UTF-8", path)
	}
	return string(raw), nil
}

// trusted refuses what everybody on the machine may write: whoever can write a policy can do what the node can.
func trusted(path string, info fs.FileInfo) error {
	if info.Mode().Perm()&0o002 != 0 && info.Mode()&fs.ModeSticky == 0 {
		return fmt.Errorf("everyone on this machine can write %s: take the right away with chmod o-w", path)
	}
	return nil
}

// Check looks at the settings, the folder and every file in it once, for the start of a node: what lets in more than one may think, and
// what is wrong with lines and rights, is logged. Nothing is refused yet.
func (p *Policy) Check() {
	if p.o.AllowUnconfigured {
		p.o.Log.Warn("plugin.actionpolicy.allow_unconfigured lets everybody call the agents that have no policy")
	}
	if p.o.Callers == Contains {
		p.o.Log.Warn("plugin.mco.actionpolicy.callers = contains lets a caller in by any text that contains its id: cert=ops by cert=opsadmin")
	}
	for _, dir := range []string{filepath.Dir(p.o.Dir), p.o.Dir} {
		info, err := os.Stat(dir)
		if err != nil {
			p.o.Log.Warn(fmt.Sprintf("Policies cannot be read: %s", err))
			return
		}
		p.complain(dir, info)
	}
	entries, err := os.ReadDir(p.o.Dir)
	if err != nil {
		p.o.Log.Warn(fmt.Sprintf("Policies cannot be read: %s", err))
		return
	}
	for _, e := range entries {
		path := filepath.Join(p.o.Dir, e.Name())
		isGroups := e.Name() == "groups"
		if !isGroups && !strings.HasSuffix(e.Name(), ".policy") {
			continue
		}
		if info, err := os.Stat(path); err == nil {
			p.complain(path, info)
		}
		if isGroups {
			_, err = load(p, p.groups, path, parseGroups)
		} else {
			_, err = load(p, p.rules, path, parseRules)
		}
		if err != nil {
			p.o.Log.Error(fmt.Sprintf("Policy cannot be used, what it should decide is refused: %s", err))
		}
	}
}

// complain logs rights that let somebody else than root and the daemon's user change a policy. Those of everybody over a file are
// said, as an error, where the file is read.
func (p *Policy) complain(path string, info fs.FileInfo) {
	if err := trusted(path, info); err != nil && info.IsDir() {
		p.o.Log.Warn(err.Error())
	}
	if info.Mode().Perm()&0o020 != 0 {
		p.o.Log.Warn(fmt.Sprintf("the group of %s can write it: take the right away with chmod g-w", path))
	}
	if s, ok := info.Sys().(*syscall.Stat_t); ok && s.Uid != 0 && int(s.Uid) != os.Geteuid() {
		p.o.Log.Warn(fmt.Sprintf("%s belongs to user %d, who can change who is allowed what: let it belong to root", path, s.Uid))
	}
}
