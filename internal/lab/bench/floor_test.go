package bench

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/mco-go/mco-go/internal/lab/wire"
)

// floorJob tells a floor process what to be: count sessions, each with the subscriptions of a node, each answering every broadcast
// with the same Reply. It travels in an environment variable to a copy of the test binary, because the simulated fleet that it is
// compared with is one process too.
type floorJob struct {
	Login      wire.Login
	Count      int
	Collective string
	Agents     []string
	Reply      []byte
}

const floorVariable = "MCO_BENCH_FLOOR"

func TestMain(m *testing.M) {
	if job := os.Getenv(floorVariable); job != "" {
		if err := runFloor(job); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// startFloor starts a floor process and returns its id once every session is subscribed. It ends with the benchmark.
func startFloor(b *testing.B, j floorJob) int {
	b.Helper()
	job, err := json.Marshal(j)
	if err != nil {
		b.Fatal(err)
	}
	return startReady(b, exec.Command(os.Args[0]), "ready", floorVariable+"="+string(job))
}

// startReady starts a command and waits for a line of its standard output that holds word.
func startReady(b *testing.B, cmd *exec.Cmd, word string, env ...string) int {
	b.Helper()
	cmd.Env = append(os.Environ(), env...)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		in.Close()
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			b.Logf("end %s: %v", cmd.Path, err)
		}
		cmd.Wait()
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if strings.Contains(lines.Text(), word) {
			go io.Copy(io.Discard, out) // ends with the process
			return cmd.Process.Pid
		}
	}
	b.Fatalf("%s ended before it was ready", cmd.Path)
	return 0
}

// runFloor is the floor process: it prints "ready" when every session is subscribed and ends with its standard input.
func runFloor(job string) error {
	var j floorJob
	if err := json.Unmarshal([]byte(job), &j); err != nil {
		return err
	}
	const atOnce = 32 // sessions being opened; the broker is the bottleneck
	var (
		wg    sync.WaitGroup
		slots = make(chan struct{}, atOnce)
		errs  = make(chan error, j.Count)
	)
	for i := range j.Count {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			s, err := dialRaw(j.Login, 4096)
			if err == nil {
				err = s.subscribe(j.destinations(i)...)
			}
			if err != nil {
				errs <- err
				return
			}
			go s.answer(j.Reply) // ends with the process
		})
	}
	wg.Wait()
	if len(errs) > 0 {
		return fmt.Errorf("%d of %d sessions failed, the first: %w", len(errs), j.Count, <-errs)
	}
	fmt.Println("ready")
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

// destinations are what a node of RabbitMQ's connector subscribes to (connector/rabbitmq.rb make_target).
func (j floorJob) destinations(i int) []string {
	d := []string{fmt.Sprintf("/exchange/%s_directed/floor%d.example.net", j.Collective, i)}
	for _, a := range j.Agents {
		d = append(d, fmt.Sprintf("/exchange/%s_broadcast/%s", j.Collective, a))
	}
	return d
}
