package report

import (
	"slices"
	"strings"
)

// Align breaks the lines of help texts that are too long for columns at a blank, puts what was cut in front of the next line, and
// indents all by preamble blanks (util.rb, align_text). A width of 0 stands for 80. Text for a screen that is narrower than the indent,
// and text that cannot be broken, is returned as it came. Where a word is longer than the screen the original moves letters about or
// does not end; here the word stays whole.
func Align(text string, columns, preamble int) string {
	if columns == 0 {
		columns = 80
	}
	if columns -= preamble; columns <= 0 {
		return text
	}
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	if lines[0] == "" && len(lines) == 1 {
		return ""
	}
	var piece []rune // cut from the line before
	for i := 0; i < len(lines); i++ {
		line := []rune(lines[i])
		blanks := 0
		for blanks < len(line) && line[blanks] == ' ' {
			blanks++
		}
		if len(piece) > 0 {
			if blanks >= columns {
				blanks = 0
			}
			if i+1 < len(lines) && string(line) == strings.Repeat(" ", blanks) {
				lines = slices.Insert(lines, i+1, "") // an empty line stays one
			}
			line = slices.Insert(line, blanks, append(piece, ' ')...)
		}
		piece = nil
		if len(line) > columns+preamble {
			cut := breakAt(line, columns)
			if cut < 0 {
				return text
			}
			if cut >= blanks || i+1 < len(lines) { // the last line's indent comes back with the piece: cut there, it would never end
				piece = []rune(strings.TrimLeft(string(line[cut:]), " \t\n\v\f\r"))
				line = line[:cut]
			}
		}
		if len(piece) > 0 && i+1 == len(lines) {
			lines = append(lines, strings.Repeat(" ", blanks)+string(piece))
			piece = nil
		}
		lines[i] = strings.Repeat(" ", preamble) + string(line)
	}
	return strings.Join(lines, "\n")
}

// breakAt returns the place of the last blank up to columns or, when there is none, the last of the line; -1 when it has none at all.
func breakAt(line []rune, columns int) int {
	for _, end := range []int{columns, len(line) - 1} {
		for at := end; at >= 0; at-- {
			if line[at] == ' ' {
				return at
			}
		}
	}
	return -1
}
