package ddl

import "strings"

// heredoc is a here-document whose body has not been reached.
type heredoc struct {
	id       string
	token    int // index of the token that takes the body
	raw      bool
	indented bool // <<-: the closing word may be indented
	dedent   bool // <<~: the body loses its common indentation
}

// heredocStart reads <<-WORD; false when it is no here-document.
func (lx *lexer) heredocStart() (bool, error) {
	at := lx.pos + 2
	d := heredoc{}
	if at < len(lx.src) && (lx.src[at] == '-' || lx.src[at] == '~') {
		d.indented, d.dedent = true, lx.src[at] == '~'
		at++
	}
	if at >= len(lx.src) {
		return false, nil
	}
	if mark := lx.src[at]; mark == '\'' || mark == '"' || mark == '`' {
		end := strings.IndexByte(lx.src[at+1:], mark)
		if end < 0 || strings.Contains(lx.src[at+1:at+1+end], "\n") {
			return false, nil
		}
		if mark == '`' {
			return false, lx.refuse("running a command")
		}
		d.id, d.raw = lx.src[at+1:at+1+end], mark == '\''
		at += end + 2
	} else {
		start := at
		for at < len(lx.src) && isWord(lx.src[at]) {
			at++
		}
		d.id = lx.src[start:at]
		if d.id == "" || isDigit(d.id[0]) {
			return false, nil
		}
	}
	lx.pos = at
	d.token = len(lx.tokens)
	lx.docs = append(lx.docs, d)
	lx.emit(token{kind: tokString, line: lx.line})
	return true, nil
}

// readHeredoc takes the lines up to the closing word; the lexer stands at the start of a line.
func (lx *lexer) readHeredoc(d heredoc) error {
	first := lx.line
	missing := &SyntaxError{lx.file, lx.tokens[d.token].line, "can't find string \"" + d.id + "\" anywhere before EOF"}
	var lines []string
	for {
		if lx.pos >= len(lx.src) {
			return missing
		}
		line := lx.src[lx.pos:]
		if end := strings.IndexByte(line, '\n'); end >= 0 {
			line = line[:end+1]
		}
		lx.pos += len(line)
		lx.checkText(line)
		if strings.HasSuffix(line, "\n") {
			lx.line++
		}
		closing := strings.TrimRight(line, "\r\n")
		if d.indented {
			closing = strings.TrimLeft(closing, " \t")
		}
		if closing == d.id {
			break
		}
		lines = append(lines, line)
	}
	if d.dedent {
		dedent(lines)
	}
	body := strings.Join(lines, "")
	parts := []part{{text: body}}
	if !d.raw {
		inner := &lexer{src: body + "\x00", file: lx.file, line: first}
		var err error
		if parts, err = inner.body(0, 0, true); err != nil {
			return err
		}
	}
	lx.tokens[d.token].parts = parts
	return nil
}

// dedent removes the indentation that all lines share, blank lines aside; a tab reaches to the next multiple of eight.
func dedent(lines []string) {
	least := -1
	for _, line := range lines {
		if strings.TrimSpace(line) == "" {
			continue
		}
		if w, _ := indent(line, -1); least < 0 || w < least {
			least = w
		}
	}
	for i, line := range lines {
		if least > 0 {
			_, n := indent(line, least)
			lines[i] = line[n:]
		}
	}
}

// indent measures the blanks that a line begins with, up to most columns: their width and their bytes.
func indent(line string, most int) (width, n int) {
	for n < len(line) {
		next := width
		switch line[n] {
		case ' ':
			next++
		case '\t':
			next = (width/8 + 1) * 8
		default:
			return width, n
		}
		if most >= 0 && next > most {
			return width, n
		}
		width = next
		n++
	}
	return width, n
}
