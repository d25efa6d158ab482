package packages

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/agent/agenttest"
	"github.com/mco-go/mco-go/agent/command"
	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/inspect"
)

func TestMain(m *testing.M) {
	command.Shim()
	os.Exit(m.Run())
}

func newAgent(t *testing.T) agent.Agent {
	t.Helper()
	return agenttest.New(t, Name, New, agenttest.Config(t, "plugin.package.provider = apt\n"))
}

func ask(t *testing.T, a agent.Agent, action string, inputs ...string) *agent.Reply {
	t.Helper()
	return agenttest.Ask(t, a, action, agenttest.Texts(inputs...)...)
}

// TestRealApt installs a small package of Debian's and takes it away again.
func TestRealApt(t *testing.T) {
	lab.Need(t, lab.Superuser)
	const name = "hello"
	if exec.Command("dpkg-query", "-W", name).Run() == nil {
		t.Fatalf("%s is installed: the test would take it away", name)
	}
	if out, err := exec.Command("apt-get", "install", "--simulate", name).CombinedOutput(); err != nil {
		t.Fatalf("apt does not know %s; run apt-get update\n%s", name, out)
	}
	t.Cleanup(func() { _ = exec.Command("apt-get", "-qy", "purge", name).Run() })
	a := newAgent(t)
	if r := ask(t, a, "status", "package", name); r.Status != mco.OK || agenttest.Output(r, "ensure") != purged || agenttest.Output(r, "name") != name || agenttest.Output(r, "provider") != "apt" {
		t.Errorf("before: %s", inspect.Text(r.Value()))
	}
	for _, verb := range []string{"update", "uninstall", "purge"} {
		if r := ask(t, a, verb, "package", name); r.Status != mco.UnknownError || r.Message != "Package is not present on the system" || agenttest.Output(r, "ensure") != purged {
			t.Errorf("%s: %s", verb, inspect.Text(r.Value()))
		}
	}
	before := agenttest.Output(ask(t, a, "md5"), "output")
	r := ask(t, a, "install", "package", name)
	if r.Status != mco.OK || !strings.Contains(agenttest.Output(r, "output"), "Setting up hello") {
		t.Fatalf("install: %s", inspect.Text(r.Value()))
	}
	out, err := exec.Command("dpkg-query", "-W", "--showformat", "${Version} ${Architecture}", name).Output()
	if version, arch, _ := strings.Cut(string(out), " "); err != nil || agenttest.Output(r, "ensure") != version || agenttest.Output(r, "arch") != arch {
		t.Errorf("installed %s, %v: %s", out, err, inspect.Text(r.Value()))
	}
	version := agenttest.Output(r, "ensure")
	if r := ask(t, a, "install", "package", name); r.Status != mco.UnknownError || r.Message != "Package is already installed" || agenttest.Output(r, "ensure") != version {
		t.Errorf("again: %s", inspect.Text(r.Value()))
	}
	for _, inputs := range [][]string{{"install", "package", name, "version", version}, {"update", "package", name}} {
		if r := ask(t, a, inputs[0], inputs[1:]...); r.Status != mco.OK || agenttest.Output(r, "ensure") != version {
			t.Errorf("%v: %s", inputs, inspect.Text(r.Value()))
		}
	}
	if r := ask(t, a, "install", "package", name, "version", "0.1-1"); r.Status != mco.UnknownError || !strings.Contains(r.Message, "Version '0.1-1' for 'hello' was not found") {
		t.Errorf("a version that is not there: %s", inspect.Text(r.Value()))
	}
	if r := ask(t, a, "md5"); agenttest.Output(r, "output") == before || len(before) != 32 || agenttest.Output(r, "exitcode") != "0" {
		t.Errorf("md5 before %s, now %s", before, agenttest.Output(r, "output"))
	}
	plugins, err := Data(agenttest.Config(t, "plugin.package.provider = apt\n"))
	if err != nil {
		t.Fatal(err)
	}
	if m, err := plugins[0].Query(t.Context(), mco.String(name)); err != nil || inspect.Text(mco.Hash(m)) != `{:status=>"`+version+`", :installed=>true}` {
		t.Errorf("data plugin: %v, %v", m, err)
	}
	// A removed package without configuration files is gone at once.
	if r := ask(t, a, "uninstall", "package", name); r.Status != mco.OK || agenttest.Output(r, "ensure") != purged {
		t.Errorf("uninstall: %s", inspect.Text(r.Value()))
	}
}

func TestRealQuestions(t *testing.T) {
	a := newAgent(t)
	r := ask(t, a, "checkupdates")
	if r.Status != mco.OK || agenttest.Output(r, "exitcode") != "0" || agenttest.Output(r, "package_manager") != "apt" {
		t.Errorf("checkupdates: %d %s", r.Status, r.Message)
	}
	list, _ := r.Data.Symbol("outdated_packages").AsList()
	want, err := exec.Command("bash", "-c", `LC_ALL=C apt-get --simulate dist-upgrade | grep -c '^Inst [^ ]* \['`).Output()
	if got := inspect.Text(mco.Int(int64(len(list)))); err == nil && got != strings.TrimSpace(string(want)) {
		t.Errorf("%s outdated packages, apt-get says %s", got, want)
	}
	count, err := exec.Command("bash", "-c", `dpkg --list | grep -c ^ii`).Output()
	if got := agenttest.Output(ask(t, a, "count"), "output"); err != nil || got != strings.TrimSpace(string(count)) {
		t.Errorf("%s packages, dpkg says %s (%v)", got, count, err)
	}
	for query, want := range map[string]string{"bash": "bash", "bas?": "bash", "nosuch-package": "", "bash-comp*": "bash-completion"} {
		if r := ask(t, a, "search", "package", query); r.Status != mco.OK || want != "" && !strings.Contains(agenttest.Output(r, "available_packages"), `:package=>"`+want+`"`) ||
			want == "" && agenttest.Output(r, "package_count") != "0" {
			t.Errorf("search %s: %s", query, inspect.Text(r.Value()))
		}
	}
	if r := ask(t, a, "yum_checkupdates"); r.Status != mco.UnknownError || r.Message != "Cannot find yum at /usr/bin/yum" {
		t.Errorf("yum_checkupdates: %d %s", r.Status, r.Message)
	}
}

