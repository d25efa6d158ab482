// Package corosync writes corosync.conf for Corosync 2 and 3, and the key of its encryption.
//
// What it promises: nothing is written that Corosync would silently ignore (it ignores every key that it does not know), and no
// section lacks what Corosync refuses to start without.
//
// Facts of the language: corosync.conf(5), and what Corosync 3.1.7 was seen to do.
package corosync

import (
	"errors"
	"slices"
	"strings"

	"github.com/mco-go/mco-go/generators/block"
	"github.com/mco-go/mco-go/generators/target"
)

// known lists the keys of each section that is written; "node" is a section of "nodelist". A key that is missing here is a mistake,
// which Corosync itself would not tell.
var known = map[string][]string{
	"totem":    {"version", "cluster_name", "transport", "ip_version", "crypto_cipher", "crypto_hash", "keyfile"},
	"nodelist": {"node"},
	"node":     {"ring0_addr", "ring1_addr", "name", "nodeid"},
	"quorum":   {"provider", "two_node"},
	"logging":  {"to_logfile", "logfile", "to_syslog", "syslog_facility", "debug", "timestamp"},
}

// Language is that of corosync.conf: sections in braces, keys with a colon, values to the end of the line.
func Language() block.Language { return block.Language{Encode: encode, Parse: parse} }

func encode(statements []block.Statement) ([]byte, error) {
	var b strings.Builder
	b.WriteString(target.Managed)
	if err := encodeBlock(&b, statements, "", 0); err != nil {
		return nil, err
	}
	return []byte(b.String()), nil
}

func encodeBlock(b *strings.Builder, statements []block.Statement, section string, depth int) error {
	indent := strings.Repeat("    ", depth)
	for _, s := range statements {
		if len(s.Words) == 0 || depth > block.MaxDepth {
			return block.Refuse(s, "has no words, or is too deep")
		}
		key := s.Words[0]
		_, isSection := known[key]
		if isSection != (s.Block != nil) || section != "" && !slices.Contains(known[section], key) || section == "" && !isSection {
			return block.Refuse(s, "is not known in section "+section)
		}
		if s.Block != nil {
			if len(s.Words) != 1 {
				return block.Refuse(s, "a section has no value")
			}
			b.WriteString(indent + key + " {\n")
			if err := encodeBlock(b, s.Block, key, depth+1); err != nil {
				return err
			}
			b.WriteString(indent + "}\n")
			continue
		}
		if len(s.Words) != 2 || !plainValue(s.Words[1]) {
			return block.Refuse(s, "the value is empty or has a character that is not plain")
		}
		b.WriteString(indent + key + ": " + s.Words[1] + "\n")
	}
	return nil
}

// plainValue: letters, digits and what addresses, names and paths need. Corosync takes any byte up to the end of the line, but braces
// at the end of a value would open or close a section.
func plainValue(s string) bool { return block.Plain(s, "_.-:/") }

func parse(content []byte) ([]block.Statement, error) { return block.Nested(content, split) }

func split(line string) (words []string, opens, closes bool, err error) {
	line = strings.Trim(line, " ")
	switch {
	case line == "" || line[0] == '#':
		return nil, false, false, nil
	case line == "}":
		return nil, false, true, nil
	case strings.HasSuffix(line, "{"):
		name := strings.TrimSpace(strings.TrimSuffix(line, "{"))
		if !block.Plain(name, "_") {
			return nil, false, false, errors.New("is not the head of a section")
		}
		return []string{name}, true, false, nil
	}
	key, value, ok := strings.Cut(line, ":")
	value = strings.TrimLeft(value, " ")
	if !ok || !block.Plain(key, "_") || !plainValue(value) {
		return nil, false, false, errors.New("is not a key with a plain value")
	}
	return []string{key, value}, false, false, nil
}
