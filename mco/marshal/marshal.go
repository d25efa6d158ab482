// Package marshal reads and writes Ruby's Marshal format, version 4.8, for plain data: nil, booleans, integers, floats, strings,
// symbols, regular expressions, lists and hashes, as [mco.Value].
//
// Messages are decoded before anything about them is verified, so [Decode] trusts nothing: what would build any other object in
// Ruby is refused by name or kept as a word ([mco.Opaque]), never built; every length is compared with what is left of the input
// before memory is asked for; depth, elements, symbols and integers are bounded ([Limits]). Memory stays below 64 times the input
// plus 1 MiB. Who sent a message and what it means is the business of mco/security.
//
// Source of the facts: Ruby's doc/marshal.rdoc, and the behaviour of Ruby 3.1, which the tests compare with.
package marshal

import "fmt"

// Version bytes in front of every value: major and minor. Ruby reads older minors and refuses newer ones.
const (
	major = 4
	minor = 8
)

// Type bytes. The ones from typeClass on would build more than plain data.
const (
	typeNil      = '0'
	typeTrue     = 'T'
	typeFalse    = 'F'
	typeFixnum   = 'i' // packed integer, -2^30 <= n < 2^30
	typeBignum   = 'l' // sign, packed count of 16-bit words, magnitude in little endian
	typeFloat    = 'f' // packed length, text
	typeString   = '"' // packed length, bytes; binary unless inside typeIvar
	typeIvar     = 'I' // value, packed count, pairs of symbol and value: mostly an encoding
	typeSymbol   = ':' // packed length, bytes; enters the table of symbols
	typeSymlink  = ';' // packed position in the table of symbols
	typeArray    = '[' // packed count, items
	typeHash     = '{' // packed count, pairs
	typeHashDef  = '}' // the same and a default value at the end
	typeRegexp   = '/' // packed length, source, byte of options
	typeLink     = '@' // packed position in the table of objects
	typeSubclass = 'C' // symbol of a class, then a string, list, hash or regexp that is an instance of it

	typeClass      = 'c' // packed length, name
	typeModule     = 'm' // the same
	typeOldModule  = 'M' // the same
	typeExtended   = 'e' // symbol of a module, then the object
	typeObject     = 'o' // symbol of a class, packed count, pairs of symbol and value
	typeUserDef    = 'u' // symbol of a class, packed length, bytes that the class reads
	typeUserObject = 'U' // symbol of a class, a value that the class reads
	typeStruct     = 'S' // as typeObject
	typeData       = 'd' // symbol of a class, a value
)

// Option bits of a regular expression: what a Value carries, and the bit that says that the encoding is part of the source.
const (
	regexpOptions = 7
	regexpFixed   = 16
)

// Limits bound what [Decode] accepts. A zero field stands for the default, so that the zero Limits are [DefaultLimits].
type Limits struct {
	// Bytes is the longest input, and the most text that links may repeat; default 8 MiB.
	Bytes int
	// Depth is how deep lists and hashes may nest; default 128. Real messages need less than 12; tools nest test data to about 100,
	// and at 128 the decoder's own stack stays below 64 KiB.
	Depth int
	// Elements is the greatest number of values, where a value that is linked to counts again, with all it holds; default 100,000.
	Elements int
	// Symbols is the greatest number of different symbols; default 4,096.
	Symbols int
	// SymbolBytes is the longest symbol; default 1 KiB.
	SymbolBytes int
	// IntegerBits is the largest integer; default 4,096.
	IntegerBits int
	// Objects lets instances of unknown classes pass as [mco.Opaque]: named, skipped within the same bounds, never built. References
	// to classes and modules, extended objects and C data are refused all the same, and so is what belongs to Gem, which no node has a
	// reason to send and every known attack begins with.
	Objects bool
}

// DefaultLimits are for requests: objects are refused.
func DefaultLimits() Limits { return Limits{}.filled() }

// ReplyLimits are for replies: as [DefaultLimits], but an instance of an unknown class becomes [mco.Opaque], because agents in Ruby
// do answer with a Time or a Range, and the rest of the answer is worth having.
func ReplyLimits() Limits { return Limits{Objects: true}.filled() }

func (l Limits) filled() Limits {
	set := func(field *int, value int) {
		if *field <= 0 {
			*field = value
		}
	}
	set(&l.Bytes, 8<<20)
	set(&l.Depth, 128)
	set(&l.Elements, 100_000)
	set(&l.Symbols, 4096)
	set(&l.SymbolBytes, 1024)
	set(&l.IntegerBits, 4096)
	return l
}

// UnsafeTypeError says that the input would build something other than plain data.
type UnsafeTypeError struct {
	Type   byte   // the type byte
	Offset int    // its place in the input
	Class  string // what it would build, as far as the input says; shortened, printable
}

func (e *UnsafeTypeError) Error() string {
	if e.Class == "" {
		return fmt.Sprintf("marshal: refused type %q at offset %d: not plain data", e.Type, e.Offset)
	}
	return fmt.Sprintf("marshal: refused type %q (%s) at offset %d: not plain data", e.Type, e.Class, e.Offset)
}

// SyntaxError says that the input is not well formed or passes a limit.
type SyntaxError struct {
	Offset int    // where in the input it was noticed
	Reason string // lower case, without input of the peer's
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("marshal: offset %d: %s", e.Offset, e.Reason)
}
