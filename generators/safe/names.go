package safe

import "strings"

// Longest names.
const (
	MaxHostname = 253
	MaxLabel    = 63
	MaxIfname   = 15 // IFNAMSIZ less its NUL
	MaxToken    = 64
)

// Hostname accepts a host's name with or without its domain: labels of up to 63 letters, digits, underscores and dashes.
func Hostname(s string) error {
	k := kind{"a host name", "labels of A-Z a-z 0-9 _ - between dots", word, false}
	if f := k.letters(s); f != nil {
		return f
	}
	switch {
	case s == "":
		return k.invalid(s, "it is empty")
	case len(s) > MaxHostname:
		return k.invalid(s, "%d bytes, at most %d", len(s), MaxHostname)
	case s[0] == '.' || s[len(s)-1] == '.':
		return k.invalid(s, "it begins or ends with a dot")
	}
	for label := range strings.SplitSeq(s, ".") {
		switch {
		case label == "":
			return k.invalid(s, "a label is empty")
		case len(label) > MaxLabel:
			return k.invalid(s, "a label of %d bytes, at most %d", len(label), MaxLabel)
		case label[0] == '-' || label[len(label)-1] == '-':
			return k.invalid(s, "the label %q begins or ends with a dash", label)
		}
	}
	return nil
}

// Underscore tells whether a host name holds an underscore, which some programs refuse: worth a warning.
func Underscore(hostname string) bool { return strings.Contains(hostname, "_") }

// Ifname accepts the name of a network interface as it may stand in a file. A label (eth0:1) is none.
func Ifname(s string) error {
	k := kind{"an interface's name", "1 to 15 of A-Z a-z 0-9 _ . -", word, false}
	if f := k.letters(s); f != nil {
		return f
	}
	switch {
	case s == "":
		return k.invalid(s, "it is empty")
	case len(s) > MaxIfname:
		return k.invalid(s, "%d bytes, at most %d", len(s), MaxIfname)
	case s == "." || s == "..":
		return k.invalid(s, "it is a directory's name")
	}
	return nil
}

// Token accepts names of sections, users, policies and collectives.
func Token(s string) error {
	k := kind{"a name", "1 to 64 of A-Z a-z 0-9 _ . -", word, false}
	if f := k.letters(s); f != nil {
		return f
	}
	switch {
	case s == "":
		return k.invalid(s, "it is empty")
	case len(s) > MaxToken:
		return k.invalid(s, "%d bytes, at most %d", len(s), MaxToken)
	}
	return nil
}

// Text accepts comments and descriptions: printable ASCII without the specials of the file that it goes to.
func Text(s, specials string) error {
	k := kind{"a text for this file", "printable ASCII", printable, true}
	if specials != "" {
		k.want += " without " + Quote(specials)
		k.allow = func(c byte) bool { return printable(c) && !strings.Contains(specials, string(rune(c))) }
	}
	if f := k.letters(s); f != nil {
		return f
	}
	return nil
}
