package apply

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/mco-go/mco-go/generators/target"
)

// masks hide the secrets of a file, in what it shall hold and in what it held before.
type masks struct {
	secrets [][2]string // bytes and the text in their place, longest first
	keys    map[string]string
	// marksNothing: files of this language have no managed line, so that its absence tells nothing.
	marksNothing bool
}

// newMasks learns from the new content where secrets stand: what is in front of one on its line is the key that the old content is
// searched for.
func newMasks(f *target.File) *masks {
	m := &masks{keys: map[string]string{}, marksNothing: !target.Marked(f.Content)}
	for _, s := range f.Secrets {
		if b := s.Reveal(); b != "" {
			m.secrets = append(m.secrets, [2]string{b, s.String()})
		}
	}
	slices.SortFunc(m.secrets, func(a, b [2]string) int {
		return cmp.Or(cmp.Compare(len(b[0]), len(a[0])), cmp.Compare(a[0], b[0]))
	})
	for line := range bytes.Lines(f.Content) {
		text := string(line)
		for _, s := range m.secrets {
			if before, _, found := strings.Cut(text, s[0]); found {
				m.keys[key(before)] = strings.TrimSuffix(s[1], "]") + " changed]"
			}
		}
	}
	return m
}

// key is what is left of the beginning of a line when nothing but its words counts.
func key(before string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t\"'=:,{}[]<>()", r) {
			return -1
		}
		return r
	}, before)
}

// hide returns content with a text in place of each secret. Of a line that has a secret's key, and none of the secrets, only the key is
// left: it held another value of the secret.
func (m *masks) hide(content []byte) []byte {
	var out bytes.Buffer
	for line := range bytes.Lines(content) {
		text := string(line)
		hidden := text
		for _, s := range m.secrets {
			hidden = strings.ReplaceAll(hidden, s[0], s[1])
		}
		if hidden == text {
			hidden = m.former(text)
		}
		out.WriteString(hidden)
	}
	return out.Bytes()
}

// former hides what follows the key of a secret.
func (m *masks) former(line string) string {
	bare := key(line)
	for _, k := range slices.Backward(slices.SortedFunc(maps.Keys(m.keys), func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })) {
		if !strings.HasPrefix(bare, k) {
			continue
		}
		// The shortest beginning of the line that has all of the key: what separates them may be part of the secret.
		for i := range len(line) + 1 {
			if key(line[:i]) == k {
				return line[:i] + " " + m.keys[k] + "\n"
			}
		}
	}
	return line
}
