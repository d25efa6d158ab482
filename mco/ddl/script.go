package ddl

import (
	"errors"

	"github.com/mco-go/mco-go/mco"
)

// Word is what a script may call: at least Least and at most Most arguments, and a block where Block is set.
type Word struct {
	Least, Most int
	Block       bool
	Run         func(args []mco.Value, block Block) (mco.Value, error)
}

// Block is the code between do and end, nil where there was none. It can be run again later, each time with the steps of a whole file.
type Block func() (mco.Value, error)

// Script is a file in the Ruby that DDLs are read with, whose words are somebody else's: reports of `mco inventory` are written in it.
// It is no more run than a DDL is: what the words do not do is not done. It is not safe for concurrent use.
type Script struct {
	file  string
	words map[string]Word
	in    *interpreter
}

// NewScript returns a script that knows words. file names it in errors, which are those of [ParseRuby].
func NewScript(file string, words map[string]Word) *Script {
	s := &Script{file: file, words: words}
	s.in = &interpreter{file: file, words: s, vars: &scope{vars: map[string]mco.Value{}}}
	return s
}

// Eval reads source and returns the value of its last statement.
func (s *Script) Eval(source string) (mco.Value, error) {
	program, err := parseProgram([]byte(source), s.file)
	if err != nil {
		return mco.Nil(), err
	}
	return s.fresh(func() (mco.Value, error) { return s.in.eval(program) })
}

// fresh runs something with all the steps that a file has.
func (s *Script) fresh(run func() (mco.Value, error)) (mco.Value, error) {
	s.in.steps, s.in.made = 0, 0
	v, err := run()
	if errors.Is(err, errNext) || errors.Is(err, errBreak) {
		return mco.Nil(), &SyntaxError{s.file, 1, err.Error()}
	}
	return v, err
}

func (s *Script) arity(word string) (arity, bool) {
	w, ok := s.words[word]
	return arity{w.Least, w.Most}, ok
}

func (s *Script) isFunction(string) bool { return false }

func (s *Script) call(word string, args []mco.Value, block func() (mco.Value, error)) (mco.Value, error) {
	w := s.words[word]
	switch {
	case block == nil:
		return w.Run(args, nil)
	case !w.Block:
		return mco.Nil(), errors.New(word + " takes no block")
	}
	running := true
	defer func() { running = false }()
	return w.Run(args, func() (mco.Value, error) {
		if running {
			return block()
		}
		return s.fresh(block)
	})
}

// Format is Ruby's format: the sequences of C, and %<name>s and %{name} out of a hash.
func Format(text string, values ...mco.Value) (string, error) { return format(text, values...) }
