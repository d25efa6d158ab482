package failover

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Range is a threshold as the guidelines of the monitoring plugins have it: a value outside of it raises an alert, or with "@" one
// inside. "10" is 0 to 10, "10:" is 10 and more, "~:10" is up to 10, "10:20" is both ends included.
type Range struct {
	text       string
	start, end float64
	inside     bool
}

// maxRange bounds the text of a range.
const maxRange = 64

// ParseRange reads a range. The empty text is one that no value alerts.
func ParseRange(text string) (Range, error) {
	r := Range{text: text, end: math.Inf(1)}
	if text == "" {
		r.start = math.Inf(-1)
		return r, nil
	}
	bad := func(why string) (Range, error) {
		return Range{}, fmt.Errorf("'%.*s' is no range of a monitoring plugin ([@][START:][END]): %s", maxRange, text, why)
	}
	if len(text) > maxRange {
		return bad("it is too long")
	}
	rest, inside := strings.CutPrefix(text, "@")
	r.inside = inside
	start, end, both := strings.Cut(rest, ":")
	if !both {
		start, end = "0", rest
		if rest == "" {
			return bad("it has no number")
		}
	}
	var err error
	switch start {
	case "~":
		r.start = math.Inf(-1)
	case "":
		r.start = 0
	default:
		if r.start, err = number64(start); err != nil {
			return bad(err.Error())
		}
	}
	if end != "" {
		if r.end, err = number64(end); err != nil {
			return bad(err.Error())
		}
	}
	if r.start > r.end {
		return bad("it ends before it starts")
	}
	return r, nil
}

// number64 reads a decimal number; Go's other forms of numbers are none in a range.
func number64(text string) (float64, error) {
	if strings.Trim(text, "0123456789.-") != "" {
		return 0, fmt.Errorf("'%s' is no number", text)
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, fmt.Errorf("'%s' is no number", text)
	}
	return f, nil
}

// Alerts tells whether a value raises an alert.
func (r Range) Alerts(v float64) bool {
	if r.text == "" {
		return false
	}
	return (v < r.start || v > r.end) != r.inside
}

// String is the range as it was written.
func (r Range) String() string { return r.text }
