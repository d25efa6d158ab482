package validate

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/secret"
	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/lab/estates"
)

// nasty are secrets that a careless writer breaks on.
var nasty = []string{"a b", "ab#c", "!x", "'q'", "50%", "%(x)s", "a;}", "a@b:c/", "{{.}}", "-x", "*"}

// Programs take files with such secrets: those that can be written at all.
func TestProgramsTakeNastySecrets(t *testing.T) {
	lab.Need(t, lab.Superuser, lab.HAProxy, lab.Keepalived, lab.Cluster, lab.OsloMessaging)
	for i, s := range append(nasty, `$HOME`, `"`, `\`, `a"b$c\d`) {
		t.Run(fmt.Sprint("secret ", i), func(t *testing.T) { // the scratch folder is called as the test, and programs look into names
			e := estates.Full()
			e.Balancers[0].Stats.Secret = secret.New("s", s)
			e.OpenStack.User.Secret = secret.New("s", s)
			if !strings.ContainsAny(s, `"\$`) { // what quotes of Keepalived and DRBD cannot hold is refused
				e.Brokers[1].Storage.Secret = secret.New("s", s)
				if !strings.ContainsAny(s, "{}") {
					e.Balancers[0].VRRP.Secret = secret.New("s", s)
				}
			}
			for node, kinds := range map[string][]string{"ha1": {"haproxy.cfg", "keepalived.conf"}, "ap1": {"drbd.res", "oslo-messaging.conf"}} {
				scratch, files := render(t, e, node)
				for _, kind := range kinds {
					for _, f := range files {
						if f.Kind == kind {
							judged(t, scratch, f, Accepted)
						}
					}
				}
			}
		})
	}
}

// drbdadm prints the secret that it read.
func TestDRBDReadsTheSecret(t *testing.T) {
	lab.Need(t, lab.Superuser, lab.Cluster)
	for _, s := range nasty {
		e := estates.Full()
		e.Brokers[1].Storage.Secret = secret.New("s", s)
		scratch, files := render(t, e, "ap1")
		for _, f := range files {
			if f.Kind != "drbd.res" {
				continue
			}
			for _, p := range For(f.Kind) {
				r := p.Judge(t.Context(), scratch, f)
				if r.Status != Accepted || !strings.Contains(r.Text, `"`+s+`";`) && !strings.Contains(r.Text, " "+s+";") {
					t.Errorf("%q: %s: %s", s, r.Status, r.Text)
				}
			}
		}
	}
}

// transportURL prints what oslo.messaging makes of a service's configuration.
const transportURL = `
import json, sys
import oslo_messaging
from oslo_config import cfg
conf = cfg.ConfigOpts()
conf([], project="x", default_config_files=[sys.argv[1]])
url = oslo_messaging.TransportURL.parse(conf)
print(json.dumps({"vhost": url.virtual_host, "hosts": [[h.hostname, h.port, h.username, h.password] for h in url.hosts]}))
`

// oslo.messaging finds the hosts and the password in the URL again, whatever they hold.
func TestOsloReadsTheURL(t *testing.T) {
	lab.Need(t, lab.OsloMessaging)
	for i, s := range append(nasty, `$HOME "\`, "é") {
		t.Run(fmt.Sprint("secret ", i), func(t *testing.T) {
			e := estates.Full()
			e.OpenStack.User = estate.User{Name: "open stack", Secret: secret.New("s", s)}
			e.OpenStack.Endpoints = []estate.Endpoint{{Host: "192.0.2.1", Port: 5672}, {Host: "2001:db8::1", Port: 5673}}
			scratch, files := render(t, e, "ap1")
			script := filepath.Join(scratch, "url.py")
			if err := os.WriteFile(script, []byte(transportURL), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, f := range files {
				if f.Kind != "oslo-messaging.conf" {
					continue
				}
				output, r := command{name: "/usr/bin/python3", args: []string{script, At(scratch, f)}, dir: scratch}.run(context.Background())
				if r.Status != Accepted {
					t.Fatal(r.Text)
				}
				var got struct {
					VHost string
					Hosts [][]any
				}
				if err := json.Unmarshal([]byte(output), &got); err != nil {
					t.Fatalf("%v: %s", err, output)
				}
				want := [][]any{{"192.0.2.1", 5672.0, "open stack", s}, {"2001:db8::1", 5673.0, "open stack", s}}
				if diff := cmp.Diff(want, got.Hosts); diff != "" || got.VHost != "/" {
					t.Errorf("vhost %q, hosts: %s", got.VHost, diff)
				}
			}
		})
	}
}
