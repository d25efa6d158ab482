package block

import (
	"errors"
	"fmt"
	"strings"
)

// EachLine calls read with each line of content, without its end, and adds the line's number to what read returns. All of content must
// be lines of printable ASCII, and no more than [MaxBytes].
func EachLine(content []byte, read func(line string) error) error {
	if len(content) > MaxBytes {
		return ErrTooLong
	}
	n := 0
	for line := range strings.Lines(string(content)) {
		n++
		line, ended := strings.CutSuffix(line, "\n")
		err := errNoEnd
		if ended {
			err = errNotPrintable
		}
		if ended && !strings.ContainsFunc(line, func(r rune) bool { return !Printable(r) }) {
			err = read(line)
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
	return nil
}

// Errors of the readers.
var (
	errNoEnd        = errors.New("does not end")
	errNotPrintable = errors.New("is not printable ASCII")
	errDeep         = errors.New("opens too deep a block")
	errNotOpen      = errors.New("closes what is not open")
	errOpen         = errors.New("a block does not end")
)

// Nested reads blocks of lines. For each line, split returns its words and whether it opens a block, which they are the head of, or
// closes one, in which case there are none. A line without words that opens nothing is passed over.
func Nested(content []byte, split func(line string) (words []string, opens, closes bool, err error)) ([]Statement, error) {
	top := Section(nil)
	open := []*Statement{&top} // the blocks that a line stands in
	err := EachLine(content, func(line string) error {
		words, opens, closes, err := split(line)
		inner := open[len(open)-1]
		switch {
		case err != nil:
			return err
		case closes && len(open) == 1:
			return errNotOpen
		case closes:
			open = open[:len(open)-1]
		case opens && len(open) > MaxDepth:
			return errDeep
		case opens:
			inner.Block = append(inner.Block, Section(words))
			open = append(open, &inner.Block[len(inner.Block)-1])
		case len(words) > 0:
			inner.Block = append(inner.Block, Line(words...))
		}
		return nil
	})
	if err == nil && len(open) > 1 {
		err = errOpen
	}
	if err != nil {
		return nil, err
	}
	return top.Block, nil
}
