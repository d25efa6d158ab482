package failover

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// State is what monitoring makes of a fleet. Its value is the exit code of a monitoring plugin.
type State int

// The states.
const (
	OK State = iota
	Warn
	Crit
	Unknown
)

// String is the state's word in a plugin's line.
func (s State) String() string { return [...]string{"OK", "WARNING", "CRITICAL", "UNKNOWN"}[s] }

// Measure is one number of a fleet that has thresholds.
type Measure struct {
	Name              string // as options and performance data call it
	Unit              string // of performance data
	About             string
	Warning, Critical string // the ranges where nobody says otherwise
	kind              Kind   // of the findings that say it in words; "": it has words of its own
	managed           bool   // known only where a management API is asked
	value             func(*Status) float64
	most              func(*Status) float64 // nil: none
}

// Measures returns the numbers that have thresholds.
func Measures() []Measure {
	return []Measure{
		{"missing", "", "nodes that there should be and that answer over no broker", "0", "", "", false,
			func(s *Status) float64 { return float64(len(s.Missing())) }, nil},
		{"split", "%", "share of the nodes that answer, and not over the broker that a plain mco asks", "0", "50", "", false,
			func(s *Status) float64 { return percent(s.Unreached, s.Answering()) }, func(*Status) float64 { return 100 }},
		{"unreachable", "", "brokers that cannot be asked", "0", "", Unreachable, false,
			func(s *Status) float64 { return float64(s.Down()) }, func(s *Status) float64 { return float64(len(s.Brokers)) }},
		{"stale", "", "nodes that hold a session or a socket of which nothing is heard any more", "0", "", Stale, false,
			func(s *Status) float64 { return float64(s.with(Stale)) }, nil},
		{"alarms", "", "resources that ran out at brokers", "", "0", Alarm, true, found(Alarm), nil},
		{"partitions", "", "pairs of a cluster's members that went on without each other", "", "0", Partition, true, found(Partition), nil},
		{"members", "", "members of clusters that do not run", "0", "", MemberDown, true, found(MemberDown), nil},
		{"copies", "", "groups of queues of which a member lacks a whole copy", "0", "", Unsynchronised, true, found(Unsynchronised), nil},
		{"leaderless", "", "groups of queues whose leader has no majority", "", "0", Leaderless, true, found(Leaderless), nil},
		{"links", "", "shovels and federation links that are down", "0", "", LinkDown, true, found(LinkDown), nil},
		{"away", "%", "share of the connections that take messages and are not at the leader of their queue", "", "", Away, true, away,
			func(*Status) float64 { return 100 }},
	}
}

// measures are those of Measures that the status can tell: what no management API told is not 0.
func (s *Status) measures() []Measure {
	return slices.DeleteFunc(Measures(), func(m Measure) bool { return m.managed && len(s.Clusters()) == 0 })
}

// found counts the findings of a kind.
func found(k Kind) func(*Status) float64 {
	return func(s *Status) (n float64) {
		for _, f := range s.Findings {
			if f.Kind == k {
				n++
			}
		}
		return n
	}
}

func away(s *Status) float64 {
	some, all := 0, 0
	for _, m := range s.Clusters() {
		some, all = some+len(m.View.Queues.Away), all+m.View.Queues.Consumers
	}
	return percent(some, all)
}

func percent(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) * 100 / float64(whole)
}

// Down counts the brokers that could not be asked.
func (s *Status) Down() (count int) {
	for _, b := range s.Brokers {
		if b.Error != "" {
			count++
		}
	}
	return count
}

// with counts the nodes with a finding.
func (s *Status) with(k Kind) (nodes int) {
	for _, f := range s.Findings {
		if f.Kind == k {
			nodes += len(f.Nodes)
		}
	}
	return nodes
}

// Thresholds are the ranges of a measure's name. A name without an entry has the measure's own.
type Thresholds struct{ Warning, Critical map[string]Range }

// Of returns the ranges of a measure.
func (t Thresholds) Of(m Measure) (warning, critical Range) {
	return t.of(t.Warning, m.Name, m.Warning), t.of(t.Critical, m.Name, m.Critical)
}

