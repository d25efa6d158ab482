package inspect

import (
	"encoding/binary"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/mco-go/mco-go/mco"
)

// DefaultWidth is the width that the original's output is made for: pretty_inspect does not look at the terminal.
const DefaultWidth = 80

// Pretty returns what Ruby's pretty_inspect returns for v: lists and hashes are broken into lines where they would pass width columns,
// and strings of several lines are shown line by line. It ends with a newline.
func Pretty(v mco.Value, width int) string {
	p := &printer{width: width - 1} // Ruby leaves the last column free
	p.groups = []*group{{}}
	p.queue.enq(p.groups[0])
	p.value(v)
	p.flush()
	p.out.WriteByte('\n')
	return p.out.String()
}

// printer is Oppen's algorithm in the form of prettyprint.rb: text waits in a buffer until it is known whether its group fits the
// line; where it does not, outer groups break before inner ones.
type printer struct {
	out         strings.Builder
	width       int
	outWidth    int // columns written on the current line
	bufferWidth int
	buffer      []piece
	groups      []*group // the open ones
	queue       queue
	indent      int
}

// piece is text, or a place where the line may break (group is set).
type piece struct {
	text   string
	width  int
	indent int
	group  *group
}

type group struct {
	depth      int
	breakables int // in the buffer
	broken     bool
}

// queue holds groups that may still be broken, by depth.
type queue [][]*group

func (q *queue) enq(g *group) {
	for g.depth >= len(*q) {
		*q = append(*q, nil)
	}
	(*q)[g.depth] = append((*q)[g.depth], g)
}

// deq returns the outermost group with a breakable, broken. Groups without one on the way are broken too, and leave.
func (q *queue) deq() *group {
	for depth, gs := range *q {
		for i, g := range slices.Backward(gs) {
			if g.breakables > 0 {
				(*q)[depth] = slices.Delete(gs, i, i+1)
				g.broken = true
				return g
			}
		}
		for _, g := range gs {
			g.broken = true
		}
		(*q)[depth] = gs[:0]
	}
	return nil
}

func (q *queue) remove(g *group) {
	gs := (*q)[g.depth]
	if i := slices.Index(gs, g); i >= 0 {
		(*q)[g.depth] = slices.Delete(gs, i, i+1)
	}
}

func (p *printer) text(s string) {
	width := utf8.RuneCountInString(s)
	if len(p.buffer) == 0 {
		p.out.WriteString(s)
		p.outWidth += width
		return
	}
	p.buffer = append(p.buffer, piece{text: s, width: width})
	p.bufferWidth += width
	p.breakOutmost()
}

func (p *printer) breakable(sep string) {
	g := p.groups[len(p.groups)-1]
	if g.broken {
		p.flush()
		p.newline(p.indent)
		p.bufferWidth = 0
		return
	}
	p.buffer = append(p.buffer, piece{text: sep, width: len(sep), indent: p.indent, group: g})
	g.breakables++
	p.bufferWidth += len(sep)
	p.breakOutmost()
}

func (p *printer) newline(indent int) {
	p.out.WriteByte('\n')
	for range indent {
		p.out.WriteByte(' ')
	}
	p.outWidth = indent
}

func (p *printer) breakOutmost() {
	for p.width < p.outWidth+p.bufferWidth {
		g := p.queue.deq()
		if g == nil {
			return
		}
		for g.breakables > 0 {
			p.shift()
		}
		for len(p.buffer) > 0 && p.buffer[0].group == nil {
			p.shift()
		}
	}
}

// shift writes the first piece of the buffer.
func (p *printer) shift() {
	first := p.buffer[0]
	p.buffer = p.buffer[1:]
	p.bufferWidth -= first.width
	p.write(first)
}

func (p *printer) write(x piece) {
	if x.group != nil {
		x.group.breakables--
		if x.group.broken {
			p.newline(x.indent)
			return
		}
		if x.group.breakables == 0 {
			p.queue.remove(x.group)
		}
	}
	p.out.WriteString(x.text)
	p.outWidth += x.width
}

func (p *printer) flush() {
	for _, x := range p.buffer {
		p.write(x)
	}
	p.buffer = p.buffer[:0]
	p.bufferWidth = 0
}

func (p *printer) group(indent int, open, end string, body func()) {
	p.text(open)
	g := &group{depth: len(p.groups)}
	p.groups = append(p.groups, g)
	p.queue.enq(g)
	p.indent += indent
	body()
	p.indent -= indent
	p.groups = p.groups[:len(p.groups)-1]
	if g.breakables == 0 {
		p.queue.remove(g)
	}
	p.text(end)
}

// value prints v in a group of its own, as pp does.
func (p *printer) value(v mco.Value) {
	p.group(0, "", "", func() {
		switch v.Kind() {
		case mco.KindList:
			items, _ := v.AsList()
			p.group(1, "[", "]", func() {
				for i, item := range items {
					p.separate(i, ",")
					p.value(item)
				}
			})
		case mco.KindMap:
			m, _ := v.AsMap()
			p.group(1, "{", "}", func() {
				for i, pair := range m.Pairs() {
					p.separate(i, ",")
					p.group(0, "", "", func() {
						p.value(pair.Key)
						p.text("=>")
						p.group(1, "", "", func() {
							p.breakable("")
							p.value(pair.Value)
						})
					})
				}
			})
		case mco.KindString:
			p.string(v)
		default:
			p.text(Inspect(v))
		}
	})
}

func (p *printer) separate(i int, sep string) {
	if i > 0 {
		p.text(sep)
		p.breakable(" ")
	}
}

// string prints a string, line by line when it has several.
func (p *printer) string(v mco.Value) {
	s, _ := v.AsString()
	parts := lines(s, v)
	if len(parts) < 2 {
		p.text(Inspect(v))
		return
	}
	p.group(0, "", "", func() {
		for i, line := range parts {
			p.separate(i, " +")
			part := mco.Text(line, v.Encoding())
			if v.Encoding() == mco.OtherEncoding {
				part = mco.EncodedText(line, v.EncodingName())
			}
			p.value(part)
		}
	})
}

// lines splits the bytes of v behind each newline.
func lines(s string, v mco.Value) []string {
	newline, unit := "\n", 1
	if v.Encoding() == mco.OtherEncoding {
		switch order := utf16Order(v.EncodingName()); order {
		case binary.LittleEndian:
			newline, unit = "\n\x00", 2
		case binary.BigEndian:
			newline, unit = "\x00\n", 2
		}
	}
	var out []string
	start := 0
	for i := 0; i+unit <= len(s); i += unit {
		if s[i:i+unit] == newline {
			out = append(out, s[start:i+unit])
			start = i + unit
		}
	}
	if start < len(s) {
		out = append(out, s[start:])
	}
	return out
}
