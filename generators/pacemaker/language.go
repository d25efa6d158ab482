// Package pacemaker writes cluster.crm, what crmsh loads into Pacemaker's configuration: the broker, its file system and its address
// as a group that runs where DRBD's primary is.
//
// What it promises: roles and clones in the words of the Pacemaker on the node (those of 2.1 and later, or those before); every
// operation has at least the time that its agent advises; fencing is stated either way.
//
// Facts: crm(8) of crmsh 4.4, the agents' metadata in Debian 12, Pacemaker 2.1.5's crm_verify.
package pacemaker

import (
	"errors"
	"strings"

	"github.com/mco-go/mco-go/generators/block"
	"github.com/mco-go/mco-go/generators/target"
)

// plainBytes are those that, beside letters and digits, a word without quotes has here.
const plainBytes = "_.-:/=,@+%"

// Language is that of crm configure: one definition on a line, words with quotes as a shell reads them.
func Language() block.Language { return block.Language{Encode: encode, Parse: parse} }

func encode(statements []block.Statement) ([]byte, error) {
	var b strings.Builder
	b.WriteString(target.Managed)
	for _, s := range statements {
		if len(s.Words) == 0 || s.Block != nil || !block.Plain(s.Words[0], "_-") {
			return nil, block.Refuse(s, "is not a definition")
		}
		for i, w := range s.Words {
			word, ok := encodeWord(w)
			if !ok {
				return nil, block.Refuse(s, "a word is empty or has a character that cannot stand in quotes")
			}
			if i > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(word)
		}
		b.WriteByte('\n')
	}
	return []byte(b.String()), nil
}

// encodeWord puts what is not plain in quotes: the value alone where the word is a key with a value.
func encodeWord(w string) (string, bool) {
	if w == "" || strings.ContainsFunc(w, func(r rune) bool { return !block.Printable(r) || strings.ContainsRune("\"\\$`'", r) }) {
		return "", false
	}
	if block.Plain(w, plainBytes) {
		return w, true
	}
	key, value, ok := strings.Cut(w, "=")
	if !ok || !block.Plain(key, "_-") {
		return "", false
	}
	return key + `="` + value + `"`, true
}

var errWord = errors.New("a word is not plain, or a quote does not end")

func parse(content []byte) ([]block.Statement, error) {
	statements := []block.Statement{}
	err := block.EachLine(content, func(line string) error {
		if line == "" || line[0] == '#' {
			return nil
		}
		words, err := split(line)
		if err == nil && len(words) > 0 {
			statements = append(statements, block.Line(words...))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return statements, nil
}

// split reads the words of a line. crmsh joins a line that ends with a backslash with the next one; none is written.
func split(line string) ([]string, error) {
	var words []string
	for rest := strings.TrimLeft(line, " "); rest != ""; rest = strings.TrimLeft(rest, " ") {
		end := strings.IndexAny(rest, ` "`)
		if end < 0 {
			end = len(rest)
		}
		word := rest[:end]
		rest = rest[end:]
		if !block.Plain(word, plainBytes) {
			return nil, errWord
		}
		if strings.HasPrefix(rest, `"`) {
			closing := strings.IndexByte(rest[1:], '"') + 1
			if closing == 0 || !strings.HasSuffix(word, "=") || strings.ContainsAny(rest[:closing], "\\$`'") {
				return nil, errWord
			}
			word += rest[1:closing]
			rest = rest[closing+1:]
			if rest != "" && rest[0] != ' ' {
				return nil, errWord
			}
		}
		words = append(words, word)
	}
	return words, nil
}