func (Thresholds) of(set map[string]Range, name, own string) Range {
	if r, ok := set[name]; ok {
		return r
	}
	r, err := ParseRange(own)
	if err != nil {
		panic(err) // the table of measures is wrong
	}
	return r
}

// Judge says what monitoring makes of the fleet, in one line: state, text, performance data. It is critical when no broker can be asked,
// or nobody of those who should be there answers, whatever the thresholds; and unknown when nobody is there and nobody is known.
func (s *Status) Judge(t Thresholds) (State, string) {
	state := OK
	var why []string
	for _, m := range s.measures() {
		value := m.value(s)
		warning, critical := t.Of(m)
		switch {
		case critical.Alerts(value):
			state = Crit
		case warning.Alerts(value):
			state = max(state, Warn)
		default:
			continue
		}
		why = append(why, s.why(m, value))
	}
	for _, f := range s.Findings {
		if f.Kind == Unkept || f.Kind == Unmanaged && f.Level == Warning {
			state, why = max(state, Warn), append(why, strings.TrimSpace(f.Broker+" "+f.Text))
		}
	}
	answering := s.Answering()
	switch {
	case s.Down() == len(s.Brokers):
		state = Crit
	case answering == 0 && s.Expected > 0:
		state = Crit
	case answering == 0:
		state, why = Unknown, []string{"no node answers, and none is known"}
	}
	var places []string
	for _, b := range s.Brokers {
		places = append(places, fmt.Sprintf("%d on %s", b.Nodes, b.Addr))
	}
	line := fmt.Sprintf("%s answer: %s", ofAll(answering, len(s.Nodes)), strings.Join(places, ", "))
	if len(why) > 0 {
		line = strings.Join(why, "; ") + "; " + line
	}
	return state, Line(state, line, s.performance(t))
}

func ofAll(some, all int) string { return fmt.Sprintf("%d of %s", some, count(all, "node")) }

// why says in words what a measure counts.
func (s *Status) why(m Measure, value float64) string {
	switch {
	case value == 0: // a range may want more
		return m.Name + " is 0"
	case m.Name == "missing":
		return count(len(s.Missing()), "node") + " missing (" + few(s.Missing()) + ")"
	case m.Name == "split":
		return fmt.Sprintf("a plain mco asks %s and does not reach %d of %s", s.Client, s.Unreached, count(s.Answering(), "node"))
	}
	var parts []string
	for _, f := range s.Findings {
		if f.Kind == m.kind {
			parts = append(parts, f.Broker+few(f.Nodes)+" "+f.Text)
		}
	}
	return strings.Join(parts, ", ")
}

// few names some of many.
func few(names []string) string {
	const most = 5
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}

// performance is the data behind the line.
func (s *Status) performance(t Thresholds) string {
	data := []string{datum("nodes", float64(s.Answering()), "", "", "", "0", strconv.Itoa(len(s.Nodes)))}
	for _, m := range s.measures() {
		most := ""
		if m.most != nil {
			most = decimal(m.most(s))
		}
		warning, critical := t.Of(m)
		data = append(data, datum(m.Name, m.value(s), m.Unit, warning.String(), critical.String(), "0", most))
	}
	for _, b := range s.Brokers {
		data = append(data, datum("on "+b.Addr, float64(b.Nodes), "", "", "", "0", ""))
	}
	return strings.Join(data, " ")
}

// datum is 'label'=value[unit];[warning];[critical];[least];[most], without the semicolons that nothing follows.
func datum(label string, value float64, unit string, more ...string) string {
	if strings.ContainsAny(label, " '=") {
		label = "'" + strings.NewReplacer("'", "''", "=", "_").Replace(label) + "'"
	}
	return strings.TrimRight(label+"="+decimal(value)+unit+";"+strings.Join(more, ";"), ";")
}

// decimal is a number to two places.
func decimal(f float64) string {
	text := strconv.FormatFloat(f, 'f', 2, 64)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

// Line is the one line of a monitoring plugin. What would end it early is taken out of the text.
func Line(s State, text, performance string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '|':
			return '/'
		case r < ' ' || r == 0x7f:
			return ' '
		}
		return r
	}, text)
	line := fmt.Sprintf("FAILOVER %s - %s", s, text)
	if performance != "" {
		line += " | " + performance
	}
	return line
}
