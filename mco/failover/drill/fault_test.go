package drill

import (
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mco-go/mco-go/mco/config"
)

func TestShell(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "out")
	run := func(text string) error { return Shell{text, "the test's command"}.run(t.Context(), entry()) }
	if err := run(`echo "$MCO_DRILL_BROKER $MCO_DRILL_HOST $MCO_DRILL_PORT" >` + out + `; cat >>` + out + `; tr '\0' ' ' </proc/$$/cmdline >>` + out); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(out)
	if err != nil || !strings.HasPrefix(string(got), "mq1:61613 mq1 61613\n/bin/sh -c ") || strings.Contains(string(got), "MCO_DRILL") {
		t.Errorf("%v, %q", err, got)
	}
	err = run("echo too much to be kept: " + strings.Repeat("x", maxOutputTail) + "; echo the end >&2; exit 3")
	if err == nil || !strings.HasPrefix(err.Error(), "the test's command: exit status 3; it said: xxx") || !strings.HasSuffix(err.Error(), "\nthe end") {
		t.Errorf("%v", err)
	}
	if public := inPublic(err); public != "the test's command: exit status 3" {
		t.Errorf("a report says %q", public)
	}
	begin := time.Now()
	if err := run("sleep 60 & echo $! >" + out); err != nil || time.Since(begin) > 10*time.Second {
		t.Errorf("what it leaves running is waited for: %v, %v", time.Since(begin), err)
	}
	got, err = os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(got)))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Errorf("what it left running is gone: %v", err)
	}
}

// A command that does not end is ended, with those that it started, when the drill is interrupted.
func TestShellInterrupted(t *testing.T) {
	ready := filepath.Join(t.TempDir(), "ready")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Shell{"touch " + ready + "; sleep 60; echo never", "it"}.run(ctx, entry()) }()
	for {
		if _, err := os.Stat(ready); err == nil {
			break
		}
		select {
		case err := <-ended:
			t.Fatal(err)
		case <-time.After(10 * time.Millisecond):
		}
	}
	cancel()
	select {
	case err := <-ended:
		if err == nil || !strings.Contains(err.Error(), "context canceled") {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("it goes on")
	}
}

func TestRuleset(t *testing.T) {
	got := ruleset("mco_drill_x", []netip.Addr{netip.MustParseAddr("::ffff:192.0.2.1"), netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("192.0.2.1")}, "61613")
	const want = `create table inet mco_drill_x
add chain inet mco_drill_x input { type filter hook input priority -10; policy accept; }
add rule inet mco_drill_x input ip daddr 192.0.2.1 tcp dport 61613 drop
add rule inet mco_drill_x input ip saddr 192.0.2.1 tcp sport 61613 drop
add rule inet mco_drill_x input ip6 daddr 2001:db8::1 tcp dport 61613 drop
add rule inet mco_drill_x input ip6 saddr 2001:db8::1 tcp sport 61613 drop
add chain inet mco_drill_x forward { type filter hook forward priority -10; policy accept; }
add rule inet mco_drill_x forward ip daddr 192.0.2.1 tcp dport 61613 drop
add rule inet mco_drill_x forward ip saddr 192.0.2.1 tcp sport 61613 drop
add rule inet mco_drill_x forward ip6 daddr 2001:db8::1 tcp dport 61613 drop
add rule inet mco_drill_x forward ip6 saddr 2001:db8::1 tcp sport 61613 drop
add chain inet mco_drill_x output { type filter hook output priority -10; policy accept; }
add rule inet mco_drill_x output ip daddr 192.0.2.1 tcp dport 61613 drop
add rule inet mco_drill_x output ip saddr 192.0.2.1 tcp sport 61613 drop
add rule inet mco_drill_x output ip6 daddr 2001:db8::1 tcp dport 61613 drop
add rule inet mco_drill_x output ip6 saddr 2001:db8::1 tcp sport 61613 drop
`
	if got != want {
		t.Errorf("got\n%s", got)
	}
}

func TestFromConfig(t *testing.T) {
	load := func(lines string) *config.Config {
		file := filepath.Join(t.TempDir(), "client.cfg")
		if err := os.WriteFile(file, []byte("main_collective = mcollective\n"+lines), 0o600); err != nil {
			t.Fatal(err)
		}
		cfg, err := config.Load(file, config.Client)
		if err != nil {
			t.Fatal(err)
		}
		return cfg
	}
	both := load("plugin.mco.drill.1.stop = stop it\nplugin.mco.drill.1.start = start it\n")
	f, err := FromConfig(both, Entry{Number: 1})
	if err != nil || f.By() != "plugin.mco.drill.1.stop" || Text(f) != "takes it away: stop it\ngives it back: start it\n" {
		t.Errorf("%v, %v", f, err)
	}
	if e := f.Entry(); e.Start != "" || e.StartKey != "plugin.mco.drill.1.start" || e.Fault != Command {
		t.Errorf("the journal says %+v", e)
	}
	if f, err := FromConfig(both, Entry{Number: 2}); f != nil || err != nil {
		t.Errorf("for another broker: %v, %v", f, err)
	}
	if _, err := FromConfig(load("plugin.mco.drill.1.stop = stop it\n"), Entry{Number: 1}); err == nil {
		t.Error("one of two is enough")
	}

	e := entry()
	if f, err := FromEntry(e, both); err != nil || f.(*commands).start.Text != "start it" {
		t.Errorf("%v, %v", f, err)
	}
	if _, err := FromEntry(e, nil); err == nil || !strings.Contains(err.Error(), "/etc/mcollective/client.cfg") {
		t.Errorf("without the cfg file: %v", err)
	}
	if _, err := FromEntry(e, load("")); err == nil || !strings.Contains(err.Error(), "not set any more") {
		t.Errorf("without the setting: %v", err)
	}
	e.StartKey, e.Start = "", "from the command line"
	if f, err := FromEntry(e, nil); err != nil || f.(*commands).start.Text != "from the command line" {
		t.Errorf("%v, %v", f, err)
	}
}
