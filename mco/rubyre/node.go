package rubyre

type op uint8

const (
	opEmpty   op = iota
	opSet        // one character of set
	opCat        // kids in sequence
	opAlt        // one of kids
	opRepeat     // kids[0], min to max times
	opGroup      // kids[0], captured as group
	opAtomic     // kids[0], never tried another way
	opLook       // kids[0] lies ahead or behind, or does not
	opBackref    // what one of groups captured
	opIf         // kids[0] when groups[0] took part, else kids[1]
	opLineStart
	opLineEnd
	opTextStart
	opTextEnd
	opTextEndLine // end of the text or in front of the line feed that ends it
	opWord        // word boundary
	opNewline     // \R
)

// unlimited is the max of a repetition without end.
const unlimited = -1

// node is one part of a parsed pattern.
type node struct {
	op       op
	kids     []*node
	set      set
	min, max int  // of opRepeat
	lazy     bool // of opRepeat
	group    int  // of opGroup
	groups   []int
	behind   bool // of opLook
	not      bool // of opLook and opWord
	ascii    bool // of opWord: letters of ASCII alone count
	fold     bool // of opBackref
}

func cat(kids []*node) *node {
	switch len(kids) {
	case 0:
		return &node{op: opEmpty}
	case 1:
		return kids[0]
	}
	return &node{op: opCat, kids: kids}
}

// least is the smallest number of characters that n consumes.
func (n *node) least() int {
	switch n.op {
	case opSet, opNewline:
		return 1
	case opCat:
		sum := 0
		for _, k := range n.kids {
			sum = min(sum+k.least(), maxWork)
		}
		return sum
	case opAlt, opIf:
		least := n.kids[0].least()
		for _, k := range n.kids[1:] {
			least = min(least, k.least())
		}
		return least
	case opRepeat:
		return min(n.min*n.kids[0].least(), maxWork)
	case opGroup, opAtomic:
		return n.kids[0].least()
	}
	return 0
}

// width is the number of characters that n always consumes; false when that varies.
func (n *node) width() (int, bool) {
	switch n.op {
	case opSet:
		return 1, true
	case opCat:
		sum := 0
		for _, k := range n.kids {
			w, ok := k.width()
			if !ok || sum > maxWork {
				return 0, false
			}
			sum += w
		}
		return sum, true
	case opAlt, opIf:
		first, ok := n.kids[0].width()
		for _, k := range n.kids[1:] {
			w, same := k.width()
			ok = ok && same && w == first
		}
		return first, ok
	case opRepeat:
		w, ok := n.kids[0].width()
		return min(w*n.min, maxWork), ok && n.min == n.max
	case opGroup, opAtomic:
		return n.kids[0].width()
	case opBackref, opNewline:
		return 0, false
	}
	return 0, true
}

// looksBehind tells whether n may stand in a look-behind: alternatives of fixed widths, which may differ only at the top.
func (n *node) looksBehind() bool {
	if n.op == opAlt {
		for _, k := range n.kids {
			if _, ok := k.width(); !ok {
				return false
			}
		}
		return true
	}
	_, ok := n.width()
	return ok
}

// plainBehind tells whether n holds nothing that Ruby forbids in a look-behind: atomic groups, looks ahead, references, ends of the
// text and, where the look is negative, captures.
func (n *node) plainBehind(negative bool) bool {
	switch n.op {
	case opAtomic, opBackref, opIf, opNewline, opTextEnd, opTextEndLine:
		return false
	case opLook:
		if !n.behind {
			return false
		}
	case opGroup:
		if negative && n.group > 0 {
			return false
		}
	}
	for _, k := range n.kids {
		if !k.plainBehind(negative) {
			return false
		}
	}
	return true
}

// anchorWhole turns a leading ^ and a trailing $ into anchors of the whole text where both are there.
func anchorWhole(n *node) {
	for n.op == opGroup {
		n = n.kids[0]
	}
	if n.op != opCat {
		return
	}
	first, last := n.kids[0], n.kids[len(n.kids)-1]
	if first.op == opLineStart && last.op == opLineEnd {
		first.op, last.op = opTextStart, opTextEnd
	}
}

// analysis says whether, and for which texts, the linear engine gives Ruby's answer.
type analysis struct {
	linear    bool
	asciiOnly bool
	midLine   bool
	size      int
}

func analyse(n *node) analysis {
	a := analysis{linear: true}
	a.size = a.walk(n, false, true)
	return a
}

// walk looks at n. consumes tells whether at least one character must be consumed behind n, last whether nothing stands behind n at
// all. It returns n's size.
func (a *analysis) walk(n *node, consumes, last bool) int {
	switch n.op {
	case opAtomic, opLook, opBackref, opIf, opNewline:
		a.linear = false
	case opLineStart:
		// Go's ^ matches behind a final line feed, Ruby's does not. It makes no difference when something has to follow.
		a.midLine = a.midLine || !consumes
	case opTextEndLine:
		// Printed as \n?\z, which is the same when nothing follows.
		a.linear = a.linear && last
	case opWord:
		a.asciiOnly = a.asciiOnly || !n.ascii
	case opCat:
		size := 0
		for i := len(n.kids) - 1; i >= 0; i-- {
			size += a.walk(n.kids[i], consumes, last)
			consumes = consumes || n.kids[i].least() > 0
			last = false
		}
		return min(size, maxWork)
	case opAlt:
		size := 0
		for _, k := range n.kids {
			size += a.walk(k, consumes, last)
		}
		return min(size, maxWork)
	case opGroup:
		return a.walk(n.kids[0], consumes, last)
	case opRepeat:
		size := a.walk(n.kids[0], consumes, false)
		return min(size*max(n.min, n.max, 1), maxWork)
	}
	return 1
}
