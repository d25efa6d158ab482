package rabbitmq

import (
	"fmt"
	"strings"

	"github.com/mco-go/mco-go/generators/version"
)

// Setting is one line of rabbitmq.conf.
type Setting struct{ Key, Value string }

// Dialect is how a version reads the values of rabbitmq.conf (cuttlefish's grammar: 3.0.1 in RabbitMQ 3.10.8, 3.4.0 in 4.0). In all of
// them # ends a value, $(NAME) is replaced from the environment, blanks at the ends are cut, and double quotes are nothing special. From
// 4.0 single quotes stand around a value.
type Dialect struct{ quotes bool }

// DialectOf returns the dialect of a version.
func DialectOf(v version.Version) Dialect { return Dialect{quotes: v.AtLeast(4, 0)} }

// Bounds of what is read.
const (
	maxConfBytes = 1 << 20
	maxSettings  = 10_000
)

// Encode writes settings with a remark on top. It refuses what would not read back: it uses no quotation at all.
func (d Dialect) Encode(remark string, settings []Setting) ([]byte, error) {
	var b strings.Builder
	b.WriteString("# " + remark + "\n")
	for _, s := range settings {
		if err := checkKey(s.Key); err != nil {
			return nil, err
		}
		if err := d.checkValue(s.Value); err != nil {
			return nil, fmt.Errorf("%s: %w", s.Key, err)
		}
		b.WriteString(s.Key + " = " + s.Value + "\n")
	}
	return []byte(b.String()), nil
}

// Parse reads settings in their order. It takes no quotation and no variable, and no key twice.
func (d Dialect) Parse(text []byte) ([]Setting, error) {
	if len(text) > maxConfBytes {
		return nil, fmt.Errorf("more than %d bytes", maxConfBytes)
	}
	var all []Setting
	seen := make(map[string]bool)
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		line, _, _ = strings.Cut(line, "#")
		line = strings.Trim(line, " \t\r\n")
		if line == "" {
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if !ok {
			return nil, fmt.Errorf("line %d: no = in it", n)
		}
		s := Setting{strings.TrimRight(key, " \t"), strings.TrimLeft(value, " \t")}
		err := checkKey(s.Key)
		if err == nil {
			err = d.checkValue(s.Value)
		}
		switch {
		case err != nil:
			return nil, fmt.Errorf("line %d: %w", n, err)
		case seen[s.Key]:
			return nil, fmt.Errorf("line %d: %s is there twice", n, s.Key)
		case len(all) == maxSettings:
			return nil, fmt.Errorf("line %d: more than %d settings", n, maxSettings)
		}
		seen[s.Key] = true
		all = append(all, s)
	}
	return all, nil
}

func checkKey(key string) error {
	for part := range strings.SplitSeq(key, ".") {
		if part == "" || strings.ContainsFunc(part, func(r rune) bool { return !keyRune(r) }) {
			return fmt.Errorf("key %.60q: not words of letters, digits, _ and - between dots", key)
		}
	}
	return nil
}

func keyRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-'
}

// checkValue says why a value cannot be written; it does not show it.
func (d Dialect) checkValue(value string) error {
	switch {
	case value == "":
		return fmt.Errorf("the value is empty")
	case value != strings.Trim(value, " "):
		return fmt.Errorf("the value has a blank at an end, which is cut")
	case strings.Contains(value, "#"):
		return fmt.Errorf("the value holds #, which begins a remark")
	case strings.Contains(value, "$("):
		return fmt.Errorf("the value holds $(, which takes a variable from the environment")
	case d.quotes && strings.Contains(value, "'"):
		return fmt.Errorf("the value holds ', which quotes from RabbitMQ 4.0 on")
	case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }):
		return fmt.Errorf("the value holds a character that is not printable ASCII")
	}
	return nil
}
