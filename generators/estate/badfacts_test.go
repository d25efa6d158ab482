package estate_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/facts"
	"github.com/mco-go/mco-go/generators/problem"
	"github.com/mco-go/mco-go/internal/lab/estates"
)

// loneBroker is the estate that facts are judged in: their host is its one broker, whatever it is called.
const loneBroker = "version: 1\nestate: lone\nsoftware: {rabbitmq: \"3.10.8\"}\nbrokers: {main: {kind: standalone, nodes: [%s]}}\n"

// directors are the estate for facts that matter to direct routing alone.
const directors = `version: 1
estate: lone
software: {rabbitmq: "3.10.8", keepalived: "2.2.7"}
brokers: {main: {kind: cluster, nodes: [%[1]s, %[2]s]}}
balancers: {vip: {kind: lvs-dr, nodes: [%[1]s, %[2]s], to: main, vip: %[3]s, ports: {amqp: 5672}}}
`

func TestBadFactsAreRefused(t *testing.T) {
	var want map[string]struct{ Class, Why string }
	estates.ReadYAML(t, estates.Corpus("facts", "bad", "expect.yaml"), &want)
	if len(want) == 0 {
		t.Fatal("the corpus has no bad facts")
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		t.Run(name, func(t *testing.T) {
			file := estates.Corpus("facts", "bad", name)
			set, problems := facts.Read([]string{file}, nil, facts.DefaultLimits())
			topology := fmt.Sprintf(loneBroker, hostOf(set, file))
			if strings.HasPrefix(name, "mac") || strings.Contains(want[name].Why, "LVS") {
				set, topology, problems = pair(t, file)
			}
			_, more := loadText(t, topology, estate.Options{Facts: set, Secrets: estates.Secrets(t, nil)})
			problems = append(problems, more...)
			if !problems.Failed() {
				t.Fatalf("nothing is wrong with it; want %s", want[name].Class)
			}
			if got := string(firstError(problems).Class); got != want[name].Class {
				t.Errorf("first is %s, want %s\n%s", got, want[name].Class, show(problems))
			}
		})
	}
}

func firstError(problems problem.List) problem.Problem {
	i := slices.IndexFunc(problems, func(p problem.Problem) bool { return !p.Warning })
	return problems[i]
}

// hostOf is the node that the facts tell of, or any name if they tell of none.
func hostOf(set *facts.Set, file string) string {
	if nodes := set.Nodes(); len(nodes) == 1 && nodes[0].Identity != "" {
		return nodes[0].Identity
	}
	return strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
}

// pair puts a node with the facts of the file beside one that is fine.
func pair(t *testing.T, file string) (*facts.Set, string, problem.List) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]any
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	networking := all["networking"].(map[string]any)
	name, address := networking["hostname"].(string), networking["ip"].(string)
	other := strings.NewReplacer(name, "otherhost").Replace(string(data))
	octets := strings.Split(address, ".")
	sibling := strings.Join(octets[:3], ".") + ".251"
	other = strings.ReplaceAll(other, `"`+address+`"`, `"`+sibling+`"`)
	beside := filepath.Join(t.TempDir(), "other.json")
	if err := os.WriteFile(beside, []byte(other), 0o600); err != nil {
		t.Fatal(err)
	}
	set, problems := facts.Read([]string{file, beside}, nil, facts.DefaultLimits())
	return set, fmt.Sprintf(directors, name, "otherhost", strings.Join(octets[:3], ".")+".250/24"), problems
}

func loadText(t testing.TB, topology string, o estate.Options) (*estate.Estate, problem.List) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "topology.yaml")
	if err := os.WriteFile(path, []byte(topology), 0o600); err != nil {
		t.Fatal(err)
	}
	return estate.Load(path, o)
}

func TestOddFactsAreTaken(t *testing.T) {
	var odd map[string]string
	estates.ReadYAML(t, estates.Corpus("facts", "good-but-odd", "README.yaml"), &odd)
	if len(odd) == 0 {
		t.Fatal("the corpus has no odd facts")
	}
	for _, name := range slices.Sorted(maps.Keys(odd)) {
		t.Run(name, func(t *testing.T) {
			set := estates.Fleet(t, estates.Corpus("facts", "good-but-odd", name))
			host := set.Nodes()[0].Identity
			got, problems := loadText(t, fmt.Sprintf(loneBroker, host), estate.Options{Facts: set})
			if got == nil {
				t.Fatalf("%s\n%s", odd[name], show(problems))
			}
			if b := got.Brokers[0].Members[0]; !b.Address().IsValid() || b.Node.Name != host {
				t.Errorf("broker %+v of %s", b, host)
			}
		})
	}
}
