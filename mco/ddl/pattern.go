package ddl

import (
	"errors"
	"strings"
	"sync"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/rubyre"
)

// patterns are the compiled patterns of one DDL, made when first needed.
type patterns struct {
	mu   sync.Mutex
	made map[mco.Regexp]*compiled // guarded by mu
}

// compiled is a pattern, and the same pattern made to hold for the whole text where it is anchored on both sides.
type compiled struct {
	re, whole *rubyre.Regexp
	err       error
}

func (p *patterns) get(re mco.Regexp) *compiled {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c := p.made[re]; c != nil {
		return c
	}
	c := new(compiled)
	c.re, c.err = rubyre.Compile(re.Source, re.Options)
	if c.err == nil && anchored(re.Source) {
		c.whole, c.err = rubyre.Compile(`\A(?:`+re.Source+"\n"[:re.Options&2/2]+`)\z`, re.Options)
	}
	if p.made == nil {
		p.made = make(map[mco.Regexp]*compiled)
	}
	p.made[re] = c
	return c
}

// match tells whether a value passes a pattern. "^" and "$" hold for lines in Ruby, so that "ok\nrm -rf" passes ^\w+$ there; here a
// pattern that is anchored on both sides must fit the whole text. A text against which Ruby cannot match does not fit.
func (p *patterns) match(re mco.Regexp, s string) (bool, error) {
	c := p.get(re)
	if c.err != nil {
		return false, c.err
	}
	ok, err := c.re.MatchString(s)
	if ok && err == nil && c.whole != nil {
		ok, err = c.whole.MatchString(s)
	}
	if errors.Is(err, rubyre.ErrInvalidText) {
		return false, nil
	}
	return ok, err
}

// matches is for patterns used once, while a file is read.
func matches(source string, options int, s string) (bool, error) {
	re, err := rubyre.Compile(source, options)
	if err != nil {
		return false, err
	}
	return re.MatchString(s)
}

// anchored tells whether each alternative of a pattern begins with an anchor of the beginning and ends with one of the end.
func anchored(source string) bool {
	for _, branch := range alternatives(source) {
		branch = strings.TrimSpace(branch)
		if !strings.HasPrefix(branch, "^") && !strings.HasPrefix(branch, `\A`) {
			return false
		}
		switch {
		case strings.HasSuffix(branch, "$") && !escapedAt(branch, len(branch)-1):
		case (strings.HasSuffix(branch, `\z`) || strings.HasSuffix(branch, `\Z`)) && !escapedAt(branch, len(branch)-2):
		default:
			return false
		}
	}
	return true
}

// escapedAt tells whether an odd number of backslashes stands in front of s[i].
func escapedAt(s string, i int) bool {
	n := 0
	for i > n && s[i-n-1] == '\\' {
		n++
	}
	return n%2 == 1
}

// alternatives cuts a pattern at the bars outside of groups and classes.
func alternatives(source string) []string {
	var list []string
	start, groups, classes := 0, 0, 0
	for i := 0; i < len(source); i++ {
		switch source[i] {
		case '\\':
			i++
		case '[':
			classes++
			for i+1 < len(source) && (source[i+1] == '^' || source[i+1] == ']') && (source[i] == '[' || source[i] == '^') {
				i++ // a bracket that opens a class's list stands for itself
			}
		case ']':
			classes = max(0, classes-1)
		case '(':
			if classes == 0 {
				groups++
			}
		case ')':
			if classes == 0 {
				groups--
			}
		case '|':
			if classes == 0 && groups == 0 {
				list = append(list, source[start:i])
				start = i + 1
			}
		}
	}
	return append(list, source[start:])
}
