package ddl

import (
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/mco-go/mco-go/mco"
)

const maxWidth = 4096 // of one field

// directive is one %-sequence of a format.
type directive struct {
	minus, plus, space, zero, alt bool
	width, precision              int // -1: none
	value                         mco.Value
}

// formatter walks over a format with the values that it asks for.
type formatter struct {
	rest string
	args []mco.Value
	next int
	out  strings.Builder
}

// format is Ruby's format: the sequences of C, and %<name>s and %{name} out of a hash.
func format(f string, args ...mco.Value) (string, error) {
	w := &formatter{rest: f, args: args}
	for {
		before, after, found := strings.Cut(w.rest, "%")
		w.out.WriteString(before)
		if !found {
			return w.out.String(), nil
		}
		w.rest = after
		if err := w.directive(); err != nil {
			return "", err
		}
	}
}

func (w *formatter) take() (mco.Value, error) {
	if w.next >= len(w.args) {
		return mco.Nil(), errors.New("too few arguments")
	}
	w.next++
	return w.args[w.next-1], nil
}

func (w *formatter) directive() error {
	d := directive{width: -1, precision: -1}
	named := false
	for {
		if w.rest == "" {
			return errors.New("incomplete format specifier; use %% (double %) instead")
		}
		c := w.rest[0]
		w.rest = w.rest[1:]
		switch c {
		case '-':
			d.minus = true
		case '+':
			d.plus = true
		case ' ':
			d.space = true
		case '0':
			d.zero = true
		case '#':
			d.alt = true
		case '1', '2', '3', '4', '5', '6', '7', '8', '9':
			n, err := w.number(c)
			if err != nil {
				return err
			}
			if strings.HasPrefix(w.rest, "$") {
				w.rest = w.rest[1:]
				if n > len(w.args) {
					return errors.New("too few arguments")
				}
				d.value, named = w.args[n-1], true
				continue
			}
			d.width = n
		case '*':
			v, err := w.take()
			if err != nil {
				return err
			}
			n, ok := v.AsInt()
			if !ok || n > maxWidth || n < -maxWidth {
				return errors.New("width too big")
			}
			d.minus, d.width = d.minus || n < 0, int(max(n, -n))
		case '.':
			n := 0
			if w.rest != "" && isDigit(w.rest[0]) {
				digit := w.rest[0]
				w.rest = w.rest[1:]
				var err error
				if n, err = w.number(digit); err != nil {
					return err
				}
			}
			d.precision = n
		case '<', '{':
			v, err := w.byName(c)
			if err != nil {
				return err
			}
			d.value, named = v, true
			if c == '{' {
				return w.write(d, 's')
			}
		case '%':
			w.out.WriteByte('%')
			return nil
		case '\n', 0:
			w.out.WriteByte('%')
			w.out.WriteByte(c)
			return nil
		default:
			if strings.IndexByte("sdiufeEgGxXobBcp", c) < 0 {
				return fmt.Errorf("malformed format string - %%%c", c)
			}
			if !named {
				v, err := w.take()
				if err != nil {
					return err
				}
				d.value = v
			}
			return w.write(d, c)
		}
	}
}

func (w *formatter) number(first byte) (int, error) {
	n := int(first - '0')
	for w.rest != "" && isDigit(w.rest[0]) {
		n = n*10 + int(w.rest[0]-'0')
		w.rest = w.rest[1:]
		if n > maxWidth {
			return 0, errors.New("width too big")
		}
	}
	return n, nil
}

func (w *formatter) byName(open byte) (mco.Value, error) {
	closing := ">"
	if open == '{' {
		closing = "}"
	}
	name, rest, ok := strings.Cut(w.rest, closing)
	if !ok {
		return mco.Nil(), errors.New("malformed name - unmatched parenthesis")
	}
	w.rest = rest
	if len(w.args) != 1 || w.args[0].Kind() != mco.KindMap {
		return mco.Nil(), errors.New("one hash required")
	}
	h, _ := w.args[0].AsMap()
	v, ok := h.Get(mco.Sym(mco.Symbol(name)))
	if !ok {
		return mco.Nil(), fmt.Errorf("key%c%s%s not found", open, name, closing)
	}
	return v, nil
}

