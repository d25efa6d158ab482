package config

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/mco-go/mco-go/mco/rubynum"
)

// Setting is one line of a cfg file.
type Setting struct{ Key, Value string }

// ErrUnknownKey is a core key that the original refuses. ErrDeprecatedKey is one that it warns about and ignores.
var (
	ErrUnknownKey    = errors.New("no such setting")
	ErrDeprecatedKey = errors.New("the setting has no effect and brings a warning: leave it out")
)

// CheckSetting tells whether a program takes key = value from a cfg file: the key is one that the original knows, or a plugin's, and
// the value is of the key's type. The original takes any value of plugin.* while it loads; only our own settings are judged there.
func CheckSetting(key, value string, role Role) error {
	if _, err := Line(key, value); err != nil {
		return err
	}
	if name, ok := strings.CutPrefix(key, "plugin."); ok && name != "" {
		return checkOwn(name, value, role)
	}
	for _, s := range settings() {
		if s.Name != key {
			continue
		}
		if s.Type == "deprecated" {
			return fmt.Errorf("%s: %w", key, ErrDeprecatedKey)
		}
		if key == "identity" && !validIdentity(value) {
			return fmt.Errorf("identity %.60q: only letters, digits, _, dot and dash are taken", value)
		}
		if err := s.set(&Config{}, value); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		return nil
	}
	return fmt.Errorf("%.60q: %w", key, ErrUnknownKey)
}

func checkOwn(name, value string, role Role) error {
	if !strings.HasPrefix(name, "mco.") {
		return nil
	}
	for _, o := range owns(role) {
		if o.Name == numbered(name) {
			if err := o.set(&Settings{}, value); err != nil {
				return fmt.Errorf("plugin.%s: %w", name, err)
			}
			return nil
		}
	}
	return fmt.Errorf("plugin.%.60q: %w", name, ErrUnknownKey)
}

// CheckType tells whether a value is of a type by the original's rules: bool, int, float, or text.
func CheckType(kind, value string) error {
	var err error
	switch kind {
	case "bool":
		_, err = ParseBool(value)
	case "int":
		_, err = rubynum.Int64(value)
	case "float":
		_, err = rubynum.Float(value)
	case "text":
	default:
		err = fmt.Errorf("there is no type %q", kind)
	}
	return err
}

// ReadSettings returns the settings of a cfg file's text in order, as the original takes its lines apart; what it passes over is left out.
// The text is bounded as a file is.
func ReadSettings(raw []byte) ([]Setting, error) {
	if len(raw) > maxFileBytes {
		return nil, fmt.Errorf("the text is larger than %d bytes", maxFileBytes)
	}
	var all []Setting
	for l, err := range lines(raw, "") {
		if err != nil {
			return nil, err
		}
		if len(all) == maxSettings {
			return nil, fmt.Errorf("there are more than %d settings", maxSettings)
		}
		all = append(all, Setting{l.key, l.value})
	}
	return all, nil
}

// WriteSettings writes sections of settings as a cfg file, with an empty line between sections and one line of remark on top.
func WriteSettings(remark string, sections ...[]Setting) ([]byte, error) {
	if strings.ContainsAny(remark, "\r\n") || !utf8.ValidString(remark) {
		return nil, fmt.Errorf("write remark %.60q: it is not one line of text", remark)
	}
	var b strings.Builder
	b.WriteString("# " + remark + "\n")
	for i, section := range sections {
		if len(section) > 0 && i > 0 {
			b.WriteString("\n")
		}
		for _, s := range section {
			line, err := Line(s.Key, s.Value)
			if err != nil {
				return nil, err
			}
			b.WriteString(line)
		}
	}
	return []byte(b.String()), nil
}
