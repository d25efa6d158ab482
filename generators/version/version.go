// Package version compares versions of programs as far as generators need: numbers between dots.
package version

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// Version is up to four numbers, as 3.10.8. The zero value stands for an unknown version.
type Version [4]int

// Parse reads the numbers that s begins with: "3.10.8", "1:2.2.7+dfsg-1", "9.22". Whatever follows them is ignored.
func Parse(s string) (Version, error) {
	var v Version
	rest := s
	if epoch, after, ok := strings.Cut(s, ":"); ok && digits(epoch) == len(epoch) {
		rest = after
	}
	for i := range v {
		n := digits(rest)
		if n == 0 {
			if i == 0 {
				return Version{}, fmt.Errorf("version %q does not begin with a number", s)
			}
			break
		}
		number, err := strconv.Atoi(rest[:n])
		if err != nil || number > 1<<20 {
			return Version{}, fmt.Errorf("version %q: number out of range", s)
		}
		v[i] = number
		rest = rest[n:]
		if len(rest) < 2 || rest[0] != '.' {
			break
		}
		rest = rest[1:]
	}
	return v, nil
}

func digits(s string) int {
	return len(s) - len(strings.TrimLeft(s, "0123456789"))
}

// Known tells whether v is a version at all.
func (v Version) Known() bool { return v != Version{} }

// Compare orders versions.
func (v Version) Compare(o Version) int {
	for i := range v {
		if c := cmp.Compare(v[i], o[i]); c != 0 {
			return c
		}
	}
	return 0
}

// AtLeast tells whether v is major.minor.patch… or later. An unknown version is the newest there is.
func (v Version) AtLeast(numbers ...int) bool {
	if !v.Known() {
		return true
	}
	var o Version
	copy(o[:], numbers)
	return v.Compare(o) >= 0
}

// Below is the opposite of AtLeast.
func (v Version) Below(numbers ...int) bool { return !v.AtLeast(numbers...) }

func (v Version) String() string {
	if !v.Known() {
		return "unknown"
	}
	s := strconv.Itoa(v[0]) + "." + strconv.Itoa(v[1])
	if v[2] != 0 || v[3] != 0 {
		s += "." + strconv.Itoa(v[2])
	}
	if v[3] != 0 {
		s += "." + strconv.Itoa(v[3])
	}
	return s
}
