package inspect

import (
	"encoding/binary"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/mco-go/mco-go/mco"
)

// appendString appends the inspect of a string. Only UTF-8 is the encoding that Ruby prints in: under every other label whatever is not
// ASCII is escaped.
func appendString(dst []byte, v mco.Value) []byte {
	s, _ := v.AsString()
	if v.Encoding() == mco.OtherEncoding {
		if order := utf16Order(v.EncodingName()); order != nil {
			return appendUTF16(dst, s, order)
		}
	}
	dst = append(dst, '"')
	wide := v.EncodingName() == "UTF-8"
	for i := 0; i < len(s); {
		r, size := rune(s[i]), 1
		if r >= utf8.RuneSelf {
			if wide {
				r, size = utf8.DecodeRuneInString(s[i:])
			}
			if !wide || r == utf8.RuneError && size == 1 {
				dst = fmt.Appendf(dst, `\x%02X`, s[i])
				i++
				continue
			}
		}
		i += size
		switch {
		case r == '#' && i < len(s) && strings.IndexByte("$@{", s[i]) >= 0:
			dst = append(dst, '\\', '#')
		default:
			dst = appendRune(dst, r, wide)
		}
	}
	return append(dst, '"')
}

// appendRune appends one character as inspect shows it. wide tells that the string is UTF-8, so that what does not print is written by
// its number in Unicode.
func appendRune(dst []byte, r rune, wide bool) []byte {
	if i := strings.IndexRune("\n\r\t\f\v\b\a\x1b", r); i >= 0 {
		return append(dst, '\\', "nrtfvbae"[i])
	}
	switch {
	case r == '"' || r == '\\':
		return append(dst, '\\', byte(r))
	case r >= ' ' && r < 0x7f:
		return append(dst, byte(r))
	case wide && prints(r):
		return utf8.AppendRune(dst, r)
	case !wide:
		return fmt.Appendf(dst, `\x%02X`, r)
	case r < 0x10000:
		return fmt.Appendf(dst, `\u%04X`, r)
	}
	return fmt.Appendf(dst, `\u{%X}`, r)
}

// prints tells whether Ruby takes a character beyond ASCII for printable: all but control characters (save the next line, for old
// times' sake), line and paragraph separators, and what is not assigned.
func prints(r rune) bool {
	return r == 0x85 || unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Zs, unicode.Cf, unicode.Co)
}

func utf16Order(encoding string) binary.ByteOrder {
	switch encoding {
	case "UTF-16LE":
		return binary.LittleEndian
	case "UTF-16BE":
		return binary.BigEndian
	}
	return nil
}

// appendUTF16 appends the inspect of a string of 16-bit units: characters beyond ASCII by number, units that are no character by their
// bytes.
func appendUTF16(dst []byte, s string, order binary.ByteOrder) []byte {
	dst = append(dst, '"')
	raw := []byte(s)
	for len(raw) > 0 {
		r, size := decodeUTF16(raw, order)
		if size == 0 {
			for _, b := range raw[:min(2, len(raw))] {
				dst = fmt.Appendf(dst, `\x%02X`, b)
			}
			raw = raw[min(2, len(raw)):]
			continue
		}
		raw = raw[size:]
		switch next, n := decodeUTF16(raw, order); {
		case r == '#' && n > 0 && (next == '$' || next == '@' || next == '{'):
			dst = append(dst, '\\', '#')
		case r < utf8.RuneSelf:
			dst = appendRune(dst, r, true)
		case r < 0x10000:
			dst = fmt.Appendf(dst, `\u%04X`, r)
		default:
			dst = fmt.Appendf(dst, `\u{%X}`, r)
		}
	}
	return append(dst, '"')
}

