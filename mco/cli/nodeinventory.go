package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/cli/report"
	"github.com/mco-go/mco-go/mco/inspect"
)

// nodeInventory prints what one node says of itself.
func (s *session) nodeInventory(node string) error {
	util, err := s.agent("rpcutil", false)
	if err != nil {
		return err
	}
	util.progress = false
	stats, err := util.ask(node, "daemon_stats")
	switch {
	case err != nil:
		return err
	case stats == nil:
		return plain("Did not receive any results from node " + node)
	case stats.Code != mco.OK:
		fmt.Fprintf(s.errOut, "Failed to retrieve daemon_stats from %s: %s\n", node, s.show(stats.Message))
		return util.halt()
	}
	reply, err := util.ask(node, "inventory")
	switch {
	case err != nil:
		return err
	case reply == nil: // the exit code says it, as in the original
	case reply.Code != mco.OK:
		fmt.Fprintf(s.errOut, "Failed to retrieve inventory for %s: %s\n", node, s.show(reply.Message))
	default:
		if _, err := fmt.Fprint(s.out, s.show(nodeReport(reply.Sender, stats.Data, reply.Data))); err != nil {
			return err
		}
	}
	return util.halt()
}

// nodeReport is the page of one node. What the node did not send stays empty.
func nodeReport(node string, stats, data mco.Value) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Inventory for %s:\n\n   Server Statistics:\n", node)
	line := func(label string, v mco.Value, unit string) {
		fmt.Fprintf(&b, "%30s %s%s\n", label+":", inspect.Text(v), unit)
	}
	line("Version", stats.Field("version"), "")
	started, _ := stats.Field("starttime").AsInt()
	line("Start Time", mco.String(time.Unix(started, 0).Format("2006-01-02 15:04:05 -0700")), "")
	line("Config File", stats.Field("configfile"), "")
	if has(data, "collectives") {
		line("Collectives", mco.String(strings.Join(textList(data.Field("collectives")), ", ")), "")
	}
	if has(data, "main_collective") {
		line("Main Collective", data.Field("main_collective"), "")
	}
	line("Process ID", stats.Field("pid"), "")
	line("Total Messages", stats.Field("total"), "")
	line("Messages Passed Filters", stats.Field("passed"), "")
	line("Messages Filtered", stats.Field("filtered"), "")
	line("Expired Messages", stats.Field("ttlexpired"), "")
	line("Replies Sent", stats.Field("replies"), "")
	line("Total Processor Time", stats.Field("times").Field("utime"), " seconds")
	line("System Time", stats.Field("times").Field("stime"), " seconds")

	b.WriteString("\n   Agents:\n")
	columns(&b, "     ", 15, 3, "      No agents installed", textList(data.Field("agents")))
	b.WriteString("\n   Data Plugins:\n")
	columns(&b, "     ", 15, 3, "      No data plugins installed", dataNames(textList(data.Field("data_plugins"))))
	b.WriteString("\n   Configuration Management Classes:\n")
	classes := textList(data.Field("classes"))
	width, perRow := report.Columns(classes, 30)
	columns(&b, "   ", width, perRow, "      No classes applied", classes)
	b.WriteString("\n   Facts:\n")
	facts, _ := data.Field("facts").AsMap()
	if facts.Len() == 0 {
		b.WriteString("      No facts known\n")
	}
	pairs := slices.Clone(facts.Pairs())
	slices.SortStableFunc(pairs, func(a, b mco.Pair) int { return strings.Compare(inspect.Text(a.Key), inspect.Text(b.Key)) })
	for _, p := range pairs {
		fmt.Fprintf(&b, "      %s => %s\n", inspect.Text(p.Key), inspect.Text(p.Value))
	}
	return b.String()
}

func has(data mco.Value, key mco.Symbol) bool {
	m, ok := data.AsMap()
	if !ok {
		return false
	}
	_, ok = m.Get(mco.Sym(key))
	return ok
}

func textList(v mco.Value) []string {
	items, _ := v.AsList()
	texts := make([]string, len(items))
	for i, item := range items {
		texts[i] = inspect.Text(item)
	}
	return texts
}

// columns writes names, sorted, in rows that are filled up with blanks, or what stands for none.
func columns(b *strings.Builder, indent string, width, perRow int, none string, names []string) {
	if len(names) == 0 {
		b.WriteString(none + "\n")
		return
	}
	slices.Sort(names)
	b.WriteString(report.Rows(names, indent, width, perRow))
}

// dataNames sorts the names of data plugins with their suffix, which is not shown.
func dataNames(names []string) []string {
	slices.Sort(names)
	for i := range names {
		names[i] = strings.ReplaceAll(names[i], "_data", "")
	}
	return names
}
