package marshal

import (
	"fmt"

	"github.com/mco-go/mco-go/mco"
)

// objects is the table that links refer to: where each object's value lies, nil while it is still being read. It comes in slabs, so
// that it never costs more than what is in it.
type objects struct {
	slabs [][]*mco.Value
	n     int
}

const objectSlab = 128

func (o *objects) add() int {
	if o.n == len(o.slabs)*objectSlab {
		o.slabs = append(o.slabs, make([]*mco.Value, objectSlab))
	}
	o.n++
	return o.n - 1
}

func (o *objects) at(i int) **mco.Value { return &o.slabs[i/objectSlab][i%objectSlab] }

// open enters an object into the table, in the order in which Ruby numbers them, and close completes it; between the two a link to it
// is refused.
func (d *decoder) open() int {
	if !d.linked {
		return 0
	}
	return d.objects.add()
}

func (d *decoder) close(entry int, slot *mco.Value) {
	if d.linked {
		*d.objects.at(entry) = slot
	}
}

// link resolves a reference to an earlier object. The two share their contents, but what is behind the link counts again, values,
// depth and text, so that a chain of doubled links cannot cost whoever walks over the result or prints it more than the limits say.
// Counting costs no more than such a walk.
func (d *decoder) link(dst *mco.Value, depth int) error {
	n, err := d.long()
	if err != nil {
		return err
	}
	if n < 0 || n >= d.objects.n {
		return d.syntax("link to nothing")
	}
	slot := *d.objects.at(n)
	if slot == nil {
		return d.syntax("a value that contains itself")
	}
	*dst = *slot
	d.elements--
	return d.recount(dst, depth)
}

// recount adds v, which lies depth deep, and all in it to what was read so far.
func (d *decoder) recount(v *mco.Value, depth int) error {
	if d.elements++; d.elements > d.lim.Elements {
		return d.syntax(fmt.Sprintf("more than %d values behind links", d.lim.Elements))
	}
	switch v.Kind() {
	case mco.KindString, mco.KindRegexp:
		s, _ := v.AsString()
		re, _ := v.AsRegexp()
		if d.repeated += len(s) + len(re.Source); d.repeated > d.lim.Bytes {
			return d.syntax(fmt.Sprintf("more than %d bytes of text behind links", d.lim.Bytes))
		}
	case mco.KindList:
		depth, err := d.deeper(depth)
		if err != nil {
			return err
		}
		items, _ := v.AsList()
		for i := range items {
			if err := d.recount(&items[i], depth); err != nil {
				return err
			}
		}
	case mco.KindMap:
		depth, err := d.deeper(depth)
		if err != nil {
			return err
		}
		m, _ := v.AsMap()
		pairs := m.Pairs()
		for i := range pairs {
			if err := d.recount(&pairs[i].Key, depth); err != nil {
				return err
			}
			if err := d.recount(&pairs[i].Value, depth); err != nil {
				return err
			}
		}
	}
	return nil
}
