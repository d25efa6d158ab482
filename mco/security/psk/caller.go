package psk

import (
	"fmt"
	"os"
	"os/user"
	"strconv"

	"github.com/mco-go/mco-go/mco/security"
)

// process is what the system says about us.
type process struct {
	uid, gid int
	group    func(gid int) (string, error)
	login    func() (string, error)
}

func thisProcess() process {
	return process{
		uid: os.Getuid(),
		gid: os.Getgid(),
		group: func(gid int) (string, error) {
			g, err := user.LookupGroupId(strconv.Itoa(gid))
			if err != nil {
				return "", err
			}
			return g.Name, nil
		},
		login: loginName,
	}
}

// callerID makes the caller id of a caller type. Like the original it takes every unknown word for uid.
func (p process) callerID(callerType, identity string) (string, error) {
	id := fmt.Sprintf("uid=%d", p.uid)
	switch callerType {
	case "gid":
		id = fmt.Sprintf("gid=%d", p.gid)
	case "group":
		name, err := p.group(p.gid)
		if err != nil {
			return "", fmt.Errorf("caller id: name of group %d: %w", p.gid, err)
		}
		id = "group=" + name
	case "user":
		name, err := p.login()
		if err != nil {
			return "", fmt.Errorf("caller id: login name: %w", err)
		}
		id = "user=" + name
	case "identity":
		id = "identity=" + identity
	}
	return id, security.CheckOwnCallerID(id)
}
