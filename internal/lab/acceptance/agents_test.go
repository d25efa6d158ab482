package acceptance

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
)

// everyDay is a node of ours with the agents that fleets run every day, and what they work on: a Puppet agent that needs no server, an
// init script, a folder of NRPE checks.
type everyDay struct {
	broker     *lab.Broker
	dir        string // of Puppet and the checks
	service    string
	lib        string // the DDLs as files, and validators in Ruby: what a client of the original needs
	node       *lab.Node
	ruby, ours *lab.Client
}

const everyDayNode = "every.example.net"

func newEveryDay(t *testing.T) *everyDay {
	t.Helper()
	lab.Need(t, lab.Ruby, lab.RabbitMQServer, lab.Puppet)
	d := &everyDay{broker: peers.Broker(t, lab.RabbitMQKind), dir: t.TempDir(), lib: t.TempDir()}
	d.prepareLib(t)
	d.preparePuppet(t)
	d.prepareService(t)
	checks := filepath.Join(d.dir, "nrpe.d")
	if err := os.Mkdir(checks, 0o700); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(checks, "disk.cfg"), "command[check_disk]=echo \"disk $ARG1$ is full|used=100\"; exit 2\n")
	d.node = lab.GoNode(t, lab.ServerCfg{Identity: everyDayNode, Cfg: lab.Cfg{Brokers: []*lab.Broker{d.broker}, Extra: []string{
		"plugin.puppet.command = puppet agent --config=" + d.dir + "/puppet.conf",
		"plugin.puppet.config = " + d.dir + "/puppet.conf",
		"plugin.puppet.resource_type_whitelist = file",
		"plugin.service.provider = init",
		"plugin.nrpe.conf_dir = " + checks,
		"plugin.filemgr.touch_file = " + d.dir + "/touched",
	}}})
	d.node.WaitReady(t, d.broker, time.Minute)
	cfg := lab.ClientCfg{Cfg: lab.Cfg{Brokers: []*lab.Broker{d.broker}, LibDirs: []string{d.lib}}}
	d.ruby = lab.RubyMco(t, cfg)
	cfg.LibDirs = []string{t.TempDir()} // ours brings its DDLs along
	d.ours = lab.GoMco(t, cfg)
	return d
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (d *everyDay) prepareLib(t *testing.T) {
	t.Helper()
	into := filepath.Join(d.lib, "mcollective")
	for _, from := range []string{filepath.Join(lab.Root(), "mco", "ddl", "builtin"), filepath.Join("..", "testdata", "ruby", "agents", "mcollective")} {
		if out, err := exec.Command("cp", "-rT", from, into).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
}

func (d *everyDay) preparePuppet(t *testing.T) {
	t.Helper()
	script := exec.Command("bash", filepath.Join(lab.Root(), "agent", "builtin", "puppet", "testdata", "agent.sh"), d.dir)
	script.Stdin = strings.NewReader("file { '" + d.dir + "/made': content => 'by a run' }\n")
	if out, err := script.CombinedOutput(); err != nil {
		t.Fatalf("prepare Puppet: %v\n%s", err, out)
	}
}

func (d *everyDay) prepareService(t *testing.T) {
	t.Helper()
	lab.Need(t, lab.Superuser)
	d.service = fmt.Sprintf("mco-go-%s-%d", strings.ToLower(t.Name()), os.Getpid())
	text, err := os.ReadFile(filepath.Join(lab.Root(), "agent", "builtin", "service", "testdata", "init.sh"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("/etc/init.d", d.service)
	if err := os.WriteFile(path, []byte(strings.NewReplacer("@NAME@", d.service, "@DIR@", d.dir).Replace(string(text))), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = exec.Command(path, "stop").Run()
		_ = os.Remove(path)
	})
}

// says runs a command and compares exit code and output with what it must hold.
func (d *everyDay) says(t *testing.T, c *lab.Client, exit int, line string, want ...string) {
	t.Helper()
	args := words(line)
	if args[0] == "rpc" {
		args = append(args, "-I", everyDayNode) // without discovery, which takes the original two seconds
	}
	out := c.Run(t, args...)
	for _, w := range want {
		if !strings.Contains(out.Stdout, w) {
			t.Errorf("%s mco %s: no %q in\n%s", c.Name, line, w, out.All())
		}
	}
	if out.Exit != exit {
		t.Errorf("%s mco %s: exit %d, want %d\n%s", c.Name, line, out.Exit, exit, out.All())
	}
}

// words splits a line at blanks, but not within quotes.
func words(line string) []string {
	var all []string
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			all = append(all, part)
			continue
		}
		all = append(all, strings.Fields(part)...)
	}
	return all
}

