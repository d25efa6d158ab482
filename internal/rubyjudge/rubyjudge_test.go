package rubyjudge_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/mco-go/mco-go/internal/rubyjudge"
)

// Texts travel as UTF-8 and bytes as they are; what the script prints itself is no answer.
func TestAsk(t *testing.T) {
	j := rubyjudge.Start(t, "-e", `
		judge { |text, bytes| puts "aside"; {text: [text.length, ARGV[0]], bytes: [bytes.unpack1("m0").reverse].pack("m0")} }`, "é")
	type answer struct {
		Text  []any
		Bytes []byte
	}
	for _, text := range []string{"grün", "a\u2028<b>\n"} {
		got := rubyjudge.Ask[answer](t, j, []any{text, []byte("\x00\xff\n")})
		if n := len([]rune(text)); !slices.Equal(got.Text, []any{float64(n), "é"}) || string(got.Bytes) != "\n\xff\x00" {
			t.Errorf("%q: %+v", text, got)
		}
	}
}

func TestRecord(t *testing.T) {
	file := filepath.Join(t.TempDir(), "answers.json")
	rubyjudge.Record(t, file, []int{1, 2, 3}, "-e", `judge { |n| n * n }`)
	raw, err := os.ReadFile(file)
	if want := "[\n1,\n4,\n9\n]\n"; err != nil || string(raw) != want {
		t.Errorf("%v, %q, want %q", err, raw, want)
	}
	if got := rubyjudge.Recorded[int](t, file); !slices.Equal(got, []int{1, 4, 9}) {
		t.Errorf("Recorded = %v", got)
	}
}
