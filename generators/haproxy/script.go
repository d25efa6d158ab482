package haproxy

import (
	"bytes"
	"errors"

	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/target"
)

// script is the same on every node; Keepalived hands it the socket and the limit. It has no side effect, and it tells a process that
// hangs from one that lives: only one that lives answers.
const script = `#!/bin/sh
` + target.Managed + `# Exit 0 only if the haproxy that owns SOCKET answers within LIMIT seconds, else 1. Needs socat.
set -u
socket=${1:-/run/haproxy/admin.sock}
limit=${2:-1}
[ -S "$socket" ] || exit 1
answer=$(printf 'show info\n' | timeout "$limit" socat -t "$limit" - "UNIX-CONNECT:$socket" 2>/dev/null) || exit 1
case $answer in
*'Name: HAProxy'*) exit 0 ;;
*) exit 1 ;;
esac
`

// checkScript is written before keepalived.conf, which is refused while the script is not there.
func checkScript() target.File {
	return target.File{
		Kind: "haproxy_check.sh", Path: estate.CheckScript, Owner: "root", Group: "root", Mode: 0o755, Order: 30, Content: []byte(script),
		Check: func(content []byte) error {
			if !bytes.Equal(content, []byte(script)) {
				return errors.New("is not the script, which is the same everywhere")
			}
			return nil
		},
	}
}
