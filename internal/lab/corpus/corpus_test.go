package corpus

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/mco-go/mco-go/generators/problem"
	"github.com/mco-go/mco-go/generators/validate"
	"github.com/mco-go/mco-go/internal/lab/estates"
)

// TestCorpus makes estates by chance and holds everybody to them: rules and writers refuse none, each file reads back as what it was
// made from in the words of its estate's versions, and the real programs take every file in the words of theirs. MCO_CORPUS says how
// many estates (50), MCO_SEED which is the first.
func TestCorpus(t *testing.T) {
	needPrograms(t)
	count, first := number(t, "MCO_CORPUS", 50), number(t, "MCO_SEED", rand.Uint64N(1_000_000_000))
	t.Logf("%d estates from %d on", count, first)
	r := &run{T: t, verdicts: make(tally), made: make(map[string]int), began: time.Now()}
	const together = 40
	for from := uint64(0); from < count && r.bad < 20; from += together {
		r.estates(first+from, min(together, count-from))
	}
	r.report()
}

func number(t *testing.T, variable string, usual uint64) uint64 {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return usual
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	return n
}

// run is one run over many estates.
type run struct {
	*testing.T
	began    time.Time
	made     map[string]int // estates, by what they are
	readBack int            // files
	verdicts tally
	bad      int
}

// estates makes some estates, and lets the programs judge the files of all of them together.
func (r *run) estates(from, count uint64) {
	dir, err := os.MkdirTemp("", "corpus-*")
	if err != nil {
		r.Fatal(err)
	}
	defer os.RemoveAll(dir)
	samples := make(map[string]Sample)
	var files []written
	for seed := from; seed < from+count; seed++ {
		name := strconv.FormatUint(seed, 10)
		s, err := New(seed, filepath.Join(dir, name))
		if err != nil {
			r.Fatal(err)
		}
		samples[name] = s
		r.count(s)
		r.render(s, nil, "")
		files = append(files, r.render(s, estates.Installed(r), filepath.Join(dir, name, "nodes"))...)
	}
	for _, v := range judge(r.Context(), files) {
		r.verdicts.add(v.program, "files", v.Status)
		if v.Status != validate.Accepted {
			r.fault(samples[v.estate], fmt.Sprintf("%s of %s: %s: %s: %s", v.Path, v.node, v.program, v.Status, brief(v.Text)))
		}
	}
}

func (r *run) count(s Sample) {
	r.made["estates"]++
	r.made[string(s.Dialect)]++
	if s.Legacy {
		r.made["with legacy facts"]++
	}
	if s.IPv6 {
		r.made["with IPv6"]++
	}
}

// render makes a sample's files, below dir unless that is empty.
func (r *run) render(s Sample, software map[string]string, dir string) []written {
	e, problems := s.Load(software)
	if e == nil {
		r.refused(s, software, problems)
		return nil
	}
	files, problems, err := render(e, strconv.FormatUint(s.Seed, 10), dir)
	if err != nil {
		r.Fatal(err)
	}
	r.refused(s, software, problems)
	r.readBack += len(files)
	return files
}

func (r *run) refused(s Sample, software map[string]string, problems problem.List) {
	words := "its own versions"
	if software != nil {
		words = "the installed versions"
	}
	for _, p := range faults(problems) {
		r.fault(s, "with "+words+": "+p.Error())
	}
}

// fault reports what is wrong with a sample's estate, and keeps its files.
func (r *run) fault(s Sample, what string) {
	r.bad++
	r.Errorf("estate %d (%s): %s\n\tagain: make corpus N=1 SEED=%d", s.Seed, s.Dialect, what, s.Seed)
	if err := os.CopyFS(filepath.Join(r.ArtifactDir(), strconv.FormatUint(s.Seed, 10)), os.DirFS(s.Dir)); err != nil && !os.IsExist(err) {
		r.Error(err)
	}
}

func (r *run) report() {
	took := time.Since(r.began).Round(time.Second)
	r.Logf("%d estates (%d old, %d installed, %d newer; %d with IPv6, %d with legacy facts) in %v; %d files read back; verdicts:", r.made["estates"],
		r.made[string(Old)], r.made[string(Installed)], r.made[string(Newer)], r.made["with IPv6"], r.made["with legacy facts"], took, r.readBack)
	judged := 0
	for _, p := range validate.Programs() {
		r.Logf("%-24s %s accepted", p.Name, r.verdicts.cell(p.Name, "files"))
		for _, n := range r.verdicts[p.Name]["files"] {
			judged += n
		}
	}
	if judged == 0 {
		r.Error("nothing was judged")
	}
}
