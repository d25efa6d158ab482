package cli

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/filter"
	"github.com/mco-go/mco-go/mco/rpc"
)

// A line of a page keeps its place: fields become as wide as they are drawn.
func FuzzPage(f *testing.F) {
	f.Add("@<<<< @>>> @||| @##.## @", "web1", 3.14159)
	f.Add("Name: @<<<<\n", "a long name\nand more", 0.0)
	f.Fuzz(func(t *testing.T, line, text string, number float64) {
		if strings.ContainsAny(line, "\n") || !utf8.ValidString(line) || !utf8.ValidString(text) {
			return
		}
		at := 0
		for _, p := range pictures(line) {
			if p.start < at || p.end <= p.start || p.end > len(line) || line[p.start] != '@' {
				t.Fatalf("%q: field %+v behind %d", line, p, at)
			}
			at = p.end
			v := mco.String(text)
			if p.sign == '#' {
				v = mco.Float(number)
			}
			got, err := p.fit(v)
			if err != nil || utf8.RuneCountInString(got) != p.end-p.start {
				t.Errorf("%q: %+v of %q is %q, %v", line, p, text, got, err)
			}
		}
	})
}

// Whatever a filter is, it can be described, in bounds.
func FuzzDescribe(f *testing.F) {
	f.Add("(a and b=1) or !fstat('x').size>=3")
	f.Add("((((((((((((((((a))))))))))))))))")
	f.Fuzz(func(t *testing.T, text string) {
		stack, err := filter.ParseCompound(text, false)
		if err != nil {
			return
		}
		all := mco.Filter{Compound: []mco.Value{stack}}
		got := describe(all)
		if !strings.HasSuffix(got, "\n\n") && stack.Kind() != mco.KindList || len(got) > (len(text)+8)*(maxIndent*2+200) {
			t.Errorf("%q: %d bytes", text, len(got))
		}
		hopeless(all)
	})
}

// An expression is refused, or can be applied to any reply.
func FuzzReplyFilter(f *testing.F) {
	f.Add("sender startsWith 'n' and data.x > 3")
	f.Add("any(data.list, # == 'a') or len(statusmsg) in 1..9")
	f.Fuzz(func(t *testing.T, text string) {
		keep, err := newReplyFilter(text)
		if err != nil {
			return
		}
		data := mco.NewMap(mco.Pair{Key: mco.Sym("x"), Value: mco.Int(4)}, mco.Pair{Key: mco.Sym("list"), Value: mco.Strings("a", "b")})
		keep.keeps(rpc.Reply{Sender: "node1", Data: mco.Hash(data)})
	})
}