func (w *formatter) write(d directive, verb byte) error {
	var s string
	switch verb {
	case 's', 'p', 'c':
		s = text(d.value)
		if verb == 'p' {
			s = show(d.value)
		}
		if n, ok := d.value.AsInt(); ok && verb == 'c' {
			s = string(rune(n))
		} else if verb == 'c' {
			d.precision = 1
		}
		if runes := []rune(s); d.precision >= 0 && len(runes) > d.precision {
			s = string(runes[:d.precision])
		}
	case 'f', 'e', 'E', 'g', 'G':
		f, err := toFloat(d.value)
		if err != nil {
			return err
		}
		if d.precision < 0 {
			d.precision = 6
		}
		s = fmt.Sprintf(d.flags()+"."+strconv.Itoa(d.precision)+string(verb), f)
		if n, isInt := d.value.AsBigInt(); isInt && verb == 'f' && !n.IsInt64() {
			s = fmt.Sprintf(d.flags()+"d", n)
			if d.precision > 0 {
				s += "." + strings.Repeat("0", d.precision)
			}
		}
		s = strings.Replace(s, "+Inf", plusInf(d), 1)
	default:
		n, err := toBig(d.value)
		if err != nil {
			return err
		}
		switch verb {
		case 'i', 'u':
			verb = 'd'
		case 'B':
			verb = 'b'
		}
		if verb != 'd' && n.Sign() < 0 && !d.plus && !d.space {
			return errors.New("negative numbers in this base are not written here")
		}
		s = fmt.Sprintf(d.flags()+string(verb), n)
		if d.precision >= 0 {
			s = fmt.Sprintf(d.flags()+"."+strconv.Itoa(d.precision)+string(verb), n)
			d.zero = false
		}
	}
	w.out.WriteString(d.pad(s, strings.IndexByte("spc", verb) < 0))
	return nil
}

func plusInf(d directive) string {
	switch {
	case d.plus:
		return "+Inf"
	case d.space:
		return " Inf"
	}
	return "Inf"
}

func (d directive) flags() string {
	s := "%"
	if d.plus {
		s += "+"
	}
	if d.space {
		s += " "
	}
	if d.alt {
		s += "#"
	}
	return s
}

// pad brings s to the width of the field; zeros go behind the sign of a number.
func (d directive) pad(s string, numeric bool) string {
	lack := d.width - utf8.RuneCountInString(s)
	switch {
	case lack <= 0:
		return s
	case d.minus:
		return s + strings.Repeat(" ", lack)
	case d.zero && numeric && !strings.HasSuffix(s, "Inf") && s != "NaN":
		sign := ""
		if s[0] == '-' || s[0] == '+' || s[0] == ' ' {
			sign, s = s[:1], s[1:]
		}
		return sign + strings.Repeat("0", lack) + s
	}
	return strings.Repeat(" ", lack) + s
}

func toFloat(v mco.Value) (float64, error) {
	if f, ok := number64(v); ok {
		return f, nil
	}
	if s, ok := v.AsString(); ok {
		f, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
		if err != nil {
			return 0, fmt.Errorf("invalid value for Float(): %s", show(v))
		}
		return f, nil
	}
	return 0, fmt.Errorf("can't convert %s into Float", implicit(v))
}

func toBig(v mco.Value) (*big.Int, error) {
	if n, ok := v.AsBigInt(); ok {
		return n, nil
	}
	if f, ok := v.AsFloat(); ok {
		if f != f || f-f != 0 {
			return nil, errors.New(text(v))
		}
		n, _ := big.NewFloat(f).Int(nil)
		return n, nil
	}
	if s, ok := v.AsString(); ok {
		n, ok := new(big.Int).SetString(strings.TrimSpace(s), 0)
		if !ok || len(s) > maxWidth {
			return nil, fmt.Errorf("invalid value for Integer(): %s", show(v))
		}
		return n, nil
	}
	return nil, fmt.Errorf("can't convert %s into Integer", implicit(v))
}
