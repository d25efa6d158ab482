package rubyre

import (
	"fmt"
	"slices"
	"strings"
)

// flags is what (?imx-imx) and (?adu) switch.
type flags struct {
	fold, extended, dotAll bool
	charset                rune // 'a': POSIX classes are ASCII too, 'u': \w and its like are Unicode, 'd' as Ruby does by default
}

type parser struct {
	source   string
	options  int
	in       []rune
	pos      int
	depth    int
	named    bool             // the pattern names a group, so that plain parentheses do not capture
	names    map[string][]int // groups by name
	groups   int
	spans    int     // of all classes so far
	backrefs []*node // to be checked when all groups are known
}

// parse returns the tree of a pattern and the number of groups to capture, 0 when nothing refers to one.
func parse(source string, options int) (*node, int, error) {
	top := flags{fold: options&IgnoreCase != 0, extended: options&Extended != 0, dotAll: options&Multiline != 0, charset: 'd'}
	p := &parser{source: source, options: options, in: []rune(source), names: map[string][]int{}}
	tree, err := p.parseAll(top)
	if err != nil || len(p.names) > 0 {
		// Where any group has a name plain ones do not count, which may also heal an error.
		again := &parser{source: source, options: options, in: p.in, names: map[string][]int{}, named: true}
		if other, otherErr := again.parseAll(top); err == nil || otherErr == nil && len(again.names) > 0 {
			p, tree, err = again, other, otherErr
		}
	}
	if err != nil {
		return nil, 0, err
	}
	if len(p.backrefs) == 0 {
		return tree, 0, nil
	}
	return tree, p.groups, nil
}

func (p *parser) parseAll(f flags) (*node, error) {
	tree, err := p.alternatives(f)
	if err != nil {
		return nil, err
	}
	if p.pos < len(p.in) {
		return nil, p.fail("unmatched close parenthesis")
	}
	for _, ref := range p.backrefs {
		for _, g := range ref.groups {
			if g > p.groups {
				return nil, p.fail("invalid backref number/name")
			}
		}
	}
	return tree, nil
}

func (p *parser) fail(reason string) error { return &SyntaxError{reason, p.source, p.options} }

func (p *parser) refuse(what string) error {
	return fmt.Errorf("%s in /%s/ %w", what, clip(p.source), ErrUnsupported)
}

// peek returns the next character, -1 at the end.
func (p *parser) peek() rune { return p.at(0) }

func (p *parser) at(n int) rune {
	if p.pos+n < len(p.in) {
		return p.in[p.pos+n]
	}
	return -1
}

func (p *parser) take(s string) bool {
	for i, r := range []rune(s) {
		if p.at(i) != r {
			return false
		}
	}
	p.pos += len([]rune(s))
	return true
}

// until takes the text in front of the first stop and the stop itself.
func (p *parser) until(stop rune) (string, bool) {
	i := slices.Index(p.in[p.pos:], stop)
	if i < 0 {
		text := string(p.in[p.pos:])
		p.pos = len(p.in)
		return text, false
	}
	text := string(p.in[p.pos : p.pos+i])
	p.pos += i + 1
	return text, true
}

// alternatives reads up to the end of the pattern or to the ")" that closes the group, which it leaves.
func (p *parser) alternatives(f flags) (*node, error) {
	kids, err := p.branches(f)
	switch {
	case err != nil:
		return nil, err
	case len(kids) == 1:
		return kids[0], nil
	}
	var chars []span
	for _, k := range kids {
		if k.op != opSet {
			return &node{op: opAlt, kids: kids}, nil
		}
		chars = append(chars, k.set...)
	}
	return &node{op: opSet, set: normal(chars)}, nil
}

func (p *parser) branches(f flags) ([]*node, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, fmt.Errorf("groups in groups: %w", ErrTooLong)
	}
	defer func() { p.depth-- }()
	var kids []*node
	for {
		kid, err := p.sequence(f)
		if err != nil {
			return nil, err
		}
		kids = append(kids, kid)
		if p.peek() != '|' {
			return kids, nil
		}
		p.pos++
	}
}

func (p *parser) sequence(f flags) (*node, error) {
	var kids []*node
	for {
		if err := p.skip(f); err != nil {
			return nil, err
		}
		switch c := p.peek(); {
		case c < 0 || c == '|' || c == ')':
			return cat(kids), nil
		case c == '*' || c == '+' || c == '?':
			return nil, p.fail("target of repeat operator is not specified")
		case c == '{':
			if _, _, ok, err := p.interval(); err != nil {
				return nil, err
			} else if ok {
				return nil, p.fail("target of repeat operator is not specified")
			}
		}
		atoms, err := p.atom(f)
		if err != nil {
			return nil, err
		}
		if len(atoms) == 0 {
			continue
		}
		last := len(atoms) - 1
		if atoms[last], err = p.repeats(atoms[last], f); err != nil {
			return nil, err
		}
		kids = append(kids, atoms...)
	}
}

