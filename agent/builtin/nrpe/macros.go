package nrpe

import "strings"

// parameters turns NRPE's macros $ARG1$, $ARG2$ ... of a command line into parameters of the shell that runs it. What a parameter
// holds is not read as shell language again, wherever it stands; so that it also stays one word, it is put into double quotes unless
// it is in some already. A macro without an argument is empty.
func parameters(line string) string {
	var b strings.Builder
	quote := byte(0) // the quote that we are in
	var outer []byte // the quotes around the parentheses that we are in
	for i := 0; i < len(line); i++ {
		c := line[i]
		if number, length := macro(line[i:]); length > 0 {
			parameter := "${" + number + "-}"
			switch quote {
			case '"':
				b.WriteString(parameter)
			case '\'':
				b.WriteString(`'"` + parameter + `"'`)
			default:
				b.WriteString(`"` + parameter + `"`)
			}
			i += length - 1
			continue
		}
		switch {
		case c == '\\' && quote != '\'' && i+1 < len(line):
			b.WriteByte(c)
			i++
			c = line[i]
		case quote != '\'' && c == '$' && i+1 < len(line) && line[i+1] == '(':
			b.WriteByte(c)
			i++
			c = line[i]
			outer, quote = append(outer, quote), 0
		case quote == 0 && c == '(':
			outer = append(outer, 0)
		case quote == 0 && c == ')' && len(outer) > 0:
			outer, quote = outer[:len(outer)-1], outer[len(outer)-1]
		case quote == 0 && (c == '\'' || c == '"'):
			quote = c
		case c == quote:
			quote = 0
		}
		b.WriteByte(c)
	}
	return b.String()
}

// macro returns the number of the macro that text begins with and the macro's length, 0 where there is none.
func macro(text string) (number string, length int) {
	rest, ok := strings.CutPrefix(text, "$ARG")
	if !ok {
		return "", 0
	}
	end := strings.IndexByte(rest, '$')
	if end < 1 || end > 3 || strings.Trim(rest[:end], "0123456789") != "" || rest[0] == '0' {
		return "", 0
	}
	return rest[:end], len("$ARG") + end + 1
}
