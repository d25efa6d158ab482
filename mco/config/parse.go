package config

import (
	"strings"
	"time"

	"github.com/mco-go/mco-go/mco/rubynum"
)

// BoolError is a text that is no boolean, with the original's words for it.
type BoolError struct{ Text string }

// Error gives the original's text.
func (e *BoolError) Error() string {
	return "Cannot convert string value '" + e.Text + "' into a boolean."
}

// ParseBool reads a boolean as the original's Util.str_to_bool does.
func ParseBool(text string) (bool, error) {
	clean := strings.Trim(text, stripped)
	switch strings.ToLower(clean) {
	case "1", "yes", "true", "y", "t":
		return true, nil
	case "0", "no", "false", "n", "f":
		return false, nil
	}
	return false, &BoolError{Text: clean}
}

// parseSeconds reads whole seconds.
func parseSeconds(text string) (time.Duration, error) {
	n, err := rubynum.Int64(text)
	if err != nil {
		return 0, err
	}
	if limit := int64(1<<63-1) / int64(time.Second); n > limit || n < -limit {
		return 0, &rubynum.Error{Type: "Integer", Text: text}
	}
	return time.Duration(n) * time.Second, nil
}