// skip passes over comments and, in extended patterns, blanks.
func (p *parser) skip(f flags) error {
	for {
		switch c := p.peek(); {
		case c == '(' && p.at(1) == '?' && p.at(2) == '#':
			for p.pos += 3; p.peek() != ')'; p.pos++ {
				if p.peek() == '\\' {
					p.pos++
				}
				if p.peek() < 0 {
					return p.fail("end pattern in group")
				}
			}
			p.pos++
		case f.extended && c == '#':
			p.until('\n')
		case f.extended && c >= 0 && strings.ContainsRune(" \t\n\r\f", c):
			p.pos++
		default:
			return nil
		}
	}
}

// repeats wraps n in the quantifiers that follow it: there may be several, and each repeats what the one before made.
func (p *parser) repeats(n *node, f flags) (*node, error) {
	for range maxDepth {
		if err := p.skip(f); err != nil {
			return nil, err
		}
		rep := &node{op: opRepeat, kids: []*node{n}, max: unlimited}
		switch p.peek() {
		case '*':
		case '+':
			rep.min = 1
		case '?':
			rep.max = 1
		case '{':
			start := p.pos
			lo, hi, ok, err := p.interval()
			if err != nil {
				return nil, err
			}
			if !ok {
				p.pos = start
				return n, nil
			}
			rep.min, rep.max = lo, hi
			switch {
			case p.peek() != '?':
			case lo == hi:
				// x{2}? is not lazy, it is x{2} or nothing.
				p.pos++
				rep = &node{op: opRepeat, kids: []*node{rep}, max: 1}
			default:
				p.pos++
				rep.lazy = true
			}
			n = rep
			continue
		default:
			return n, nil
		}
		p.pos++
		switch p.peek() {
		case '?':
			p.pos++
			rep.lazy = true
		case '+':
			p.pos++
			rep = &node{op: opAtomic, kids: []*node{rep}}
		}
		n = rep
	}
	return nil, fmt.Errorf("quantifiers of quantifiers: %w", ErrTooLong)
}

// interval reads {n}, {n,}, {n,m} or {,m}; anything else is plain text, for which it leaves the position.
func (p *parser) interval() (lo, hi int, ok bool, err error) {
	start := p.pos
	defer func() {
		if !ok {
			p.pos = start
		}
	}()
	p.pos++
	lo, some, err := p.number()
	if err != nil {
		return 0, 0, false, err
	}
	hi = lo
	if p.peek() == ',' {
		p.pos++
		upper, bounded, err := p.number()
		switch {
		case err != nil:
			return 0, 0, false, err
		case bounded:
			hi = upper
		case some:
			hi = unlimited
		default:
			return 0, 0, false, nil
		}
		some = true
	}
	if !some || p.peek() != '}' {
		return 0, 0, false, nil
	}
	p.pos++
	if hi != unlimited && lo > hi {
		return 0, 0, false, p.fail("upper is smaller than lower in repeat range")
	}
	return lo, hi, true, nil
}

func (p *parser) number() (n int, some bool, err error) {
	const most = 100000 // Onigmo's own limit
	for c := p.peek(); c >= '0' && c <= '9'; c = p.peek() {
		n, some = n*10+int(c-'0'), true
		if n > most {
			return 0, false, p.fail("too big number for repeat range")
		}
		p.pos++
	}
	return n, some, nil
}

// atom reads what one quantifier would apply to; where an escape stands for several characters, to the last of them.
func (p *parser) atom(f flags) ([]*node, error) {
	c := p.peek()
	switch c {
	case '(':
		n, err := p.group(f)
		return []*node{n}, err
	case '[':
		p.pos++
		s, err := p.class(f)
		return []*node{{op: opSet, set: s}}, p.count(s, err)
	case '\\':
		return p.escape(f)
	}
	p.pos++
	switch c {
	case '.':
		if f.dotAll {
			return []*node{{op: opSet, set: everything}}, nil
		}
		return []*node{{op: opSet, set: single('\n').not()}}, nil
	case '^':
		return []*node{{op: opLineStart}}, nil
	case '$':
		return []*node{{op: opLineEnd}}, nil
	}
	return []*node{literal(c, f)}, nil
}

// count adds the spans of a class to those of the pattern and bounds their number.
func (p *parser) count(s set, err error) error {
	if p.spans += len(s); err == nil && p.spans > maxSpans {
		return fmt.Errorf("classes of the pattern: %w", ErrTooLong)
	}
	return err
}

func literal(c rune, f flags) *node {
	s := single(c)
	if f.fold {
		s = foldOne(c)
	}
	return &node{op: opSet, set: s}
}
