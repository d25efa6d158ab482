package ddl

import (
	"errors"
	"fmt"
	"strings"

	"github.com/mco-go/mco-go/mco"
)

// Option changes how a file is read.
type Option func(*options)

type options struct{ node bool }

// OnNode reads a file as a node does: summarize blocks are passed over, with their mistakes.
func OnNode() Option { return func(o *options) { o.node = true } }

// ParseRuby reads a .ddl file without running it. file names it in errors, which are an [*EvalError] for what the original refuses with
// the same text, a [*SyntaxError], a [*RefusedError] for Ruby that is not run here, or a [*LimitError].
func ParseRuby(kind Kind, name string, src []byte, file string, opts ...Option) (*DDL, error) {
	var o options
	for _, set := range opts {
		set(&o)
	}
	program, err := parseProgram(src, file)
	if err != nil {
		return nil, err
	}
	d := newDDL(kind, name, file)
	in := &interpreter{file: file, words: &builder{d: d, node: o.node}, vars: &scope{vars: map[string]mco.Value{}}}
	if _, err := in.eval(program); err != nil {
		if errors.Is(err, errNext) || errors.Is(err, errBreak) {
			return nil, &SyntaxError{file, 1, err.Error()}
		}
		return nil, err
	}
	return d, nil
}

// parseProgram reads a whole file.
func parseProgram(src []byte, file string) (node, error) {
	if len(src) > maxFile {
		return nil, &LimitError{file, 1, fmt.Sprintf("larger than %d bytes", maxFile)}
	}
	text := strings.TrimPrefix(string(src), "\uFEFF")
	if i := strings.IndexByte(text, 0); i >= 0 {
		return nil, &RefusedError{file, 1 + strings.Count(text[:i], "\n"), "a NUL byte"}
	}
	tokens, err := lex(text, file, 1)
	if err != nil {
		return nil, err
	}
	p := &parser{file: file, tokens: tokens}
	program, err := p.statements()
	if err == nil && p.peek().kind != tokEOF {
		err = p.unexpected()
	}
	return program, err
}

func newDDL(kind Kind, name, file string) *DDL {
	return &DDL{Kind: kind, Name: name, File: file, Meta: new(mco.Map), Requirements: new(mco.Map), Usage: mco.String("")}
}
