package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func TestPidFileIsWrittenAndRemoved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pid")
	p, err := createPidFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if raw, err := os.ReadFile(path); err != nil || string(raw) != strconv.Itoa(os.Getpid()) {
		t.Errorf("contents %q, %v; want our pid and no newline", raw, err)
	}
	if err := p.remove(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("still there: %v", err)
	}
}

func TestPidFileOfALivingDaemonRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pid")
	p, err := createPidFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer p.remove()
	_, err = createPidFile(path)
	if want := fmt.Sprintf("Process is already running with PID %d", os.Getpid()); text(err) != want {
		t.Errorf("error %q, want %q", text(err), want)
	}
}

func TestPidFilesLeftBehindAreReplaced(t *testing.T) {
	gone := exec.Command("true")
	if err := gone.Run(); err != nil {
		t.Fatal(err)
	}
	other := exec.Command("cat")
	stdin, err := other.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { stdin.Close(); other.Wait() }()
	for name, content := range map[string]string{
		"a process that is gone":             strconv.Itoa(gone.ProcessState.Pid()),
		"a number that another process has":  strconv.Itoa(other.Process.Pid),
		"no number":                          "soon",
		"nothing":                            "",
		"a number with a newline after it":   strconv.Itoa(gone.ProcessState.Pid()) + "\n",
		"a number that means every process":  "-1",
		"a number that means our own group":  "0",
		"more than any number of a process ": strings.Repeat("9", 100),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "pid")
			if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
			p, err := createPidFile(path)
			if err != nil {
				t.Fatal(err)
			}
			p.remove()
		})
	}
}

// The original's daemon does not lock its pid file. A process whose command line has its name counts as one.
func TestPidFileOfTheOriginalRefuses(t *testing.T) {
	script := filepath.Join(t.TempDir(), "mcollectived")
	if err := os.WriteFile(script, []byte("echo up\nread line\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	other := exec.Command("/bin/sh", script)
	stdin, err := other.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := other.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { stdin.Close(); other.Wait() }()
	if _, err := stdout.Read(make([]byte, 3)); err != nil { // for a moment of its start a process has no command line
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "pid")
	if err := os.WriteFile(path, []byte(strconv.Itoa(other.Process.Pid)), 0o644); err != nil {
		t.Fatal(err)
	}
	if p, err := createPidFile(path); err == nil {
		p.remove()
		t.Error("the pid file of a living daemon was replaced")
	}
}

func TestPidFileThatIsALink(t *testing.T) {
	dir := t.TempDir()
	target := filepath.Join(dir, "target")
	if err := os.WriteFile(target, []byte("keep"), 0o644); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "pid")
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	if p, err := createPidFile(link); err == nil {
		p.remove()
		t.Error("a symbolic link was taken for a pid file")
	}
	if raw, _ := os.ReadFile(target); string(raw) != "keep" {
		t.Errorf("the link's target holds %q", raw)
	}
}

func TestPidFileOfAnotherIsLeftAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pid")
	p, err := createPidFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path, path+".old"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("7"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := p.remove(); err != nil {
		t.Error(err)
	}
	if raw, _ := os.ReadFile(path); string(raw) != "7" {
		t.Error("the pid file of another daemon was removed")
	}
}
