package facts

import (
	"strconv"

	"github.com/mco-go/mco-go/generators/problem"
	"github.com/mco-go/mco-go/generators/safe"
)

// Classes of what can be wrong with facts, next to those of package safe.
const (
	inputSyntax    problem.Class = "input.syntax"
	inputEncoding  problem.Class = "input.encoding"
	inputDuplicate problem.Class = "input.duplicate-key"
	inputLimit     problem.Class = "input.limit"
	inputTag       problem.Class = "input.tag"
	factMissing    problem.Class = "fact.missing"
	factType       problem.Class = "fact.type"
	factConflict   problem.Class = "fact.conflict"
	nodeDuplicate  problem.Class = "node.duplicate"
)

// fault is what keeps a document from being read.
type fault struct {
	class problem.Class
	line  int    // 0: not known
	key   string // path of keys; may be empty
	what  string
	got   string
	want  string
	todo  string
}

func (f *fault) Error() string { return f.what }

// problem places a fault in a file.
func (f *fault) problem(file string) problem.Problem {
	where := file
	if f.line > 0 {
		where += ":" + strconv.Itoa(f.line)
	}
	if f.key != "" {
		where += ": " + f.key
	}
	return problem.Problem{Class: f.class, Where: where, What: f.what, Got: f.got, Want: f.want, Todo: f.todo}
}

// shown is a key as it may stand in a message.
func shown(key string) string {
	if key == "" || safe.Plain("a key", key) != nil || len(key) > 60 {
		return safe.Quote(key)
	}
	return key
}

// shownPath is the path of a file as it may stand in a message.
func shownPath(path string) string {
	if safe.Plain("a path", path) != nil {
		return strconv.QuoteToASCII(path)
	}
	return path
}

// join appends a key to a path of keys.
func join(path, key string) string {
	if path == "" {
		return shown(key)
	}
	return path + "." + shown(key)
}
