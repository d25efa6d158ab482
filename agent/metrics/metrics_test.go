package metrics

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"go.uber.org/goleak"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/mco/connector"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// node is a daemon that counted each thing another time.
type node struct{ broker string }

func (node) Agents() []string { return []string{"discovery", "rpcutil"} }

func (node) Statistics() agent.Statistics {
	return agent.Statistics{
		Start: time.Unix(1700000000, 5e8), Total: 1, Validated: 2, Unvalidated: 3, Undecodable: 4, TTLExpired: 5, Repeated: 6, Reasked: 15, Filtered: 7, Passed: 8, Busy: 9,
		Limited: 10, Panics: 11, Unanswerable: 12, Replies: 1 << 60, Running: []string{"shell#run"},
	}
}

func (n node) Status() connector.Status {
	return connector.Status{State: connector.Ready, Broker: n.broker, Since: time.Unix(1700000100, 0), Attempts: 13, Dropped: 14}
}

func read(t *testing.T, text []byte) map[string]*dto.MetricFamily {
	t.Helper()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("Prometheus cannot read the page: %v\n%s", err, text)
	}
	return families
}

func TestPage(t *testing.T) {
	const odd = "a\"b\\c\nd\xff:1"
	families := read(t, Page(node{odd}))
	for name, want := range map[string]float64{
		"mco_received_total": 1, "mco_validated_total": 2, "mco_unvalidated_total": 3, "mco_undecodable_total": 4, "mco_ttl_expired_total": 5,
		"mco_repeated_total": 6, "mco_reasked_total": 15, "mco_filtered_total": 7, "mco_passed_total": 8, "mco_busy_total": 9, "mco_limited_total": 10, "mco_panics_total": 11,
		"mco_unanswerable_total": 12, "mco_replies_total": 1 << 60, "mco_running_requests": 1, "mco_start_time_seconds": 1700000000.5,
		"mco_session_ready": 1, "mco_session_broker": 1, "mco_session_since_seconds": 1700000100, "mco_session_attempts": 13,
		"mco_session_dropped_total": 14, "mco_agents": 2, "mco_build_info": 1,
	} {
		f := families[name]
		if f == nil {
			t.Errorf("%s is missing", name)
			continue
		}
		got := f.Metric[0].GetGauge().GetValue()
		if strings.HasSuffix(name, "_total") {
			got = f.Metric[0].GetCounter().GetValue()
		}
		if got != want || f.GetHelp() == "" {
			t.Errorf("%s is %v, want %v; help %q", name, got, want, f.GetHelp())
		}
	}
	if label := families["mco_session_broker"].Metric[0].Label[0]; label.GetValue() != "a\"b\\c\nd?:1" {
		t.Errorf("broker %q", label.GetValue())
	}
	if memory := families["process_resident_memory_bytes"].Metric[0].GetGauge().GetValue(); memory < 1<<20 || memory > 1<<34 {
		t.Errorf("resident memory of %v bytes", memory)
	}
}

func TestServer(t *testing.T) {
	s, err := Listen("127.0.0.1:0", node{"b:61613"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(s.Addr().String(), node{}); err == nil {
		t.Error("the address was taken twice")
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- s.Run(ctx) }()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	for path, want := range map[string]int{"/metrics": http.StatusOK, "/": http.StatusNotFound, "/debug/pprof/": http.StatusNotFound} {
		r, err := client.Get("http://" + s.Addr().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r.Body)
		r.Body.Close()
		if err != nil || r.StatusCode != want {
			t.Errorf("%s: %d, %v, want %d", path, r.StatusCode, err, want)
		}
		if want == http.StatusOK && read(t, body)["mco_passed_total"] == nil {
			t.Errorf("page:\n%s", body)
		}
	}
	// A reader that says nothing does not hold up the end.
	silent, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	stop()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the server does not end")
	}
	if _, err := net.Dial("tcp", s.Addr().String()); err == nil {
		t.Error("the address is still open")
	}
}
