package manpage

import (
	"strings"
	"testing"
)

var example = Page{
	Name: "mco-x", Section: 1, Short: "do x", Synopsis: []string{"mco x [options]", "mco x -c FILE"},
	Text:     "First.\n.not a macro\n\nThen:\n\n    $ mco x 'a' \\b\n    'quoted\n\nLast.",
	Groups:   []Group{{"Options", []Item{{"-c, --config FILE", "Read FILE"}, {"-h", ""}}}},
	Examples: []Item{{"mco x -F os=Debian", "Ask some:"}},
	See:      []string{"mco(1)", "mcollectived(8)"},
}

func TestRoff(t *testing.T) {
	got := example.Roff()
	for _, want := range []string{
		".TH \"MCO\\-X\" 1 \"\" mco-go\n", "mco\\-x \\- do x\n", ".B mco\nx [options]\n.br\n.B mco\nx \\-c FILE\n", "\n\\&.not a macro\n",
		".in +4n\n.nf\n$ mco x \\(aqa\\(aq \\eb\n\\(aqquoted\n.fi\n.in\n.PP\nLast.\n", ".TP\n.B \\-c, \\-\\-config FILE\nRead FILE\n",
		".BR mco (1),\n.BR mcollectived (8)\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the page lacks %q:\n%s", want, got)
		}
	}
}
