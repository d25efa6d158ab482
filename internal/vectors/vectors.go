// Package vectors reads the golden vectors that were made with the original (testdata/vectors, or the folder that the environment
// variable MCO_VECTORS names), turns their notation of Ruby values into [mco.Value], and counts what a test compared, so that no
// case is passed over in silence. Only tests import it.
package vectors

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"github.com/mco-go/mco-go/mco"
)

// Dir returns the folder of the vectors in use.
func Dir(t testing.TB) string {
	t.Helper()
	if dir := os.Getenv("MCO_VECTORS"); dir != "" {
		return dir
	}
	_, self, _, ok := runtime.Caller(0)
	if !ok {
		t.Fatal("vectors: the source's own place is unknown")
	}
	return filepath.Join(filepath.Dir(self), "..", "..", "testdata", "vectors")
}

// Load reads the file name (such as "marshal.json") into a value of type T and fails the test when it cannot.
func Load[T any](t testing.TB, name string) T {
	t.Helper()
	var out T
	raw, err := os.ReadFile(filepath.Join(Dir(t), name))
	if err != nil {
		t.Fatalf("read vectors: %v", err)
	}
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatalf("parse vectors %s: %v", name, err)
	}
	return out
}

// Count prints how many cases of a list were compared and fails the test when some were not: done must equal total, and total must
// not be zero.
func Count(t testing.TB, file, list string, done, total int) {
	t.Helper()
	t.Logf("vectors %s %s: %d of %d compared", file, list, done, total)
	if done != total || total == 0 {
		t.Errorf("vectors %s %s: %d of %d compared", file, list, done, total)
	}
}

// Value is a Ruby value in the notation of the vectors' README ("RV").
type Value struct{ mco.Value }

// UnmarshalJSON reads the notation.
func (v *Value) UnmarshalJSON(raw []byte) error {
	got, err := parse(raw)
	v.Value = got
	return err
}

type notation struct {
	Int     *string              `json:"int"`
	Float   *string              `json:"float"`
	Sym     *string              `json:"sym"`
	Str     *string              `json:"str"`
	ASCII   *string              `json:"ascii"`
	Bin     *string              `json:"bin"`
	Enc     *string              `json:"enc"`
	List    *[]json.RawMessage   `json:"list"`
	Hash    *[][]json.RawMessage `json:"hash"`
	Re      *string              `json:"re"`
	Opts    int                  `json:"opts"`
	Other   *string              `json:"other"`
	Inspect string               `json:"inspect"`
}

func parse(raw []byte) (mco.Value, error) {
	switch string(raw) {
	case "null":
		return mco.Nil(), nil
	case "true":
		return mco.Bool(true), nil
	case "false":
		return mco.Bool(false), nil
	}
	var n notation
	if err := json.Unmarshal(raw, &n); err != nil {
		return mco.Value{}, fmt.Errorf("notation %.60q: %w", raw, err)
	}
	switch {
	case n.Int != nil:
		i, ok := new(big.Int).SetString(*n.Int, 10)
		if !ok {
			return mco.Value{}, fmt.Errorf("notation: integer %q", *n.Int)
		}
		return mco.BigInt(i), nil
	case n.Float != nil:
		return parseFloat(*n.Float)
	case n.Sym != nil:
		return mco.Sym(mco.Symbol(*n.Sym)), nil
	case n.Str != nil:
		return mco.Text(*n.Str, mco.UTF8), nil
	case n.ASCII != nil:
		return mco.Text(*n.ASCII, mco.USASCII), nil
	case n.Bin != nil:
		b, err := base64.StdEncoding.DecodeString(*n.Bin)
		if err != nil {
			return mco.Value{}, fmt.Errorf("notation: base64: %w", err)
		}
		if n.Enc != nil {
			return mco.EncodedText(string(b), *n.Enc), nil
		}
		return mco.Text(string(b), mco.Binary), nil
	case n.List != nil:
		items := make([]mco.Value, len(*n.List))
		for i, r := range *n.List {
			item, err := parse(r)
			if err != nil {
				return mco.Value{}, err
			}
			items[i] = item
		}
		return mco.List(items...), nil
	case n.Hash != nil:
		m := new(mco.Map)
		for _, pair := range *n.Hash {
			if len(pair) != 2 {
				return mco.Value{}, fmt.Errorf("notation: a pair of %d", len(pair))
			}
			k, err := parse(pair[0])
			if err != nil {
				return mco.Value{}, err
			}
			val, err := parse(pair[1])
			if err != nil {
				return mco.Value{}, err
			}
			m.Set(k, val)
		}
		return mco.Hash(m), nil
	case n.Re != nil:
		return mco.Re(mco.Regexp{Source: *n.Re, Options: n.Opts}), nil
	case n.Other != nil:
		return mco.Opaque(*n.Other), nil
	}
	return mco.Value{}, fmt.Errorf("notation %.60q is unknown", raw)
}

func parseFloat(s string) (mco.Value, error) {
	switch s {
	case "inf":
		return mco.Float(math.Inf(1)), nil
	case "-inf":
		return mco.Float(math.Inf(-1)), nil
	case "nan":
		return mco.Float(math.NaN()), nil
	}
	f, err := strconv.ParseFloat(s, 64)
	return mco.Float(f), err
}

// Text is a text of the vectors: a JSON string, or {"b64": ...} where it is not UTF-8.
type Text string

// UnmarshalJSON reads either form.
func (x *Text) UnmarshalJSON(raw []byte) error {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		*x = Text(s)
		return nil
	}
	var b struct{ B64 []byte }
	if err := json.Unmarshal(raw, &b); err != nil {
		return err
	}
	*x = Text(b.B64)
	return nil
}
