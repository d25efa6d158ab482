// Package metrics shows what a node counts as a page that Prometheus reads: a few lines of text, made when they are asked for, and a small
// server that is there only where plugin.mco.metrics.listen names an address.
//
// The page holds no names of callers, requests or facts; whoever may connect may read it.
//
// The lines are printed here: Prometheus' own library would cost each node 2.5 MB of memory at rest and a millisecond at its start, for a
// page of thirty lines. Its parser reads them in the tests.
//
// Source of the facts: Prometheus' text exposition format, version 0.0.4, and the original's lib/mcollective/runnerstats.rb.
package metrics

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/connector"
)

// Source is what is measured: a daemon. It is safe for concurrent use.
type Source interface {
	Agents() []string
	Statistics() agent.Statistics
	Status() connector.Status
}

// page collects metrics.
type page struct{ bytes.Buffer }

// Page returns the metrics of a node.
func Page(s Source) []byte {
	var p page
	p.requests(s.Statistics())
	p.session(s.Status())
	p.gauge("mco_agents", "Agents that are loaded.", float64(len(s.Agents())))
	p.labelled("gauge", "mco_build_info", "1, with the version that runs.", "version", mco.Version(), 1)
	p.gauge("go_goroutines", "Number of goroutines that currently exist.", float64(runtime.NumGoroutine()))
	if pages, ok := residentPages(); ok {
		p.gauge("process_resident_memory_bytes", "Resident memory size in bytes.", float64(pages*int64(os.Getpagesize())))
	}
	return p.Bytes()
}

func (p *page) requests(s agent.Statistics) {
	for _, c := range []struct {
		name, help string
		value      uint64
	}{
		{"mco_received_total", "Frames received.", s.Total},
		{"mco_validated_total", "Messages whose signature was right.", s.Validated},
		{"mco_unvalidated_total", "Messages whose signature was wrong.", s.Unvalidated},
		{"mco_undecodable_total", "Frames that were too large or no message.", s.Undecodable},
		{"mco_ttl_expired_total", "Requests that were too old, or from the future.", s.TTLExpired},
		{"mco_repeated_total", "Requests that had been seen before.", s.Repeated},
		{"mco_reasked_total", "Replies that were sent again because their client asked again.", s.Reasked},
		{"mco_filtered_total", "Requests whose filter did not let this node through.", s.Filtered},
		{"mco_passed_total", "Requests whose filter let this node through.", s.Passed},
		{"mco_busy_total", "Requests refused because too many were waiting.", s.Busy},
		{"mco_limited_total", "Requests refused because their caller sent too many.", s.Limited},
		{"mco_panics_total", "Panics of agents, each a bug.", s.Panics},
		{"mco_unanswerable_total", "Replies dropped because their request named no destination.", s.Unanswerable},
		{"mco_replies_total", "Replies sent.", s.Replies},
	} {
		p.metric("counter", c.name, c.help, float64(c.value))
	}
	p.gauge("mco_running_requests", "Requests that run now.", float64(len(s.Running)))
	p.gauge("mco_start_time_seconds", "When the daemon started, in seconds since 1970.", float64(s.Start.UnixMilli())/1e3)
}

func (p *page) session(s connector.Status) {
	ready := 0.0
	if s.State == connector.Ready {
		ready = 1
	}
	p.gauge("mco_session_ready", "1 when a broker has proven the node's subscriptions.", ready)
	p.labelled("gauge", "mco_session_broker", "1, with the pool member that the session is on.", "broker", s.Broker, ready)
	if !s.Since.IsZero() {
		p.gauge("mco_session_since_seconds", "Since when the session is in its present state, in seconds since 1970.", float64(s.Since.UnixMilli())/1e3)
	}
	p.gauge("mco_session_attempts", "Connection attempts since the session was last ready.", float64(s.Attempts))
	p.metric("counter", "mco_session_dropped_total", "Messages dropped because the node did not keep up.", float64(s.Dropped))
}

func (p *page) gauge(name, help string, value float64) { p.metric("gauge", name, help, value) }

func (p *page) metric(kind, name, help string, value float64) {
	p.head(kind, name, help)
	fmt.Fprintf(p, "%s %s\n", name, number(value))
}

func (p *page) labelled(kind, name, help, label, text string, value float64) {
	p.head(kind, name, help)
	escaped := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(strings.ToValidUTF8(text, "?"))
	fmt.Fprintf(p, "%s{%s=\"%s\"} %s\n", name, label, escaped, number(value))
}

// head writes what stands in front of a metric; texts of help are ours and need no escapes.
func (p *page) head(kind, name, help string) {
	fmt.Fprintf(p, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
}

func number(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }

// residentPages reads the second number of statm.
func residentPages() (int64, bool) {
	raw, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, false
	}
	fields := strings.Fields(string(raw))
	if len(fields) < 2 {
		return 0, false
	}
	n, err := strconv.ParseInt(fields[1], 10, 64)
	return n, err == nil
}
