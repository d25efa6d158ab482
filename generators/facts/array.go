package facts

import (
	"io"
	"runtime"
	"sync"

	"github.com/mco-go/mco-go/generators/problem"
)

// batchBytes is about how much text of elements goes from the splitter to a worker at once.
const batchBytes = 256 << 10

// batch is a run of elements of an array, and what becomes of them.
type batch struct {
	elements []string
	lines    []int
	number   int // of the first element, from 1
	result   result
	rows     []row
	foreign  int // number of an element that is of none of PuppetDB's forms; 0: none
}

// result is what one file holds.
type result struct {
	nodes    []*Node
	problems problem.List
}

func (r *result) fault(file string, f *fault) { r.problems.Add(f.problem(file)) }

// row is one fact of one node, as PuppetDB's endpoint facts lists them.
type row struct {
	certname string
	text     string // the whole element
	number   int    // in the array
}

// array reads what PuppetDB answered, of which no more than a few batches are in memory at a time.
func array(in io.Reader, file string, line int, limits Limits) result {
	workers := runtime.GOMAXPROCS(0)
	jobs := make(chan *batch, workers)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			s := scanner{limits: limits}
			for b := range jobs {
				b.work(&s, file)
			}
		})
	}
	batches, last := send(newSplitter(in, limits, line), jobs)
	close(jobs)
	wg.Wait()

	var all result
	var rows []row
	for _, b := range batches {
		all.nodes = append(all.nodes, b.result.nodes...)
		rows = append(rows, b.rows...)
		all.problems.Add(b.result.problems...)
		if b.foreign > 0 {
			// The first is enough: an array of other things has many.
			all.fault(place(file, b.foreign), &fault{class: inputSyntax, what: "an array that is none of PuppetDB's: the element is no node and no fact of one",
				want: "the answer of inventory, factsets or facts"})
			break
		}
	}
	if last != nil {
		all.fault(file, last)
	}
	grouped := ofRows(rows, file, limits)
	all.nodes = append(all.nodes, grouped.nodes...)
	all.problems.Add(grouped.problems...)
	return all
}

// send cuts the array into batches. Its texts are the workers' from then on.
func send(s *splitter, jobs chan<- *batch) ([]*batch, *fault) {
	var batches []*batch
	b := &batch{number: 1}
	size := 0
	flush := func() {
		if len(b.elements) > 0 {
			batches = append(batches, b)
			jobs <- b
		}
		b, size = &batch{number: s.number + 1}, 0
	}
	for {
		element, line, f := s.next()
		if f != nil || element == "" {
			flush()
			return batches, f
		}
		b.elements = append(b.elements, element)
		b.lines = append(b.lines, line)
		if size += len(element); size >= batchBytes {
			flush()
		}
	}
}

// work reads the elements of a batch, and lets go of their texts.
func (b *batch) work(s *scanner, file string) {
	for i, element := range b.elements {
		b.elements[i] = ""
		v, faults := s.document(element, 2)
		for _, f := range faults {
			f.line += b.lines[i] - 1
			b.result.fault(file, f)
		}
		if len(faults) > 0 {
			continue
		}
		where := place(file, b.number+i)
		switch {
		case isRow(&v):
			b.row(&v, element, file, b.number+i)
		case v.get("certname").there() && v.get("facts").there(), wrapped(&v):
			d, f := unwrap(v, false, where)
			if f != nil {
				b.result.fault(where, f)
				continue
			}
			node, problems := normalise(d)
			if node != nil {
				b.result.nodes = append(b.result.nodes, node)
			}
			b.result.problems.Add(problems...)
		default:
			b.foreign = b.number + i
			return
		}
	}
}

func (b *batch) row(v *value, element, file string, number int) {
	certname := v.get("certname")
	if certname.kind != text {
		b.result.fault(place(file, number), &fault{class: factType, key: "certname", what: "a fact is of the wrong type", got: certname.kind.String(), want: text.String()})
		return
	}
	b.rows = append(b.rows, row{kept(certname.text), element, number})
}

// ofRows puts the rows of each node together.
func ofRows(rows []row, file string, limits Limits) result {
	var all result
	byNode := make(map[string][]row)
	var names []string
	for _, r := range rows {
		if byNode[r.certname] == nil {
			names = append(names, r.certname)
		}
		byNode[r.certname] = append(byNode[r.certname], r)
	}
	s := scanner{limits: limits}
	for _, name := range names {
		facts := value{kind: mapping}
		for _, r := range byNode[name] {
			v, _ := s.document(r.text, 2) // read before, without a fault
			facts.members = append(facts.members, member{v.get("name").text, *v.get("value")})
		}
		where := place(file, byNode[name][0].number)
		if f := facts.twice(); f != nil {
			all.fault(where, f)
			continue
		}
		node, problems := normalise(document{where: where, certname: &value{kind: text, text: name}, facts: facts, puppet: true})
		if node != nil {
			all.nodes = append(all.nodes, node)
		}
		all.problems.Add(problems...)
	}
	return all
}
