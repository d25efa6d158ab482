package report_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/vectors"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/cli/report"
	"github.com/mco-go/mco-go/mco/ddl"
	"github.com/mco-go/mco-go/mco/rpc"
)

type renderFile struct {
	ResultSets map[string][]struct {
		Agent, Action string
		Result        vectors.Value
	} `json:"result_sets"`
	Results []struct {
		Name  string
		Flags struct {
			Format  string
			Verbose string
			Display string `json:"force_display_mode"`
		}
		Color  bool
		Result string
	}
	Stats []struct {
		Input struct {
			Discovered, Responded    []string
			OK, Fail                 int
			DiscoveryTime, BlockTime float64
		}
		StartTime      int64
		TimeZone       string
		Caption        string
		Verbose, Color bool
		Text           string
		ExitCode       int `json:"exit_code"`
	}
	Aggregates []struct {
		Name   string
		Rows   []map[string]vectors.Value
		Color  bool
		Result string
	}
	Progress []struct {
		Size, Total int
		Steps       struct{ Plain, Color []string }
	}
	Spark []struct {
		TimesMS []float64 `json:"times_ms"`
		Line    string
	}
	AlignText []struct {
		Text              string
		Columns, Preamble int
		Result            string
	} `json:"align_text"`
}

// vec is the DDL of the agent that results and aggregates are of.
func vec(t *testing.T) *ddl.DDL {
	t.Helper()
	file := filepath.Join(vectors.Dir(t), "plugins", "mcollective", "agent", "vec.ddl")
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	d, err := ddl.ParseRuby(ddl.Agent, "vec", src, file)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestVectorsResults(t *testing.T) {
	file := vectors.Load[renderFile](t, "render.json")
	known := vec(t)
	done := 0
	for _, c := range file.Results {
		set, found := file.ResultSets[c.Name]
		if !found {
			t.Errorf("no result set %q", c.Name)
			continue
		}
		done++
		var replies []rpc.Reply
		var action *ddl.Action
		for _, r := range set {
			m, _ := r.Result.AsMap()
			code, _ := m.Symbol("statuscode").AsInt()
			sender, _ := m.Symbol("sender").AsString()
			text, _ := m.Symbol("statusmsg").AsString()
			replies = append(replies, rpc.Reply{Sender: sender, Agent: r.Agent, Action: r.Action, Code: mco.StatusCode(code), Message: text,
				Data: m.Symbol("data")})
			if r.Agent == known.Name {
				action = known.Action(r.Action)
			}
		}
		p := report.Printer{Color: c.Color, Verbose: c.Flags.Verbose == "true", JSON: c.Flags.Format == "json", Display: c.Flags.Display}
		got, err := p.ResultText(replies, action)
		if err != nil || got != c.Result {
			t.Errorf("%s %+v color %v:\n%s(%v)\nwant\n%s", c.Name, c.Flags, c.Color, got, err, c.Result)
		}
	}
	vectors.Count(t, "render.json", "results", done, len(file.Results))
}

func TestVectorsStats(t *testing.T) {
	file := vectors.Load[renderFile](t, "render.json")
	done := 0
	for _, c := range file.Stats {
		done++
		zone, err := time.LoadLocation(c.TimeZone)
		if err != nil {
			t.Fatal(err)
		}
		seconds := func(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
		in := c.Input
		st := rpc.Stats{Start: time.Unix(c.StartTime, 0).In(zone), DiscoveryTime: seconds(in.DiscoveryTime), AgentTime: seconds(in.BlockTime),
			TotalTime: seconds(in.DiscoveryTime + in.BlockTime), Discovered: in.Discovered, Responses: len(in.Responded), OK: in.OK, Failed: in.Fail,
			NoResponse: without(in.Discovered, in.Responded), Unexpected: without(in.Responded, in.Discovered)}
		p := report.Printer{Color: c.Color, Verbose: c.Verbose}
		if got := p.StatsText(&st, c.Caption, nil); got != c.Text {
			t.Errorf("%+v verbose %v color %v:\n%q\nwant\n%q", in, c.Verbose, c.Color, got, c.Text)
		}
		if got := st.ExitCode(); got != c.ExitCode {
			t.Errorf("%+v: exit code %d, want %d", in, got, c.ExitCode)
		}
	}
	vectors.Count(t, "render.json", "stats", done, len(file.Stats))
}

func without(all, some []string) []string {
	var left []string
	for _, a := range all {
		if !strings.Contains("\n"+strings.Join(some, "\n")+"\n", "\n"+a+"\n") {
			left = append(left, a)
		}
	}
	return left
}

// TestVectorsAggregates prints summaries at the place where they stand, above the line of the short statistics.
func TestVectorsAggregates(t *testing.T) {
	file := vectors.Load[renderFile](t, "render.json")
	d := vec(t)
	done := 0
	for _, c := range file.Aggregates {
		done++
		summary, err := d.NewSummary("echo")
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range c.Rows {
			data := new(mco.Map)
			for key, v := range row {
				data.SetSymbol(mco.Symbol(key), v.Value)
			}
			summary.Add(mco.Hash(data))
		}
		p := report.Printer{Color: c.Color}
		got, _, found := strings.Cut(p.StatsText(new(rpc.Stats), "", summary), "\nFinished processing ")
		if !found || got != c.Result {
			t.Errorf("%s color %v:\n%q\nwant\n%q", c.Name, c.Color, got, c.Result)
		}
	}
	vectors.Count(t, "render.json", "aggregates", done, len(file.Aggregates))
}

// TestVectorsProgress: the steps count up one by one, and the last two are complete.
func TestVectorsProgress(t *testing.T) {
	file := vectors.Load[renderFile](t, "render.json")
	done := 0
	for _, c := range file.Progress {
		done++
		for color, want := range map[bool][]string{false: c.Steps.Plain, true: c.Steps.Color} {
			p := report.Progress{Size: c.Size, Color: color}
			for _, line := range want {
				if got := p.Line(stepOf(t, line), c.Total); got != line {
					t.Errorf("size %d color %v: %q, want %q", c.Size, color, got, line)
				}
			}
		}
	}
	vectors.Count(t, "render.json", "progress", done, len(file.Progress))
}

// stepOf reads how far a progress line is: the number in front of the slash.
func stepOf(t *testing.T, line string) int {
	t.Helper()
	words := strings.Fields(line)
	n := 0
	for _, digit := range words[len(words)-3] {
		n = 10*n + int(digit-'0')
	}
	return n
}

func TestVectorsSpark(t *testing.T) {
	file := vectors.Load[renderFile](t, "render.json")
	done := 0
	for _, c := range file.Spark {
		done++
		if got := report.Spark(c.TimesMS); got != c.Line {
			t.Errorf("%v: %s, want %s", c.TimesMS, got, c.Line)
		}
	}
	vectors.Count(t, "render.json", "spark", done, len(file.Spark))
}

func TestVectorsAlignText(t *testing.T) {
	file := vectors.Load[renderFile](t, "render.json")
	done := 0
	for _, c := range file.AlignText {
		done++
		if got := report.Align(c.Text, c.Columns, c.Preamble); got != c.Result {
			t.Errorf("%q in %d columns:\n%q\nwant\n%q", c.Text, c.Columns, got, c.Result)
		}
	}
	vectors.Count(t, "render.json", "align_text", done, len(file.AlignText))
}
