package lab

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Program returns the path of one of our programs ("mco", "mcollectived"), built once for each run of a test binary, and with the
// race detector where the test binary has it.
func Program(t testing.TB, name string) string {
	t.Helper()
	dir, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, name)
}

// programs builds beside the place and renames, so that a program that runs, also one of another test binary, is not disturbed.
var programs = sync.OnceValues(func() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	dir := filepath.Join(cache, "mco-go-lab", strings.ReplaceAll(filepath.Clean(Root()), "/", "-"))
	args := []string{"build", "-buildvcs=false"}
	if raceEnabled {
		dir += "-race"
		args = append(args, "-race")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	fresh, err := os.MkdirTemp(dir, "build-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(fresh)
	cmd := exec.Command("go", append(args, "-o", fresh+"/", "./mco/cmd/mco", "./agent/cmd/mcollectived")...)
	cmd.Dir = Root()
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build our programs: %w\n%s", err, out)
	}
	for _, name := range []string{"mco", "mcollectived"} {
		if err := os.Rename(filepath.Join(fresh, name), filepath.Join(dir, name)); err != nil {
			return "", err
		}
	}
	return dir, nil
})
