package apply

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/user"
	"strconv"
	"syscall"

	"github.com/mco-go/mco-go/generators/target"
)

// maxOld is how much of a file that is there is read, in bytes. What is larger differs from anything that is generated.
const maxOld = 16 << 20

// state is a file: as it is on the disk, or as it shall be.
type state struct {
	content  []byte
	size     int64
	mode     fs.FileMode
	uid, gid int
	managed  bool
	label    []byte // security label; may be nil
}

func (s *state) same(content []byte) bool {
	return s.size == int64(len(content)) && bytes.Equal(s.content, content)
}

// String says what can be said of a file without its content.
func (s *state) String() string {
	return fmt.Sprintf("%d bytes, %04o %s:%s", s.size, s.mode, nameOf(s.uid, user.LookupId, userName), nameOf(s.gid, user.LookupGroupId, groupName))
}

func userName(u *user.User) string   { return u.Username }
func groupName(g *user.Group) string { return g.Name }

// nameOf returns the name of a user's or group's number, or the number.
func nameOf[T any](id int, lookup func(string) (T, error), name func(T) string) string {
	number := strconv.Itoa(id)
	if found, err := lookup(number); err == nil {
		return name(found)
	}
	return number
}

// read takes in the file that is at name.
func (p *Plan) read(name string, info fs.FileInfo) (*state, error) {
	f, err := p.root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxOld))
	if err != nil {
		return nil, err
	}
	s := &state{content: content, size: info.Size(), mode: info.Mode().Perm() | specialBits(info.Mode()), managed: target.Marked(content)}
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		s.uid, s.gid = int(sys.Uid), int(sys.Gid)
	}
	if p.options.KeepLabels {
		s.label, err = label(f)
	}
	return s, err
}

// specialBits keeps set-user-id and its kin in view: a generated file has none of them.
func specialBits(m fs.FileMode) fs.FileMode {
	return m & (fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky)
}

// want is the state that f shall have. Without Owners it belongs to whoever writes it.
func (p *Plan) want(f *target.File) (*state, error) {
	s := &state{size: int64(len(f.Content)), mode: f.Mode, uid: os.Geteuid(), gid: os.Getegid()}
	if !p.options.Owners {
		return s, nil
	}
	var err error
	if s.uid, err = p.ids.user(f.Owner); err != nil {
		return nil, err
	}
	s.gid, err = p.ids.group(f.Group)
	return s, err
}

// owners remembers the numbers of users and groups, which take a file each to look up.
type owners struct{ users, groups map[string]int }

func (o *owners) user(name string) (int, error) {
	return number(&o.users, name, func() (string, error) {
		u, err := user.Lookup(name)
		if err != nil {
			return "", fmt.Errorf("there is no user %q here; install the package that the file is for first", name)
		}
		return u.Uid, nil
	})
}

func (o *owners) group(name string) (int, error) {
	return number(&o.groups, name, func() (string, error) {
		g, err := user.LookupGroup(name)
		if err != nil {
			return "", fmt.Errorf("there is no group %q here; install the package that the file is for first", name)
		}
		return g.Gid, nil
	})
}

func number(known *map[string]int, name string, lookup func() (string, error)) (int, error) {
	if id, ok := (*known)[name]; ok {
		return id, nil
	}
	text, err := lookup()
	if err != nil {
		return 0, err
	}
	id, err := strconv.Atoi(text)
	if err != nil {
		return 0, err
	}
	if *known == nil {
		*known = map[string]int{}
	}
	(*known)[name] = id
	return id, nil
}
