// Package hiera turns data that was written for the well-known Puppet modules rabbitmq, haproxy and keepalived into an estate.
//
// It reads the YAML of hiera as it lies on disk, and knows a level for one node by its folder (nodes/NAME.yaml). What has a place in an
// estate goes there; everything else that the three modules are told is named with the line where it stands, so that nothing is lost in
// silence. Passwords never reach the estate: it gets names for them. Sources of what keys mean: manifests/init.pp of voxpupuli's
// puppet-rabbitmq with its types rabbitmq_user, rabbitmq_vhost, rabbitmq_policy and others; manifests/listen.pp, balancermember.pp,
// frontend.pp and backend.pp of puppetlabs-haproxy; manifests/vrrp/instance.pp, vrrp/script.pp and lvs/virtual_server.pp of
// arioch's puppet-keepalived.
package hiera

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/mco-go/mco-go/generators/problem"
)

// Bounds of what is read.
const (
	maxFiles   = 10_000
	maxBytes   = 8 << 20 // of all files
	maxDepth   = 64
	maxNodes   = 100_000 // after aliases, of one file
	maxAliases = 1000
)

// nodeFolders are where a level for one node lies, as hiera's own documentation and Puppet's control repositories have them.
var nodeFolders = [...]string{"nodes", "node", "hosts", "host", "certname"}

// Level is one file.
type Level struct {
	File string
	Node string // whose data it is; empty: everybody's
	root value
}

// Read reads files, and folders with all .yaml files below them. Levels for everybody come first, each kind in the order of names.
func Read(paths []string) ([]*Level, problem.List) {
	var problems problem.List
	var files []string
	for _, path := range paths {
		err := filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
			switch ext := filepath.Ext(name); {
			case err != nil:
				return err
			case d.IsDir() || name != path && ext != ".yaml" && ext != ".yml":
				return nil
			case len(files) == maxFiles:
				return fmt.Errorf("more than %d files", maxFiles)
			}
			files = append(files, name)
			return nil
		})
		if err != nil {
			problems.Add(problem.Problem{Class: "input.syntax", Where: path, What: "hiera cannot be read: " + err.Error()})
		}
	}
	slices.Sort(files)
	left := maxBytes
	var levels []*Level
	for _, name := range slices.Compact(files) {
		data, err := readFile(name, left)
		if err != nil {
			problems.Add(problem.Problem{Class: "input.limit", Where: name, What: err.Error()})
			break
		}
		left -= len(data)
		level, p := parse(name, data)
		problems.Add(p...)
		if level != nil {
			levels = append(levels, level)
		}
	}
	slices.SortStableFunc(levels, func(a, b *Level) int { return min(1, len(a.Node)) - min(1, len(b.Node)) })
	return levels, problems
}

func readFile(name string, left int) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, int64(left)+1))
	if err == nil && len(data) > left {
		err = fmt.Errorf("hiera is too long (want at most %d bytes in all files)", maxBytes)
	}
	return data, err
}

// parse reads one file. One without data is no level.
func parse(name string, data []byte) (level *Level, problems problem.List) {
	bad := func(class problem.Class, what string) (*Level, problem.List) {
		return nil, problem.List{{Class: class, Where: name, What: what}}
	}
	if !utf8.Valid(data) {
		return bad("input.encoding", "the file is not UTF-8")
	}
	defer func() {
		// The library panics where its own assumptions fail.
		if r := recover(); r != nil {
			level, problems = bad("input.syntax", "not YAML")
		}
	}()
	var doc yaml.Node
	if err := yaml.NewDecoder(bytes.NewReader(data)).Decode(&doc); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return bad("input.syntax", "not YAML: "+strings.ReplaceAll(strings.TrimPrefix(err.Error(), "yaml: "), "\n", " "))
	}
	root := doc.Content[0]
	if root.ShortTag() == "!!null" {
		return nil, nil
	}
	if root.Kind != yaml.MappingNode {
		return bad("input.syntax", "the file does not hold a map of keys")
	}
	var b bounds
	if err := b.check(root, 0); err != nil {
		return bad("input.limit", err.Error())
	}
	level = &Level{File: name, root: value{file: name, node: root}}
	if folder := filepath.Base(filepath.Dir(name)); slices.Contains(nodeFolders[:], folder) {
		level.Node = strings.TrimSuffix(filepath.Base(name), filepath.Ext(name))
	}
	return level, nil
}

// bounds counts what a tree has when its aliases are followed, which can be without end.
type bounds struct{ nodes, aliases int }

func (b *bounds) check(n *yaml.Node, depth int) error {
	for ; n.Kind == yaml.AliasNode; n = n.Alias {
		if b.aliases++; b.aliases > maxAliases {
			return fmt.Errorf("too many aliases (want at most %d)", maxAliases)
		}
	}
	if b.nodes++; b.nodes > maxNodes {
		return fmt.Errorf("too many values (want at most %d)", maxNodes)
	}
	if depth > maxDepth {
		return fmt.Errorf("nested too deep (want at most %d levels)", maxDepth)
	}
	for _, c := range n.Content {
		if err := b.check(c, depth+1); err != nil {
			return err
		}
	}
	return nil
}
