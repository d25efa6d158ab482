package acceptance

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/lab/wire"
)

// TestAtMostOnceAcrossARestart kills a node in the middle of a command, starts it again, and sends it the same request again: it runs
// once, the audit shows that it began and never ended, and what it started is gone. Then a request that ends is asked again: its reply
// comes again, and it ran once too.
func TestAtMostOnceAcrossARestart(t *testing.T) {
	t.Parallel()
	b := peers.Broker(t, lab.RabbitMQKind)
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	cfg := lab.ServerCfg{Identity: "mortal.example.net", Cfg: lab.Cfg{Brokers: []*lab.Broker{b}, Extra: []string{
		"plugin.mco.state_dir = " + file("state"), "plugin.mco.metrics.listen = 127.0.0.1:0",
		"rpcaudit = 1", "rpcauditprovider = Logfile", "plugin.rpcaudit.logfile = " + file("audit.log"), "plugin.mco.audit.end_log = " + file("end.log"),
	}}}
	s, err := b.Session(5 * time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	send := func(seq string, payload []byte) {
		t.Helper()
		if err := s.Send(wire.Directed("rabbitmq", "mcollective", cfg.Identity, seq, payload)); err != nil {
			t.Fatal(err)
		}
	}
	execute := func(name, command string) (id string, payload []byte) {
		script := file(name)
		if err := os.WriteFile(script, []byte("#!/bin/sh\n"+command+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		return wire.Request{Agent: "shell", Identity: []string{cfg.Identity}, Body: wire.RPC("shell", "execute", wire.Hash{{Key: wire.Sym("cmd"), Value: script}})}.Encode()
	}

	n := lab.GoNode(t, cfg)
	n.WaitReady(t, b, 30*time.Second)
	id, request := execute("kill", fmt.Sprintf("echo $$ >> %s; exec sleep 300", file("pids")))
	send("killed", request)
	lab.Wait(t, "the command to run", 20*time.Second, func() error { _, err := os.Stat(file("pids")); return err })
	n.Kill()

	n = lab.GoNode(t, cfg)
	n.WaitReady(t, b, 30*time.Second)
	send("killed", request)
	send("killed", request)
	lab.Wait(t, "the node to refuse", 20*time.Second, func() error {
		if got := strings.Count(n.DaemonLog(), id+" for agent 'shell' in collective 'mcollective' from uid=0@lab.probe was received before"); got != 2 {
			return fmt.Errorf("%d refusals, want 2", got)
		}
		return nil
	})
	pids, err := os.ReadFile(file("pids"))
	if err != nil || bytes.Count(pids, []byte("\n")) != 1 {
		t.Fatalf("the command ran %d times, want once: %v", bytes.Count(pids, []byte("\n")), err)
	}
	pid := strings.TrimSpace(string(pids))
	lab.Wait(t, "the command to be gone", 10*time.Second, func() error {
		stat, err := os.ReadFile("/proc/" + pid + "/stat")
		if err == nil && !bytes.Contains(stat, []byte(") Z ")) {
			return fmt.Errorf("process %s runs", pid)
		}
		return nil
	})
	audited(t, file("audit.log"), id, 1)
	audited(t, file("end.log"), id, 0)

	id, request = execute("whole", "echo x >> "+file("runs"))
	send("first", request)
	reply := func() {
		t.Helper()
		for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
			if f, err := s.Receive(time.Second); err == nil && bytes.Contains(f.Body, []byte(id)) {
				return
			}
		}
		t.Fatalf("no reply to %s: %s", id, n.DaemonLog())
	}
	reply()
	lab.Wait(t, "the reply to be sent again", 20*time.Second, func() error {
		send("again", request)
		if f, err := s.Receive(500 * time.Millisecond); err != nil || !bytes.Contains(f.Body, []byte(id)) {
			return fmt.Errorf("%w, or another frame", err)
		}
		return nil
	})
	if runs, err := os.ReadFile(file("runs")); err != nil || string(runs) != "x\n" {
		t.Errorf("the command ran %d times, %v", len(runs)/2, err)
	}
	audited(t, file("audit.log"), id, 1)
	audited(t, file("end.log"), id, 1)
	page := metricsOf(t, n)
	for _, want := range []string{"mco_session_ready 1\n", "mco_reasked_total 1\n", "mco_session_broker{broker=\"" + b.Addr() + "\"} 1\n"} {
		if !strings.Contains(page, want) {
			t.Errorf("the metrics page has no %q:\n%s", want, page)
		}
	}
	if err := n.Stop(15 * time.Second); err != nil {
		t.Error(err)
	}
}

// audited looks how many lines of a file are about a request.
func audited(t *testing.T, path, id string, want int) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	if got := bytes.Count(raw, []byte("reqid="+id+": ")); got != want {
		t.Errorf("%s has %d lines of request %s, want %d:\n%s", filepath.Base(path), got, id, want, raw)
	}
}

// metricsOf reads the page whose address the node's log tells.
func metricsOf(t *testing.T, n *lab.Node) string {
	t.Helper()
	address := regexp.MustCompile(`Showing metrics at (\S+)`).FindStringSubmatch(n.DaemonLog())
	if address == nil {
		t.Fatalf("the log does not tell where the metrics are:\n%s", n.DaemonLog())
	}
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	r, err := client.Get(address[1])
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	page, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}
