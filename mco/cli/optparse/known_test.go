package optparse

import (
	"errors"
	"testing"
)

// A first look finds the options of its own small table among others, as the original's search for the cfg file does.
func TestParseKnown(t *testing.T) {
	for _, tc := range []struct {
		name string
		args []string
		want string
		err  string
	}{
		{"alone", []string{"-c", "f"}, "f", ""},
		{"behind unknown ones", []string{"rpc", "--nosuch", "x", "-Z", "-c", "f"}, "f", ""},
		{"behind a cluster", []string{"-vq", "-c", "f"}, "f", ""},
		{"the same unknown one twice", []string{"-c", "-Z", "-Z", "-c", "f"}, "f", ""},
		{"cut short", []string{"--conf=f"}, "f", ""},
		{"last one wins", []string{"-ca", "--config", "b"}, "b", ""},
		{"behind --", []string{"--", "-c", "f"}, "", ""},
		{"without its argument", []string{"-c"}, "", "missing argument: -c"},
		{"version", []string{"-Z", "--vers"}, "", "version"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := ""
			table := Table{
				Options: []Option{
					{Names: []string{"--config", "-c"}, Arg: "CONFIG", Kind: Any, Set: func(v Value) error { got = v.Text; return nil }},
					{Names: []string{"-v", "--verbose"}},
				},
				Version: func() error { return errors.New("version") },
			}
			err := table.ParseKnown(tc.args)
			text := ""
			if err != nil {
				text = err.Error()
			}
			if got != tc.want || text != tc.err {
				t.Errorf("ParseKnown(%q): %q, %q; want %q, %q", tc.args, got, text, tc.want, tc.err)
			}
		})
	}
}
