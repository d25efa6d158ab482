// Package filter says which nodes a request is for: it reads the filter options of the command line (-F -C -I -A -W and the compound
// language of -S) into what travels, and matches what arrived against a node.
//
// The client's half is [ParseFact], [AddWith], [ParseCompound] and [CheckCompound]; the node's half is [Match]. Both follow the
// original to its quirks, because old clients and nodes are on the other side. Nothing is ever evaluated: the original passes parts of
// a filter to Ruby as code and as method names, here a grammar reads them and a data query reaches loaded data plugins alone.
//
// Source of the facts: the original's lib/mcollective/util.rb, security/base.rb (validate_filter?), matcher.rb, matcher/scanner.rb and
// matcher/parser.rb.
package filter

import (
	"errors"
	"fmt"
	"strings"

	"github.com/mco-go/mco-go/mco"
)

// Node is what a filter asks of a node. Implementations are safe for concurrent use.
type Node interface {
	Identity() string
	// Agents returns the names of the loaded agents.
	Agents() []string
	// Facts returns the normalised facts: String keys; strings, lists and hashes as values. To be read only; nil is no facts.
	Facts() *mco.Map
	// Classes returns the lines of the classes file. A missing or unreadable file is the node's to log, and has no lines.
	Classes() []string
	// Data runs a data query and returns the outputs by Symbol. An error that wraps [ErrNoData] makes the compound filter that asked
	// false as a whole; any other drops the message. query is nil where the filter gave none.
	Data(plugin string, query mco.Value) (*mco.Map, error)
}

// ErrNoData says that a data plugin is not loaded, or that its DDL does not take the query.
var ErrNoData = errors.New("data plugin not found, or query not valid")

// Match tells whether a filter, in its wire form, lets the node through. An error means that the original would have raised: the
// message is dropped without an answer, and the error is what the log shows.
//
// Something must have passed and nothing failed, so a hash that restricts nothing matches only if it is empty or has the five empty
// lists that every client sends.
//
// What one filter may cost is bounded, because whoever may publish may send it: see [work].
func Match(f mco.Value, n Node) (bool, error) {
	m, ok := f.AsMap()
	if !ok {
		return false, fmt.Errorf("filter is a %v, not a hash", f.Kind())
	}
	if f.Equal(emptyFilter) || m.Len() == 0 {
		return true, nil
	}
	passed, failed := 0, 0
	w := &work{Node: n}
	for key, entries := range m.All() {
		p, q, err := matchPart(key, entries, w)
		if err != nil {
			return false, err
		}
		passed, failed = passed+p, failed+q
	}
	return failed == 0 && passed > 0, nil
}

var emptyFilter = mco.Filter{}.Value()

// matchPart counts how many entries of one part of the filter passed and failed.
func matchPart(key, entries mco.Value, w *work) (passed, failed int, err error) {
	name, _ := key.AsName()
	_, isString := key.AsString()
	var test func(mco.Value) (bool, error)
	switch {
	case strings.Contains(name, "puppet_class") || strings.Contains(name, "cf_class"): // the older name, from older clients
		test = func(v mco.Value) (bool, error) { return w.anyClass(v) }
	case !isString:
		return 0, 0, nil
	case name == "agent":
		test = func(v mco.Value) (bool, error) {
			found, err := w.anyLine(v, w.Agents())
			return found || err == nil && v.Equal(anyAgent), err
		}
	case name == "fact":
		test = func(v mco.Value) (bool, error) { return w.factEntry(v) }
	case name == "compound":
		test = func(v mco.Value) (bool, error) { return matchCompound(v, w) }
	case name == "identity":
		return matchIdentity(entries, w)
	default:
		return 0, 0, nil
	}
	list, ok := entries.AsList()
	if !ok {
		return 0, 0, fmt.Errorf("filter part %q is a %v, not a list", name, entries.Kind())
	}
	for _, entry := range list {
		ok, err := test(entry)
		switch {
		case err != nil:
			return 0, 0, err
		case ok:
			passed++
		default:
			failed++
		}
	}
	return passed, failed, nil
}

// anyAgent is the name of an agent that every node has.
var anyAgent = mco.String("mcollective")

// matchIdentity wants exactly one entry to match: two that match fail, as in the original.
func matchIdentity(entries mco.Value, w *work) (passed, failed int, err error) {
	list, ok := entries.AsList()
	if !ok {
		return 0, 0, fmt.Errorf("filter part \"identity\" is a %v, not a list", entries.Kind())
	}
	if len(list) == 0 {
		return 0, 0, nil
	}
	matched, identity := 0, []string{w.Identity()}
	for _, entry := range list {
		ok, err := w.anyLine(entry, identity)
		if err != nil {
			return 0, 0, err
		}
		if ok {
			matched++
		}
	}
	if matched == 1 {
		return 1, 0, nil
	}
	return 0, 1, nil
}

// beginsLine tells whether any line of text begins with prefix: Ruby's ^ is a line anchor.
func beginsLine(text, prefix string) bool {
	for line := range strings.SplitSeq(text, "\n") {
		if strings.HasPrefix(line, prefix) {
			return true
		}
	}
	return false
}
