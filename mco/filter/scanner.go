package filter

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// kind is what a token of the compound language is, in the original's words, which double as keys of the call stack.
type kind string

const (
	kindNone      kind = "" // the end of the text
	kindBlank     kind = " "
	kindOpen      kind = "("
	kindClose     kind = ")"
	kindAnd       kind = "and"
	kindOr        kind = "or"
	kindNot       kind = "not"
	kindStatement kind = "statement"
	kindFunction  kind = "fstatement"
	kindBad       kind = "bad_token"
)

// token is one token. A bad one has the places of its first and last character instead of a text.
type token struct {
	kind        kind
	text        string
	first, last int
}

// size is what the original measures a token by when it marks a place: the length of its text, or 2 for a pair of places.
func (t token) size() int {
	if t.kind == kindBad {
		return 2
	}
	return len([]rune(t.text))
}

// scanner cuts a compound expression into tokens (matcher/scanner.rb). Its rules are not those of a tidy language: where a token ends
// depends on what was skipped before, and old clients are expected to send the same call stacks. So it follows the original step by
// step, places included, because error texts mark them.
type scanner struct {
	chars  []string // one character each; a nil entry of the original is ""
	at     int
	blanks int // characters that the present token skipped
	ahead  int // how often the present token looked past blanks
}

func newScanner(text string) *scanner {
	s := &scanner{}
	for _, r := range text {
		s.chars = append(s.chars, string(r))
	}
	return s
}

func (s *scanner) char(i int) string {
	if i < 0 || i >= len(s.chars) {
		return ""
	}
	return s.chars[i]
}

// keyword tells whether word stands here, followed by a blank or a parenthesis.
func (s *scanner) keyword(word string) bool {
	for i := range len(word) {
		if s.char(s.at+i) != word[i:i+1] {
			return false
		}
	}
	after := s.char(s.at + len(word))
	return after == " " || after == "("
}

// next returns the token at the present place and leaves the place at the token's last character.
func (s *scanner) next() (token, error) {
	if s.at >= len(s.chars) {
		return token{}, nil
	}
	switch s.chars[s.at] {
	case "(":
		return token{kind: kindOpen, text: "("}, nil
	case ")":
		return token{kind: kindClose, text: ")"}, nil
	case " ":
		return token{kind: kindBlank, text: " "}, nil
	case "!":
		return token{kind: kindNot, text: "not"}, nil
	}
	for _, k := range []kind{kindNot, kindAnd, kindOr} {
		if s.keyword(string(k)) {
			s.at += len(k) - 1
			return token{kind: k, text: string(k)}, nil
		}
	}
	return s.statement()
}

func isSpace(c string) bool {
	return c != "" && strings.Contains(" \t\n\v\f\r", c)
}

func isComparison(c string) bool {
	return c == "=" || c == "<" || c == ">"
}

// statement reads everything that is no operator.
func (s *scanner) statement() (token, error) {
	var text strings.Builder
	function, quoted := false, false
	j := s.at
	switch {
	case s.char(j) == "/":
		for {
			text.WriteString(s.char(j))
			j++
			if j >= len(s.chars) || isSpace(s.char(j)) {
				break
			}
		}
	case isComparison(s.char(j)):
		s.comparisonFirst(j, &text)
	default:
		var err error
		if function, quoted, err = s.words(j, &text); err != nil {
			return token{}, err
		}
		s.ahead = 0
	}
	value := text.String()
	s.at += len([]rune(value)) + s.blanks - 1
	s.blanks = 0
	return s.classify(value, function, quoted), nil
}

// comparisonFirst reads a statement that begins with an operator. A regular expression behind it gets its closing slash twice, as in
// the original.
func (s *scanner) comparisonFirst(j int, text *strings.Builder) {
	text.WriteString(s.char(j))
	j++
	if s.char(j) != "/" {
		return
	}
	for {
		text.WriteString(s.char(j))
		j++
		if s.char(j) == "/" {
			text.WriteString("/")
			break
		}
		if j >= len(s.chars) {
			break
		}
	}
	for j < len(s.chars) && s.char(j) != " " && s.char(j) != ")" {
		text.WriteString(s.char(j))
		j++
	}
}