// What apt-get or yum would take for something else than a name never reaches them.
func TestNamesThatAreNone(t *testing.T) {
	for _, name := range []string{"-y", "--purge", "hello-", "he*", "^he", "a/b", "./x.deb", "", "a b", "hello=1", "hello:", "hello:-a", "~nhello", "?true"} {
		if checkDebName(name) == nil {
			t.Errorf("apt would get %q", name)
		}
	}
	for _, name := range []string{"hello", "g++", "libc6:amd64", "python3.11", "libstdc++-12-dev:armhf"} {
		if err := checkDebName(name); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"-y", "@core", "./x.rpm", "http://x/y.rpm", "*", "a b", ""} {
		if checkRPMName(name) == nil {
			t.Errorf("yum would get %q", name)
		}
	}
	for version, ok := range map[string]bool{"1:2.10-3+b1~rc1": true, "-1": false, "1 --purge": false, "*": false, "": true} {
		if got := checkVersion(version) == nil; got != ok {
			t.Errorf("version %q: %t", version, got)
		}
	}
}

func TestParsers(t *testing.T) {
	outdated := parseSimulation(`NOTE: This is only a simulation!
Inst emacs23 [23.1+1-4ubuntu7] (23.1+1-4ubuntu7.1 Ubuntu:10.04/lucid-updates) []
Inst bash [5.2.15-2+b8] (5.2.15-2+b13 Debian:12.15/oldstable [amd64])
Inst libnew (1.0 Debian:12.15/oldstable [amd64])
Conf bash (5.2.15-2+b13 Debian:12.15/oldstable [amd64])
`)
	if diff := cmp.Diff([]available{{"emacs23", "23.1+1-4ubuntu7.1", "Ubuntu:10.04/lucid-updates"}, {"bash", "5.2.15-2+b13", "Debian:12.15/oldstable [amd64]"}},
		outdated, cmp.AllowUnexported(available{})); diff != "" {
		t.Errorf("apt-get: -want +got\n%s", diff)
	}
	yum := parseYum("\nkernel.x86_64   2.6.32-1.el6   updates\nbash.x86_64 4.1.2-2 base\nbroken line\nObsoleting Packages\nnew.noarch 1 base\n")
	if diff := cmp.Diff([]available{{"kernel.x86_64", "2.6.32-1.el6", "updates"}, {"bash.x86_64", "4.1.2-2", "base"}}, yum, cmp.AllowUnexported(available{})); diff != "" {
		t.Errorf("yum: -want +got\n%s", diff)
	}
	madison := parseMadison("  hello |  2.10-3 | http://mirror.example.net/debian bookworm/main amd64 Packages\n  hello | 2.10-3 | http://mirror.example.net/debian bookworm/main Sources\n")
	if diff := cmp.Diff([]available{{"hello", "2.10-3", "http://mirror.example.net/debian bookworm/main amd64 Packages"}}, madison, cmp.AllowUnexported(available{})); diff != "" {
		t.Errorf("madison: -want +got\n%s", diff)
	}
	rpmStatus, err := parseRPM("kernel 0 2.6.32 1.el6 x86_64\nkernel 0 2.6.32 2.el6 x86_64\n", "dnf")
	if err != nil || rpmStatus.ensure != "2.6.32-2.el6" || rpmStatus.arch != "x86_64" || rpmStatus.epoch != "0" {
		t.Errorf("rpm: %+v, %v", rpmStatus, err)
	}
	for line, want := range map[string]string{
		"install ok installed vim 2:9.0.1378-2 amd64": "2:9.0.1378-2 2 9.0.1378 2 amd64", "deinstall ok config-files vim 2:9.0.1378-2 amd64": "absent    ",
		"unknown ok not-installed vim  ": "purged    ", "": "purged    ", "install ok installed a 1.0 all": "1.0 0 1.0  all",
	} {
		s := parseDpkg("vim", line)
		if got := strings.Join([]string{s.ensure, s.epoch, s.version, s.release, s.arch}, " "); got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
}

func FuzzParsers(f *testing.F) {
	f.Add("Inst bash [5.2] (5.3 Debian:12 [amd64])\nInst x [ ] (")
	f.Add("install ok installed vim 2:9.0-2 amd64")
	f.Add(" hello | 2.10-3 | http://x bookworm/main amd64 Packages")
	f.Add("kernel 0 2.6.32 1.el6 x86_64")
	f.Fuzz(func(t *testing.T, text string) {
		for _, found := range [][]available{parseSimulation(text), parseYum(text), parseMadison(text)} {
			if len(found) > strings.Count(text, "\n")+1 {
				t.Errorf("%d packages in %q", len(found), text)
			}
		}
		if s := parseDpkg("x", text); s.ensure == "" {
			t.Errorf("no state in %q", text)
		}
		_, _ = parseRPM(text, "yum")
	})
}
