// Package monitoring reads what monitoring plugins print, by the grammar of their guidelines ("Plugin Output for Nagios", "Performance
// data", "Threshold and Ranges"), so that tests judge lines by it and not by the code that writes them.
package monitoring

import (
	"fmt"
	"regexp"
)

// Line is one line of a plugin.
type Line struct {
	Service string
	State   string // OK, WARNING, CRITICAL or UNKNOWN
	Text    string
	Data    map[string]Datum // by label
}

// Datum is 'label'=value[unit];[warning];[critical];[least];[most].
type Datum struct{ Value, Unit, Warning, Critical, Least, Most string }

const number = `-?[0-9]+(?:\.[0-9]+)?`

const threshold = `@?(?:(?:~|` + number + `)?:)?(?:` + number + `)?`

var (
	line = regexp.MustCompile(`^([A-Z]+) (OK|WARNING|CRITICAL|UNKNOWN) - ([^|\n]+)(?: \| ([^|\n]+))?\n?$`)
	data = regexp.MustCompile(`^(?:'((?:[^'=]|'')+)'|([^\s'=]+))=(` + number + `)(s|us|ms|%|B|KB|MB|TB|c)?` +
		`(?:;(` + threshold + `))?(?:;(` + threshold + `))?(?:;(` + number + `)?)?(?:;(` + number + `)?)?(?: |$)`)
)

// Parse reads a plugin's output of one line.
func Parse(output string) (Line, error) {
	m := line.FindStringSubmatch(output)
	if m == nil {
		return Line{}, fmt.Errorf("no line of a monitoring plugin: %q", output)
	}
	l := Line{Service: m[1], State: m[2], Text: m[3], Data: map[string]Datum{}}
	for rest := m[4]; rest != ""; {
		d := data.FindStringSubmatch(rest)
		if d == nil {
			return Line{}, fmt.Errorf("no performance data: %q", rest)
		}
		label := d[1] + d[2]
		if _, twice := l.Data[label]; twice {
			return Line{}, fmt.Errorf("the label %q is there twice", label)
		}
		l.Data[label] = Datum{d[3], d[4], d[5], d[6], d[7], d[8]}
		rest = rest[len(d[0]):]
	}
	return l, nil
}
