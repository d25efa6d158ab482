package estate

import (
	"errors"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/mco-go/mco-go/generators/estate/topology"
	"github.com/mco-go/mco-go/generators/safe"
)

// pattern checks a regular expression that the broker will read with PCRE. Only what RE2 and PCRE take for the same is let through, so
// that what is checked here is what the broker does.
func pattern(s string) error {
	if len(s) > 4096 || !utf8.ValidString(s) {
		return errors.New("too long, or not UTF-8")
	}
	for _, c := range s {
		if c < ' ' || c == 0x7f {
			return errors.New("it holds a control character")
		}
	}
	if _, err := regexp.Compile(s); err != nil {
		return errors.New("not a regular expression, or one that engines differ on")
	}
	for _, differs := range []string{`\C`, `\Q`, `\z`, `\pN`, `(?U`, `(?P<`, `[[:word:]`, `&&`} {
		if strings.Contains(s, differs) {
			return errors.New("engines differ on " + differs)
		}
	}
	return nil
}

func (r *resolver) checkPattern(t topology.Text) bool {
	if err := pattern(t.V); err != nil {
		r.bad("policy.invalid", t.Place, "not a pattern: "+err.Error(), safe.Quote(t.V), "")
		return false
	}
	return true
}
