package acceptance

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
)

// shellNode is one of our nodes with a folder of jobs that outlives it.
func shellNode(t *testing.T, b *lab.Broker, jobs string) *lab.Node {
	t.Helper()
	n := lab.GoNode(t, lab.ServerCfg{Identity: "go.example.net",
		Cfg: lab.Cfg{Brokers: []*lab.Broker{b}, LibDirs: []string{t.TempDir()}, Extra: []string{"plugin.shell.state_path = " + jobs}}})
	n.WaitReady(t, b, time.Minute)
	return n
}

func wantNoProcess(t *testing.T, mark string) {
	t.Helper()
	lab.Wait(t, "no process of "+mark, 10*time.Second, func() error {
		if left := lab.Naming(mark); len(left) > 0 {
			return fmt.Errorf("processes %v", left)
		}
		return nil
	})
}

// A daemon that is killed takes the commands along that callers wait for. Those in the background go on, and the next daemon finds them.
func TestDaemonKilledInMidCommand(t *testing.T) {
	lab.Need(t, lab.RabbitMQServer)
	t.Parallel()
	b := lab.RabbitMQ(t, lab.BrokerOptions{Collectives: []string{"mcollective"}})
	jobs := filepath.Join(t.TempDir(), "jobs")
	green := filepath.Join(t.TempDir(), "go")
	waited := fmt.Sprintf("974.%d", os.Getpid())
	n := shellNode(t, b, jobs)
	mco := lab.GoMco(t, lab.ClientCfg{Cfg: lab.Cfg{Brokers: []*lab.Broker{b}, LibDirs: []string{t.TempDir()}}})
	started, out, err := rpc(t, mco, "shell", "start", "command=echo begun; while [ ! -e "+green+" ]; do sleep 0.05; done; echo ended; exit 6")
	if err != nil || len(started) != 1 {
		t.Fatalf("%v\n%s", err, out.All())
	}
	handle := fmt.Sprint(started["go.example.net"].Data["handle"])
	mco.Run(t, "rpc", "--nr", "shell", "execute", "cmd=setsid sleep "+waited+" & sleep "+waited)
	lab.Wait(t, "the command runs", 10*time.Second, func() error {
		if n := len(lab.Naming("sleep\x00" + waited)); n != 2 {
			return fmt.Errorf("%d of its processes", n)
		}
		return nil
	})
	n.Kill()
	wantNoProcess(t, waited)
	next := shellNode(t, b, jobs)
	status := func(state, stdout string, code any) {
		t.Helper()
		lab.Wait(t, "the job is "+state, 10*time.Second, func() error {
			answers, out, err := rpc(t, mco, "shell", "status", "handle="+handle)
			a := answers["go.example.net"]
			if err != nil || a.Data["status"] != state || a.Data["stdout"] != stdout || a.Data["exitcode"] != code {
				return fmt.Errorf("%v %+v\n%s", err, a, out.All())
			}
			return nil
		})
	}
	status("running", "begun\n", nil)
	if err := os.WriteFile(green, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	status("stopped", "begun\nended\n", 6.0)
	next.Alive(t)
	if !strings.Contains(next.DaemonLog(), "Agent shell: it runs any command") {
		t.Errorf("nothing is said about an agent that everybody may call:\n%s", next.DaemonLog())
	}
}

// Ctrl-C at a command that is followed ends it on the node.
func TestCtrlCAtATailedCommand(t *testing.T) {
	lab.Need(t, lab.RabbitMQServer)
	t.Parallel()
	b := lab.RabbitMQ(t, lab.BrokerOptions{Collectives: []string{"mcollective"}})
	shellNode(t, b, filepath.Join(t.TempDir(), "jobs"))
	client := lab.GoMco(t, lab.ClientCfg{Cfg: lab.Cfg{Brokers: []*lab.Broker{b}, LibDirs: []string{t.TempDir()}}})
	mark := fmt.Sprintf("973.%d", os.Getpid())
	mco := exec.Command(lab.Program(t, "mco"), "shell", "run", "--tail", "-c", client.Config, "echo up; setsid sleep "+mark+" & sleep "+mark)
	mco.Dir = client.Dir
	stdout, err := mco.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := mco.Start(); err != nil {
		t.Fatal(err)
	}
	defer mco.Process.Kill()
	var said strings.Builder
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		said.WriteString(lines.Text() + "\n")
		if strings.HasSuffix(lines.Text(), "stdout: up") {
			if err := mco.Process.Signal(syscall.SIGINT); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := mco.Wait(); err != nil {
		t.Errorf("%v\n%s", err, said.String())
	}
	if !strings.Contains(said.String(), "Attempting to stop cleanly, interrupt again to kill\nSending kill to go.example.net ") {
		t.Errorf("%q", said.String())
	}
	wantNoProcess(t, mark)
}
