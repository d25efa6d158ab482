package marshal_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/marshal"
)

// hostile returns inputs that try to make a reader take more memory or time than they are worth.
func hostile() map[string][]byte {
	const head = "\x04\x08"
	repeat := func(s string, n int) string { return strings.Repeat(s, n) }
	list := func(n int) string { return "[\x03" + string([]byte{byte(n), byte(n >> 8), byte(n >> 16)}) }
	hash := func(n int) string { return "{\x03" + string([]byte{byte(n), byte(n >> 8), byte(n >> 16)}) }
	var intKeys, nanKeys, listKeys, floats strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&intKeys, "i\x02%s0", []byte{byte(i), byte(i >> 8)})
		nanKeys.WriteString("[\x06f\x08nan0")
		fmt.Fprintf(&listKeys, "[\x07Ti\x02%s0", []byte{byte(i), byte(i>>8) | 1})
		floats.WriteString("f\x061")
	}
	doubled := "[\x1e[\x06T"
	for i := range 24 {
		doubled += fmt.Sprintf("[\x07@%c@%c", i+6, i+6)
	}
	return map[string][]byte{
		"deep lists":              []byte(head + repeat("[\x06", 1_000_000) + "0"),
		"deep hashes":             []byte(head + repeat("{\x060", 500_000) + "0"),
		"deep subclasses":         []byte(head + repeat("C:\x06a", 500_000) + "0"),
		"deep ivars":              []byte(head + "I\"\x06a" + repeat("\x06:\x06aI\"\x06a", 500_000) + "0"),
		"deep symbols":            []byte(head + repeat("I:\x06a\x06", 500_000) + "0"),
		"deep objects":            []byte(head + repeat("o:\x06a\x06:\x06b", 500_000) + "0"),
		"deep user objects":       []byte(head + repeat("U:\x06a", 500_000) + "0"),
		"promises in promises":    []byte(head + repeat(list(40_000), 100) + repeat("0", 40_000)),
		"hashes in promises":      []byte(head + repeat(hash(20_000), 100) + repeat("0", 40_000)),
		"many nils":               []byte(head + list(99_000) + repeat("0", 99_000)),
		"many empty lists":        []byte(head + list(99_000) + repeat("[\x00", 99_000)),
		"many empty hashes":       []byte(head + list(99_000) + repeat("{\x00", 99_000)),
		"empty hashes and a link": []byte(head + list(99_000) + repeat("{\x00", 98_999) + "@\x06"),
		"many small lists":        []byte(head + list(19_000) + "[\x0700" + repeat("[\x070@\x06", 18_999)),
		"lists of seventeen":      []byte(head + list(5_000) + repeat("[\x16"+repeat("0", 17), 5_000)),
		"too many elements":       []byte(head + list(200_000) + repeat("0", 200_000)),
		"integer keys":            []byte(head + hash(20_000) + intKeys.String()),
		"keys with NaN":           []byte(head + hash(20_000) + nanKeys.String()),
		"list keys":               []byte(head + hash(20_000) + listKeys.String()),
		"equal keys":              []byte(head + hash(40_000) + repeat("00", 40_000)),
		"floats":                  []byte(head + list(20_000) + floats.String()),
		"long float":              []byte(head + "f\x03\x00\x00\x10" + repeat("1", 1<<20)),
		"long bignum":             []byte(head + "l+\x03\x00\x00\x08" + repeat("1", 1<<20)),
		"long symbol":             []byte(head + ":\x03\x00\x00\x10" + repeat("a", 1<<20)),
		"doubled links":           []byte(head + doubled),
		"links to a long string":  []byte(head + list(20_000) + "\"\x03\x00\x00\x01" + repeat("a", 1<<16) + repeat("@\x06", 19_999)),
		"deep behind links":       []byte(head + "[\x08" + repeat("[\x06", 99) + "[\x00" + repeat("[\x06", 100) + "@\x06" + "0"),
	}
}

func TestHostileInputIsBounded(t *testing.T) {
	accepted := map[string]bool{"many nils": true, "many empty lists": true, "many empty hashes": true, "empty hashes and a link": true,
		"lists of seventeen": true, "integer keys": true, "keys with NaN": true, "list keys": true, "equal keys": true, "floats": true,
		"many small lists": true}
	for name, in := range hostile() {
		t.Run(name, func(t *testing.T) {
			var v mco.Value
			var err error
			bounded(t, len(in), func() { v, err = marshal.Decode(in, marshal.ReplyLimits()) })
			if (err == nil) != accepted[name] {
				t.Errorf("accepted: %v (%v), want %v", err == nil, err, accepted[name])
			}
			if err == nil {
				return
			}
			if len(err.Error()) > 200 {
				t.Errorf("the error carries %d bytes", len(err.Error()))
			}
			if !v.IsNil() {
				t.Errorf("a value with the error: %v", v.Kind())
			}
		})
	}
}

