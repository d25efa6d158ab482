package security

import "fmt"

// CheckCallerID returns nil when id has the form of a caller id: letters, digits and underscores, an equals sign, and at least one
// letter, digit, underscore, dot or hyphen, all of ASCII, from the first byte to the last.
//
// The original's pattern is tied to lines, so that it lets a second line of any content pass (security/base.rb, valid_callerid?).
// Caller ids name files and stand in policies: we take one line.
func CheckCallerID(id string) error {
	i := 0
	for i < len(id) && word(id[i]) {
		i++
	}
	if i == 0 || i >= len(id)-1 || id[i] != '=' {
		return fmt.Errorf("%w: %.80q", ErrCallerID, id)
	}
	for _, c := range []byte(id[i+1:]) {
		if !word(c) && c != '.' && c != '-' {
			return fmt.Errorf("%w: %.80q", ErrCallerID, id)
		}
	}
	return nil
}

func word(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// CheckOwnCallerID is CheckCallerID for the caller id that this process is about to send.
func CheckOwnCallerID(id string) error {
	if CheckCallerID(id) != nil {
		return fmt.Errorf("%w: %.80q does not have the form type=name", ErrOwnCallerID, id)
	}
	return nil
}