// TestEveryDay has the agents asked by the original's mco and by ours. What both say of the same state is the same.
func TestEveryDay(t *testing.T) {
	t.Parallel()
	d := newEveryDay(t)
	for _, c := range []*lab.Client{d.ruby, d.ours} {
		t.Run(c.Name, func(t *testing.T) {
			t.Run("puppet", func(t *testing.T) { d.puppet(t, c) })
			t.Run("service", func(t *testing.T) { d.services(t, c) })
			t.Run("the rest", func(t *testing.T) { d.rest(t, c) })
			t.Run("data", func(t *testing.T) { d.data(t, c) })
		})
	}
	t.Run("the same texts", d.sameTexts)
	t.Run("applications", d.applications)
}

func (d *everyDay) puppet(t *testing.T, c *lab.Client) {
	made := filepath.Join(d.dir, "made")
	if err := os.RemoveAll(made); err != nil {
		t.Fatal(err)
	}
	d.says(t, c, 0, "rpc puppet disable 'message=hands off'", "Summary of Enabled:")
	d.says(t, c, 0, "rpc puppet status", "Status: disabled", "Lock Message: hands off", "Enabled: false")
	d.says(t, c, 2, "rpc puppet runonce force=true", "Puppet is disabled: 'hands off'")
	d.says(t, c, 0, "rpc puppet enable")
	d.says(t, c, 2, "rpc puppet enable", "Could not enable Puppet: Already enabled")
	d.says(t, c, 2, "rpc puppet runonce environment=production server=a", "Passing 'server' option is not allowed")
	d.says(t, c, 0, "rpc puppet runonce force=true")
	lab.Wait(t, "the file of Puppet's run", time.Minute, func() error {
		_, err := os.Stat(made)
		return err
	})
	d.settled(t)
	d.says(t, c, 0, "rpc puppet last_run_summary", "Changed Resources: 1", "Failed Resources: 0", `Type Distribution: {"File"=>1}`)
	single := filepath.Join(d.dir, "by-"+c.Name)
	d.says(t, c, 0, "rpc puppet resource type=file name="+single+" ensure=present", "Changed: true", "]/ensure: created")
	if _, err := os.Stat(single); err != nil {
		t.Error(err)
	}
	d.says(t, c, 2, "rpc puppet resource type=exec name=/bin/true", "The exec type is not listed in the type whitelist")
}

// settled waits until Puppet's run is over.
func (d *everyDay) settled(t *testing.T) {
	t.Helper()
	lab.Wait(t, "the end of Puppet's run", time.Minute, func() error {
		answers, out, err := rpc(t, d.ours, "puppet", "status")
		if err == nil && answers[everyDayNode].Data["status"] != "stopped" {
			err = errors.New(out.All())
		}
		return err
	})
}

func (d *everyDay) services(t *testing.T, c *lab.Client) {
	s := " service=" + d.service
	d.says(t, c, 0, "rpc service status"+s, "Service Status: stopped", "Summary of Service Status:", "stopped = 1")
	d.says(t, c, 0, "rpc service start"+s, "running = 1")
	d.says(t, c, 2, "rpc service start"+s, "Could not start service '"+d.service+"': Service is already running")
	d.says(t, c, 0, "rpc service restart"+s, "running = 1")
	if out := c.Run(t, "find", "-S", "service('"+d.service+"').status=running", "--dt", "1"); !strings.Contains(out.Stdout, everyDayNode) {
		t.Errorf("%s mco find does not see that the service runs\n%s", c.Name, out.All())
	}
	d.says(t, c, 0, "rpc service stop"+s, "stopped = 1")
	d.says(t, c, 2, "rpc service status service=--status-all", "names no service")
}

func (d *everyDay) rest(t *testing.T, c *lab.Client) {
	version, err := exec.Command("dpkg-query", "-W", "--showformat", "${Version}", "bash").Output()
	if err != nil {
		t.Fatal(err)
	}
	d.says(t, c, 0, "rpc package status package=bash", "Ensure: "+string(version), "Name: bash", "Summary of Arch:")
	d.says(t, c, 2, "rpc package install package=bash", "Package is already installed")
	d.says(t, c, 2, "rpc package uninstall package=nosuch-package-at-all", "Package is not present on the system")
	d.says(t, c, 2, "rpc package uninstall package=--purge", "names no package")
	d.says(t, c, 0, "rpc package checkupdates", "Package Manager: apt", "Exit Code: 0")
	d.says(t, c, 0, "rpc filemgr touch")
	d.says(t, c, 0, "rpc filemgr status", "Status: present", "Name: "+d.dir+"/touched", "Type: file")
	d.says(t, c, 0, "rpc filemgr remove")
	d.says(t, c, 2, "rpc filemgr remove", "it is not present")
	d.says(t, c, 2, "rpc nrpe runcommand command=check_disk args=/var;id", "CRITICAL")
	d.says(t, c, 2, "rpc nrpe runcommand command=check_nothing", "UNKNOWN")
	d.says(t, c, 0, fmt.Sprintf("rpc nettest connect fqdn=127.0.0.1 port=%d", d.broker.Port), "Connected: true", "Connection Status: Connected")
	d.says(t, c, 0, "rpc nettest ping fqdn=127.0.0.1", "RTT: ")
}

