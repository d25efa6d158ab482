// Package rubyre matches text against regular expressions as Ruby (Onigmo) reads them, in bounded time.
//
// A pattern is parsed here, by Ruby's rules, and printed again for an engine: for Go's regexp, which is linear, wherever the printed
// pattern means the same there, and otherwise (look-around, back references, atomic groups) for regexp2, which backtracks and is
// therefore given a time limit and short patterns and texts. What neither can express (sub-expression calls, absence operators,
// text segments) is refused with [ErrUnsupported]. Only the question "does it match anywhere" is answered: no positions, no captures.
//
// One thing differs from Ruby: letters that fold to more than one letter ("ß" and "ss") are not equal when case is ignored.
// Source of facts: Onigmo's doc/RE and the behaviour of Ruby 3.1.
package rubyre

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/dlclark/regexp2/v2"
)

// Option bits of a Ruby regular expression, as they travel.
const (
	IgnoreCase = 1
	Extended   = 2 // blanks and comments in the pattern mean nothing
	Multiline  = 4 // "." matches a line feed too
)

// Limits of a pattern and of the texts that it is matched against.
const (
	maxSource    = 8 << 10 // bytes of a pattern
	maxBacktrack = 1 << 10 // bytes of a pattern, and of a text, for the engine that backtracks
	maxPrinted   = 1 << 20 // bytes of a printed pattern: classes may print far longer than they were written
	maxSpans     = 1 << 16 // ranges of characters in all classes of a pattern
	maxDepth     = 200     // groups within groups
	maxText      = 8 << 20 // bytes of a text
	maxSize      = 1 << 16 // size of a pattern, repetitions multiplied, for the linear engine
	maxWork      = 1 << 26 // size of a pattern times bytes of a text, for the linear engine
)

// MatchTimeout is how long one match by the engine that backtracks may take; its clock is coarse, so that it may end 100 ms later.
const MatchTimeout = 100 * time.Millisecond

var (
	// ErrUnsupported is wrapped by errors about patterns that Ruby accepts and this package does not.
	ErrUnsupported = errors.New("is not supported here")
	// ErrTooLong is wrapped by errors about patterns and texts that are over a limit.
	ErrTooLong = errors.New("too long for a regular expression")
	// ErrInvalidText is returned for a text that is not UTF-8, against which Ruby refuses to match.
	ErrInvalidText = errors.New("regex match on invalid byte sequence")
	// ErrTimeout is returned when a match took longer than [MatchTimeout].
	ErrTimeout = errors.New("regular expression took too long")
)

// SyntaxError is a pattern that Ruby refuses too.
type SyntaxError struct {
	Reason, Source string
	Options        int
}

// Error returns Ruby's text; a long pattern is shortened.
func (e *SyntaxError) Error() string {
	text := e.Reason + ": /" + clip(e.Source) + "/"
	if e.Options&Multiline != 0 {
		text += "m"
	}
	if e.Options&IgnoreCase != 0 {
		text += "i"
	}
	if e.Options&Extended != 0 {
		text += "x"
	}
	return text
}

func clip(s string) string {
	const most = 200
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// Regexp is a compiled pattern. It is safe for concurrent use.
type Regexp struct {
	source     string
	linear     *regexp.Regexp                  // nil where only backtracking can match
	size       int                             // instructions of linear, roughly
	asciiOnly  bool                            // linear is right for ASCII text alone: \b sees letters of ASCII alone
	midLine    bool                            // linear is wrong for texts that end in a line feed: ^ matches behind it there
	backtracks func() (*regexp2.Regexp, error) // compiled when first needed
}

// Compile parses source, which must be UTF-8 and at most 8 KiB long. Other bits of options than the three above are ignored. The error
// is a [*SyntaxError] for what Ruby refuses too, or wraps [ErrUnsupported] or [ErrTooLong].
func Compile(source string, options int) (*Regexp, error) {
	return compile(source, options, false)
}

// CompileWhole is Compile for validations: where the pattern begins with ^ and ends with $, the whole text must match and not only one
// of its lines, so that "ok\nrm -rf" does not pass ^\w+$. Ruby's own ^ and $ are satisfied by any line.
func CompileWhole(source string, options int) (*Regexp, error) {
	return compile(source, options, true)
}

func compile(source string, options int, whole bool) (*Regexp, error) {
	if len(source) > maxSource {
		return nil, fmt.Errorf("pattern of %d bytes: %w", len(source), ErrTooLong)
	}
	if !utf8.ValidString(source) {
		return nil, &SyntaxError{"invalid multibyte character", strings.ToValidUTF8(source, "?"), options}
	}
	tree, groups, err := parse(source, options)
	if err != nil {
		return nil, err
	}
	if whole {
		anchorWhole(tree)
	}
	re := &Regexp{source: source, backtracks: sync.OnceValues(func() (*regexp2.Regexp, error) {
		return compileBacktracking(source, tree, groups)
	})}
	if a := analyse(tree); a.linear && a.size <= maxSize {
		if text, err := print(tree, false, groups); err == nil {
			// What the engine finds too large is left to the other, which bounds time instead of size.
			if linear, err := regexp.Compile(text); err == nil {
				re.linear, re.size, re.asciiOnly, re.midLine = linear, a.size, a.asciiOnly, a.midLine
				return re, nil
			}
		}
	}
	if _, err := re.backtracks(); err != nil {
		return nil, err
	}
	return re, nil
}

func compileBacktracking(source string, tree *node, groups int) (*regexp2.Regexp, error) {
	if len(source) > maxBacktrack {
		return nil, fmt.Errorf("pattern of %d bytes that needs backtracking: %w", len(source), ErrTooLong)
	}
	text, err := print(tree, true, groups)
	if err != nil {
		return nil, err
	}
	re, err := regexp2.Compile(text)
	if err != nil {
		return nil, fmt.Errorf("pattern /%s/ %w: %w", clip(source), ErrUnsupported, err)
	}
	re.MatchTimeout = MatchTimeout
	return re, nil
}

// String returns the pattern as it was given.
func (re *Regexp) String() string { return re.source }

// Backtracks tells whether the pattern needs the engine whose time is limited, so that a match can cost up to [MatchTimeout].
func (re *Regexp) Backtracks() bool { return re.linear == nil }

// MatchString tells whether the pattern matches somewhere in s. The error is [ErrInvalidText], [ErrTimeout], or wraps [ErrTooLong]:
// 1 KiB at most where the pattern backtracks, otherwise up to 8 MiB and less for large patterns.
func (re *Regexp) MatchString(s string) (bool, error) {
	ascii := isASCII(s)
	if !ascii && !utf8.ValidString(s) {
		return false, ErrInvalidText
	}
	if re.linear != nil && (ascii || !re.asciiOnly) && !(re.midLine && strings.HasSuffix(s, "\n")) {
		if len(s) > maxText || len(s)*re.size > maxWork {
			return false, fmt.Errorf("text of %d bytes for /%s/: %w", len(s), clip(re.source), ErrTooLong)
		}
		return re.linear.MatchString(s), nil
	}
	slow, err := re.backtracks()
	if err != nil {
		return false, err
	}
	if len(s) > maxBacktrack {
		return false, fmt.Errorf("text of %d bytes for /%s/, which needs backtracking: %w", len(s), clip(re.source), ErrTooLong)
	}
	ok, err := slow.MatchString(s)
	if err != nil {
		return false, fmt.Errorf("%w: /%s/", ErrTimeout, clip(re.source))
	}
	return ok, nil
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
