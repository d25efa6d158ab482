package rubyre

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// printer writes a tree as a pattern for one of the engines. Neither gets options nor classes of its own: what they mean is in the
// sets already, so that both engines see the same.
type printer struct {
	strings.Builder
	backtracks bool
	captures   bool
}

func print(tree *node, backtracks bool, groups int) (string, error) {
	p := printer{backtracks: backtracks, captures: backtracks && groups > 0}
	if err := p.node(tree); err != nil {
		return "", err
	}
	return p.String(), nil
}

func (p *printer) node(n *node) error {
	if p.Len() > maxPrinted {
		return fmt.Errorf("classes of the pattern: %w", ErrTooLong)
	}
	switch n.op {
	case opEmpty:
		p.WriteString("(?:)")
	case opSet:
		p.class(n.set)
	case opCat:
		for _, k := range n.kids {
			if err := p.node(k); err != nil {
				return err
			}
		}
	case opAlt:
		return p.enclose("(?:", n.kids, ")")
	case opRepeat:
		return p.repeat(n)
	case opGroup:
		if p.captures && n.group > 0 {
			return p.enclose("(", n.kids, ")")
		}
		return p.enclose("(?:", n.kids, ")")
	case opAtomic:
		// regexp2 2.5.2 takes (?>a+)* for one that never gives back a round; not so with a capture in it. A named one does not count.
		return p.enclose("(?>(?:", n.kids, ")(?<z>))")
	case opLook:
		open := map[[2]bool]string{{false, false}: "(?=", {false, true}: "(?!", {true, false}: "(?<=", {true, true}: "(?<!"}
		return p.enclose(open[[2]bool{n.behind, n.not}], n.kids, ")")
	case opIf:
		p.WriteString("(?(" + strconv.Itoa(n.groups[0]) + ")")
		for i, k := range n.kids {
			if i > 0 {
				p.WriteByte('|')
			}
			if err := p.enclose("(?:", []*node{k}, ")"); err != nil {
				return err
			}
		}
		p.WriteByte(')')
	case opBackref:
		p.backref(n)
	default:
		p.anchor(n)
	}
	return nil
}

// enclose writes kids as alternatives between open and close.
func (p *printer) enclose(open string, kids []*node, close string) error {
	p.WriteString(open)
	for i, k := range kids {
		if i > 0 {
			p.WriteByte('|')
		}
		if err := p.node(k); err != nil {
			return err
		}
	}
	p.WriteString(close)
	return nil
}

// anchor writes what consumes nothing, and \R.
func (p *printer) anchor(n *node) {
	switch n.op {
	case opLineStart:
		if p.backtracks {
			p.WriteString(`(?:\A|(?<=\n)(?!\z))`)
		} else {
			p.WriteString(`(?m:^)`)
		}
	case opLineEnd:
		if p.backtracks {
			p.WriteString(`(?=\n|\z)`)
		} else {
			p.WriteString(`(?m:$)`)
		}
	case opTextStart:
		p.WriteString(`\A`)
	case opTextEnd:
		p.WriteString(`\z`)
	case opTextEndLine:
		if p.backtracks {
			p.WriteString(`(?=\n?\z)`)
		} else {
			p.WriteString(`\n?\z`)
		}
	case opNewline:
		p.WriteString("(?>\\r\\n|[\\n-\\r\u0085\u2028\u2029])")
	case opWord:
		p.wordBoundary(n)
	}
}

func (p *printer) wordBoundary(n *node) {
	if !p.backtracks {
		if n.not {
			p.WriteString(`\B`)
		} else {
			p.WriteString(`\b`)
		}
		return
	}
	letters := wordSet
	if !n.ascii {
		letters, _ = posix("word")
	}
	var w printer
	w.class(letters)
	c := w.String()
	if n.not {
		p.WriteString("(?:(?<=" + c + ")(?=" + c + ")|(?<!" + c + ")(?!" + c + "))")
	} else {
		p.WriteString("(?:(?<=" + c + ")(?!" + c + ")|(?<!" + c + ")(?=" + c + "))")
	}
}

// backref writes a reference; of several groups of one name the last that took part counts.
func (p *printer) backref(n *node) {
	p.WriteString("(?:")
	for i := len(n.groups) - 1; i >= 0; i-- {
		if n.fold {
			p.WriteString("(?i:")
		}
		p.WriteString(`\` + strconv.Itoa(n.groups[i]))
		if n.fold {
			p.WriteByte(')')
		}
		if i > 0 {
			p.WriteByte('|')
		}
	}
	p.WriteByte(')')
}

// repeat writes a repetition of a group, so that quantifiers of quantifiers stay apart. Go counts to 1,000 only, so that larger counts
// are written as a sequence of smaller ones.
func (p *printer) repeat(n *node) error {
	const most = 1000
	write := func(quantifier string) error {
		if err := p.enclose("(?:", n.kids, ")"); err != nil {
			return err
		}
		p.WriteString(quantifier)
		if n.lazy {
			p.WriteByte('?')
		}
		return nil
	}
	switch {
	case n.min == 0 && n.max == unlimited:
		return write("*")
	case n.min == 1 && n.max == unlimited:
		return write("+")
	case n.min == 0 && n.max == 1:
		return write("?")
	case p.backtracks || n.min <= most && n.max <= most:
		if n.max == unlimited {
			return write("{" + strconv.Itoa(n.min) + ",}")
		}
		return write("{" + strconv.Itoa(n.min) + "," + strconv.Itoa(n.max) + "}")
	}
	for left := n.min; left > 0; left -= most {
		k := strconv.Itoa(min(left, most))
		if err := write("{" + k + "," + k + "}"); err != nil {
			return err
		}
	}
	if n.max == unlimited {
		return write("*")
	}
	for left := n.max - n.min; left > 0; left -= most {
		if err := write("{0," + strconv.Itoa(min(left, most)) + "}"); err != nil {
			return err
		}
	}
	return nil
}

// class writes a set, turned around where that is shorter. Surrogates are no characters and cannot be written.
func (p *printer) class(s set) {
	if len(s) == 1 && s[0].lo == s[0].hi {
		p.char(s[0].lo)
		return
	}
	surrogates := set{{0xd800, 0xdfff}}
	if p.backtracks {
		// regexp2 2.5.2 takes "a|[^b]" for a class without "a" and with little else: it gets no class that is turned around.
		s = s.minus(surrogates)
		if len(s) == 0 {
			p.WriteString("(?!)")
			return
		}
		p.spans("[", s)
		return
	}
	open := "["
	if all := s.union(surrogates); len(s) == 0 || s[len(s)-1].hi == unicode.MaxRune {
		open, s = "[^", all.not()
	} else {
		s = s.minus(surrogates)
	}
	switch {
	case len(s) == 0 && open == "[^":
		p.WriteString(`[\s\S]`)
		return
	case len(s) == 0:
		open, s = "[^", everything.minus(surrogates)
	}
	p.spans(open, s)
}

func (p *printer) spans(open string, s set) {
	p.WriteString(open)
	for _, r := range s {
		p.char(r.lo)
		if r.hi > r.lo {
			p.WriteByte('-')
			p.char(r.hi)
		}
	}
	p.WriteByte(']')
}

// char writes one character so that it means itself, in and out of a class.
func (p *printer) char(r rune) {
	switch {
	case r >= 0x80, r >= '0' && r <= '9', r >= 'A' && r <= 'Z', r >= 'a' && r <= 'z':
		p.WriteRune(r)
	default:
		fmt.Fprintf(p, `\x%02x`, r)
	}
}
