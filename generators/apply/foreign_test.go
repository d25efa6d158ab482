package apply

import (
	"strings"
	"testing"

	"github.com/mco-go/mco-go/generators/target"
)

// A file that shall go and may be foreign goes when it is ours, and stays in peace when it is not.
func TestForeignFilesMayStay(t *testing.T) {
	rows := []struct {
		name, content string
		foreign       bool
		want          Verb // empty: nothing happens
	}{
		{"ours", "%" + target.Managed, true, Remove},
		{"foreign", "[].\n", true, ""},
		{"foreign, and in the way", "[].\n", false, Refuse},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			root := t.TempDir()
			gone := target.Gone{Kind: "advanced.config", Path: "/etc/rabbitmq/advanced.config", Foreign: r.foreign, Why: "nobody asks for it"}
			put(t, root, strings.TrimPrefix(gone.Path, "/"), r.content, 0o640)
			changes := plan(t, root, Options{}, target.Set{Gone: []target.Gone{gone}}).Changes()
			var got Verb
			if len(changes) > 0 {
				got = changes[0].Verb
			}
			if got != r.want {
				t.Errorf("%v, want %q", changes, r.want)
			}
		})
	}
}
