package erlang

import (
	"fmt"
	"strings"
)

// Inline returns the term on one line.
func Inline(t Term) (string, error) {
	b, err := t.inline(nil)
	return string(b), err
}

// Compact returns a list of atoms as rabbitmq-plugins writes it: without blanks.
func Compact(atoms []Atom) (string, error) {
	parts := make([]string, len(atoms))
	for i, a := range atoms {
		var err error
		if parts[i], err = Inline(a); err != nil {
			return "", err
		}
	}
	return "[" + strings.Join(parts, ",") + "].\n", nil
}

// Write returns a file of one term, with a remark on top, as file:consult reads it. A list of tuples stands on lines of its own, one
// for each, indented; everything else on one line.
func Write(remark string, t Term) ([]byte, error) {
	if strings.ContainsFunc(remark, func(r rune) bool { return r < 0x20 || r > 0x7e }) {
		return nil, fmt.Errorf("remark %.60q is not one line of printable ASCII", remark)
	}
	b, err := laid([]byte("%% "+remark+"\n"), t, "")
	if err != nil {
		return nil, err
	}
	return append(b, ".\n"...), nil
}

func laid(b []byte, t Term, indent string) (_ []byte, err error) {
	switch t := t.(type) {
	case List:
		if !ofTuples(t) {
			break
		}
		b = append(b, "[\n"...)
		for i, item := range t {
			b = append(b, indent+"  "...)
			if b, err = laid(b, item, indent+"  "); err != nil {
				return nil, err
			}
			if i < len(t)-1 {
				b = append(b, ',')
			}
			b = append(b, '\n')
		}
		return append(b, indent+"]"...), nil
	case Tuple:
		b = append(b, '{')
		for i, item := range t {
			if i > 0 {
				b = append(b, ", "...)
			}
			if b, err = laid(b, item, indent); err != nil {
				return nil, err
			}
		}
		return append(b, '}'), nil
	}
	return t.inline(b)
}

func ofTuples(l List) bool {
	for _, t := range l {
		if _, ok := t.(Tuple); !ok {
			return false
		}
	}
	return len(l) > 0
}
