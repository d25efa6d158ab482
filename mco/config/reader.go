package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"strings"
	"unicode/utf8"

	"gopkg.in/ini.v1"
)

// Bounds of what is read. The original has none; a real file has some 5 KiB and 100 settings.
const (
	maxFileBytes = 4 << 20
	maxLineBytes = 64 << 10
	maxSettings  = 5_000 // of one kind: ini.v1 searches its keys one by one
)

// blanks is Ruby's \s; strip cuts NUL as well.
const (
	blanks   = " \t\r\n\f\v"
	stripped = blanks + "\x00"
)

// place is one line of one file.
type place struct {
	file string
	line int
}

// line is one setting of a file.
type line struct {
	key, value string
	place
}

// Error is a mistake in a cfg file: the text that the original gives, and where it is.
type Error struct {
	Text string
	File string // empty where the text names it
	Line int    // from 1; 0 where no single line is meant
}

// Error gives the original's text with the place behind it.
func (e *Error) Error() string {
	switch {
	case e.File == "":
		return e.Text
	case e.Line == 0:
		return fmt.Sprintf("%s (%s)", e.Text, e.File)
	}
	return fmt.Sprintf("%s (%s line %d)", e.Text, e.File, e.Line)
}

func (c *Config) errorAt(p place, format string, args ...any) error {
	if p.file == "" {
		p.file = c.File
	}
	return &Error{Text: fmt.Sprintf(format, args...), File: p.file, Line: p.line}
}

func (c *Config) warn(p place, ours bool, format string, args ...any) {
	c.Warnings = append(c.Warnings, Warning{Level: "warn", Text: fmt.Sprintf(format, args...), File: p.file, Line: p.line, Ours: ours})
}

// readFile returns a cfg file's bytes and its mode.
func readFile(path string) ([]byte, fs.FileMode, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, 0, err
	}
	raw, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err != nil {
		return nil, 0, err
	}
	if len(raw) > maxFileBytes {
		return nil, 0, &Error{Text: fmt.Sprintf("the file is larger than %d bytes", maxFileBytes), File: path}
	}
	return raw, info.Mode(), nil
}

// lines yields the settings of a file in order and ends at the first error: invalid UTF-8, or a line beyond bounds. A line that is
// no setting is passed over, as the original does.
func lines(raw []byte, file string) iter.Seq2[line, error] {
	return func(yield func(line, error) bool) {
		n := 0
		for text := range strings.Lines(string(raw)) {
			n++
			at := place{file, n}
			switch {
			case len(text) > maxLineBytes:
				yield(line{}, &Error{Text: fmt.Sprintf("the line is longer than %d bytes", maxLineBytes), File: file, Line: n})
				return
			case !utf8.ValidString(text):
				yield(line{}, &Error{Text: "invalid byte sequence in UTF-8", File: file, Line: n})
				return
			}
			if key, value, ok := splitLine(text); ok && !yield(line{key, value, at}, nil) {
				return
			}
		}
	}
}

// splitLine takes one line apart as the original's /(.+?)\s*=\s*(.+)/ does once the blanks at the end are gone: the key ends before
// the first = that has a character before it, and there is no setting where nothing follows that =.
func splitLine(text string) (key, value string, ok bool) {
	text = strings.TrimRight(text, blanks)
	if text == "" || text[0] == '#' {
		return "", "", false
	}
	i := strings.IndexByte(text[1:], '=') + 1
	if i == 0 || i == len(text)-1 {
		return "", "", false
	}
	return strings.Trim(text[:i], stripped), strings.TrimLeft(text[i+1:], blanks), true
}

// pluginName applies the original's /^plugin.(.+)$/, whose dot is any character; dotted tells whether it was one.
func pluginName(key string) (name string, dotted, ok bool) {
	rest, ok := strings.CutPrefix(key, "plugin")
	if !ok || rest == "" {
		return "", false, false
	}
	_, n := utf8.DecodeRuneInString(rest)
	return rest[n:], rest[0] == '.', rest[n:] != ""
}

// hold keeps a value beside the earlier ones of its key.
func (c *Config) hold(in *ini.Section, key string, l line) error {
	if len(in.Keys()) >= maxSettings && !in.HasKey(key) {
		return c.errorAt(l.place, "there are more than %d settings", maxSettings)
	}
	if _, err := in.NewKey(key, l.value); err != nil {
		return c.errorAt(l.place, "%v", err)
	}
	return nil
}

// held returns the last value of a key, as it stands in the file.
func held(in *ini.Section, key string) (string, bool) {
	if !in.HasKey(key) {
		return "", false
	}
	all := in.Key(key).ValueWithShadows()
	return all[len(all)-1], true
}

var errOuterBlanks = errors.New("a value of a cfg file cannot be empty, nor begin or end with blanks")

// Line writes one setting as a line of a cfg file that reads back as the same key and value. It refuses what a line cannot hold:
// line feeds, NUL, blanks at either end, invalid UTF-8, and an empty value, which the original takes for no setting at all.
func Line(key, value string) (string, error) {
	text := key + " = " + value + "\n"
	if strings.ContainsAny(key+value, "\r\n\x00") {
		return "", fmt.Errorf("write setting %.60q: it holds a line end or NUL", key)
	}
	if value != strings.Trim(value, blanks) || value == "" {
		return "", fmt.Errorf("write setting %.60q: %w", key, errOuterBlanks)
	}
	k, v, ok := splitLine(text)
	if !ok || key == "" || k != key || v != value || !utf8.ValidString(text) || len(text) > maxLineBytes {
		return "", fmt.Errorf("write setting %.60q: it does not read back as it is", key)
	}
	return text, nil
}
