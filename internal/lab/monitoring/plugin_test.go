package monitoring

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	got, err := Parse("FAILOVER WARNING - 1 node missing; 2 of 3 answer | nodes=2;;;0;3 split=33.33%;0;50;0;100 'on b=1:1'=2 t=-1.5ms;@~:3;10:\n")
	if err == nil {
		t.Fatalf("a label with an equals sign: %+v", got)
	}
	got, err = Parse("FAILOVER WARNING - 1 node missing; 2 of 3 answer | nodes=2;;;0;3 split=33.33%;0;50;0;100 'on b''1:1'=2 t=-1.5ms;@~:3;10:\n")
	want := Line{"FAILOVER", "WARNING", "1 node missing; 2 of 3 answer", map[string]Datum{
		"nodes": {"2", "", "", "", "0", "3"}, "split": {"33.33", "%", "0", "50", "0", "100"}, "on b''1:1": {Value: "2"}, "t": {"-1.5", "ms", "@~:3", "10:", "", ""}}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
	for _, text := range []string{"", "OK", "FAILOVER FINE - x", "FAILOVER OK - x\ny", "FAILOVER OK - x | ", "FAILOVER OK - x | a", "FAILOVER OK - x | a=1,5", "FAILOVER OK - x | a=1 | b=2",
		"FAILOVER OK - x | a=1 a=2", "FAILOVER OK - x | a b=1", "FAILOVER OK - x | a=1;2:3:4", "FAILOVER OK - x | a=1kB", "FAILOVER OK - "} {
		if got, err := Parse(text); err == nil {
			t.Errorf("%q is read as %+v", text, got)
		}
	}
}
