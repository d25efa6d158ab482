package corpus

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/validate"
	"github.com/mco-go/mco-go/internal/lab/estates"
)

// TestRealValidators has the real programs judge every file of every topology that must render and of those of the documentation, in
// the words of the installed versions, and prints what they said: targets by topologies. A target that no program judges offline is
// read back by its writer's own reader; RabbitMQ itself starts from such files in the tests of generators/rabbitmq.
func TestRealValidators(t *testing.T) {
	needPrograms(t)
	var names []string
	var files []written
	scratch := t.TempDir()
	add := func(name string, e *estate.Estate) {
		names = append(names, name)
		made, problems, err := render(e, name, filepath.Join(scratch, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range problems {
			t.Errorf("%s: %v", name, p)
		}
		files = append(files, made...)
	}
	for _, run := range estates.Rendering(t) {
		if run.Software != nil {
			add(run.Topology, run.Load(t))
		} else if _, problems, _ := render(run.Load(t), run.Topology, ""); len(problems) > 0 { // in the words of its own versions
			t.Errorf("%s: %v", run.Topology, problems)
		}
	}
	for _, file := range estates.Documented(t) {
		add("docs/"+filepath.Base(file), estates.LoadDocumented(t, file, estates.Installed(t)))
	}
	table := make(tally)
	for _, f := range files {
		if len(validate.For(f.Kind)) == 0 {
			table.add(f.Kind+"\tour reader", f.estate, validate.Accepted)
		}
	}
	for _, v := range judge(t.Context(), files) {
		table.add(v.Kind+"\t"+v.program, v.estate, v.Status)
		if v.Status != validate.Accepted {
			t.Errorf("%s: %s of %s: %s: %s: %s", v.estate, v.Path, v.node, v.program, v.Status, brief(v.Text))
		}
	}
	for _, p := range validate.Programs() {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(table)), func(row string) bool { return strings.HasSuffix(row, "\t"+p.Name) }) {
			t.Errorf("no file was for %s", p.Name)
		}
	}
	t.Log("\n" + table.text(names))
}

// text is the table with a column for each name, and what the columns are.
func (t tally) text(names []string) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, "target\tjudged by")
	for i := range names {
		fmt.Fprintf(w, "\t%d", i+1)
	}
	fmt.Fprintln(w, "\tall")
	for _, row := range slices.Sorted(maps.Keys(t)) {
		fmt.Fprint(w, row)
		for _, name := range names {
			fmt.Fprintf(w, "\t%s", t.cell(row, name))
			for status, n := range t[row][name] {
				for range n {
					t.add(row, "all", status)
				}
			}
		}
		fmt.Fprintf(w, "\t%s\n", t.cell(row, "all"))
	}
	w.Flush()
	for i, name := range names {
		fmt.Fprintf(&b, "%2d %s\n", i+1, name)
	}
	return b.String() + "A number is of files that were accepted; refused, unable and missing are named.\n"
}
