package cli

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/ddl"
	"github.com/mco-go/mco-go/mco/inspect"
)

// formattedInventory prints a page for each node in the language of Perl's formats, for which the original needs the gem formatr:
// lines with fields such as @<<<, each followed by a line that names what fills them.
func (r *inventoryScript) formattedInventory(_ []mco.Value, block ddl.Block) (mco.Value, error) {
	err := func() error {
		if block == nil {
			//lint:ignore ST1005 the original's text
			return errors.New("Need to give a block to formatted_inventory")
		}
		if _, err := block(); err != nil {
			return err
		}
		if r.body == nil {
			//lint:ignore ST1005 the original's text
			return errors.New("Need to define page body format")
		}
		now := mco.String(time.Now().Format("2006-01-02 15:04:05 -0700"))
		heading := ""
		if r.heading != nil {
			var err error
			if heading, err = r.fill(*r.heading, now); err != nil {
				return err
			}
		}
		return r.each(func() error { return r.page(heading, now) })
	}()
	if err == nil {
		return mco.Nil(), nil
	}
	if _, ended := errors.AsType[exit](err); ended {
		return mco.Nil(), err
	}
	return mco.Nil(), plain("Could not create report: " + className(err) + ": " + err.Error())
}

// page prints the part of one node, and the heading in front where a page begins.
func (r *inventoryScript) page(heading string, now mco.Value) error {
	text, err := r.fill(*r.body, now)
	if err != nil {
		return err
	}
	lines := strings.Count(text, "\n")
	switch {
	case r.line == 0:
		text = heading + text
		lines += strings.Count(heading, "\n")
	case r.pageLength > 0 && r.line+lines > r.pageLength:
		text = "\f" + heading + text
		lines += strings.Count(heading, "\n")
		r.line = 0
	}
	r.line += lines
	_, err = io.WriteString(r.s.out, text)
	return err
}

// fill replaces the fields of a format by what the lines behind them name.
func (r *inventoryScript) fill(format string, now mco.Value) (string, error) {
	var b strings.Builder
	lines := strings.Split(strings.TrimSuffix(format, "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		fields := pictures(lines[i])
		if len(fields) == 0 {
			b.WriteString(lines[i] + "\n")
			continue
		}
		if i++; i == len(lines) {
			return "", fmt.Errorf("nothing is named behind the line %q of the page", lines[i-1])
		}
		values, err := r.values(lines[i], now)
		if err != nil {
			return "", err
		}
		var line strings.Builder
		at := 0
		for n, f := range fields {
			v := mco.Nil()
			if n < len(values) {
				v = values[n]
			}
			text, err := f.fit(v)
			if err != nil {
				return "", err
			}
			line.WriteString(lines[i-1][at:f.start] + r.s.show(text))
			at = f.end
		}
		line.WriteString(lines[i-1][at:])
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String(), nil
}

// values evaluates a line such as `identity, facts["customer"]`; time is when the report began.
func (r *inventoryScript) values(line string, now mco.Value) ([]mco.Value, error) {
	words := r.words()
	words["time"] = ddl.Word{Run: func([]mco.Value, ddl.Block) (mco.Value, error) { return now, nil }}
	v, err := ddl.NewScript("page", words).Eval("[" + line + "]")
	if err != nil {
		return nil, err
	}
	list, _ := v.AsList()
	return list, nil
}

// picture is one field of a line: from @ on as many characters as it has signs.
type picture struct {
	start, end int
	sign       byte // < > | # or 0 for a lone @
	decimals   int  // signs behind the point of a number
}

func pictures(line string) []picture {
	var found []picture
	for i := 0; i < len(line); i++ {
		if line[i] != '@' {
			continue
		}
		p := picture{start: i, end: i + 1}
		if p.end < len(line) && strings.IndexByte("<>|#", line[p.end]) >= 0 {
			p.sign = line[p.end]
			for p.end < len(line) && (line[p.end] == p.sign || p.sign == '#' && line[p.end] == '.') {
				p.end++
			}
			if _, behind, ok := strings.Cut(line[p.start:p.end], "."); ok {
				p.decimals = len(behind)
			}
		}
		found = append(found, p)
		i = p.end - 1
	}
	return found
}

// fit brings a value into the width of its field.
func (p picture) fit(v mco.Value) (string, error) {
	width := p.end - p.start
	text, _, _ := strings.Cut(inspect.Text(v), "\n")
	if p.sign == '#' {
		number, ok := v.AsFloat()
		if n, isInt := v.AsInt(); isInt {
			number, ok = float64(n), true
		}
		if !ok {
			return "", fmt.Errorf("%q is no number", text)
		}
		text = strconv.FormatFloat(number, 'f', p.decimals, 64)
	}
	if n := utf8.RuneCountInString(text); n > width {
		text = string([]rune(text)[:width])
	}
	pad := width - utf8.RuneCountInString(text)
	switch p.sign {
	case '>', '#':
		return strings.Repeat(" ", pad) + text, nil
	case '|':
		return strings.Repeat(" ", pad/2) + text + strings.Repeat(" ", pad-pad/2), nil
	}
	return text + strings.Repeat(" ", pad), nil
}
