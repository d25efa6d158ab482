package marshal

import (
	"fmt"
	"strings"

	"github.com/mco-go/mco-go/mco"
)

// foreign handles the types that are not plain data: instances are kept as a word where the limits allow it, everything else is
// refused. ivar tells that instance variables follow.
func (d *decoder) foreign(dst *mco.Value, kind byte, depth int, ivar bool) error {
	at := d.pos - 1
	refuse := func(class string) error { return &UnsafeTypeError{kind, at, printable(class)} }
	switch kind {
	case typeClass, typeModule, typeOldModule:
		name, err := d.bytes()
		if err != nil {
			return err
		}
		return refuse(name)
	case typeObject, typeUserDef, typeUserObject, typeStruct, typeExtended, typeData:
	default:
		if ivar {
			return d.syntax(fmt.Sprintf("instance variables on type %q", kind))
		}
		return d.syntax(fmt.Sprintf("unknown type %q", kind))
	}
	class, err := d.symbol(depth)
	if err != nil {
		return err
	}
	gem := class == "Gem" || strings.HasPrefix(class, "Gem::")
	if !d.lim.Objects || gem || kind == typeExtended || kind == typeData {
		return refuse(class)
	}
	if depth, err = d.deeper(depth); err != nil {
		return err
	}
	if kind == typeUserDef {
		return d.skipUserDef(dst, class, depth, ivar)
	}
	entry := d.open()
	if kind == typeUserObject {
		d.owed++
		err = d.value(new(mco.Value), depth)
	} else {
		err = d.skipFields(depth)
	}
	if err == nil && ivar {
		err = d.skipFields(depth)
	}
	*dst = mco.Opaque(class)
	d.close(entry, dst)
	return err
}

// skipUserDef skips what a class wrote by itself. Ruby numbers such an object after its instance variables.
func (d *decoder) skipUserDef(dst *mco.Value, class string, depth int, ivar bool) error {
	if _, err := d.bytes(); err != nil {
		return err
	}
	if ivar {
		if err := d.skipFields(depth); err != nil {
			return err
		}
	}
	*dst = mco.Opaque(class)
	d.close(d.open(), dst)
	return nil
}

// skipFields reads pairs of symbol and value for their places in the tables.
func (d *decoder) skipFields(depth int) error {
	n, err := d.count(2)
	if err != nil {
		return err
	}
	for range n {
		d.owed--
		if _, err := d.symbol(depth); err != nil {
			return err
		}
		if err := d.value(new(mco.Value), depth); err != nil {
			return err
		}
	}
	return nil
}

// subclass reads an instance of a subclass of String, Array, Hash or Regexp as the plain value it holds.
func (d *decoder) subclass(dst *mco.Value, depth int) error {
	if err := d.subclassHead(depth); err != nil {
		return err
	}
	d.inner()
	return d.value(dst, depth)
}

// subclassIvar is subclass with instance variables behind it, which belong to the base.
func (d *decoder) subclassIvar(dst *mco.Value, depth int) error {
	if err := d.subclassHead(depth); err != nil {
		return err
	}
	switch d.src[d.pos] {
	case typeString:
		d.pos++
		return d.labelled(dst, depth)
	case typeRegexp:
		return d.ivar(dst, depth)
	}
	d.inner()
	if err := d.value(dst, depth); err != nil {
		return err
	}
	return d.skipFields(depth)
}

// subclassHead reads the class and looks at what comes next.
func (d *decoder) subclassHead(depth int) error {
	at := d.pos - 1
	class, err := d.symbol(depth)
	if err != nil {
		return err
	}
	if d.pos >= len(d.src) {
		return d.short()
	}
	switch d.src[d.pos] {
	case typeString, typeArray, typeHash, typeHashDef, typeRegexp:
		return nil
	}
	return &UnsafeTypeError{typeSubclass, at, printable(class)}
}

// printable makes a name of the peer's fit for an error text.
func printable(name string) string {
	const longest = 80
	if len(name) > longest {
		name = name[:longest]
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, name)
}
