package rubyre

import (
	"strconv"
	"strings"
	"unicode"
)

// group reads a parenthesis and what belongs to it.
func (p *parser) group(f flags) (*node, error) {
	p.pos++ // (
	if p.peek() != '?' {
		if p.named {
			return p.inner(f)
		}
		return p.capture(f, "")
	}
	p.pos++
	switch {
	case p.peek() < 0:
		return nil, p.fail("end pattern in group")
	case p.take(":"):
		return p.inner(f)
	case p.take(">"):
		return p.wrap(f, &node{op: opAtomic})
	case p.take("="):
		return p.wrap(f, &node{op: opLook})
	case p.take("!"):
		return p.wrap(f, &node{op: opLook, not: true})
	case p.take("<="):
		return p.lookBehind(f, false)
	case p.take("<!"):
		return p.lookBehind(f, true)
	case p.take("<"):
		return p.namedGroup(f, '>')
	case p.take("'"):
		return p.namedGroup(f, '\'')
	case p.take("("):
		return p.conditional(f)
	case p.take("~"):
		return nil, p.refuse("an absence operator (?~")
	}
	return p.switches(f)
}

// inner reads alternatives and the parenthesis that ends them.
func (p *parser) inner(f flags) (*node, error) {
	n, err := p.alternatives(f)
	if err != nil {
		return nil, err
	}
	if p.peek() != ')' {
		return nil, p.fail("end pattern with unmatched parenthesis")
	}
	p.pos++
	return n, nil
}

func (p *parser) wrap(f flags, n *node) (*node, error) {
	kid, err := p.inner(f)
	n.kids = []*node{kid}
	return n, err
}

func (p *parser) capture(f flags, name string) (*node, error) {
	p.groups++
	n := &node{op: opGroup, group: p.groups}
	if name != "" {
		p.names[name] = append(p.names[name], n.group)
	}
	return p.wrap(f, n)
}

func (p *parser) namedGroup(f flags, stop rune) (*node, error) {
	name, err := p.name(stop)
	if err != nil {
		return nil, err
	}
	return p.capture(f, name)
}

// name reads the name of a group, which begins with a letter or an underscore.
func (p *parser) name(stop rune) (string, error) {
	name, closed := p.until(stop)
	if closed && name == "" {
		return "", p.fail("group name is empty")
	}
	for i, r := range name {
		if r == ')' || i == 0 && r != '_' && !unicode.IsLetter(r) && !unicode.Is(unicode.M, r) {
			closed = false
		}
	}
	if !closed {
		return "", p.fail("invalid group name <" + name + ">")
	}
	return name, nil
}

func (p *parser) lookBehind(f flags, not bool) (*node, error) {
	n, err := p.wrap(f, &node{op: opLook, behind: true, not: not})
	if err != nil {
		return nil, err
	}
	if !n.kids[0].looksBehind() || !n.kids[0].plainBehind(not) {
		return nil, p.fail("invalid pattern in look-behind")
	}
	return n, nil
}

// conditional reads (?(1)yes|no); the opening parenthesis of the condition is taken.
func (p *parser) conditional(f flags) (*node, error) {
	cond, ok := p.until(')')
	bad := p.fail("invalid conditional pattern")
	if !ok {
		return nil, bad
	}
	if len(cond) > 2 && (cond[0] == '<' && strings.HasSuffix(cond, ">") || cond[0] == '\'' && strings.HasSuffix(cond, "'")) {
		cond = cond[1 : len(cond)-1]
	}
	groups, named := p.names[cond]
	if n, err := strconv.Atoi(cond); err == nil && n > 0 && cond[0] != '+' {
		groups = []int{n}
	} else if !named {
		return nil, bad
	}
	if len(groups) != 1 {
		return nil, p.refuse("a condition on several groups")
	}
	kids, err := p.branches(f)
	switch {
	case err != nil:
		return nil, err
	case p.peek() != ')':
		return nil, p.fail("end pattern with unmatched parenthesis")
	case len(kids) > 2:
		return nil, bad
	}
	p.pos++
	n := &node{op: opIf, groups: groups, kids: kids}
	if len(kids) == 1 {
		n.kids = append(kids, &node{op: opEmpty})
	}
	p.backrefs = append(p.backrefs, n)
	return n, nil
}

// switches reads (?imx-imx) and (?imx-imx:...). Without a colon the options hold up to the end of the enclosing group, and all that
// stands there, alternatives too, is one group with them.
func (p *parser) switches(f flags) (*node, error) {
	off, any := false, false
	for {
		c := p.peek()
		p.pos++
		switch {
		case c < 0:
			return nil, p.fail("end pattern in group")
		case c == 'i':
			f.fold = !off
		case c == 'm':
			f.dotAll = !off
		case c == 'x':
			f.extended = !off
		case (c == 'a' || c == 'd' || c == 'u') && !off:
			f.charset = c
		case c == '-' && !off:
			off = true
		case c == ':' && any:
			return p.wrap(f, &node{op: opGroup})
		case c == ')' && any:
			n, err := p.alternatives(f)
			return &node{op: opGroup, kids: []*node{n}}, err
		default:
			return nil, p.fail("undefined group option")
		}
		any = true
	}
}
