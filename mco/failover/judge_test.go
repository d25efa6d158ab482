package failover

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/mco-go/mco-go/internal/lab/monitoring"
)

// parsePlugin reads a plugin's line by the grammar of the guidelines.
func parsePlugin(t *testing.T, text string) monitoring.Line {
	t.Helper()
	l, err := monitoring.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// at is a node on a broker.
func at(name string, brokers ...string) Node { return Node{Identity: name, On: brokers, Over: brokers} }

func TestJudge(t *testing.T) {
	two := []Broker{{Addr: "b1:1", Nodes: 2, Over: 2}, {Addr: "b2:1"}}
	must := func(text string) Range {
		r, err := ParseRange(text)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	for _, tc := range []struct {
		name   string
		status Status
		t      Thresholds
		state  State
		says   string
		data   map[string]string // label: value, warning, critical
	}{
		{"all is well", Status{Expected: 2, Brokers: two, Nodes: []Node{at("a", "b1:1"), at("b", "b1:1")}, Client: "b1:1"}, Thresholds{},
			OK, "2 of 2 nodes answer: 2 on b1:1, 0 on b2:1", map[string]string{"nodes": "2", "on b1:1": "2", "on b2:1": "0", "split": "0 0 50"}},
		{"one is missing", Status{Expected: 2, Brokers: two, Nodes: []Node{at("a", "b1:1"), {Identity: "b"}}, Client: "b1:1"}, Thresholds{},
			Warn, "1 node missing (b)", map[string]string{"missing": "1 0"}},
		{"one may be missing", Status{Expected: 2, Brokers: two, Nodes: []Node{at("a", "b1:1"), {Identity: "b"}}, Client: "b1:1"},
			Thresholds{Warning: map[string]Range{"missing": must("1")}}, OK, "1 of 2 nodes answer", map[string]string{"missing": "1 1"}},
		{"one too many is missing", Status{Expected: 2, Brokers: two, Nodes: []Node{at("a", "b1:1"), {Identity: "b"}}, Client: "b1:1"},
			Thresholds{Critical: map[string]Range{"missing": must("~:0.5")}}, Crit, "missing (b)", map[string]string{"missing": "1 0 ~:0.5"}},
		{"a third out of reach", Status{Expected: 3, Brokers: two, Nodes: []Node{at("a", "b1:1"), at("b", "b1:1"), at("c", "b2:1")}, Client: "b1:1", Unreached: 1},
			Thresholds{}, Warn, "a plain mco asks b1:1 and does not reach 1 of 3 nodes", map[string]string{"split": "33.33 0 50"}},
		{"the trap", Status{Expected: 1, Brokers: two, Nodes: []Node{at("c", "b2:1")}, Client: "b1:1", Unreached: 1},
			Thresholds{}, Crit, "does not reach 1 of 1 node", map[string]string{"split": "100 0 50"}},
		{"a broker is down", Status{Expected: 1, Brokers: []Broker{{Addr: "b1:1", Error: "x"}, {Addr: "b2:1", Nodes: 1, Over: 1}}, Nodes: []Node{at("c", "b2:1")},
			Client: "b2:1", Findings: []Finding{{Kind: Unreachable, Broker: "b1:1", Text: "cannot be asked: a | b\nc"}}},
			Thresholds{}, Warn, "b1:1 cannot be asked: a / b c", map[string]string{"unreachable": "1 0"}},
		{"all brokers are down, whatever is allowed", Status{Brokers: []Broker{{Addr: "b1:1", Error: "x"}}},
			Thresholds{Warning: map[string]Range{"unreachable": must("")}}, Crit, "0 of 0 nodes", map[string]string{"unreachable": "1"}},
		{"nobody answers, whatever is allowed", Status{Expected: 1, Brokers: two, Nodes: []Node{{Identity: "b"}}},
			Thresholds{Warning: map[string]Range{"missing": must("")}}, Crit, "0 of 1 node", map[string]string{"missing": "1"}},
		{"nobody is known", Status{Brokers: two}, Thresholds{}, Unknown, "none is known", map[string]string{"nodes": "0"}},
		{"two are stale", Status{Expected: 2, Brokers: two, Nodes: []Node{at("a", "b1:1"), at("b", "b1:1")}, Client: "b1:1",
			Findings: []Finding{{Kind: Stale, Nodes: []string{"a", "b"}, Text: "holds 1 connection"}}}, Thresholds{}, Warn, "a, b holds 1 connection", map[string]string{"stale": "2 0"}},
		{"more are wanted", Status{Expected: 1, Brokers: two, Nodes: []Node{at("a", "b1:1")}, Client: "b1:1"},
			Thresholds{Warning: map[string]Range{"stale": must("1:")}}, Warn, "stale is 0", map[string]string{"stale": "0 1:"}},
		{"nothing is kept", Status{Expected: 1, Brokers: two, Nodes: []Node{at("a", "b1:1")}, Client: "b1:1",
			Findings: []Finding{{Kind: Unkept, Text: "could not be kept"}}}, Thresholds{}, Warn, "could not be kept", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			state, line := tc.status.Judge(tc.t)
			l := parsePlugin(t, line)
			if state != tc.state || l.State != tc.state.String() || !strings.Contains(l.Text, tc.says) {
				t.Errorf("%d, want %d and %q in\n%s", state, tc.state, tc.says, line)
			}
			for label, want := range tc.data {
				d, ok := l.Data[label]
				if !ok {
					t.Errorf("no data of %q in\n%s", label, line)
					continue
				}
				if got := strings.Join(strings.Fields(d.Value+" "+d.Warning+" "+d.Critical), " "); got != want {
					t.Errorf("%s: %q, want %q in\n%s", label, got, want, line)
				}
			}
			page(t, &tc.status, state)
		})
	}
}

// page has Prometheus' own parser read what is written for it.
func page(t *testing.T, s *Status, state State) map[string]float64 {
	t.Helper()
	now := time.Unix(1700000000, 0)
	raw := Page(s, state, now)
	families, err := parsePage(raw)
	if err != nil {
		t.Fatalf("%v\n%s", err, raw)
	}
	want := map[string]float64{"mco_failover_state": float64(state), "mco_failover_check_timestamp_seconds": 1700000000}
	if s != nil {
		want["mco_failover_nodes"] = float64(len(s.Nodes))
		want["mco_failover_missing"] = float64(len(s.Missing()))
		want["mco_failover_split_ratio"] = percent(s.Unreached, s.Answering()) / 100
		for _, b := range s.Brokers {
			want["mco_failover_broker_nodes "+b.Addr] = float64(b.Nodes)
		}
	}
	for name, value := range want {
		if got, ok := families[name]; !ok || got < value-0.01 || got > value+0.01 {
			t.Errorf("%s = %g (%v), want %g in\n%s", name, got, ok, value, raw)
		}
	}
	return families
}

// parsePage returns values by name, and by name and broker.
func parsePage(raw []byte) (map[string]float64, error) {
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(string(raw)))
	values := map[string]float64{}
	for name, f := range families {
		if f.GetHelp() == "" {
			err = errors.Join(err, errors.New(name+" has no help"))
		}
		for _, m := range f.GetMetric() {
			key := name
			for _, l := range m.GetLabel() {
				key += " " + l.GetValue()
			}
			values[key] = m.GetGauge().GetValue()
		}
	}
	return values, err
}

func TestPageWithoutAnybody(t *testing.T) {
	if got := page(t, nil, Unknown); len(got) != 2 {
		t.Errorf("%v", got)
	}
	odd := &Status{Brokers: []Broker{{Addr: "a\"b\\c\nd:1", Nodes: 3}}}
	page(t, odd, Unknown)
}

func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.prom")
	for _, text := range []string{"first\n", "second\n"} {
		if err := WriteFile(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if raw, _ := os.ReadFile(path); err != nil || string(raw) != text || info.Mode().Perm() != 0o644 {
			t.Errorf("%q, %v, %v", raw, info.Mode(), err)
		}
	}
	t.Chdir(dir)
	if err := WriteFile("y.prom", []byte("here")); err != nil {
		t.Error(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "z.prom"), 0o700); err != nil {
		t.Fatal(err)
	}
	if WriteFile(filepath.Join(dir, "none", "x.prom"), nil) == nil || WriteFile(filepath.Join(dir, "z.prom"), nil) == nil {
		t.Error("no error where nothing can be written")
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 3 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
