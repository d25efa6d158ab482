package marshal_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/vectors"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/marshal"
)

type valueCase struct {
	Name    string
	Marshal []byte `json:"marshal_b64"`
	Value   vectors.Value
}

type bytesCase struct {
	Name    string
	Marshal []byte `json:"marshal_b64"`
	Want    string
	Why     string
	Ruby    struct {
		Loads bool
		Value vectors.Value
	}
}

type vectorFile struct {
	Values []valueCase
	Bytes  []bytesCase
}

// TestVectorsValues decodes and encodes what the original wrote. Where one object stands in several places the bytes hold links that
// a value cannot tell, and an option that a value does not carry is lost: there our bytes must only decode to the same value.
func TestVectorsValues(t *testing.T) {
	file := vectors.Load[vectorFile](t, "marshal.json")
	done := 0
	for _, c := range file.Values {
		t.Run(c.Name, func(t *testing.T) {
			done++
			for role, lim := range map[string]marshal.Limits{"request": marshal.DefaultLimits(), "reply": marshal.ReplyLimits()} {
				got, err := marshal.Decode(c.Marshal, lim)
				if err != nil {
					t.Fatalf("Decode within the limits of a %s: %v", role, err)
				}
				if !same(got, c.Value.Value) {
					t.Errorf("Decode within the limits of a %s = %v, want %v", role, got, c.Value.Value)
				}
			}
			enc, err := marshal.Encode(c.Value.Value)
			if err != nil {
				t.Fatalf("Encode: %v", err)
			}
			if string(enc) == string(c.Marshal) {
				return
			}
			if !strings.HasPrefix(c.Name, "link") && c.Name != "re_n" {
				t.Errorf("Encode = %s, want %s", base64.StdEncoding.EncodeToString(enc), base64.StdEncoding.EncodeToString(c.Marshal))
			}
			again, err := marshal.Decode(enc, marshal.DefaultLimits())
			if err != nil || !same(again, c.Value.Value) {
				t.Errorf("decoding what Encode gave = %v, %v", again, err)
			}
		})
	}
	vectors.Count(t, "marshal.json", "values", done, len(file.Values))
}

// TestVectorsBytes decodes input that was made by hand or by attackers.
func TestVectorsBytes(t *testing.T) {
	file := vectors.Load[vectorFile](t, "marshal.json")
	done := 0
	for _, c := range file.Bytes {
		t.Run(c.Name, func(t *testing.T) {
			done++
			for role, lim := range map[string]marshal.Limits{"request": marshal.DefaultLimits(), "reply": marshal.ReplyLimits()} {
				start := time.Now()
				got, err := marshal.Decode(c.Marshal, lim)
				if took := time.Since(start); took > 100*time.Millisecond {
					t.Errorf("%s: took %s", role, took)
				}
				switch c.Want {
				case "accept":
					if err != nil || !same(got, c.Ruby.Value.Value) {
						t.Errorf("%s: Decode = %v, %v, want %v (%s)", role, got, err, c.Ruby.Value.Value, c.Why)
					}
				case "reject":
					if err == nil {
						t.Errorf("%s: Decode = %v, want an error (%s)", role, got, c.Why)
					}
				case "opaque_or_reject":
					_, isUnsafe := errors.AsType[*marshal.UnsafeTypeError](err)
					if lim.Objects && (err != nil || got.Kind() != mco.KindOpaque) || !lim.Objects && !isUnsafe {
						t.Errorf("%s: Decode = %v, %v, want an opaque value in a reply and refusal in a request (%s)", role, got, err, c.Why)
					}
				case "accept_as_base_or_reject":
					if err != nil {
						t.Errorf("%s: Decode: %v, want the base value (%s)", role, err, c.Why)
					}
				case "accept_or_reject", "accept_bounded":
				default:
					t.Errorf("unknown expectation %q", c.Want)
				}
			}
		})
	}
	vectors.Count(t, "marshal.json", "bytes", done, len(file.Bytes))
}

// same is Equal, but NaN equals NaN, labels of plain ASCII strings count, and the order of hashes counts.
func same(a, b mco.Value) bool {
	if a.Kind() != b.Kind() {
		return false
	}
	switch a.Kind() {
	case mco.KindFloat:
		x, _ := a.AsFloat()
		y, _ := b.AsFloat()
		return x == y && 1/x == 1/y || x != x && y != y
	case mco.KindString:
		return a.Equal(b) && a.EncodingName() == b.EncodingName()
	case mco.KindList:
		x, _ := a.AsList()
		y, _ := b.AsList()
		if len(x) != len(y) {
			return false
		}
		for i := range x {
			if !same(x[i], y[i]) {
				return false
			}
		}
		return true
	case mco.KindMap:
		x, _ := a.AsMap()
		y, _ := b.AsMap()
		if x.Len() != y.Len() {
			return false
		}
		for i := range x.Len() {
			if !same(x.At(i).Key, y.At(i).Key) || !same(x.At(i).Value, y.At(i).Value) {
				return false
			}
		}
		return true
	}
	return a.Equal(b)
}
