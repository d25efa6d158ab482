package systems

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/lab/estates"
	"github.com/mco-go/mco-go/internal/lab/site"
)

var trio = []string{"bhz76", "bhz77", "bhz78"}

// members is what a broker says of its cluster.
type members struct {
	Disk    []string `json:"disk_nodes"`
	RAM     []string `json:"ram_nodes"`
	Running []string `json:"running_nodes"`
}

func (m members) String() string {
	return fmt.Sprintf("disc %v, ram %v, running %v", m.Disk, m.RAM, m.Running)
}

// clustered waits until the broker says that those nodes, and no others, run.
func clustered(t testing.TB, s *site.Site, at string, running ...string) members {
	t.Helper()
	var m members
	lab.Wait(t, fmt.Sprintf("%v in one cluster, says %s", running, at), time.Minute, func() error {
		m = members{}
		out := s.Control(t, at, "cluster_status", "--formatter", "json")
		if err := json.Unmarshal([]byte(out), &m); err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		for _, nodes := range [][]string{m.Disk, m.RAM, m.Running} {
			slices.Sort(nodes)
			for i := range nodes {
				nodes[i] = strings.TrimPrefix(nodes[i], "rabbit@")
			}
		}
		if !slices.Equal(m.Running, running) {
			return fmt.Errorf("%v", m)
		}
		return nil
	})
	return m
}

// form starts brokers one after the other: of two that start for the first time at once each may take itself for the first of all.
func form(t testing.TB, s *site.Site, names ...string) {
	t.Helper()
	for _, name := range names {
		s.RabbitMQ(t, name)
		s.Ready(t, name)
	}
	clustered(t, s, names[0], slices.Sorted(slices.Values(names))...)
}

// generateCheck has mco compare a host's files with the estate, and returns what it says.
func generateCheck(t testing.TB, s *site.Site, topology, facts, name string) string {
	t.Helper()
	args := []string{"generate", "check", "--node", name, "--root", s.Hosts[name].Folder, "--topology", filepath.Join("testdata", topology), "--facts", estates.Corpus("facts", facts)}
	for program, v := range estates.Laboratory(t) {
		args = append(args, "--software", program+"="+v)
	}
	cmd := exec.CommandContext(t.Context(), lab.Program(t, "mco"), args...)
	values := make(map[string]string)
	estates.ReadYAML(t, estates.Corpus("topology", "secrets.example.yaml"), &values)
	for key, v := range values {
		cmd.Env = append(cmd.Env, "MCO_SECRET_"+strings.ToUpper(key)+"="+v)
	}
	out, _ := cmd.CombinedOutput() // it ends with an error when there is something to tell
	return string(out)
}

// T05: three brokers become one cluster from their files alone. A node may be on any of them.
func TestCluster(t *testing.T) {
	lab.NeedFull(t)
	s := site.New(t, load(t, "cluster.yaml", "debian12-facter4"))
	fleet := s.Estate.Collectives[0].Servers
	check := func() string { return generateCheck(t, s, "cluster.yaml", "debian12-facter4", "bhz77") }
	const differs = ".erlang.cookie: the cookie differs"
	if out := check(); strings.Contains(out, differs) || !strings.Contains(out, "rabbitmq.conf") {
		t.Errorf("the check of the cookie that was generated: %s", out)
	}
	cookie := filepath.Join(s.Hosts["bhz77"].Folder, "/var/lib/rabbitmq/.erlang.cookie")
	right, err := os.ReadFile(cookie)
	must(t, err)
	must(t, os.Chmod(cookie, 0o600))
	must(t, os.WriteFile(cookie, []byte("ANOTHERCOOKIE"), 0o600))
	if out := check(); !strings.Contains(out, differs) {
		t.Errorf("the check of another cookie: %s", out)
	}
	must(t, os.WriteFile(cookie, right, 0o600))
	must(t, os.Chmod(cookie, 0o400))

	before := time.Now()
	form(t, s, trio...)
	for _, at := range trio {
		m := clustered(t, s, at, trio...)
		if want := "disc [bhz76 bhz77], ram [bhz78], running [bhz76 bhz77 bhz78]"; m.String() != want {
			t.Errorf("%s says %v, want %s", at, m, want)
		}
	}
	formed := within(t, "one cluster in", time.Since(before), 2*time.Minute)

	if out, exit := s.TryControl(t, "bhz77", "-n", "rabbit@bhz76", "--erlang-cookie", "ANOTHERCOOKIE", "status"); exit != 69 {
		t.Errorf("rabbitmqctl with another cookie: exit code %d, want 69: %s", exit, out)
	}

	first := s.Estate.Collectives[0].EndpointsOf(fleet[0])[0].Node.Name
	for _, n := range fleet {
		s.Daemon(t, n.Name)
	}
	s.Answered(t, "ha2", fleet, 30*time.Second)
	s.Broker(first).Kill()
	moved := within(t, "the fleet over the others in", s.Answered(t, "ha2", fleet, 30*time.Second), 10*time.Second)
	others := slices.DeleteFunc(slices.Clone(trio), func(name string) bool { return name == first })
	clustered(t, s, others[0], others...)
	s.RabbitMQ(t, first)
	s.Ready(t, first)
	clustered(t, s, others[0], trio...)
	figures.add(t, line{"T05", "three brokers by one cookie, two on disc, one in memory", "started from their files; one killed, and started again",
		"2 min; mco ping finds the fleet 10 s after the death; another cookie is told before the start", formed + "; " + moved + "; told; the cluster whole again"})
}
