package config

import (
	"errors"
	"slices"
	"testing"

	"github.com/mco-go/mco-go/mco/rubynum"
)

func TestCheckSetting(t *testing.T) {
	rows := []struct {
		key, value string
		role       Role
		want       error // nil: taken
	}{
		{"keeplogs", "5", Server, nil},
		{"keeplogs", "many", Server, &rubynum.Error{}},
		{"daemonize", "yes", Server, nil},
		{"daemonize", "perhaps", Server, &BoolError{}},
		{"identity", "node-1.example.net", Server, nil},
		{"identity", "node 1", Server, errors.ErrUnsupported},
		{"libdir", "relative", Server, errors.ErrUnsupported},
		{"topicprefix", "/topic/", Client, ErrDeprecatedKey},
		{"keeplog", "5", Server, ErrUnknownKey},
		{"plugin.puppet.command", "puppet agent", Server, nil},
		{"plugin.", "x", Server, ErrUnknownKey},
		{"plugin.mco.skew", "30", Server, nil},
		{"plugin.mco.skew", "often", Server, &rubynum.Error{}},
		{"plugin.mco.skewed", "30", Server, ErrUnknownKey},
		{"plugin.psk", " x", Server, errOuterBlanks},
		{"plugin.psk", "", Server, errOuterBlanks},
		{"plugin.psk", "a\nttl = 1", Server, errors.ErrUnsupported},
	}
	for _, r := range rows {
		t.Run(r.key+"="+r.value, func(t *testing.T) {
			err := CheckSetting(r.key, r.value, r.role)
			var ok bool
			switch r.want.(type) {
			case nil:
				ok = err == nil
			case *rubynum.Error:
				_, ok = errors.AsType[*rubynum.Error](err)
			case *BoolError:
				_, ok = errors.AsType[*BoolError](err)
			default:
				ok = errors.Is(err, r.want) || r.want == errors.ErrUnsupported && err != nil // some error, of no kind of its own
			}
			if !ok {
				t.Errorf("got %v, want %v", err, r.want)
			}
		})
	}
}

func TestWriteSettings(t *testing.T) {
	sections := [][]Setting{{{"ttl", "60"}, {"plugin.psk", "a = b # c"}}, nil, {{"libdir", "/a:/b"}}}
	text, err := WriteSettings("managed", sections...)
	if err != nil {
		t.Fatal(err)
	}
	if want := "# managed\nttl = 60\nplugin.psk = a = b # c\n\nlibdir = /a:/b\n"; string(text) != want {
		t.Errorf("got %q, want %q", text, want)
	}
	back, err := ReadSettings(text)
	if err != nil || !slices.Equal(back, slices.Concat(sections...)) {
		t.Errorf("read back %v, %v", back, err)
	}
	for _, remark := range []string{"two\nlines", "\xff"} {
		if _, err := WriteSettings(remark); err == nil {
			t.Errorf("remark %q was taken", remark)
		}
	}
}

func FuzzReadSettings(f *testing.F) {
	f.Add([]byte("# x\nttl = 60\nplugin.psk = a = b\n"))
	f.Add([]byte("=\n = \nk==v\r\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		all, err := ReadSettings(raw)
		if err != nil {
			return
		}
		for _, s := range all {
			text, err := WriteSettings("x", []Setting{s})
			if err != nil {
				continue // a line can hold what we do not write: \r, NUL, outer blanks of other kinds
			}
			if back, err := ReadSettings(text); err != nil || !slices.Equal(back, []Setting{s}) {
				t.Errorf("%q became %q, %v", s, back, err)
			}
		}
	})
}
