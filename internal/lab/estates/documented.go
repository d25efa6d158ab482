package estates

import (
	"path/filepath"
	"testing"

	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/facts"
	"github.com/mco-go/mco-go/generators/secret"
	"github.com/mco-go/mco-go/internal/lab"
)

// Documented lists the topologies of docs/topologies.
func Documented(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(lab.Root(), "docs", "topologies", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatal("no estates in docs/topologies", err)
	}
	return files
}

// LoadDocumented resolves one of them, with facts of the project's own corpus; versions in software come before those of the facts.
func LoadDocumented(t testing.TB, file string, software map[string]string) *estate.Estate {
	t.Helper()
	set, problems := facts.Read([]string{filepath.Join(lab.Root(), "testdata", "generators", "facts", "debian12-facter4")}, nil, facts.DefaultLimits())
	if problems.Failed() {
		t.Fatal(problems)
	}
	var env []string
	for _, name := range []string{"MC_PSK", "MC_PASS", "MQ_ADMIN", "MQ_FED", "HAP_STATS", "DRBD_MAIN", "OS_MQ"} {
		env = append(env, "MCO_SECRET_"+name+"=for-tests")
	}
	env = append(env, "MCO_SECRET_VRRP_FRONT=vrrp", "MCO_SECRET_VRRP_VIP=vrrp", "MCO_SECRET_ERLANG_COOKIE=COOKIEFORTESTSANDDOCS")
	store, problems := secret.Open(secret.Sources{Env: env})
	if problems.Failed() {
		t.Fatal(problems)
	}
	e, problems := estate.Load(file, estate.Options{Facts: set, Secrets: store, Software: software})
	if problems.Failed() {
		t.Fatal(problems)
	}
	return e
}
