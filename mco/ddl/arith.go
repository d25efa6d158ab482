package ddl

import (
	"errors"
	"math"
	"math/big"

	"github.com/mco-go/mco-go/mco"
)

// number64 returns a number of any kind as a float.
func number64(v mco.Value) (float64, bool) {
	if f, ok := v.AsFloat(); ok {
		return f, true
	}
	if n, ok := v.AsInt(); ok {
		return float64(n), true
	}
	if n, ok := v.AsBigInt(); ok {
		f, _ := new(big.Float).SetInt(n).Float64()
		return f, true
	}
	return 0, false
}

// arithmetic computes as Ruby does: integers of any size (within bounds), integer division rounds down, one float makes a float.
func arithmetic(op string, a, b mco.Value) (mco.Value, error) {
	x, xInt := a.AsBigInt()
	y, yInt := b.AsBigInt()
	if xInt && yInt {
		return integers(op, x, y)
	}
	f, ok1 := number64(a)
	g, ok2 := number64(b)
	if !ok1 || !ok2 {
		return mco.Nil(), errors.New(coerced(b) + " can't be coerced into " + class(a))
	}
	switch op {
	case "+":
		f += g
	case "-":
		f -= g
	case "*":
		f *= g
	case "/":
		f /= g
	case "%":
		if r := math.Mod(f, g); r != 0 && (r < 0) != (g < 0) {
			f = r + g
		} else {
			f = r
		}
	case "**":
		f = math.Pow(f, g)
	}
	return mco.Float(f), nil
}

func integers(op string, x, y *big.Int) (mco.Value, error) {
	r := new(big.Int)
	switch op {
	case "+":
		r.Add(x, y)
	case "-":
		r.Sub(x, y)
	case "*":
		r.Mul(x, y)
	case "/", "%":
		if y.Sign() == 0 {
			return mco.Nil(), errors.New("divided by 0")
		}
		quotient, rest := new(big.Int).QuoRem(x, y, r)
		if rest.Sign() != 0 && (rest.Sign() < 0) != (y.Sign() < 0) {
			quotient.Sub(quotient, big.NewInt(1))
			rest.Add(rest, y)
		}
		if op == "/" {
			r = quotient
		}
	case "**":
		if !y.IsInt64() || y.Sign() < 0 || int64(x.BitLen())*y.Int64() > maxInteger || y.Int64() > maxInteger {
			return mco.Nil(), errors.New("power out of bounds")
		}
		r.Exp(x, y, nil)
	}
	if r.BitLen() > maxInteger {
		return mco.Nil(), errors.New("integer out of bounds")
	}
	return mco.BigInt(r), nil
}
