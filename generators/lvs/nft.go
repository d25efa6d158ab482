package lvs

import (
	"errors"
	"strconv"
	"strings"

	"github.com/mco-go/mco-go/generators/block"
	"github.com/mco-go/mco-go/generators/target"
)

// table is made anew at each loading: declared, so that it is there, then deleted, then filled.
func (c config) table() []block.Statement {
	var statements []block.Statement
	for _, family := range []string{"ip", "ip6"} {
		body := []block.Statement{block.Line("type", "filter", "hook", "prerouting", "priority", "-150;", "policy", "accept;")}
		for _, m := range c.director {
			vip := m.Balancer.VIP.Addr()
			if vip.Is6() != (family == "ip6") {
				continue
			}
			rule := []string{family, "daddr", vip.String(), "tcp", "dport"}
			ports := make([]string, len(m.Balancer.Ports))
			for i, p := range m.Balancer.Ports {
				ports[i] = strconv.Itoa(p.Port)
			}
			rule = append(rule, list(ports)...)
			if macs := peers(m); len(macs) > 0 {
				rule = append(append(rule, "ether", "saddr", "!="), list(macs)...)
			}
			body = append(body, block.Line(append(rule, "meta", "mark", "set", strconv.Itoa(m.Mark()))...))
		}
		if len(body) > 1 {
			name := []string{"table", family, "mco_lvs"}
			statements = append(statements,
				block.Line(name...),
				block.Line(append([]string{"delete"}, name...)...),
				block.Section(name, block.Section([]string{"chain", "prerouting"}, body...)))
		}
	}
	return statements
}

// list writes one value as it is, several as a set.
func list(values []string) []string {
	if len(values) == 1 {
		return values
	}
	set := []string{"{"}
	for i, v := range values {
		if i < len(values)-1 {
			v += ","
		}
		set = append(set, v)
	}
	return append(set, "}")
}

// NFT is the language of nft -f, without variables, inclusions and strings. A brace at the end of a line opens a block, one that is
// alone closes it, and others belong to a set of values.
func NFT() block.Language { return block.Language{Encode: encodeNFT, Parse: parseNFT} }

// nftBytes are those that, beside letters and digits, words consist of.
const nftBytes = "_.-/:,;!="

func encodeNFT(statements []block.Statement) ([]byte, error) {
	var b strings.Builder
	b.WriteString(target.Managed)
	if err := encodeStatements(&b, statements, 0); err != nil {
		return nil, err
	}
	return []byte(b.String()), nil
}

func encodeStatements(b *strings.Builder, statements []block.Statement, depth int) error {
	indent := strings.Repeat("    ", depth)
	for _, s := range statements {
		if len(s.Words) == 0 || depth > block.MaxDepth {
			return block.Refuse(s, "has no words, or is too deep")
		}
		for i, w := range s.Words {
			brace := w == "{" && i > 0 && i < len(s.Words)-1 || w == "}" && i > 0 && s.Block == nil
			if !brace && !block.Plain(w, nftBytes) {
				return block.Refuse(s, "a word is empty or has a character that is not plain")
			}
		}
		b.WriteString(indent + strings.Join(s.Words, " "))
		if s.Block == nil {
			b.WriteByte('\n')
			continue
		}
		b.WriteString(" {\n")
		if err := encodeStatements(b, s.Block, depth+1); err != nil {
			return err
		}
		b.WriteString(indent + "}\n")
	}
	return nil
}

func parseNFT(content []byte) ([]block.Statement, error) { return block.Nested(content, splitNFT) }

func splitNFT(line string) (words []string, opens, closes bool, err error) {
	words = strings.Fields(line)
	if len(words) == 0 || strings.HasPrefix(words[0], "#") {
		return nil, false, false, nil
	}
	last := len(words) - 1
	if last == 0 && words[0] == "}" {
		return nil, false, true, nil
	}
	if opens = last > 0 && words[last] == "{"; opens {
		words = words[:last]
	}
	for i, w := range words {
		if set := i > 0 && (w == "{" || w == "}"); !set && !block.Plain(w, nftBytes) {
			return nil, false, false, errors.New("a word is not plain")
		}
	}
	return words, opens, false, nil
}
