package failover

import "testing"

// The table of the guidelines of the monitoring plugins ("Threshold and Ranges"), and what is next to it.
func TestRange(t *testing.T) {
	for _, tc := range []struct {
		text          string
		alerts, quiet []float64
	}{
		{"10", []float64{-1, 10.5, 11}, []float64{0, 5, 10}},
		{"10:", []float64{-5, 9.9}, []float64{10, 1e9}},
		{"~:10", []float64{10.1}, []float64{-1e9, 0, 10}},
		{"10:20", []float64{9, 21}, []float64{10, 15, 20}},
		{"@10:20", []float64{10, 15, 20}, []float64{9, 21}},
		{"@5", []float64{0, 5}, []float64{-1, 6}},
		{"0", []float64{0.5, -1}, []float64{0}},
		{"-2.5:-1", []float64{-3, 0}, []float64{-2.5, -1}},
		{":3", []float64{-1, 4}, []float64{0, 3}},
		{"~:", nil, []float64{-1e9, 0, 1e9}},
		{"", nil, []float64{-1e9, 0, 1e9}},
	} {
		t.Run(tc.text, func(t *testing.T) {
			r, err := ParseRange(tc.text)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range tc.alerts {
				if !r.Alerts(v) {
					t.Errorf("%g raises no alert", v)
				}
			}
			for _, v := range tc.quiet {
				if r.Alerts(v) {
					t.Errorf("%g raises an alert", v)
				}
			}
			if r.String() != tc.text {
				t.Errorf("written as %q", r)
			}
		})
	}
}

func TestRangesThatAreNone(t *testing.T) {
	for _, text := range []string{"@", "x", "1:2:3", "20:10", "~", "1:~", "1e9", "0x10", "Inf", "NaN:", "--1", "1 ", "\n", "10%", "1" + string(make([]byte, 100))} {
		if r, err := ParseRange(text); err == nil {
			t.Errorf("%q is taken for %+v", text, r)
		}
	}
}

func FuzzParseRange(f *testing.F) {
	for _, text := range []string{"10", "10:", "~:10", "@10:20", ":", "@:", "~:", "-1.5:2", "1:2:3"} {
		f.Add(text, 1.0)
	}
	f.Fuzz(func(t *testing.T, text string, v float64) {
		r, err := ParseRange(text)
		if err != nil {
			return
		}
		again, err := ParseRange(r.String())
		if err != nil || again != r {
			t.Fatalf("%q is read as %+v and %+v, %v", text, r, again, err)
		}
		if v == v && text != "" && text[0] != '@' {
			opposite, err := ParseRange("@" + text)
			if err == nil && opposite.Alerts(v) == r.Alerts(v) {
				t.Fatalf("%q and its opposite agree about %g", text, v)
			}
		}
	})
}
