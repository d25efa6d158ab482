package ddl

import "github.com/mco-go/mco-go/mco"

// node is a piece of a parsed file; line is where it stands.
type node interface{ at() int }

type line int

func (l line) at() int { return int(l) }

type (
	literal struct {
		line
		v mco.Value
	}
	// stringNode is a string, symbol or regular expression made of parts.
	stringNode struct {
		line
		parts []node
		kind  tokenKind // tokString, tokSymbol or tokRegexp
		opts  int
	}
	listNode struct {
		line
		items []node
	}
	hashNode struct {
		line
		keys, values []node
	}
	rangeNode struct {
		line
		from, to  node
		exclusive bool
	}
	variable struct {
		line
		name string
	}
	constant struct {
		line
		name string // with its scopes: "MCollective::VERSION"
	}
	assignment struct {
		line
		name  string
		value node
	}
	// call is a word of the language (no receiver) or a method of a value.
	call struct {
		line
		receiver node
		safe     bool // &.
		name     string
		args     []node
		block    *block
	}
	block struct {
		params []string
		body   node
	}
	sequence struct {
		line
		body []node
	}
	condition struct {
		line
		test, then, otherwise node // otherwise may be nil
	}
	choice struct {
		line
		subject   node // nil: a case without one
		whens     []when
		otherwise node
	}
	when struct {
		tests []node
		body  node
	}
	logic struct {
		line
		op          string // "and", "or", "not"
		left, right node
	}
	// jump is next or break.
	jump struct {
		line
		name string
	}
)
