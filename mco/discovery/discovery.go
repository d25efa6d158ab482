// Package discovery holds what a client knows about finding nodes without asking the bus: lists of names from a file or from
// standard input, which filters each method can serve, and how --limit picks some of the nodes found. Asking the bus, the method
// mc, is mco/rpc's.
//
// Nothing is sent and nothing is printed; inputs are bounded, and names that are no identities are refused.
//
// Source of the facts: the original's lib/mcollective/discovery.rb, discovery/flatfile.rb, discovery/stdin.rb and rpc/client.rb
// (pick_nodes_from_discovered).
package discovery

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/rubyre"
)

// maxInput bounds a list of nodes: 16 MiB are some 500,000 names.
const maxInput = 16 << 20

// Method is one way to find nodes.
type Method struct {
	Name    string
	Timeout time.Duration // what its DDL says; 0: it does not wait
	full    bool          // it can serve class, fact and compound filters
}

// Methods are the methods that ship with the original.
func Methods() []Method {
	return []Method{{"flatfile", 0, false}, {"mc", 2 * time.Second, true}, {"stdin", 0, false}}
}

// Find returns the method of that name. All but mc name nodes, which takes direct addressing.
func Find(name string, directAddressing bool) (Method, error) {
	i := slices.IndexFunc(Methods(), func(m Method) bool { return m.Name == name })
	switch {
	case i < 0:
		return Method{}, textError("Unknown discovery method " + name)
	case name != "mc" && !directAddressing:
		return Method{}, textError("Custom discovery methods require direct addressing mode")
	}
	return Methods()[i], nil
}

// Check refuses filters that the method cannot serve. An agent filter is always there and always let through.
func (m Method) Check(f mco.Filter) error {
	if m.full {
		return nil
	}
	for _, part := range []struct {
		name string
		n    int
	}{{"class", len(f.Classes)}, {"fact", len(f.Facts)}, {"compound", len(f.Compound)}} {
		if part.n > 0 {
			return textError(fmt.Sprintf("Cannot use %s filters while using the '%s' discovery method", part.name, m.Name))
		}
	}
	return nil
}

// textError is a text of the original, which people read as it stands.
type textError string

func (e textError) Error() string { return string(e) }

// Flatfile reads the names in the file that is the first of options, one a line, blank lines and lines with # passed over, and
// applies the identity filters.
func Flatfile(options, identities []string) ([]string, error) {
	if len(options) == 0 {
		return nil, textError("The flatfile discovery method needs a path to a text file")
	}
	f, err := os.Open(options[0])
	if err != nil {
		return nil, textError(fmt.Sprintf("Cannot read the file %s specified as discovery source", options[0]))
	}
	defer f.Close()
	text, err := readAll(f)
	if err != nil {
		return nil, fmt.Errorf("read list of nodes %s: %w", options[0], err)
	}
	var hosts []string
	for line := range strings.Lines(text) {
		host := strings.Trim(line, " \t\r\n\f\v\x00")
		if host == "" || host[0] == '#' {
			continue
		}
		if !isIdentity(host) {
			return nil, textError(`Identities can only match /^[\w\.\-]+$/`)
		}
		hosts = append(hosts, host)
	}
	return pickIdentities(hosts, identities)
}

// Stdin reads names from r to its end, one a line or as JSON: a list of objects with "sender" or "certname", such as --json prints.
// The first of options says which: text, json, or auto, the default.
func Stdin(r io.Reader, options, identities []string) ([]string, error) {
	kind := "auto"
	if len(options) > 0 {
		kind = strings.ToLower(options[0])
	}
	text, err := readAll(r)
	if err != nil {
		return nil, fmt.Errorf("read list of nodes from standard input: %w", err)
	}
	if hasBlankLine(text) {
		return nil, textError("data piped on STDIN contained only whitespace - could not discover hosts from it.")
	}
	if kind == "auto" {
		kind = "text"
		if looksLikeJSON(text) {
			kind = "json"
		}
	}
	var hosts []string
	switch kind {
	case "json":
		if hosts, err = fromJSON(text); err != nil {
			return nil, err
		}
	case "text":
		hosts = strings.Split(strings.TrimRight(text, "\n"), "\n")
	default:
		return nil, textError(fmt.Sprintf("stdin discovery plugin only knows the types auto/text/json, not %q", kind))
	}
	for _, host := range hosts {
		if !isIdentity(host) {
			return nil, textError(`Identities can only match /\w\.\-/`)
		}
	}
	return pickIdentities(hosts, identities)
}

// pickIdentities keeps of hosts what the filters name: a name is added where it is there, a pattern replaces what was found before
// by its matches. No filter keeps all.
func pickIdentities(hosts, identities []string) ([]string, error) {
	if len(identities) == 0 {
		return hosts, nil
	}
	var found []string
	for _, id := range identities {
		if !strings.HasPrefix(id, "/") {
			if slices.Contains(hosts, id) {
				found = append(found, id)
			}
			continue
		}
		re, err := rubyre.Compile(strings.ReplaceAll(id, "/", ""), 0)
		if err != nil {
			return nil, fmt.Errorf("identity filter %s: %w", id, err)
		}
		found = nil
		for _, host := range hosts {
			ok, err := re.MatchString(host)
			if err != nil {
				return nil, fmt.Errorf("identity filter %s: %w", id, err)
			}
			if ok {
				found = append(found, host)
			}
		}
	}
	return found, nil
}

func readAll(r io.Reader) (string, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxInput+1))
	if err == nil && len(raw) > maxInput {
		err = errors.New("it is larger than 16 MiB")
	}
	return string(raw), err
}

// hasBlankLine is the original's /^\s*$/, which finds an empty line anywhere, and an empty text.
func hasBlankLine(text string) bool {
	if text == "" {
		return true
	}
	for line := range strings.Lines(text) {
		if strings.Trim(line, " \t\r\n\f\v") == "" {
			return true
		}
	}
	return false
}

// looksLikeJSON is the original's /^\s*\[/: a bracket at the beginning of any line.
func looksLikeJSON(text string) bool {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimLeft(line, " \t\r\f\v"), "[") {
			return true
		}
	}
	return false
}

func isIdentity(s string) bool {
	for i := range len(s) {
		b := s[i]
		if b != '_' && b != '.' && b != '-' && (b < '0' || b > '9') && (b|0x20 < 'a' || b|0x20 > 'z') {
			return false
		}
	}
	return s != ""
}
