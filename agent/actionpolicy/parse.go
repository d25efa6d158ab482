package actionpolicy

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// Bounds of one file.
const (
	maxFile = 1 << 20  // bytes
	maxLine = 16 << 10 // bytes
)

// ruleFile is one policy file.
type ruleFile struct {
	hasDefault, defaultAllow bool
	rules                    []rule
}

// rule is one line of a policy file. Its texts are taken apart when they are asked for, as the plugin does.
type rule struct {
	line    int
	allow   bool
	callers string
	actions string
	facts   string // with no classes: a compound expression over both
	classes string // "" when the line has no such field
}

// remark is what is to be said about a line of a file.
type remark struct {
	line int
	text string
}

// The plugin's own expressions, because their greed decides where a field ends; Ruby's line anchors are one line's ends here. They are
// compiled when the first request comes.
var grammar = sync.OnceValue(func() (g struct{ byDefault, rule *regexp.Regexp }) {
	g.byDefault = regexp.MustCompile(`^policy[ \t\r\n\f\v]+default[ \t\r\n\f\v]+([0-9A-Za-z_]+)`)
	g.rule = regexp.MustCompile(`^(allow|deny)\t+(.+?)\t+(.+?)\t+(.+?)(?:\t+(.+?))*$`)
	return g
})

// parseRules reads a policy file. A line that cannot be read is no rule and a remark.
func parseRules(text string) (ruleFile, []remark) {
	var file ruleFile
	var remarks []remark
	for n, line := range numbered(text) {
		if skipped(line) {
			continue
		}
		if len(line) > maxLine {
			remarks = append(remarks, remark{n, fmt.Sprintf("the line is longer than %d bytes", maxLine)})
			continue
		}
		if m := grammar().byDefault.FindStringSubmatch(line); m != nil {
			// The last one wins, wherever it stands; any word but allow denies.
			file.hasDefault, file.defaultAllow = true, m[1] == "allow"
			continue
		}
		m := grammar().rule.FindStringSubmatch(line)
		if m == nil {
			remarks = append(remarks, remark{n, fmt.Sprintf("cannot parse %.80q: allow or deny, callers, actions, facts and classes stand between tabs", line)})
			continue
		}
		r := rule{line: n, allow: m[1] == "allow", callers: m[2], actions: m[3], facts: m[4], classes: m[5]}
		file.rules = append(file.rules, r)
		remarks = append(remarks, r.odd()...)
	}
	return file, remarks
}

// odd says what in a rule is probably not what its author meant.
func (r rule) odd() []remark {
	last := r.classes
	if last == "" {
		last = r.facts
	}
	switch {
	case strings.HasSuffix(last, "\r"):
		return []remark{{r.line, "the line ends with a carriage return, which belongs to its last field: write line feeds alone"}}
	case r.classes == "" && r.facts == "*":
		return []remark{{r.line, "without a field for classes, * is the name of a class: the rule never applies; add a tab and another *"}}
	}
	return nil
}

// groupFile holds the groups of callers: names to caller ids.
type groupFile map[string][]string

func (g groupFile) has(name, caller string) bool { return contains(g[name], caller) }

// parseGroups reads the file of groups: a name and its caller ids in each line. Of two lines with one name the later one counts.
func parseGroups(text string) (groupFile, []remark) {
	groups := groupFile{}
	var remarks []remark
	for n, line := range numbered(text) {
		if skipped(line) {
			continue
		}
		parts := words(line)
		if len(parts) == 0 || !groupName(parts[0]) {
			remarks = append(remarks, remark{n, fmt.Sprintf("%.80q is not in the expected format of 'group_name caller_id caller_id caller_id'", line)})
			continue
		}
		if len(parts) > 1 {
			groups[parts[0]] = parts[1:]
		}
	}
	return groups, remarks
}

func groupName(s string) bool {
	for _, c := range []byte(s) {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '.' || c == '-') {
			return false
		}
	}
	return s != ""
}

// numbered yields the lines of a text with their numbers from 1, without their line feeds.
func numbered(text string) func(func(int, string) bool) {
	return func(yield func(int, string) bool) {
		n := 0
		for line := range strings.Lines(text) {
			if n++; !yield(n, strings.TrimSuffix(line, "\n")) {
				return
			}
		}
	}
}

// skipped tells whether a line is blank or a comment, which begins in the first column.
func skipped(line string) bool {
	return strings.HasPrefix(line, "#") || strings.Trim(line, " \t\r\n\f\v") == ""
}
