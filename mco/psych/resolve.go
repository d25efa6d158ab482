package psych

import (
	"math"
	"math/big"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/rubynum"
	"github.com/mco-go/mco-go/mco/rubyre"
)

// forms are the looks of plain scalars, tried in the order in which [resolve] names them.
type forms struct {
	time, date, symbol, quotedSymbol, sexagesimal, sexagesimalFloat, float, point, integer *rubyre.Regexp
}

// compileForms is called when the first plain scalar comes. The patterns are Ruby's, so that they are read as Ruby reads them.
var compileForms = sync.OnceValue(func() *forms {
	form := func(pattern string) *rubyre.Regexp {
		re, err := rubyre.Compile(pattern, 0)
		if err != nil {
			panic(err)
		}
		return re
	}
	return &forms{
		time:             form(`^-?\d{4}-\d{1,2}-\d{1,2}(?:[Tt]|\s+)\d{1,2}:\d\d:\d\d(?:\.\d*)?(?:\s*(?:Z|[-+]\d{1,2}:?(?:\d\d)?))?$`),
		date:             form(`^\d{4}-(?:1[012]|0\d|\d)-(?:[12]\d|3[01]|0\d|\d)$`),
		symbol:           form(`^:.`),
		quotedSymbol:     form(`^:(?:".*"|'.*')`),
		sexagesimal:      form(`^[-+]?[0-9][0-9_]*(:[0-5]?[0-9]){1,2}$`),
		sexagesimalFloat: form(`^[-+]?[0-9][0-9_]*(:[0-5]?[0-9]){1,2}\.[0-9_]*$`),
		float:            form(`^[-+]?([0-9][0-9_,]*)?\.[0-9]*([eE][-+][0-9]+)?$`),
		point:            form(`\A[-+]?\.\Z`),
		integer:          form(`^(?:[-+]?0b[0-1_,]+|[-+]?0[0-7_,]+|[-+]?(?:0|[1-9](?:[0-9]|,[0-9]|_[0-9])*)|[-+]?0x[0-9a-fA-F_,]+)$`),
	}
})

// resolve returns what a plain scalar stands for (scalar_scanner.rb tokenize).
func resolve(text string) (mco.Value, error) {
	if text == "" {
		return mco.Nil(), nil
	}
	lower := strings.ToLower(text)
	if isText(text) {
		return word(text, lower), nil
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && text[0] >= '1' && text[0] <= '9' {
		return mco.Int(n), nil
	}
	f := compileForms()
	is := func(re *rubyre.Regexp) bool {
		ok, err := re.MatchString(text)
		return ok && err == nil
	}
	switch {
	case is(f.time):
		return mco.Value{}, disallowed("Time")
	case is(f.date):
		return mco.Value{}, disallowed("Date")
	case lower == ".inf", lower == "+.inf":
		return mco.Float(math.Inf(1)), nil
	case lower == "-.inf":
		return mco.Float(math.Inf(-1)), nil
	case lower == ".nan":
		return mco.Float(math.NaN()), nil
	case is(f.symbol):
		return mco.Sym(symbol(text, is(f.quotedSymbol))), nil
	case is(f.sexagesimal):
		return sexagesimal(text), nil
	case is(f.sexagesimalFloat):
		return sexagesimalFloat(text), nil
	case is(f.float):
		if is(f.point) {
			return mco.String(text), nil
		}
		return float(text)
	case is(f.integer):
		n, err := rubynum.Integer(strings.NewReplacer(",", "", "_", "").Replace(text))
		if err != nil {
			return mco.Value{}, &Error{"ArgumentError", err.Error()}
		}
		return mco.BigInt(n), nil
	}
	return mco.String(text), nil
}

// isText tells by the first two characters that a scalar can only be text or one of a few words.
func isText(text string) bool {
	letter := func(r rune) bool {
		if r < utf8.RuneSelf {
			return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || strings.ContainsRune("_ \t\n\v\f\r!@#$%^&*(){}<>|/\\~;=", r)
		}
		return unicode.In(r, unicode.L, unicode.Nl, unicode.Other_Alphabetic)
	}
	first, size := utf8.DecodeRuneInString(text)
	if letter(first) || strings.ContainsRune(text, '\n') {
		return true
	}
	if first >= '0' && first <= '9' || strings.ContainsRune(".:-", first) || size == len(text) {
		return false
	}
	second, _ := utf8.DecodeRuneInString(text[size:])
	return letter(second)
}

// word returns what a text of letters stands for: itself, but for the few words that YAML 1.1 knows.
func word(text, lower string) mco.Value {
	if len([]rune(text)) <= 5 {
		switch lower {
		case "~", "null":
			return mco.Nil()
		case "yes", "true", "on":
			return mco.Bool(true)
		case "no", "false", "off":
			return mco.Bool(false)
		}
	}
	return mco.String(text)
}

// symbol takes off the colon in front, and quotes with a colon within them.
func symbol(text string, quoted bool) mco.Symbol {
	text = text[1:]
	if quoted {
		end := strings.LastIndexByte(text, text[0])
		text = strings.TrimPrefix(text[1:end], ":")
	}
	return mco.Symbol(text)
}

// sexagesimal reads 12:30:45, and 12:30 as if it were 12:30:00.
func sexagesimal(text string) mco.Value {
	sum := new(big.Int)
	for i, part := range strings.Split(text, ":") {
		n, _ := new(big.Int).SetString(strings.TrimPrefix(strings.ReplaceAll(part, "_", ""), "+"), 10)
		if n == nil {
			n = new(big.Int)
		}
		sum.Add(sum, n.Mul(n, big.NewInt([]int64{3600, 60, 1}[i])))
	}
	return mco.BigInt(sum)
}

func sexagesimalFloat(text string) mco.Value {
	sum := 0.0
	for i, part := range strings.Split(text, ":") {
		n, err := rubynum.Float(strings.TrimSuffix(strings.ReplaceAll(part, "_", ""), "."))
		if err != nil {
			n = 0
		}
		sum += n * []float64{3600, 60, 1}[i]
	}
	return mco.Float(sum)
}

// float reads a float, in which a point needs no digits behind it here.
func float(text string) (mco.Value, error) {
	clean := strings.NewReplacer(",", "", "_", "", ".e", "e", ".E", "E").Replace(text)
	f, err := rubynum.Float(strings.TrimSuffix(clean, "."))
	if err != nil {
		return mco.Value{}, &Error{"ArgumentError", err.Error()}
	}
	return mco.Float(f), nil
}
