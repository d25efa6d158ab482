package node

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/mco-go/mco-go/mco/security/replay"
)

// remember returns the memory of requests, kept in a folder of state where there is one. A node that cannot keep it says so and runs:
// within one life it repeats nothing either way.
func (p *parts) remember(dir string) *replay.Memory {
	m := &replay.Memory{Log: p.log}
	if dir == "" {
		return m
	}
	err := os.MkdirAll(dir, 0o700)
	if err == nil {
		// Several nodes of one machine may share the folder; identities are file names.
		err = replay.Open(filepath.Join(dir, "replay-"+p.config.Identity), m)
	}
	if err != nil {
		p.log.Warn(fmt.Sprintf("A restart forgets which requests ran, plugin.mco.state_dir names another place: %s", err))
		return m
	}
	p.background = append(p.background, m.Run)
	return m
}
