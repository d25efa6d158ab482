package failover

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// The page for operators names each kind of finding and each number with thresholds, and the laboratory makes each kind happen.
func TestDocumented(t *testing.T) {
	read := func(files ...string) (all string) {
		for _, f := range files {
			raw, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			all += string(raw)
		}
		return all
	}
	docs := read("../../docs/failover.md")
	const lab = "../../internal/lab/acceptance/"
	tests := read(lab+"failover_status_test.go", lab+"failover_findings_test.go", lab+"management_test.go")
	kinds := regexp.MustCompile(`(?m)^\t(\w+) +Kind = "([a-z-]+)"`).FindAllStringSubmatch(read("findings.go"), -1)
	if len(kinds) < 20 {
		t.Fatalf("%d kinds", len(kinds))
	}
	for _, k := range kinds {
		if !strings.Contains(docs, "\n| `"+k[2]+"` |") {
			t.Errorf("docs/failover.md does not explain %s", k[2])
		}
		if !strings.Contains(tests, "failover."+k[1]) {
			t.Errorf("no test makes %s happen", k[1])
		}
	}
	for _, m := range Measures() {
		if !strings.Contains(docs, "\n| `"+m.Name+"` |") {
			t.Errorf("docs/failover.md does not explain the number %s", m.Name)
		}
	}
}
