package framing

import (
	"fmt"
	"strconv"
)

// Append appends a frame with its content-length. headers are names and values in turn; those whose value is empty are left out: under
// STOMP 1.0 a Ruby peer ends its connection when it sees one. raw writes them as they are, as CONNECT, CONNECTED and all of STOMP 1.0
// have it, and refuses what that could not carry.
func Append(dst []byte, command string, raw bool, headers []string, body []byte) ([]byte, error) {
	dst = append(dst, command...)
	dst = append(dst, '\n')
	dst, err := AppendHeaders(dst, raw, headers)
	if err != nil {
		return nil, err
	}
	return AppendBody(dst, body), nil
}

// AppendHeaders appends headers, see [Append].
func AppendHeaders(dst []byte, raw bool, headers []string) ([]byte, error) {
	for i := 0; i+1 < len(headers); i += 2 {
		name, value := headers[i], headers[i+1]
		if value == "" {
			continue
		}
		var err error
		if dst, err = escape(dst, name, raw); err != nil {
			return nil, err
		}
		dst = append(dst, ':')
		if dst, err = escape(dst, value, raw); err != nil {
			return nil, fmt.Errorf("header %.40s: %w", name, err)
		}
		dst = append(dst, '\n')
	}
	return dst, nil
}

// AppendBody appends the end of a frame: the content-length, the body and its NUL.
func AppendBody(dst, body []byte) []byte {
	dst = append(dst, "content-length:"...)
	dst = strconv.AppendInt(dst, int64(len(body)), 10)
	dst = append(dst, '\n', '\n')
	dst = append(dst, body...)
	return append(dst, 0)
}

func escape(dst []byte, text string, raw bool) ([]byte, error) {
	done := 0 // what stands before it is appended
	for i := range len(text) {
		c := text[i]
		if c > '\r' && c != ':' && c != '\\' {
			continue
		}
		short := byte(0)
		switch {
		case c == 0 || c == '\r' || c == '\n' && raw:
			return nil, fmt.Errorf("a header cannot hold the byte %d of %.40q", c, text)
		case raw:
		case c == '\n':
			short = 'n'
		case c == ':':
			short = 'c'
		case c == '\\':
			short = '\\'
		}
		if short != 0 {
			dst = append(append(dst, text[done:i]...), '\\', short)
			done = i + 1
		}
	}
	return append(dst, text[done:]...), nil
}
