package rabbitmq

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"unicode/utf8"
)

// maxDefinitions bounds what is read, in bytes. The largest estates have some hundred kilobytes.
const maxDefinitions = 16 << 20

// Tags are a user's: a text with commas, or a list (from 3.12). Both are read.
type Tags struct {
	Names []string
	List  bool
}

// MarshalJSON implements [json.Marshaler].
func (t Tags) MarshalJSON() ([]byte, error) {
	if t.List {
		return json.Marshal(append([]string{}, t.Names...))
	}
	for _, name := range t.Names {
		if name == "" || strings.Contains(name, ",") {
			return nil, fmt.Errorf("tag %.60q cannot stand between commas", name)
		}
	}
	return json.Marshal(strings.Join(t.Names, ","))
}

// UnmarshalJSON implements [json.Unmarshaler].
func (t *Tags) UnmarshalJSON(b []byte) error {
	if t.List = len(b) > 0 && b[0] == '['; t.List {
		return json.Unmarshal(b, &t.Names)
	}
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	if s != "" {
		t.Names = strings.Split(s, ",")
	}
	return nil
}

// Encode writes the definitions in ASCII, indented by two blanks, with a line end. It refuses text that is not valid UTF-8, which JSON
// would change.
func (d *Definitions) Encode() ([]byte, error) {
	if err := validText(reflect.ValueOf(d)); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(d.filled()); err != nil {
		return nil, err
	}
	return ascii(b.Bytes()), nil
}

// filled returns d with an empty list in the place of each that is nil, so that the file says [].
func (d *Definitions) filled() *Definitions {
	c := *d
	v := reflect.ValueOf(&c).Elem()
	for i := range v.NumField() {
		if f := v.Field(i); f.IsNil() {
			f.Set(reflect.MakeSlice(f.Type(), 0, 0))
		}
	}
	return &c
}

// ascii writes every other character as JSON's escape; they stand inside strings alone.
func ascii(b []byte) []byte {
	if !bytes.ContainsFunc(b, func(r rune) bool { return r > '~' }) {
		return b
	}
	var out []byte
	for _, r := range string(b) {
		switch {
		case r <= '~':
			out = append(out, byte(r))
		case r < 0x10000:
			out = fmt.Appendf(out, `\u%04x`, r)
		default:
			r -= 0x10000
			out = fmt.Appendf(out, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		}
	}
	return out
}

// validText looks at every text in v.
func validText(v reflect.Value) error {
	switch v.Kind() {
	case reflect.String:
		if s := v.String(); !utf8.ValidString(s) {
			return fmt.Errorf("%.60q is not valid UTF-8", s)
		}
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			return validText(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if err := validText(v.Field(i)); err != nil {
				return err
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			if err := validText(v.Index(i)); err != nil {
				return err
			}
		}
	case reflect.Map:
		for iter := v.MapRange(); iter.Next(); {
			if err := errors.Join(validText(iter.Key()), validText(iter.Value())); err != nil {
				return err
			}
		}
	}
	return nil
}

// ParseDefinitions reads definitions as [Definitions.Encode] writes them. Keys that it does not write are refused.
func ParseDefinitions(text []byte) (*Definitions, error) {
	if len(text) > maxDefinitions {
		return nil, fmt.Errorf("more than %d bytes", maxDefinitions)
	}
	in := json.NewDecoder(bytes.NewReader(text))
	in.DisallowUnknownFields()
	in.UseNumber()
	d := &Definitions{}
	if err := in.Decode(d); err != nil {
		return nil, err
	}
	if _, err := in.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more than one value")
	}
	return d, nil
}

// compare tells the first list in which got differs.
func (d *Definitions) compare(got *Definitions) error {
	want, have := reflect.ValueOf(d).Elem(), reflect.ValueOf(got).Elem()
	for i := range want.NumField() {
		if !same(want.Field(i), have.Field(i)) {
			return fmt.Errorf("other %s than the estate's", want.Type().Field(i).Tag.Get("json"))
		}
	}
	return nil
}

// same compares values of which one went through JSON: numbers by their text, lists and maps that are nil as empty ones, and lists of
// texts as lists of anything.
func same(a, b reflect.Value) bool {
	a, b = inner(a), inner(b)
	if !a.IsValid() || !b.IsValid() {
		return a.IsValid() == b.IsValid()
	}
	switch {
	case a.Kind() == reflect.Slice && b.Kind() == reflect.Slice:
		if a.Len() != b.Len() {
			return false
		}
		for i := range a.Len() {
			if !same(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	case a.Kind() == reflect.Map && b.Kind() == reflect.Map:
		if a.Len() != b.Len() {
			return false
		}
		for iter := a.MapRange(); iter.Next(); {
			if other := b.MapIndex(iter.Key()); !other.IsValid() || !same(iter.Value(), other) {
				return false
			}
		}
		return true
	case a.Kind() == reflect.Struct && a.Type() == b.Type():
		for i := range a.NumField() {
			if !same(a.Field(i), b.Field(i)) {
				return false
			}
		}
		return true
	}
	return isText(a) == isText(b) && fmt.Sprint(a.Interface()) == fmt.Sprint(b.Interface())
}

// isText tells a text from a number that is kept as one.
func isText(v reflect.Value) bool {
	return v.Kind() == reflect.String && v.Type() != reflect.TypeFor[json.Number]()
}

func inner(v reflect.Value) reflect.Value {
	for v.IsValid() && (v.Kind() == reflect.Interface || v.Kind() == reflect.Pointer) {
		v = v.Elem()
	}
	return v
}