// decodeUTF16 returns the first character and how many bytes it takes, 0 when there is none.
func decodeUTF16(raw []byte, order binary.ByteOrder) (rune, int) {
	if len(raw) < 2 {
		return 0, 0
	}
	r := rune(order.Uint16(raw))
	if !utf16.IsSurrogate(r) {
		return r, 2
	}
	if len(raw) >= 4 {
		if pair := utf16.DecodeRune(r, rune(order.Uint16(raw[2:]))); pair != utf8.RuneError {
			return pair, 4
		}
	}
	return 0, 0
}

// appendSymbol appends a symbol behind its colon: bare when Ruby's grammar would read it back so.
func appendSymbol(dst []byte, s string) []byte {
	if bareSymbol(s) {
		return append(dst, s...)
	}
	return appendString(dst, mco.Text(s, mco.UTF8))
}

func bareSymbol(s string) bool {
	switch s {
	case "+", "-", "*", "/", "%", "**", "+@", "-@", "!", "!=", "!~", "~", "=~", "==", "===", "<=>", "<", ">", "<<", ">>", "<=", ">=",
		"&", "|", "^", "`", "[]", "[]=":
		return true
	}
	for _, r := range s {
		if r == utf8.RuneError || r >= utf8.RuneSelf && !prints(r) {
			return false
		}
	}
	switch {
	case strings.HasPrefix(s, "@@"):
		return identifier(s[2:])
	case strings.HasPrefix(s, "@"):
		return identifier(s[1:])
	case strings.HasPrefix(s, "$"):
		return global(s[1:])
	}
	if n := len(s); n > 1 && strings.IndexByte("?!=", s[n-1]) >= 0 {
		s = s[:n-1]
	}
	return identifier(s)
}

func identifier(s string) bool {
	if s == "" || s[0] >= '0' && s[0] <= '9' {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if c < utf8.RuneSelf && c != '_' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
			return false
		}
	}
	return true
}

// global tells whether s is the name of a global variable: $name, $1, $~ or $-w.
func global(s string) bool {
	switch {
	case len(s) == 1 && strings.Contains("~*$?!@/\\;,.=:<>\"&`'+0", s):
		return true
	case strings.HasPrefix(s, "-"):
		_, size := utf8.DecodeRuneInString(s[1:])
		return len(s) == 1+size && (identifier(s[1:]) || size == 1 && s[1] >= '0' && s[1] <= '9')
	case s != "" && strings.Trim(s, "0123456789") == "":
		return s[0] != '0'
	}
	return identifier(s)
}

// appendSource appends the source of a regular expression, where slashes are escaped unless they are already and what does not print
// is written as bytes.
func appendSource(dst []byte, source string) []byte {
	for i := 0; i < len(source); {
		r, size := utf8.DecodeRuneInString(source[i:])
		switch {
		case r == '\\' && i+1 < len(source):
			_, next := utf8.DecodeRuneInString(source[i+1:])
			dst = append(dst, source[i:i+1+next]...)
			size = 1 + next
		case r == '/':
			dst = append(dst, '\\', '/')
		case r == utf8.RuneError && size == 1, r < ' ' && !(r >= '\t' && r <= '\r'), r == 0x7f:
			dst = fmt.Appendf(dst, `\x%02X`, source[i])
		case r >= utf8.RuneSelf && !prints(r):
			dst = fmt.Appendf(dst, `\x{%X}`, source[i:i+size])
		default:
			dst = append(dst, source[i:i+size]...)
		}
		i += size
	}
	return dst
}

// regexpOptions are the letters of the option bits in the order in which Ruby writes them.
var regexpOptions = [...]struct {
	letter byte
	bit    int
}{{'m', 4}, {'i', 1}, {'x', 2}}

func appendOptions(dst []byte, options int, set bool) []byte {
	for _, o := range regexpOptions {
		if options&o.bit != 0 == set {
			dst = append(dst, o.letter)
		}
	}
	return dst
}

// onOff returns the options as a group carries them: those that are on, then those that are off.
func onOff(options int) []byte {
	on := appendOptions(nil, options, true)
	if off := appendOptions(nil, options, false); len(off) > 0 {
		on = append(append(on, '-'), off...)
	}
	return on
}
