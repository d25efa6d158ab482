package corpus

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mco-go/mco-go/generators/estate"
)

// A number stands for one estate, so that a fault can be looked at again.
func TestOneNumberIsOneEstate(t *testing.T) {
	for seed := range uint64(20) {
		var twice [2]map[string]string
		for i := range twice {
			dir := t.TempDir()
			if _, err := New(seed, dir); err != nil {
				t.Fatal(err)
			}
			twice[i] = contents(t, dir)
		}
		if diff := cmp.Diff(twice[0], twice[1]); diff != "" {
			t.Errorf("estate %d: %s", seed, diff)
		}
	}
}

func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := make(map[string]string)
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(filepath.Join(dir, path))
		files[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// Chance leaves nothing out: every kind of thing is in some estate of a few hundred, and none in far more or fewer than it should be.
func TestChanceLeavesNothingOut(t *testing.T) {
	const estates = 300
	found := make(map[string]int)
	for seed := range uint64(estates) {
		s, err := New(seed, t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		e, problems := s.Load(nil)
		if e == nil {
			t.Fatalf("estate %d: %v", seed, faults(problems))
		}
		for _, what := range traits(s, e) {
			found[what]++
		}
	}
	for what, share := range map[string][2]int{ // of a hundred
		"old": {20, 47}, "installed": {20, 47}, "newer": {20, 47}, "IPv6": {17, 33}, "legacy facts": {13, 28},
		"1 broker": {5, 20}, "9 brokers": {5, 20}, "no balancer": {10, 30}, "4 balancers": {10, 30},
		"standalone": {5, 90}, "standalone-set": {5, 90}, "cluster": {5, 95}, "active-passive": {5, 90}, "haproxy": {30, 90}, "lvs-dr": {5, 60},
		"federation": {3, 40}, "shovel": {3, 40}, "static shovel": {2, 40}, "openstack": {15, 35}, "storage": {5, 60},
		"quorum": {3, 60}, "mirrored": {3, 60}, "classic format": {10, 70}, "a VIP's listener": {2, 60}, "unicast": {5, 60}, "VRRP 3": {3, 60},
		"collective by a balancer": {3, 60},
	} {
		if n := 100 * found[what] / estates; n < share[0] || n > share[1] {
			t.Errorf("%s is in %d of 100 estates, want %d to %d", what, n, share[0], share[1])
		}
	}
}

// traits lists what is in an estate, each once.
func traits(s Sample, e *estate.Estate) []string {
	has := map[string]bool{string(s.Dialect): true, "IPv6": s.IPv6, "legacy facts": s.Legacy, "openstack": e.OpenStack != nil,
		"no balancer": len(e.Balancers) == 0, "4 balancers": len(e.Balancers) == 4}
	brokers := 0
	for _, g := range e.Brokers {
		brokers += len(g.Members)
		has[string(g.Kind)], has[string(g.Replication)] = true, true
		has["classic format"] = has["classic format"] || g.Classic
		has["storage"] = has["storage"] || g.Storage != nil
	}
	has["1 broker"], has["9 brokers"] = brokers == 1, brokers == 9
	for _, b := range e.Balancers {
		has[string(b.Kind)] = true
		has["a VIP's listener"] = has["a VIP's listener"] || b.BindVIP
		has["unicast"] = has["unicast"] || b.VRRP != nil && b.VRRP.Unicast
		has["VRRP 3"] = has["VRRP 3"] || b.VRRP != nil && b.VRRP.Version == 3
	}
	for _, l := range e.Links {
		has[l.Kind] = true
		has["static shovel"] = has["static shovel"] || l.Static
	}
	for _, c := range e.Collectives {
		has["collective by a balancer"] = has["collective by a balancer"] || c.Balance != nil
	}
	var all []string
	for what, is := range has {
		if is {
			all = append(all, what)
		}
	}
	return all
}
