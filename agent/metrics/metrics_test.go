package metrics

import (
	"bufio"
	"bytes"
	"context"
	"errors"
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
	for _, c := range []struct {
		method, path string
		want         int
	}{
		{"GET", "/metrics", http.StatusOK}, {"GET", "/metrics?a=b", http.StatusOK}, {"HEAD", "/metrics", http.StatusOK},
		{"POST", "/metrics", http.StatusMethodNotAllowed}, {"GET", "/", http.StatusNotFound}, {"GET", "/debug/pprof/", http.StatusNotFound},
	} {
		ask, err := http.NewRequestWithContext(t.Context(), c.method, "http://"+s.Addr().String()+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r, err := client.Do(ask)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r.Body)
		r.Body.Close()
		if err != nil || r.StatusCode != c.want {
			t.Errorf("%s %s: %d, %v, want %d", c.method, c.path, r.StatusCode, err, c.want)
		}
		if shows := c.want == http.StatusOK && read(t, body)["mco_passed_total"] != nil; c.want == http.StatusOK && shows != (c.method == "GET") {
			t.Errorf("%s %s:\n%s", c.method, c.path, body)
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

func TestServerRefusesWhatIsNoRequest(t *testing.T) {
	for name, c := range map[string]struct{ sent, want string }{
		"another protocol":  {"\x16\x03\x01\x02\x00\n", "400"},
		"another version":   {"GET /metrics HTTP/2.0\r\n\r\n", "400"},
		"no path":           {"GET metrics HTTP/1.1\r\n\r\n", "400"},
		"cut short":         {"GET /metrics HTTP/1.1\r\nHost: a\r\n", "400"},
		"a line too long":   {"GET /metrics HTTP/1.1\r\nA: " + strings.Repeat("x", maxRequest), "400"},
		"too many headers":  {"GET /metrics HTTP/1.1\r\n" + strings.Repeat("A: b\r\n", maxRequest/6), "400"},
		"HTTP/1.0":          {"GET /metrics HTTP/1.0\r\n\r\n", "200"},
		"lines of newlines": {"GET /metrics HTTP/1.1\nHost: a\n\n", "200"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := readRequest(strings.NewReader(c.sent))
			got := "400"
			if err == nil {
				got = strings.Fields(string((&Server{source: node{}}).answer(r)))[1]
			} else if !errors.Is(err, errRequest) {
				t.Fatal(err)
			}
			if got != c.want {
				t.Errorf("%.60q is answered with %s, want %s", c.sent, got, c.want)
			}
		})
	}
}

// Any bytes are answered as net/http's own reader understands them, or refused.
func FuzzRequest(f *testing.F) {
	for _, text := range []string{"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n", "HEAD /metrics?a HTTP/1.0\n\n", "GET  /x HTTP/1.1\r\n\r\n", "\r\n"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := readRequest(bytes.NewReader(text))
		if err != nil {
			return
		}
		theirs, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(text)))
		if err != nil || theirs.URL.Path != theirs.URL.EscapedPath() {
			return // stricter with methods, headers and escapes, which change no answer of ours
		}
		if got.method != theirs.Method || got.path != theirs.URL.Path {
			t.Errorf("%q is read as %q, net/http reads %s %s", text, got, theirs.Method, theirs.URL.Path)
		}
	})
}