// data filters by the data plugins that come with the agents.
func (d *everyDay) data(t *testing.T, c *lab.Client) {
	yes := []string{"puppet().enabled=true", "resource().failed_resources=0", "resource('file[" + d.dir + "/made]').managed=true", "package('bash').installed=true",
		"service('" + d.service + "').status=stopped", "nrpe('check_disk').exitcode=2", fmt.Sprintf("nettest('localhost:%d').connect=true", d.broker.Port)}
	no := []string{"puppet().enabled=false", "resource('file[/none]').managed=true", "package('nosuch-package-at-all').installed=true", "nettest('localhost:1').connect=true"}
	for filter, matches := range map[string]bool{
		strings.Join(yes, " and "): true, "not " + strings.Join(no, " and not "): true, strings.Join(no, " or "): false,
	} {
		args := []string{"find", "-S", filter}
		if c == d.ruby {
			args = append(args, "--dt", "1") // on top of what the DDLs of the data plugins ask for
		}
		out := c.Run(t, args...)
		if got := strings.Contains(out.Stdout, everyDayNode); got != matches {
			t.Errorf("%s mco find -S %s: %t, want %t\n%s", c.Name, filter, got, matches, out.All())
		}
	}
}

// sameTexts compares what the two programs print of the same answers.
func (d *everyDay) sameTexts(t *testing.T) {
	volatile := regexp.MustCompile(`in \d+\.\d+ ms`)
	for _, line := range []string{
		"rpc service status service=" + d.service, "rpc package status package=bash", "rpc package search package=bash", "rpc package count --display always",
		"rpc filemgr status file=/etc/hostname", "rpc nrpe runcommand command=check_nothing", "rpc puppet enable", "rpc service start service=nosuch-service-at-all",
	} {
		args := append(words(line), "-I", everyDayNode)
		theirs, ours := d.ruby.Run(t, args...), d.ours.Run(t, args...)
		a, b := volatile.ReplaceAllString(theirs.Stdout, "in <t> ms"), volatile.ReplaceAllString(ours.Stdout, "in <t> ms")
		if a != b || theirs.Exit != ours.Exit {
			t.Errorf("mco %s\nthe original: exit %d\n%s\nours: exit %d\n%s", line, theirs.Exit, theirs.All(), ours.Exit, ours.All())
		}
	}
}

// applications runs those commands of ours that the original has in its plugins.
func (d *everyDay) applications(t *testing.T) {
	d.says(t, d.ours, 0, "puppet status", "   "+everyDayNode+": Currently stopped; last completed run ", "Summary of Daemon Running:")
	d.says(t, d.ours, 0, "puppet count", "Total Puppet nodes: 1\n", "          Nodes currently enabled: 1\n")
	d.says(t, d.ours, 0, "puppet summary", "Summary statistics for 1 nodes:", "Failed resources: ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁  min: 0.0 ")
	d.says(t, d.ours, 0, "puppet runall 1", "Found 1 enabled node\n", everyDayNode+" schedule status: Started a Puppet run using the 'puppet agent ",
		"Iteration complete. Initiated a Puppet run on 1 nodes.")
	d.settled(t)
	d.says(t, d.ours, 0, "puppet disable 'by the test'", "disabled = 1")
	d.says(t, d.ours, 0, "puppet runall 1", "Found 0 enabled nodes\n")
	d.says(t, d.ours, 0, "puppet enable", "enabled = 1")
	d.says(t, d.ours, 0, "service "+d.service+" start -I "+everyDayNode, "Summary of Service Status:", "running = 1")
	d.says(t, d.ours, 0, "service stop "+d.service+" --yes -v", "   "+everyDayNode+": stopped", "---- stop Service results ----")
	d.says(t, d.ours, 1, "service stop "+d.service, "Do you really want to operate on services unfiltered? (y/n): ")
	d.says(t, d.ours, 0, "package bash status", "   "+everyDayNode+": bash-")
	d.says(t, d.ours, 0, "filemgr --file /etc/hostname status", fmt.Sprintf("%-40s: present\n", everyDayNode))
	d.says(t, d.ours, 0, "nrpe check_disk /var", fmt.Sprintf("%-40s status=CRITICAL\n    disk /var is full ", everyDayNode))
	d.says(t, d.ours, 0, "nettest ping 127.0.0.1 -I "+everyDayNode, fmt.Sprintf("%-40s time = ", everyDayNode), "Summary of RTT:")
	d.says(t, d.ours, 0, "shell 'echo built in' -I "+everyDayNode, "built in")
}