func TestLimits(t *testing.T) {
	const head = "\x04\x08"
	big := strings.Repeat("x", 100)
	tests := []struct {
		name string
		in   string
		lim  marshal.Limits
		want string // part of the error; empty: accepted
	}{
		{"at the depth", "[\x06[\x060", marshal.Limits{Depth: 2}, ""},
		{"below the depth", "[\x06[\x06[\x060", marshal.Limits{Depth: 2}, "nested deeper than 2"},
		{"at the elements", "[\x0700", marshal.Limits{Elements: 3}, ""},
		{"over the elements", "[\x08000", marshal.Limits{Elements: 3}, "more than 3 values"},
		{"over the elements by links", "[\x08[\x0700@\x06@\x06", marshal.Limits{Elements: 9}, "more than 9 values"},
		{"at the elements by links", "[\x08[\x0700@\x06@\x06", marshal.Limits{Elements: 10}, ""},
		{"at the symbols", "[\x08:\x06a:\x06b;\x00", marshal.Limits{Symbols: 2}, ""},
		{"over the symbols", "[\x08:\x06a:\x06b:\x06c", marshal.Limits{Symbols: 2}, "more than 2 symbols"},
		{"at the symbol's length", ":\x07ab", marshal.Limits{SymbolBytes: 2}, ""},
		{"over the symbol's length", ":\x08abc", marshal.Limits{SymbolBytes: 2}, "symbol longer than 2 bytes"},
		{"at the integer", "l+\x09" + big[:8], marshal.Limits{IntegerBits: 64}, ""},
		{"over the integer", "l+\x0a" + big[:10], marshal.Limits{IntegerBits: 64}, "integer of more than 64 bits"},
		{"over the bytes", "0", marshal.Limits{Bytes: 2}, "longer than 2 bytes"},
		{"link to itself through a hash", "[\x06{\x06:\x06a@\x00", marshal.Limits{}, "contains itself"},
		{"link to the regexp around it", "[\x06I/\x06a\x00\x06:\x06b@\x06", marshal.Limits{}, "contains itself"},
		{"link to an earlier float", "[\x07f\x061@\x06", marshal.Limits{}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := marshal.Decode([]byte(head+tt.in), tt.lim)
			if tt.want == "" {
				if err != nil {
					t.Errorf("Decode: %v", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

// Objects, classes and the rest are named in the refusal; in a reply instances become a word, and what follows them is still read
// rightly, which shows that the tables of symbols and objects were kept.
func TestForeignTypes(t *testing.T) {
	const after = `I"` + "\x08aaa\x06:\x06ET" // the string that the link at the end of each list points to
	tests := []struct {
		name  string
		in    string
		kind  byte
		class string
		reply bool // passes in a reply
		link  string
	}{
		{"object", "o:\x0aRange\x07:\x09exclF:\x0abeginI\"\x06x\x06:\x06zI\"\x06y\x00", 'o', "Range", true, "\x09"},
		{"time", "Iu:\x09Time\x0d\x20\x80\x11\xc0\x00\x00\x00\x00\x06:\x09zoneI\"\x08UTC\x06:\x06EF", 'u', "Time", true, "\x08"},
		{"user marshal", "U:\x0dRational[\x07i\x06i\x07", 'U', "Rational", true, "\x08"},
		{"struct", "S:\x06P\x06:\x06xi\x06", 'S', "P", true, "\x07"},
		{"gadget", "U:\x15Gem::Requirement[\x06[\x00", 'U', "Gem::Requirement", false, ""},
		{"class", "c\x0bString", 'c', "String", false, ""},
		{"module", "m\x0bKernel", 'm', "Kernel", false, ""},
		{"old module", "M\x0bKernel", 'M', "Kernel", false, ""},
		{"extended", "e:\x0fComparableo:\x0bObject\x00", 'e', "Comparable", false, ""},
		{"data", "d:\x08Fooi\x06", 'd', "Foo", false, ""},
		{"subclass of an object", "C:\x08Fooo:\x06a\x00", 'C', "Foo", false, ""},
		{"terminal codes in the name", "o:\x0a\x1b[31m\x00", 'o', "?[31m", true, "\x07"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := []byte("\x04\x08[\x08" + tt.in + after + "@" + tt.link)
			_, err := marshal.Decode(in, marshal.DefaultLimits())
			refused, ok := errors.AsType[*marshal.UnsafeTypeError](err)
			if !ok || refused.Type != tt.kind || refused.Class != tt.class || in[refused.Offset] != tt.kind {
				t.Errorf("in a request: %v, want the refusal of %q %s", err, tt.kind, tt.class)
			}
			v, err := marshal.Decode(in, marshal.ReplyLimits())
			if !tt.reply {
				if _, ok := errors.AsType[*marshal.UnsafeTypeError](err); !ok {
					t.Errorf("in a reply: %v, %v, want a refusal", v, err)
				}
				return
			}
			if err != nil {
				t.Fatalf("in a reply: %v", err)
			}
			items, _ := v.AsList()
			if items[0].Kind() != mco.KindOpaque {
				t.Errorf("in a reply: %s, want an opaque value", items[0].Kind())
			}
			for i, item := range items[1:] {
				if s, _ := item.AsString(); s != "aaa" {
					t.Errorf("item %d behind it: %q, want aaa", i+1, s)
				}
			}
			if _, err := marshal.Encode(v); err == nil {
				t.Error("an opaque value was written")
			}
		})
	}
}

// A list that was made to contain itself ends in an error.
func TestEncodeCycle(t *testing.T) {
	items := make([]mco.Value, 1)
	items[0] = mco.List(items...)
	if _, err := marshal.Encode(mco.List(items...)); err == nil {
		t.Error("a cycle was written")
	}
}
