package framing

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/go-stomp/stomp/v3/frame"
)

// guarded is what both ends do: what the reader gets was looked through.
type guarded struct {
	io.Reader
	scan *Scanner
}

func (g guarded) Read(p []byte) (int, error) {
	n, err := g.Reader.Read(p)
	if bad := g.scan.Look(p[:n]); bad != nil {
		return 0, bad
	}
	return n, err
}

func readAll(r io.Reader, most int64) (frames []*frame.Frame, err error) {
	reader := frame.NewReader(guarded{r, &Scanner{MaxBody: most}})
	for {
		f, err := reader.Read()
		if err != nil {
			return frames, err
		}
		if f != nil {
			frames = append(frames, f)
		}
	}
}

func TestScanner(t *testing.T) {
	const most = 1000
	body := func(n int) string { return strings.Repeat("x", n) }
	headers := func(n int) string { return strings.Repeat("a:b\n", n) }
	tests := []struct {
		name, stream string
		frames       int
		limit        string // What of the LimitError
		other        bool   // another error than the stream's end
	}{
		{"heart-beats", "\n\n\r\n\n", 0, "", false},
		{"frames and heart-beats", "\nMESSAGE\na:b\n\nbody\x00\n\r\nRECEIPT\nreceipt-id:1\n\n\x00\n", 2, "", false},
		{"known length", "MESSAGE\ncontent-length:4\n\n\x00\n\x00\n\x00", 1, "", false},
		{"known length with carriage returns", "MESSAGE\r\ncontent-length:2\r\n\r\nab\x00", 1, "", false},
		{"empty body", "MESSAGE\ncontent-length:0\n\n\x00MESSAGE\n\n\x00", 2, "", false},
		{"the first length counts", "MESSAGE\ncontent-length:2\ncontent-length:5000\n\nab\x00", 1, "", false},
		{"largest body", "MESSAGE\ncontent-length:1000\n\n" + body(most) + "\x00", 1, "", false},
		{"body too long", "MESSAGE\ncontent-length:1001\n\n", 0, "bytes of body", false},
		{"1.5 GB are claimed", "MESSAGE\ncontent-length:1500000000\n\n", 0, "bytes of body", false},
		{"leading zeros", "MESSAGE\ncontent-length:" + strings.Repeat("0", 100) + "5000\n\n", 0, "", true},
		{"largest open body", "MESSAGE\n\n" + body(most) + "\x00", 1, "", false},
		{"open body too long", "MESSAGE\n\n" + body(most+1), 0, "bytes of body", false},
		{"most headers", "MESSAGE\n" + headers(128) + "\n\x00", 1, "", false},
		{"too many headers", "MESSAGE\n" + headers(129) + "\n\x00", 0, "headers", false},
		{"a long header", "MESSAGE\na:" + body(MaxHeaderBytes), 0, "bytes of headers", false},
		{"a long command", body(MaxHeaderBytes + 1), 0, "bytes of headers", false},
		{"a negative length", "MESSAGE\ncontent-length:-1\n\n", 0, "", true},
		{"more body than said", "MESSAGE\ncontent-length:1\n\nab\x00", 0, "", true},
		{"HTTP", "HTTP/1.1 400 Bad Request\r\n\r\n", 0, "", true},
		{"cut off", "MESSAGE\ncontent-length:4\n\nab", 0, "", false},
	}
	for _, test := range tests {
		for _, way := range []struct {
			name string
			cut  func(io.Reader) io.Reader
		}{{"whole", func(r io.Reader) io.Reader { return r }}, {"by bytes", iotest.OneByteReader}, {"by halves", iotest.HalfReader}} {
			t.Run(test.name+", "+way.name, func(t *testing.T) {
				frames, err := readAll(way.cut(strings.NewReader(test.stream)), most)
				limit, isLimit := errors.AsType[*LimitError](err)
				if len(frames) != test.frames || isLimit != (test.limit != "") || isLimit && limit.What != test.limit || (err != io.EOF && !isLimit) != test.other {
					t.Errorf("%.80q: %d frames, then %v; want %d frames, a limit of %q", test.stream, len(frames), err, test.frames, test.limit)
				}
			})
		}
	}
}

