package stomp

import (
	"encoding/base64"
	"errors"
	"strings"
	"sync"
)

// contentType is what the original's library says of every frame, whatever is in it.
const contentType = "text/plain; charset=UTF-8"

// buffers holds what frames are put together in, so that each leaves in one piece and no connection needs a buffer of its own.
type buffers struct{ sync.Pool }

func (b *buffers) get() *[]byte {
	if p, ok := b.Get().(*[]byte); ok {
		return p
	}
	return new(make([]byte, 0, 2048))
}

// put gives a buffer back, unless a large frame made it large.
func (b *buffers) put(p *[]byte) {
	if cap(*p) <= 64<<10 {
		*p = (*p)[:0]
		b.Put(p)
	}
}

// base64Line is how many characters the original puts on a line.
const base64Line = 60

// encode64 is the original's base64: lines of 60, each with its end.
func encode64(payload []byte) []byte {
	text := base64.StdEncoding.AppendEncode(nil, payload)
	lines := make([]byte, 0, len(text)+len(text)/base64Line+1)
	for len(text) > 0 {
		n := min(base64Line, len(text))
		lines = append(append(lines, text[:n]...), '\n')
		text = text[n:]
	}
	return lines
}

var errBase64 = errors.New("invalid base64")

// decode64 reads it back, white space aside.
func decode64(text []byte) ([]byte, error) {
	packed := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t\r\n\v\f", r) {
			return -1
		}
		return r
	}, string(text))
	payload, err := base64.StdEncoding.DecodeString(packed)
	if err != nil {
		return nil, errBase64
	}
	return payload, nil
}
