package acceptance

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/generators/secret"
	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/lab/estates"
	"github.com/mco-go/mco-go/internal/lab/site"
)

// client adds a host to a site of the full estate which is nothing but a client.
func client(t *testing.T, s *site.Site) *lab.Host {
	t.Helper()
	return s.Guest(t, "client", netip.MustParsePrefix("192.0.2.200/24"))
}

func TestCheckScriptTellsHowHAProxyIs(t *testing.T) {
	s := site.New(t, estates.Full(), "ha1")
	if exit := s.Check(t, "ha1"); exit != 1 {
		t.Errorf("not started: %d, want 1", exit)
	}
	p := s.HAProxy(t, "ha1") // running: 0
	if err := p.Freeze(); err != nil {
		t.Fatal(err)
	}
	before := time.Now()
	if exit := s.Check(t, "ha1"); exit != 1 {
		t.Errorf("stopped where it stands: %d, want 1", exit)
	}
	if took := time.Since(before); took > 4*time.Second { // a limit of 1 s, on a machine that may be busy
		t.Errorf("the check of one that hangs took %v", took)
	}
	if err := p.Thaw(); err != nil {
		t.Fatal(err)
	}
	lab.Wait(t, "haproxy to answer again", 10*time.Second, func() error {
		if exit := s.Check(t, "ha1"); exit != 0 {
			return fmt.Errorf("exit code %d", exit)
		}
		return nil
	})
	p.Kill()
	if exit := s.Check(t, "ha1"); exit != 1 {
		t.Errorf("killed, with its socket left behind: %d, want 1", exit)
	}
}

// The password that HAProxy reads is the one that was meant, whatever it is made of.
func TestStatisticsTakeThePassword(t *testing.T) {
	t.Parallel()
	for i, password := range []string{`p w#x$HOME"\'`, `'`, `a:b`, `\n${PATH}`} {
		t.Run(fmt.Sprint("password ", i), func(t *testing.T) {
			e := estates.Full()
			e.Balancers[0].Stats.Secret = secret.New("s", password)
			s := site.New(t, e, "ha1")
			s.HAProxy(t, "ha1")
			asking := client(t, s)
			for given, want := range map[string]string{password: "200", password + "x": "401"} {
				out := asking.Run(t, "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-u", "admin:"+given, "http://192.0.2.21:8100/rabbitmq-stats")
				if out != want {
					t.Errorf("password %q asked with %q: %s, want %s", password, given, out, want)
				}
			}
			csv := asking.Run(t, "curl", "-s", "-u", "admin:"+password, "http://192.0.2.21:8100/rabbitmq-stats;csv")
			for _, server := range []string{"mq1", "mq2", "mq3"} {
				if !strings.Contains(csv, "\nfront_amqp,"+server+",") {
					t.Errorf("the page does not list %s: %s", server, csv)
				}
			}
		})
	}
}