func TestAppend(t *testing.T) {
	tests := []struct {
		name    string
		raw     bool
		headers []string
		body    string
		want    string // empty: refused
	}{
		{"escaped", false, []string{"a", "1:2\\3\n4"}, "x\x00y", "SEND\na:1\\c2\\\\3\\n4\ncontent-length:3\n\nx\x00y\x00"},
		{"raw", true, []string{"a", "1:2\\3"}, "", "SEND\na:1:2\\3\ncontent-length:0\n\n\x00"},
		{"an empty value is left out", false, []string{"a", "", "b", "1"}, "", "SEND\nb:1\ncontent-length:0\n\n\x00"},
		{"a line feed cannot be raw", true, []string{"a", "1\nb:2"}, "", ""},
		{"a carriage return has no form in 1.1", false, []string{"a", "1\r"}, "", ""},
		{"nor has NUL", false, []string{"a", "1\x00"}, "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := Append(nil, "SEND", test.raw, test.headers, []byte(test.body))
			if string(got) != test.want || (err == nil) == (test.want == "") {
				t.Errorf("got %q, %v, want %q", got, err, test.want)
			}
		})
	}
}

// FuzzScanner holds the scanner to its two promises: however a stream is cut, it says the same; and what it lets through is within
// the bounds, and the same as without it.
func FuzzScanner(f *testing.F) {
	for _, seed := range []string{
		"", "\n", "CONNECTED\nversion:1.1\nheart-beat:10000,10000\n\n\x00\n", "MESSAGE\ncontent-length:3\n\na\x00b\x00\n\nRECEIPT\nreceipt-id:1\n\n\x00",
		"ERROR\nmessage:no\n\nreason\n\x00", "MESSAGE\ncontent-length:99999999\n\n", "MESSAGE\r\na:b\r\n\r\n\x00", "MESSAGE\ncontent-length:1\ncontent-length:9\n\na\x00",
	} {
		f.Add([]byte(seed), byte(3))
	}
	f.Fuzz(func(t *testing.T, stream []byte, cut byte) {
		const most = 64
		whole, wholeErr := readAll(bytes.NewReader(stream), most)
		pieces, piecesErr := readAll(&cutter{stream, int(cut%17) + 1}, most)
		// A bad frame may be seen before or after the good ones in front of it have been read, as they came together or not.
		if len(pieces) < len(whole) || fmt.Sprint(wholeErr) == "EOF" && fmt.Sprint(piecesErr) != "EOF" {
			t.Fatalf("whole: %d frames, %v; in pieces of %d: %d frames, %v", len(whole), wholeErr, int(cut%17)+1, len(pieces), piecesErr)
		}
		free := frame.NewReader(bytes.NewReader(stream))
		for i, p := range pieces {
			if len(p.Body) > most || p.Header.Len() > MaxHeaders {
				t.Fatalf("frame %d has a body of %d bytes and %d headers", i, len(p.Body), p.Header.Len())
			}
			var want *frame.Frame
			for want == nil {
				var err error
				if want, err = free.Read(); err != nil {
					t.Fatalf("frame %d is not there without the scanner: %v", i, err)
				}
			}
			if p.Command != want.Command || !bytes.Equal(p.Body, want.Body) || p.Header.Len() != want.Header.Len() {
				t.Fatalf("frame %d is %v, without the scanner %v", i, p, want)
			}
		}
	})
}

type cutter struct {
	rest []byte
	size int
}

func (c *cutter) Read(p []byte) (int, error) {
	if len(c.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p, c.rest[:min(c.size, len(c.rest))])
	c.rest = c.rest[n:]
	return n, nil
}

// FuzzAppend: what is written is read back, whatever is in it.
func FuzzAppend(f *testing.F) {
	f.Add("destination", "/exchange/mcollective_broadcast/rpcutil", []byte("\x04\b{"))
	f.Add("a:b", "c\\d\n", []byte{})
	f.Fuzz(func(t *testing.T, name, value string, body []byte) {
		text, err := Append(nil, "SEND", false, []string{name, value}, body)
		if err != nil || name == "" || value == "" || name == "content-length" {
			return
		}
		f, err := frame.NewReader(bytes.NewReader(text)).Read()
		if err != nil {
			t.Fatalf("%q is not read: %v", text, err)
		}
		gotName, gotValue := f.Header.GetAt(0)
		// go-stomp takes the carriage return behind a line's end for a part of that end; none can be in a header.
		if gotName != name || gotValue != value || !bytes.Equal(f.Body, body) {
			t.Fatalf("%q: %q came back as %q, %q as %q, the body as %q", text, name, gotName, value, gotValue, f.Body)
		}
	})
}
