// Package manpage writes manual pages in roff's man macros. The programs' own tests fill the pages from the tables with which options
// are read, so that a page cannot say what a program does not take; nothing of this is linked into a program.
//
// Source of the facts: man-pages(7) and groff_man(7).
package manpage

import (
	"fmt"
	"strings"
)

// Page is one manual page.
type Page struct {
	Name     string // "mco-find": mco and its command are joined by a dash
	Section  int    // 1 for commands, 8 for daemons
	Short    string // behind the name, without a stop
	Synopsis []string
	Text     string // paragraphs with an empty line between them; lines that begin with four blanks stand as they are
	Groups   []Group
	Examples []Item // Term is what is typed
	See      []string
}

// Group is a section of items, such as OPTIONS.
type Group struct {
	Title string
	Items []Item
}

// Item is a term and what it means.
type Item struct{ Term, Text string }

// Roff renders the page. The same page always gives the same bytes.
func (p Page) Roff() string {
	var b strings.Builder
	fmt.Fprintf(&b, ".\\\" Made from the tables of options: make docs\n.TH %s %d \"\" mco-go\n", quote(strings.ToUpper(p.Name)), p.Section)
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", escape(p.Name), escape(p.Short))
	b.WriteString(".SH SYNOPSIS\n")
	for i, s := range p.Synopsis {
		if i > 0 {
			b.WriteString(".br\n")
		}
		program, rest, _ := strings.Cut(s, " ")
		fmt.Fprintf(&b, ".B %s\n%s", escape(program), line(rest))
	}
	b.WriteString(".SH DESCRIPTION\n")
	paragraphs(&b, p.Text)
	for _, g := range p.Groups {
		fmt.Fprintf(&b, ".SH %s\n", quote(strings.ToUpper(g.Title)))
		for _, i := range g.Items {
			fmt.Fprintf(&b, ".TP\n.B %s\n%s", escape(i.Term), line(i.Text))
		}
	}
	if len(p.Examples) > 0 {
		b.WriteString(".SH EXAMPLES\n")
		for _, e := range p.Examples {
			fmt.Fprintf(&b, ".PP\n%s.PP\n.in +4n\n.nf\n%s.fi\n.in\n", line(e.Text), line(e.Term))
		}
	}
	if len(p.See) > 0 {
		b.WriteString(".SH \"SEE ALSO\"\n")
		for i, s := range p.See {
			name, section, _ := strings.Cut(strings.TrimSuffix(s, ")"), "(")
			comma := ","
			if i == len(p.See)-1 {
				comma = ""
			}
			fmt.Fprintf(&b, ".BR %s (%s)%s\n", escape(name), section, comma)
		}
	}
	return b.String()
}

func paragraphs(b *strings.Builder, text string) {
	asIs := false
	for l := range strings.Lines(text) {
		l = strings.TrimSuffix(l, "\n")
		code, indented := strings.CutPrefix(l, "    ")
		switch {
		case indented && !asIs:
			b.WriteString(".in +4n\n.nf\n")
		case !indented && asIs:
			b.WriteString(".fi\n.in\n")
		}
		asIs = indented
		switch {
		case indented:
			b.WriteString(line(code))
		case l == "":
			b.WriteString(".PP\n")
		default:
			b.WriteString(line(l))
		}
	}
	if asIs {
		b.WriteString(".fi\n.in\n")
	}
}

// line is text as lines of the page, none of which is taken for a macro.
func line(text string) string {
	var b strings.Builder
	for l := range strings.SplitSeq(text, "\n") {
		if l = escape(l); strings.HasPrefix(l, ".") || strings.HasPrefix(l, "'") {
			l = `\&` + l
		}
		if l != "" {
			b.WriteString(l + "\n")
		}
	}
	return b.String()
}

// escape keeps roff from reading meaning into a text: a dash stays the dash that can be copied and typed.
func escape(text string) string {
	return strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "^", `\(ha`, "~", `\(ti`, "`", `\(ga`, `"`, `\(dq`).Replace(text)
}

func quote(text string) string { return `"` + escape(text) + `"` }
