package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mco-go/mco-go/mco/failover/drill"
)

// result is a drill of n nodes that moved, and one of each other kind. Names and texts come from elsewhere, and may be anything.
func result(n int) *drill.Result {
	r := &drill.Result{Time: time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC), Broker: "mq1:61613", Pool: []string{"mq1:61613", "mq2:61613"}, Fault: drill.Command, By: "plugin.mco.drill.1.stop",
		Closed: true, Asked: 0.25, Wait: 60, Bound: 10, Restored: true, Within: false,
		Marks: drill.Marks{Fault: new(1.5), Gone: new(1.75), Restore: new(14.0), Restored: new(20.125), End: new(31.001)},
		Away:  drill.Figures{Expected: n + 1, Arrived: n, P50: 0.583, P99: 1.02, Max: 11.009}, Back: drill.Figures{Expected: n, Arrived: n, P50: 4.2, P99: 5, Max: 5.125}}
	for i := range n {
		away := 0.1 + float64(i)/1000
		r.Nodes = append(r.Nodes, drill.Node{Identity: fmt.Sprintf("node%04d", i), Ours: true, Outcome: drill.Moved, To: "mq2:61613", Away: &away, Returns: true, Back: new(5.0), Exact: true,
			Reason: "its connection was closed", Spans: []drill.Span{{Broker: "mq1:61613", From: 0, To: 1.75}, {Broker: "mq2:61613", From: 1.75 + away, To: 25.125}, {Broker: "mq1:61613", From: 25.125, To: 31.001}}})
	}
	r.Nodes = append(r.Nodes,
		drill.Node{Identity: "both", Ours: true, Outcome: drill.Kept, To: "mq2:61613", Spans: []drill.Span{{Broker: "mq1:61613", From: 0, To: 1.75}, {Broker: "mq2:61613", From: 0, To: 31.001}}},
		drill.Node{Identity: "gone", Outcome: drill.Lost, Reason: `<script>alert("x")</script> & more`, Spans: []drill.Span{}},
		drill.Node{Identity: "other", Outcome: drill.Bystander, Spans: []drill.Span{{Broker: "mq2:61613", From: 0, To: 31.001}}},
		drill.Node{Identity: "silent", Outcome: drill.Silent, Spans: []drill.Span{}})
	return r
}

// texts parses the page as XML, which fails where it is not well-formed, and returns the text of each element with an id, and the name
// of every element.
func texts(t *testing.T, page []byte) (byID map[string]string, names map[string]int) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(page))
	byID, names = map[string]string{}, map[string]int{}
	var open []string // ids, empty where there is none
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return byID, names
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, page)
		}
		switch x := token.(type) {
		case xml.StartElement:
			id := ""
			for _, a := range x.Attr {
				if a.Name.Local == "id" {
					id = a.Value
				}
				if strings.HasPrefix(a.Name.Local, "on") || a.Name.Local == "src" || a.Name.Local == "href" {
					t.Errorf("<%s %s>", x.Name.Local, a.Name.Local)
				}
			}
			open = append(open, id)
			names[x.Name.Local]++
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			for _, id := range open {
				if id != "" {
					byID[id] += string(x)
				}
			}
		}
	}
}

func TestPageHasTheNumbersOfTheJSON(t *testing.T) {
	for _, n := range []int{0, 1, 30} {
		name := filepath.Join(t.TempDir(), "drill")
		files, err := Write(name, result(n))
		if err != nil || fmt.Sprint(files) != fmt.Sprint([]string{name + ".html", name + ".json"}) {
			t.Fatalf("%v, %v", files, err)
		}
		raw, err := os.ReadFile(name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var r drill.Result
		if err := json.Unmarshal(raw, &r); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(result(n), &r); diff != "" {
			t.Errorf("the JSON is another drill: %s", diff)
		}
		page, err := os.ReadFile(name + ".html")
		if err != nil {
			t.Fatal(err)
		}
		byID, names := texts(t, page)
		want := map[string]float64{"away-p50": r.Away.P50, "away-p99": r.Away.P99, "away-max": r.Away.Max, "away-arrived": float64(r.Away.Arrived), "away-expected": float64(r.Away.Expected),
			"back-p50": r.Back.P50, "back-p99": r.Back.P99, "back-max": r.Back.Max, "back-arrived": float64(r.Back.Arrived), "back-expected": float64(r.Back.Expected),
			"bound": r.Bound, "count-lost": 1, "count-kept": 1, "count-bystander": 1, "count-silent": 1}
		for id, value := range want {
			if got, err := strconv.ParseFloat(byID[id], 64); err != nil || got != value {
				t.Errorf("%s is %q on the page and %g in the JSON", id, byID[id], value)
			}
		}
		for _, x := range r.Nodes {
			want := x.Identity + string(x.Outcome)
			if x.Away != nil {
				want = fmt.Sprintf("%s%.3f s", x.Identity, *x.Away)
			}
			text, row := byID["node-"+x.Identity], ""
			for _, line := range strings.Split(text, "mq") { // without what the bars say of themselves
				row = line
			}
			if !strings.HasPrefix(text, x.Identity) || !strings.HasSuffix(row, strings.TrimPrefix(want, x.Identity)) {
				t.Errorf("the row of %s says %q", x.Identity, text)
			}
		}
		if names["script"]+names["link"]+names["img"]+names["iframe"] != 0 || names["svg"] != len(r.Nodes)+1 {
			t.Errorf("elements: %v", names)
		}
		if byID["verdict"] != r.Verdict() || !strings.Contains(byID["slowest"], `<script>alert("x")</script> & more`) {
			t.Errorf("verdict %q, slowest %q", byID["verdict"], byID["slowest"])
		}
	}
}

// A page of a drill that was cut short, in which marks are missing, is a page as well.
func TestPageOfLittle(t *testing.T) {
	r := &drill.Result{Time: time.Now(), Broker: "mq1:1", Pool: []string{"mq1:1"}, Nodes: []drill.Node{{Identity: "a", Outcome: drill.Unmeasured}}, Interrupted: true, Restored: true}
	var page bytes.Buffer
	if err := HTML(&page, r); err != nil {
		t.Fatal(err)
	}
	if byID, _ := texts(t, page.Bytes()); !strings.Contains(byID["verdict"], "interrupted") || !strings.Contains(byID["node-a"], "unmeasured") {
		t.Errorf("%v", byID)
	}
}

func TestTicks(t *testing.T) {
	for end, want := range map[float64]string{0.9: "0 s 0.1 s 0.2 s", 8: "0 s 1 s 2 s", 24.9: "0 s 5 s 10 s", 61: "0 s 10 s 20 s", 700: "0 s 100 s 200 s"} {
		var all []string
		for _, x := range (scale{&drill.Result{}, end}).ticks() {
			all = append(all, x.Text)
		}
		if len(all) < 4 || len(all) > 11 || strings.Join(all[:3], " ") != want {
			t.Errorf("up to %g s: %v", end, all)
		}
	}
}

// Fleets are large: the page of 2,000 nodes is written in no time and no more than a few megabytes.
func TestPageOfManyNodes(t *testing.T) {
	var page bytes.Buffer
	if err := HTML(&page, result(2000)); err != nil {
		t.Fatal(err)
	}
	if page.Len() > 8<<20 {
		t.Errorf("%d bytes", page.Len())
	}
	t.Logf("%d bytes", page.Len())
}
