package validate

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/lab/estates"
)

// simulation is a cluster in a file, that Pacemaker's policy engine plays through.
type simulation struct{ cib, dir string }

// play applies what the arguments say happens, with quorum (which Corosync's two_node keeps), and returns what would be done, in order:
// resource, action and node.
func (s simulation) play(t *testing.T, args ...string) []string {
	t.Helper()
	output := s.run(t, "crm_simulate", append([]string{"-x", s.cib, "-O", s.cib, "-S", "-q", "1"}, args...)...)
	var done []string
	for _, m := range regexp.MustCompile(`(?m)^ *\* Resource action: (\S+) +(start|stop|promote|demote) on (\S+)$`).FindAllStringSubmatch(output, -1) {
		resource, _, _ := strings.Cut(m[1], ":")
		done = append(done, resource+" "+m[2]+" "+m[3])
	}
	return done
}

func (s simulation) run(t *testing.T, name string, args ...string) string {
	t.Helper()
	output, r := command{name: name, args: args, dir: s.dir, env: []string{"CIB_file=" + s.cib}}.run(context.Background())
	if r.Status != Accepted {
		t.Fatalf("%s %v: %s", name, args, r.Text)
	}
	return output
}

// DRBD's primary, the file system, the address and the broker come up in that order on one node; all move when it is lost.
func TestPairFailsOver(t *testing.T) {
	lab.Need(t, lab.Cluster)
	scratch, files := render(t, estates.Full(), "ap1")
	for _, f := range files {
		if f.Kind != "cluster.crm" {
			continue
		}
		cib, r := loadCRM(t.Context(), scratch, f)
		if r.Status != Accepted {
			t.Fatal(r)
		}
		s := simulation{cib, scratch}
		s.play(t, "-u", "ap1", "-u", "ap2") // both join, and DRBD's state is looked at
		for node, score := range map[string]string{"ap1": "10000", "ap2": "1000"} {
			s.run(t, "crm_attribute", "-N", node, "-l", "reboot", "-n", "master-p_drbd_rabbitmq", "-v", score)
		}
		var up []string
		for range 3 { // promotion waits for what was started before
			up = append(up, s.play(t)...)
		}
		up = slices.DeleteFunc(up, func(action string) bool { return strings.HasPrefix(action, "p_drbd_rabbitmq start") })
		want := []string{"p_drbd_rabbitmq promote ap1", "p_fs_rabbitmq start ap1", "p_ip_rabbitmq start ap1", "p_rabbitmq start ap1"}
		if diff := cmp.Diff(want, up); diff != "" {
			t.Error("coming up:", diff)
		}
		want = []string{"p_drbd_rabbitmq promote ap2", "p_fs_rabbitmq start ap2", "p_ip_rabbitmq start ap2", "p_rabbitmq start ap2"}
		if diff := cmp.Diff(want, s.play(t, "-f", "ap1")); diff != "" {
			t.Error("ap1 is lost:", diff)
		}
		return
	}
	t.Fatal("no cluster.crm")
}
