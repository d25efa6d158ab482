// Package target is what the writers of files have in common: a file with its owner, mode and place in the order of writing.
package target

import (
	"bytes"
	"io/fs"

	"github.com/mco-go/mco-go/generators/secret"
)

// Remark is what every file that can hold a remark says in its first line. Managed is that line in a language where "#" begins a remark.
const (
	Remark  = "Managed file: written by mco generate, local edits are lost."
	Managed = "# " + Remark + "\n"
)

// Cookie is the kind of Erlang's cookie, which must not change under a running cluster.
const Cookie = "erlang.cookie"

// Marked tells whether a file says of itself, at its beginning, that it is written by this program.
func Marked(content []byte) bool {
	return bytes.Contains(content[:min(len(content), 512)], []byte("written by mco generate"))
}

// Set is what one writer has for one node.
type Set struct {
	Files []File
	Gone  []Gone
}

// File is one file of one node as it shall be. Content is complete; nothing of it depends on time, place or machine.
type File struct {
	Kind    string      // the target's name: server.cfg, rabbitmq.conf, haproxy.cfg, ... What a --file option and a validator know it by
	Path    string      // absolute path on the node
	Owner   string      // user name
	Group   string      // group name
	Mode    fs.FileMode // permission bits
	Content []byte
	Order   int            // files are written by rising order, then by path
	Secrets []secret.Value // those that Content holds, so that differences can be shown without them
	Service Action         // what must happen when the file changed
	// Check parses what a file of this kind holds and tells how it differs from the model that Content was made from; nil error: not at
	// all. It is the second barrier against values that break out of their place.
	Check func(content []byte) error
}

// Action tells which service takes notice of a file, and how.
type Action struct {
	Service string // rabbitmq, haproxy, keepalived, mcollective, ...; empty: none
	How     How
}

// How a service takes notice of a file that changed.
type How string

// The ways to take notice.
const (
	Reload  How = "reload"
	Restart How = "restart"
	Import  How = "import definitions" // without a restart
	Manual  How = "by hand"
)

// Gone is a file that must not be there: the same broker's configuration in the other format, for one.
type Gone struct {
	Kind, Path string
	Why        string
	Foreign    bool // one that this program did not write may stay
}
