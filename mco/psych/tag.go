package psych

import (
	"encoding/base64"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/rubynum"
)

// tagOf returns the tag that was written in front of n, those of YAML itself with "!!"; "" when there was none.
func tagOf(n *yaml.Node) string {
	if n.Style&yaml.TaggedStyle == 0 {
		return ""
	}
	return n.Tag
}

// scalar returns what a scalar stands for: a plain one by its looks, a quoted one its text, a tagged one what the tag says.
func scalar(n *yaml.Node) (mco.Value, error) {
	const quoted = yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle
	tag := tagOf(n)
	switch {
	case tag == "" && n.Style&quoted != 0:
		return mco.String(n.Value), nil
	case tag == "":
		return resolve(n.Value)
	case tag == "!binary", tag == "!!binary":
		return mco.Text(unpackBase64(n.Value), mco.Binary), nil
	case tag == "!!str", tag == "!str", tag == "!ruby/string":
		return mco.String(n.Value), nil
	case tag == "!!float", tag == "!float":
		return toFloat(n.Value)
	case strings.HasPrefix(tag, "!ruby/sym"):
		return mco.Sym(mco.Symbol(n.Value)), nil
	case tag == "!ruby/class", tag == "!ruby/module":
		return mco.Value{}, disallowed(n.Value)
	}
	for prefix, class := range map[string]string{"!str:": "", "!ruby/string:": "", "!ruby/object:": "", "!ruby/encoding": "Encoding", "!ruby/regexp": "Regexp", "!ruby/range": "Range"} {
		if rest, ok := strings.CutPrefix(tag, prefix); ok {
			if class == "" {
				class = rest
			}
			return mco.Value{}, disallowed(class)
		}
	}
	return resolve(n.Value)
}

// mappingTag refuses tags under which a mapping is an object.
func mappingTag(tag string) error {
	if tag == "" || tag == "!ruby/object:Hash" {
		return nil
	}
	for _, p := range []struct{ prefix, class string }{
		{"!ruby/struct:", ""}, {"!ruby/struct", "Struct"}, {"!ruby/object:", ""}, {"!ruby/object", "Object"}, {"!str:", ""}, {"!ruby/string:", ""},
		{"!ruby/array:", ""}, {"!ruby/range", "Range"}, {"!ruby/exception:", ""}, {"!ruby/exception", "Exception"}, {"!set", "Psych::Set"},
		{"!!set", "Psych::Set"}, {"!map:", ""}, {"!ruby/hash:", ""}, {"!ruby/hash-with-ivars", "Hash"}, {"!omap", "Psych::Omap"},
		{"!!omap", "Psych::Omap"}, {"!ruby/marshalable:", ""}, {"!str", "String"}, {"!!str", "String"}, {"!ruby/string", "String"},
	} {
		if rest, ok := strings.CutPrefix(tag, p.prefix); ok {
			if p.class == "" {
				p.class = rest
			}
			return disallowed(p.class)
		}
	}
	return nil
}

// unpackBase64 decodes as Ruby's unpack("m") does: what is no Base64 is passed over.
func unpackBase64(text string) string {
	clean := strings.Map(func(r rune) rune {
		if r == '+' || r == '/' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, strings.SplitN(text, "=", 2)[0])
	if len(clean)%4 == 1 {
		clean = clean[:len(clean)-1]
	}
	out, err := base64.RawStdEncoding.DecodeString(clean)
	if err != nil {
		return ""
	}
	return string(out)
}

// toFloat reads what was tagged a float.
func toFloat(text string) (mco.Value, error) {
	v, err := resolve(text)
	if err != nil {
		return mco.Value{}, err
	}
	if _, ok := v.AsFloat(); ok {
		return v, nil
	}
	if n, ok := v.AsBigInt(); ok {
		f, _ := n.Float64()
		return mco.Float(f), nil
	}
	s, ok := v.AsString()
	if !ok {
		return mco.Value{}, &Error{"TypeError", "can't convert " + v.Kind().String() + " into Float"}
	}
	f, err := rubynum.Float(s)
	if err != nil {
		return mco.Value{}, &Error{"ArgumentError", err.Error()}
	}
	return mco.Float(f), nil
}
