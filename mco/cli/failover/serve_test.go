package failover

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/mco-go/mco-go/mco/failover"
	"github.com/mco-go/mco-go/mco/management"
)

// Nobody watches, nobody looks; three watch, and one looks for them.
func TestWatcher(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		looks := 0
		w := newWatcher(2*time.Second, func(context.Context) (*failover.Status, error) {
			looks++
			time.Sleep(time.Second)
			if looks == 2 {
				return nil, errors.New("no pool")
			}
			return status(), nil
		})
		var running sync.WaitGroup
		running.Go(func() { w.run(ctx) })
		time.Sleep(time.Hour)
		if synctest.Wait(); looks != 0 {
			t.Fatalf("%d looks for nobody", looks)
		}
		var leave []func()
		for range 3 {
			leave = append(leave, w.watch())
		}
		for number := range 3 {
			var seen [3]snapshot
			var viewers sync.WaitGroup
			for i := range seen {
				viewers.Go(func() { seen[i], _ = w.next(ctx, number, time.Minute) })
			}
			viewers.Wait()
			if looks != number+1 || seen[0].number != number+1 || seen[0] != seen[1] || seen[1] != seen[2] || (seen[0].err != nil) != (number == 1) {
				t.Errorf("after %d looks: %+v", looks, seen)
			}
		}
		if w.recent(time.Now()).number != 3 {
			t.Error("the last look is not recent")
		}
		for _, l := range leave {
			l()
			l() // once counts
		}
		time.Sleep(time.Hour)
		if synctest.Wait(); looks > 4 { // one may have begun
			t.Errorf("%d looks after all have left", looks)
		}
		if w.recent(time.Now()).number != 0 {
			t.Error("what was seen an hour ago is shown as of now")
		}
		if _, err := w.next(ctx, w.number(), time.Second); !errors.Is(err, errNothingNew) {
			t.Error(err)
		}
		cancel()
		running.Wait()
		if _, err := w.next(ctx, w.number(), time.Second); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

// What nodes and brokers call themselves is text.
func TestPageEscapes(t *testing.T) {
	const evil = `<img src=x onerror=alert(1)>`
	s := status()
	s.Nodes[0].Identity, s.Findings[0].Text, s.Brokers[0].Addr = evil, evil, evil
	s.Managed = []failover.Managed{{Broker: evil, View: &management.View{Members: []management.Member{{Node: evil, Running: true}},
		Connections: []management.Connection{{Node: evil, Peer: evil, User: evil}}}}}
	for name, shot := range map[string]snapshot{"seen": {number: 1, status: s, at: time.Now()}, "failed": {number: 1, err: errors.New(evil)}, "not yet": {}} {
		var b bytes.Buffer
		if err := render(&b, "page.html", shot); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(b.String(), "<img") || name == "seen" && strings.Count(b.String(), "&lt;img") < 7 {
			t.Errorf("%s: %s", name, b.String())
		}
	}
	if got := event(3, "a\r\nb\n\ndata: c"); got != "id: 3\ndata: a\ndata: b\ndata: \ndata: data: c\n\n" {
		t.Errorf("%q", got)
	}
}

func TestLocal(t *testing.T) {
	for host, want := range map[string]bool{"localhost": true, "LOCALHOST:80": true, "localhost.": true, "127.0.0.1:8613": true, "127.9.9.9": true, "[::1]:8613": true, "[::1]": true,
		"::1": true, "": false, "example.net": false, "localhost.example.net": false, "127.0.0.1.example.net:8613": false, "192.0.2.1": false, "[2001:db8::1]:80": false, "0.0.0.0": false} {
		if local(host) != want {
			t.Errorf("%q: %v", host, !want)
		}
	}
}

// serving runs a server whose looks take no time, and ends it with the test.
func serving(t *testing.T) (url string, end func()) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	s := &server{loopback: true, patience: 5 * time.Second}
	s.watcher = newWatcher(10*time.Millisecond, func(context.Context) (*failover.Status, error) { return status(), nil })
	ended := make(chan error, 1)
	go func() { ended <- s.serve(ctx, l) }()
	return "http://" + l.Addr().String(), sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// A viewer gets event after event; beyond the places nobody gets one; at the end all is as it was.
func TestServer(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	url, end := serving(t)
	defer end()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 30 * time.Second}
	defer client.CloseIdleConnections()
	res, err := client.Get(url + "/events")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	lines, events := bufio.NewScanner(res.Body), 0
	for events < 3 && lines.Scan() {
		if strings.HasPrefix(lines.Text(), "id: ") {
			events++
		}
	}
	if events != 3 || res.Header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("%d events, %v", events, res.Header)
	}
	var held []net.Conn
	for range maxViewers {
		c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, c)
	}
	last := held[maxViewers-1]
	if err := last.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := last.Read(make([]byte, 1)); err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("one more than there are places: %v", err)
	}
	for _, c := range held {
		_ = c.Close()
	}
	end()
	_, _ = io.Copy(io.Discard, res.Body) // ends: a viewer may be cut off in the middle
}

func TestStatusJSON(t *testing.T) {
	fails := newWatcher(time.Hour, func(context.Context) (*failover.Status, error) { return nil, errors.New("no pool") })
	var running sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	running.Go(func() { fails.run(ctx) })
	defer running.Wait()
	defer cancel()
	w := httptest.NewRecorder()
	(&server{watcher: fails, patience: 5 * time.Second}).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/?look", nil))
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "no pool") {
		t.Errorf("%d: %s", w.Code, w.Body)
	}
	w = httptest.NewRecorder()
	(&server{watcher: fails, patience: 5 * time.Second}).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/status.json", nil))
	if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "no pool") {
		t.Errorf("%d: %s", w.Code, w.Body)
	}
	w = httptest.NewRecorder()
	(&server{watcher: newWatcher(time.Hour, nil), patience: time.Millisecond}).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/status.json", nil))
	if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), errNothingNew.Error()) {
		t.Errorf("%d: %s", w.Code, w.Body)
	}
}
