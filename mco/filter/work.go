package filter

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/rubyre"
)

// Bounds of what matching one filter may cost.
const (
	maxPatterns = 1000
	maxQueries  = 64
	maxMatching = time.Second // in all regular expressions together
)

var errCostly = errors.New("filter costs too much to match")

// work is the matching of one filter: the node, and what was spent on it so far.
type work struct {
	Node
	patterns, queries int
	matching          time.Duration
}

// anyMatch tells whether a regular expression matches one of texts.
func (w *work) anyMatch(pattern string, options int, texts ...string) (bool, error) {
	if w.patterns++; w.patterns > maxPatterns {
		return false, fmt.Errorf("%w: more than %d regular expressions", errCostly, maxPatterns)
	}
	start := time.Now()
	defer func() { w.matching += time.Since(start) }()
	re, err := rubyre.Compile(pattern, options)
	if err != nil {
		return false, err
	}
	for _, text := range texts {
		if ok, err := re.MatchString(text); ok || err != nil {
			return ok, err
		}
		if w.matching+time.Since(start) > maxMatching {
			return false, fmt.Errorf("%w: regular expressions took %v", errCostly, maxMatching)
		}
	}
	return false, nil
}

// anyLine tells whether one of lines is what the entry says: the same text, or a match of the regular expression that it is or that it
// spells between slashes.
func (w *work) anyLine(entry mco.Value, lines []string) (bool, error) {
	if re, ok := entry.AsRegexp(); ok {
		return w.anyMatch(re.Source, re.Options, lines...)
	}
	text, ok := entry.AsString()
	if !ok {
		return false, fmt.Errorf("filter entry is a %v, not a string", entry.Kind())
	}
	if beginsLine(text, "/") {
		return w.anyMatch(strings.ReplaceAll(text, "/", ""), 0, lines...) // all slashes go, also escaped ones
	}
	for _, line := range lines {
		if line == text && mco.String(line).Equal(entry) {
			return true, nil
		}
	}
	return false, nil
}

// anyClass tells whether one of the node's classes is what the entry says. A line that is no text ends the search, as in the original.
func (w *work) anyClass(entry mco.Value) (bool, error) {
	ok, err := w.anyLine(entry, w.Classes())
	if errors.Is(err, rubyre.ErrInvalidText) {
		return false, nil
	}
	return ok, err
}

// query asks a data plugin.
func (w *work) query(plugin string, query mco.Value) (*mco.Map, error) {
	if w.queries++; w.queries > maxQueries {
		return nil, fmt.Errorf("%w: more than %d data queries", errCostly, maxQueries)
	}
	return w.Data(plugin, query)
}
