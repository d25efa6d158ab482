package optparse

import "strings"

// Widths of Ruby's summary.
const (
	helpIndent = "    "
	helpWidth  = 32
)

// Help renders the help text: an empty line, the head, the options with their names on the left and their words on the right, the
// tail.
func (t *Table) Help() string {
	var b strings.Builder
	b.WriteByte('\n')
	if t.Head != "" {
		b.WriteString(t.Head + "\n")
	}
	for _, o := range t.Options {
		if o.Hidden {
			continue
		}
		if len(o.Names) == 0 {
			b.WriteString(o.Doc + "\n")
			continue
		}
		for _, line := range o.summary() {
			b.WriteString(helpIndent + line + "\n")
		}
	}
	for _, line := range t.Tail {
		b.WriteString(line + "\n")
	}
	return b.String()
}

// summary is Ruby's Switch#summarize: names of one option joined on the left until they are too wide.
func (o *Option) summary() []string {
	var shorts, longs []string
	for _, n := range o.Names {
		if strings.HasPrefix(n, "--") {
			longs = append(longs, n)
		} else {
			shorts = append(shorts, n)
		}
	}
	arg := ""
	if o.Arg != "" {
		arg = " " + o.Arg
	}
	left := []string{strings.Join(shorts, ", ")}
	for _, n := range longs {
		last := len(left) - 1
		width := len(left[last]) + len(n)
		if len(left) == 1 {
			width += len(arg)
		}
		if width >= helpWidth-1 && len(shorts) > 0 {
			left = append(left, "")
			last++
		}
		if left[last] == "" {
			left[last] = strings.Repeat(" ", 4) + n
		} else {
			left[last] += ", " + n
		}
	}
	if len(left) > 1 && arg != "" {
		left[0] += arg + ","
	} else {
		left[0] += arg
	}
	right := o.Doc
	var lines []string
	for len(left) > 1 && widest(left) > helpWidth || len(left) > 0 && len(left[0]) > helpWidth {
		line := left[0]
		left = left[1:]
		if len(line) < helpWidth && right != "" {
			line, right = pad(line)+" "+right, ""
		}
		lines = append(lines, line)
	}
	for _, line := range left {
		if right != "" {
			line, right = pad(line)+" "+right, ""
		}
		lines = append(lines, line)
	}
	if right != "" {
		lines = append(lines, pad("")+" "+right)
	}
	return lines
}

func widest(lines []string) int {
	most := 0
	for _, l := range lines {
		most = max(most, len(l))
	}
	return most
}

func pad(s string) string { return s + strings.Repeat(" ", max(0, helpWidth-len(s))) }
