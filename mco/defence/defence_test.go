package defence_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// A test that passes without what it tests proves nothing: each of these goes red when its defence is taken away.
func TestTestsNoticeMissingDefences(t *testing.T) {
	for _, tt := range []struct{ tag, pkg, test, says string }{
		{"without_watch", "mco/connector/stomp", "TestSilenceIsNoticed", "TestSilenceIsNoticed"},
		{"without_proof", "internal/lab/simulation", "TestSeeds", "Ready means subscribed: "},
		{"without_memory", "internal/lab/simulation", "TestSeeds", "at most once: "},
	} {
		t.Run(tt.tag, func(t *testing.T) {
			t.Parallel()
			pkg := "github.com/mco-go/mco-go/" + tt.pkg
			cmd := exec.CommandContext(t.Context(), "go", "test", "-count=1", "-vet=off", "-tags", tt.tag, "-run", "^"+tt.test+"$", pkg)
			cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "SEEDS=100", "SEED=")
			out, err := cmd.CombinedOutput()
			if err == nil || !strings.Contains(string(out), tt.says) || !strings.Contains(string(out), "\nFAIL\t"+pkg+"\t") {
				t.Errorf("%s of %s without its defence: %v\n%s", tt.test, pkg, err, out)
			}
		})
	}
}
