package discovery

import (
	"slices"
	"testing"

	"github.com/mco-go/mco-go/internal/vectors"
)

func TestVectorsBatches(t *testing.T) {
	cases := vectors.Load[struct {
		Batches []struct {
			Batch     string
			Nodes     int
			BatchMode bool `json:"batch_mode"`
			Size      int
			Groups    []int
		}
	}](t, "misc.json").Batches
	done := 0
	for _, c := range cases {
		n, percent, err := ParseBatch(c.Batch)
		if err != nil {
			t.Errorf("%q: %v", c.Batch, err)
			continue
		}
		size := BatchSize(n, percent, c.Nodes)
		if size != c.Size || size > 0 != c.BatchMode {
			t.Errorf("%s of %d: size %d, want %d", c.Batch, c.Nodes, size, c.Size)
		}
		var groups []int
		if size > 0 {
			for group := range slices.Chunk(make([]struct{}, c.Nodes), size) {
				groups = append(groups, len(group))
			}
		}
		if !slices.Equal(groups, c.Groups) {
			t.Errorf("%s of %d: groups %v, want %v", c.Batch, c.Nodes, groups, c.Groups)
		}
		done++
	}
	vectors.Count(t, "misc.json", "batches", done, len(cases))
}

// The sizes are those that Ruby's (nodes / 100.0 * percent).ceil gives.
func TestBatchSizeAsRuby(t *testing.T) {
	for _, tt := range []struct {
		text        string
		nodes, want int
	}{{"50%", 110, 56}, {"33%", 100, 33}, {"7%", 100, 7}, {"100%", 57, 57}, {"1%", 1, 1}, {"4000000000", 1, -1}, {"0%", 5, -1}, {"x", 5, -1}, {"-1", 5, -1}, {"", 5, -1}} {
		n, percent, err := ParseBatch(tt.text)
		got := BatchSize(n, percent, tt.nodes)
		if err != nil {
			got = -1
		}
		if got != tt.want {
			t.Errorf("%q of %d: %d, want %d", tt.text, tt.nodes, got, tt.want)
		}
	}
}
