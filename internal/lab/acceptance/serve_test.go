package acceptance

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/lab/browser"
	"github.com/mco-go/mco-go/mco/failover"
)

// managementCfg are the lines of a client's cfg file for the management APIs of brokers, with the password in a file.
func managementCfg(t *testing.T, brokers []*lab.Broker) (lines []string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte(brokers[0].Password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for i, b := range brokers {
		key := fmt.Sprintf("plugin.mco.management.%d.", i+1)
		lines = append(lines, key+"url = "+b.Management, key+"user = "+lab.Monitor, key+"password_file = "+file)
	}
	return lines
}

// served is a page that shows a fleet.
type served struct {
	*lab.Process
	url string
}

// startServe starts mco failover serve, and returns when it has told its address.
func startServe(t *testing.T, c *lab.Client, args ...string) *served {
	t.Helper()
	s := &served{Process: c.Start(t, append([]string{"failover", "serve", "-c", c.Config, "--listen", "127.0.0.1:0", "--json"}, args...)...)}
	lab.Wait(t, "the page's address", 10*time.Second, func() error {
		var told struct{ URL string }
		if err := json.Unmarshal([]byte(s.Log()), &told); err != nil {
			return fmt.Errorf("%w in %q", err, s.Log())
		}
		s.url = told.URL
		return nil
	})
	return s
}

// get asks for a page of the server under a name that it may be called by.
func (s *served) get(t *testing.T, method, path, host string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = host
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

// TestServe shows a fleet of real nodes in a browser, where it changes by itself when a broker goes.
func TestServe(t *testing.T) {
	lab.Need(t, lab.RabbitMQServer, lab.Ruby, lab.Chromium)
	t.Parallel()
	brokers := lab.Brokers(t, lab.RabbitMQKind, 2, lab.BrokerOptions{Management: true})
	cfg := lab.Cfg{Brokers: brokers, Extra: []string{"plugin.rabbitmq.heartbeat_interval = 5", "plugin.rabbitmq.max_reconnect_delay = 2"}}
	nodes := []*lab.Node{lab.RubyNode(t, lab.ServerCfg{Identity: "ruby1", Cfg: cfg}), lab.GoNode(t, lab.ServerCfg{Identity: "web1", Cfg: cfg}),
		lab.GoNode(t, lab.ServerCfg{Identity: "web2", Cfg: cfg})}
	for _, n := range nodes {
		n.WaitReady(t, brokers[0], time.Minute)
	}
	client := lab.GoMco(t, lab.ClientCfg{Cfg: lab.Cfg{Brokers: brokers, Extra: append(managementCfg(t, brokers), "plugin.mco.state_dir = "+t.TempDir())}})
	s := startServe(t, client, "--every", "2")

	page := browser.Open(t, s.url)
	shows := func(what string, want ...string) {
		t.Helper()
		lab.Wait(t, what, time.Minute, func() error {
			text := page.Text(t, "main")
			for _, w := range want {
				if !strings.Contains(text, w) {
					return fmt.Errorf("no %q in\n%s", w, text)
				}
			}
			return nil
		})
	}
	shows("the fleet", "3 of 3 nodes answer", "ruby1", "web1", "web2", brokers[0].Addr(), "3 STOMP connections at "+brokers[0].Node)
	if rows := browser.Eval[int](t, page, "document.querySelectorAll('#nodes tbody tr').length"); rows != 3 {
		t.Errorf("%d rows of nodes", rows)
	}
	if heads := browser.Eval[int](t, page, "document.querySelectorAll('table tbody th[scope=row]').length"); heads < 7 {
		t.Errorf("%d rows have a head", heads)
	}
	browser.Eval[bool](t, page, "document.querySelector('details').open = true")
	page.Screenshot(t, "serve")
	s.agrees(t)

	brokers[0].Kill()
	shows("the lost broker", "cannot be asked", "3 of 3 nodes answer", "should be on "+brokers[0].Addr())
	lab.Wait(t, "the nodes on the second broker", time.Minute, func() error {
		if on := browser.Eval[int](t, page, "document.querySelectorAll('#nodes td.place.on').length"); on != 3 {
			return fmt.Errorf("%d nodes are on a broker", on)
		}
		return nil
	})
	page.Screenshot(t, "serve-broker-lost")
	page.Dark(t, true)
	page.Size(t, 390, 844)
	if wide := browser.Eval[bool](t, page, "document.documentElement.scrollWidth > window.innerWidth"); wide {
		t.Error("the page is wider than a phone")
	}
	page.Screenshot(t, "serve-phone-dark")

	s.refuses(t)
	s.ends(t, page)
}

// agrees compares the page with what status prints.
func (s *served) agrees(t *testing.T) {
	t.Helper()
	if _, body := s.get(t, http.MethodGet, "?look", "localhost"); !strings.Contains(body, "web1") {
		t.Errorf("without a script: %s", body)
	}
	lab.Wait(t, "the whole status.json", time.Minute, func() error { // a busy broker may not tell of itself in time
		res, body := s.get(t, http.MethodGet, "status.json", "localhost")
		var status failover.Status
		if err := json.Unmarshal([]byte(body), &status); err != nil || res.StatusCode != http.StatusOK {
			return fmt.Errorf("%w, status %d: %s", err, res.StatusCode, body)
		}
		if len(status.Nodes) != 3 || len(status.Brokers) != 2 || len(status.Managed) != 2 || status.Managed[0].View == nil {
			return errors.New(body)
		}
		return nil
	})
}

// refuses is what is not answered.
func (s *served) refuses(t *testing.T) {
	t.Helper()
	for _, r := range []struct {
		method, path, host string
		want               int
	}{
		{http.MethodHead, "", "localhost", http.StatusOK},
		{http.MethodGet, "", "[::1]:80", http.StatusOK},
		{http.MethodGet, "page.js", "127.0.0.1", http.StatusOK},
		{http.MethodPost, "", "localhost", http.StatusMethodNotAllowed},
		{http.MethodDelete, "status.json", "localhost", http.StatusMethodNotAllowed},
		{http.MethodGet, "", "rebound.example.net", http.StatusMisdirectedRequest},
		{http.MethodGet, "status.json", "localhost.example.net", http.StatusMisdirectedRequest},
		{http.MethodGet, "page/main.html", "localhost", http.StatusNotFound},
		{http.MethodGet, "../serve.go", "localhost", http.StatusNotFound},
	} {
		res, body := s.get(t, r.method, r.path, r.host)
		if res.StatusCode != r.want {
			t.Errorf("%s %s of %s: status %d, want %d", r.method, r.path, r.host, res.StatusCode, r.want)
		}
		if !strings.Contains(res.Header.Get("Content-Security-Policy"), "default-src 'none'") || res.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s %s: %v", r.method, r.path, res.Header)
		}
		if strings.Contains(body, "marionette") {
			t.Errorf("%s %s shows a password", r.method, r.path)
		}
	}
}

// ends is Ctrl-C while somebody watches: the program ends at once, and the page says that it is old.
func (s *served) ends(t *testing.T, page *browser.Page) {
	t.Helper()
	page.Forgive("ERR_")
	start := time.Now()
	if err := s.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	select {
	case <-s.Done():
		t.Logf("ended %v after the interrupt", time.Since(start).Round(time.Millisecond))
		if code := s.ExitCode(); code != 0 {
			t.Errorf("exit code %d: %s", code, s.Log())
		}
	case <-time.After(10 * time.Second):
		t.Fatalf("still there after the interrupt: %s", s.Log())
	}
	lab.Wait(t, "the page to know", 10*time.Second, func() error {
		if text := page.Text(t, "#live"); !strings.Contains(text, "this is old") {
			return errors.New(text)
		}
		return nil
	})
}
