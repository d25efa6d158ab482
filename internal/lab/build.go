package lab

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
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

// programs builds into a temporary folder of this test binary.
var programs = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "mco-lab-programs-*")
	if err != nil {
		return "", err
	}
	if err := removeAtEnd(dir); err != nil {
		return "", err
	}
	args := []string{"build", "-buildvcs=false"}
	if raceEnabled {
		args = append(args, "-race")
	}
	cmd := exec.Command("go", append(args, "-o", dir+"/", "./mco/cmd/mco", "./agent/cmd/mcollectived")...)
	cmd.Dir = Root()
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build our programs: %w\n%s", err, out)
	}
	return dir, nil
})

// removeAtEnd removes a folder when this process ends, however it ends: a shell waits for the end of a pipe that only we hold. We
// hold it as a bare number, which no finalizer closes.
func removeAtEnd(dir string) error {
	var pipe [2]int
	if err := syscall.Pipe2(pipe[:], syscall.O_CLOEXEC); err != nil {
		return err
	}
	theirs := os.NewFile(uintptr(pipe[0]), "pipe")
	defer theirs.Close()
	cmd := exec.Command("/bin/sh", "-c", `read -r _; rm -rf "$0"`, dir)
	cmd.Stdin = theirs
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // an interrupt is not for it
	return cmd.Start()
}