// words reads a class, a fact comparison or a function call.
func (s *scanner) words(j int, text *strings.Builder) (function, quoted bool, err error) {
	for {
		switch c := s.char(j); {
		case c == "/":
			escaped, err := s.pattern(j, text)
			return function, quoted || escaped, err
		case c == "(":
			function = true
			text.WriteString(c)
			for j++; j < len(s.chars); j++ {
				text.WriteString(s.char(j))
				if s.char(j) == ")" {
					j++
					break
				}
			}
		case c == `"` || c == "'":
			quoted = true
			j = s.quoted(j, text)
		default:
			text.WriteString(c)
			j++
		}
		if s.char(j) == " " {
			if s.blanksEndToken(j) && !isComparison(s.char(j-1)) {
				return function, quoted, nil
			}
			if s.ahead < 2 && !comparedLine(text.String()) {
				j = s.lookAhead(j)
			}
		}
		if j >= len(s.chars) || isSpace(s.char(j)) || s.char(j) == ")" {
			return function, quoted, nil
		}
	}
}

// pattern reads a regular expression up to its closing slash, which ends the token.
func (s *scanner) pattern(j int, text *strings.Builder) (escaped bool, err error) {
	text.WriteString("/")
	for j++; j < len(s.chars) && s.char(j) != "/"; j++ {
		if s.char(j) == `\` {
			text.WriteString(`\`)
			escaped = true
			if j++; j >= len(s.chars) {
				//lint:ignore ST1005 the original's text
				return escaped, fmt.Errorf("An exception was raised while trying to tokenize '%s - no implicit conversion of nil into String'", text.String())
			}
		}
		text.WriteString(s.char(j))
	}
	text.WriteString(s.char(j))
	return escaped, nil
}

// quoted reads a quoted part without its quotes; a backslash takes the next character as it is.
func (s *scanner) quoted(j int, text *strings.Builder) int {
	quote := s.char(j)
	j++
	s.blanks++
	for ; j < len(s.chars); j++ {
		if s.char(j) == `\` {
			j++
			s.blanks++
			if j >= len(s.chars) {
				break
			}
		} else if s.char(j) == quote {
			s.blanks++
			return j + 1
		}
		text.WriteString(s.char(j))
	}
	return j
}

// blanksEndToken tells whether what follows the blanks at j is no comparison, so that the token was a class.
func (s *scanner) blanksEndToken(j int) bool {
	for j < len(s.chars) && s.char(j) == " " {
		j++
	}
	return !isComparison(s.char(j))
}

// lookAhead skips blanks inside a token.
func (s *scanner) lookAhead(j int) int {
	for i := j + 1; i <= len(s.chars); i++ {
		s.blanks++
		if !isSpace(s.char(i)) {
			s.ahead++
			return i
		}
	}
	return j
}

// patterns of the token classes, compiled when the first expression comes.
var patterns = sync.OnceValue(func() (p struct{ compared, open, slashed, single, double *regexp.Regexp }) {
	p.compared = regexp.MustCompile(`(?m)^.+(=|<|>).+$`)
	p.open = regexp.MustCompile(`(?m).+?\($`)
	p.slashed = regexp.MustCompile(`(?m)^.+?/(<|>|=).+`)
	p.single = regexp.MustCompile(`(?m)^.+?\((\s*(')[^']*(')\s*(,\s*(')[^']*('))*)?\)(\.[a-zA-Z0-9_]+)?((!=|<=|>=|=|>|<).+)?$`)
	p.double = regexp.MustCompile(`(?m)^.+?\((\s*(")[^"]*(")\s*(,\s*(")[^"]*("))*)?\)(\.[a-zA-Z0-9_]+)?((!=|<=|>=|=|>|<).+)?$`)
	return p
})

// comparedLine tells whether a line of text holds an operator between two other characters.
func comparedLine(text string) bool { return patterns().compared.MatchString(text) }

// classify decides what a statement is; s.at stands at its last character.
func (s *scanner) classify(value string, function, quoted bool) token {
	bad := token{kind: kindBad, first: s.at - len([]rune(value)) + 1, last: s.at}
	p := patterns()
	switch {
	case p.open.MatchString(value), p.slashed.MatchString(value):
		return bad
	case function && (p.single.MatchString(value) || p.double.MatchString(value)):
		return token{kind: kindFunction, text: value}
	case function:
		return bad
	case quoted, strings.Count(value, "/")%2 == 0:
		return token{kind: kindStatement, text: value}
	}
	return bad
}
