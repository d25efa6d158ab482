package puppet

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/mco"
)

// counts names the outputs that come out of a summary, in the original's order.
type counts struct {
	output        mco.Symbol
	section, name string
}

func summaryOutputs() []counts {
	return []counts{
		{"out_of_sync_resources", "resources", "out_of_sync"},
		{"failed_resources", "resources", "failed"},
		{"corrected_resources", "resources", "corrective_change"},
		{"changed_resources", "resources", "changed"},
		{"total_resources", "resources", "total"},
		{"total_time", "time", "total"},
		{"config_retrieval_time", "time", "config_retrieval"},
	}
}

// tellRun sets what the action last_run_summary and the data plugin resource both tell of the last run.
func tellRun(summary, to *mco.Map, now time.Time) {
	for _, c := range summaryOutputs() {
		to.SetSymbol(c.output, entry(summary, c.section, c.name, mco.Int(0)))
	}
	last := lastRun(summary)
	to.SetSymbol("lastrun", mco.Int(last))
	to.SetSymbol("since_lastrun", mco.Int(now.Unix()-last))
	to.SetSymbol("config_version", entry(summary, "version", "config", mco.String("unknown")))
}

func (a *Agent) lastRunSummary(f *files, r *agent.Request, reply *agent.Reply) error {
	summary, err := f.loadSummary()
	if err != nil {
		return err
	}
	logs := mco.Hash(new(mco.Map))
	if wanted, _ := r.Value("logs").AsBool(); wanted {
		if logs, err = f.lastRunLogs(); err != nil {
			return err
		}
	}
	types, err := f.typeDistribution()
	if err != nil {
		return err
	}
	reply.Set("logs", logs)
	reply.Set("type_distribution", mco.Hash(types))
	tellRun(summary, reply.Data, a.env.Now())
	reply.Set("summary", mco.Hash(summary))
	return nil
}

// typeDistribution counts the managed resources of each type.
func (f *files) typeDistribution() (*mco.Map, error) {
	types := new(mco.Map)
	err := f.eachResource(func(line string) bool {
		kind, _, _ := strings.Cut(line, "[")
		key := mco.String(typeName(kind))
		have, _ := types.Get(key)
		n, _ := have.AsInt()
		types.Set(key, mco.Int(n+1))
		return true
	})
	return types, err
}

// report is what is read of the last run's report, whose YAML is full of Ruby's objects: nothing of them is made.
type report struct {
	Logs []struct {
		Level, Message, Source string
		Time                   string
	}
}

// lastRunLogs returns what the last run logged, line by line.
func (f *files) lastRunLogs() (mco.Value, error) {
	text, err := readUpTo(f.report, maxReport)
	if errors.Is(err, fs.ErrNotExist) {
		return mco.List(), nil
	}
	if err != nil {
		return mco.Value{}, err
	}
	lines, err := parseReport(text)
	if err != nil {
		return mco.Value{}, fmt.Errorf("%s: %w", f.report, err)
	}
	return mco.List(lines...), nil
}

func parseReport(text []byte) (lines []mco.Value, err error) {
	defer func() {
		if p := recover(); p != nil { // the library panics where its own assumptions fail
			err = fmt.Errorf("malformed: %v", p)
		}
	}()
	var r report
	if err := yaml.Unmarshal(text, &r); err != nil {
		return nil, err
	}
	for _, l := range r.Logs {
		seconds := mco.Nil()
		if t, err := parseTime(l.Time); err == nil {
			seconds = mco.Int(t.Unix())
		}
		line := mco.NewMap(
			mco.Pair{Key: mco.String("time_utc"), Value: seconds},
			mco.Pair{Key: mco.String("time"), Value: seconds},
			mco.Pair{Key: mco.String("level"), Value: mco.String(strings.TrimPrefix(l.Level, ":"))},
			mco.Pair{Key: mco.String("source"), Value: mco.String(l.Source)},
			mco.Pair{Key: mco.String("msg"), Value: mco.String(strings.TrimSuffix(l.Message, "\n"))})
		lines = append(lines, mco.Hash(line))
	}
	return lines, nil
}

// parseTime reads the times of reports: quoted as Puppet 4 and later write them, or as Ruby's YAML does.
func parseTime(text string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t, err = time.Parse("2006-01-02 15:04:05.999999999 -07:00", text)
	}
	return t, err
}
