package actionpolicy

import (
	"slices"
	"strings"

	"github.com/mco-go/mco-go/mco/rubyre"
)

// isCaller tells whether the callers of a rule are about this caller: all of them, its caller id, or a group that has it.
func (p *Policy) isCaller(callers, caller string, groups groupFile) (bool, error) {
	if callers == "*" {
		return true, nil
	}
	if p.o.Callers == Contains && strings.Contains(callers, caller) {
		return true, nil
	}
	for _, word := range words(callers) {
		if word == caller || groups.has(word, caller) {
			return true, nil
		}
		if pattern, ok := betweenSlashes(word); ok && p.o.Callers == Patterns {
			re, err := rubyre.Compile(pattern, 0)
			if err != nil {
				return false, err
			}
			if ok, err := re.MatchString(caller); ok || err != nil {
				return ok, err
			}
		}
	}
	return false, nil
}

func betweenSlashes(word string) (string, bool) {
	if len(word) < 3 || word[0] != '/' || word[len(word)-1] != '/' {
		return "", false
	}
	return word[1 : len(word)-1], true
}

// words splits as Ruby's String#split does.
func words(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \t\n\v\f\r\x00", r) })
}

func contains(list []string, item string) bool { return slices.Contains(list, item) }
