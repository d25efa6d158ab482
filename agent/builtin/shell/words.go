package shell

import (
	"slices"
	"strings"
)

// plainWords returns the words of a command line that Ruby's exec runs without a shell, which is how the original's answer to a missing
// program (exit code 42) differs from a shell's (127).
// Source: Ruby's process.c, rb_exec_fillarg.
func plainWords(line string) ([]string, bool) {
	if strings.ContainsAny(line, "*?{}[]<>()~&|\\$;'`\"\n#") {
		return nil, false
	}
	words := strings.FieldsFunc(line, func(c rune) bool { return c == ' ' || c == '\t' })
	if len(words) == 0 || strings.ContainsAny(words[0], "=%") || slices.Contains(shellWords(), words[0]) {
		return nil, false
	}
	return words, true
}

// shellWords are the reserved words and the special commands of a POSIX shell.
func shellWords() []string {
	return []string{"!", ".", ":", "break", "case", "continue", "do", "done", "elif", "else", "esac", "eval", "exec", "exit", "export",
		"fi", "for", "if", "in", "readonly", "return", "set", "shift", "then", "times", "trap", "unset", "until", "while"}
}
