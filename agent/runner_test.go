package agent_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/ddl"
)

const source = `
metadata :name => "steps", :description => "d", :author => "a", :license => "l", :version => "1.0", :url => "u", :timeout => 7
action "go", :description => "goes" do
  input :how, :prompt => "p", :description => "d", :type => :string, :validation => ".", :optional => false, :maxlength => 9
  output :out, :description => "d", :display_as => "d", :default => "before"
end
`

// steps notes the order in which a request is asked about.
type steps struct {
	ddl   *ddl.DDL
	order []string

	refuse, unaudited, fail error
}

func (s *steps) DDL() *ddl.DDL { return s.ddl }

func (s *steps) Handle(_ context.Context, r *agent.Request, reply *agent.Reply) error {
	s.order = append(s.order, "run")
	reply.Set("out", r.Value("how"))
	return s.fail
}

func (s *steps) Authorize(context.Context, *agent.Request) error {
	s.order = append(s.order, "authorize")
	return s.refuse
}

func (s *steps) Audit(context.Context, *agent.Request) error {
	s.order = append(s.order, "audit")
	return s.unaudited
}

func (s *steps) AuditEnd(_ *agent.Request, reply *agent.Reply, took time.Duration) error {
	s.order = append(s.order, "end")
	if took < 0 || s.fail == nil && reply.Status != mco.OK {
		return errors.New("ended otherwise")
	}
	return nil
}

func request(t *testing.T, action string, inputs ...mco.Pair) *agent.Request {
	t.Helper()
	body := mco.NewMap(
		mco.Pair{Key: mco.Sym("action"), Value: mco.String(action)},
		mco.Pair{Key: mco.Sym("data"), Value: mco.Hash(mco.NewMap(inputs...))})
	r, err := agent.NewRequest(mco.Request{ID: "1", Agent: "steps", Caller: "uid=0", Time: time.Unix(1700000000, 0), Body: mco.Hash(body)})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestOrder(t *testing.T) {
	how := mco.Pair{Key: mco.Sym("how"), Value: mco.String("x")}
	disk := errors.New("disk full")
	for _, tc := range []struct {
		name     string
		steps    steps
		action   string
		inputs   []mco.Pair
		tolerant bool
		order    string
		code     mco.StatusCode
		text     string
		out      string
	}{
		{name: "everything in order", action: "go", inputs: []mco.Pair{how}, order: "authorize audit run end", text: "OK", out: "x"},
		{name: "undeclared action", action: "stay", code: mco.InvalidData, text: "Attempted to call action stay for steps but it's not declared in the DDL"},
		{name: "missing input", action: "go", code: mco.InvalidData, text: "Action go needs a how argument", out: "before"},
		{name: "refused", action: "go", inputs: []mco.Pair{how}, steps: steps{refuse: agent.ErrNotAuthorized}, order: "authorize",
			code: mco.Aborted, text: "You are not authorized to call this agent or action.", out: "before"},
		{name: "refused for a reason of the node's own", action: "go", inputs: []mco.Pair{how}, steps: steps{refuse: disk}, order: "authorize",
			code: mco.Aborted, text: "You are not authorized to call this agent or action.", out: "before"},
		{name: "not audited", action: "go", inputs: []mco.Pair{how}, steps: steps{unaudited: disk}, order: "authorize audit",
			code: mco.Aborted, text: "Audit failed - disk full - the request was refused; plugin.mco.audit.on_failure = continue would run it", out: "before"},
		{name: "not audited, and that is fine", action: "go", inputs: []mco.Pair{how}, steps: steps{unaudited: disk}, tolerant: true,
			order: "authorize audit run end", text: "OK", out: "x"},
		{name: "failed with a code", action: "go", inputs: []mco.Pair{how}, steps: steps{fail: agent.Failf(mco.MissingData, "no %s", "x")},
			order: "authorize audit run end", code: mco.MissingData, text: "no x", out: "x"},
		{name: "failed with a code that does not travel", action: "go", inputs: []mco.Pair{how}, steps: steps{fail: &agent.Error{Code: 9, Text: "nine"}},
			order: "authorize audit run end", code: mco.UnknownError, text: "nine", out: "x"},
		{name: "failed otherwise", action: "go", inputs: []mco.Pair{how}, steps: steps{fail: disk},
			order: "authorize audit run end", code: mco.UnknownError, text: "disk full", out: "x"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := tc.steps
			var err error
			if s.ddl, err = ddl.ParseRuby(ddl.Agent, "steps", []byte(source), "steps.ddl"); err != nil {
				t.Fatal(err)
			}
			var log bytes.Buffer
			n := agent.Runner{Authorizer: &s, Auditor: &s, RunUnaudited: tc.tolerant, Log: slog.New(slog.NewTextHandler(&log, nil))}
			reply := n.Run(t.Context(), &s, request(t, tc.action, tc.inputs...))
			if got := strings.Join(s.order, " "); got != tc.order {
				t.Errorf("order %q, want %q", got, tc.order)
			}
			if reply.Status != tc.code || reply.Message != tc.text {
				t.Errorf("status %d %q, want %d %q", reply.Status, reply.Message, tc.code, tc.text)
			}
			if got, _ := reply.Data.Symbol("out").AsString(); got != tc.out {
				t.Errorf("output %q, want %q", got, tc.out)
			}
			if tc.code == mco.UnknownError && !strings.Contains(log.String(), "steps#go failed: "+tc.text) {
				t.Errorf("log: %s", &log)
			}
		})
	}
}

func TestRequestKeysMayBeStrings(t *testing.T) {
	r := request(t, "go", mco.Pair{Key: mco.String("how"), Value: mco.String("text")},
		mco.Pair{Key: mco.String("process_results"), Value: mco.Bool(false)})
	if r.Text("how") != "text" || r.WantsReply() {
		t.Errorf("how %q, wants a reply: %t", r.Text("how"), r.WantsReply())
	}
	if got := r.InputNames(); !slices.Equal(got, []string{"how"}) {
		t.Errorf("inputs %q", got)
	}
}

func TestMetadata(t *testing.T) {
	d, err := ddl.ParseRuby(ddl.Agent, "steps", []byte(source), "steps.ddl")
	if err != nil {
		t.Fatal(err)
	}
	m := agent.Describe(d)
	if m.Agent != "steps" || m.Timeout != 7*time.Second {
		t.Errorf("metadata %+v", m)
	}
	v := agent.Metadata{Agent: "bare", Timeout: 5 * time.Second}.Value()
	if got, _ := v.Field("author").AsString(); got != "unknown" {
		t.Errorf("author %q", got)
	}
}
