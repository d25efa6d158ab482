package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
)

// roleVariable makes another program of the test binary: it names the file of a job.
const roleVariable = "MCO_LAB_JOB"

// job is what a second process of this binary is to do on its host until it gets SIGTERM.
type job struct {
	Role    string // "ask" or "nodes"
	Name    string
	Config  string // path of the cfg file
	History string // path of the file that it writes
	Begin   time.Time

	Seed    uint64        // ask
	Every   time.Duration // ask: between two requests
	Timeout time.Duration // ask: the wait for replies
	Nodes   []string      // ask: who is asked; nodes: who is simulated
}

func TestMain(m *testing.M) {
	if path := os.Getenv(roleVariable); path != "" {
		if err := work(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	code := m.Run()
	if err := figures.write(os.Getenv("MCO_LAB_REPORT")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	os.Exit(code)
}

func work(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var j job
	if err := json.Unmarshal(text, &j); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if j.Role == "ask" {
		return j.ask(ctx)
	}
	return j.simulate(ctx)
}

// start runs a job on a host.
func (j job) start(t testing.TB, h *lab.Host) *lab.Process {
	t.Helper()
	path := filepath.Join(h.Folder, j.Name+".job")
	text, err := json.Marshal(j)
	if err == nil {
		err = os.WriteFile(path, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return h.Start(t, "env", roleVariable+"="+path, "TZ=UTC", os.Args[0])
}
