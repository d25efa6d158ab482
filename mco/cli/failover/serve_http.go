package failover

import (
	"bytes"
	"cmp"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

// Bounds of what those who watch may do.
const (
	maxViewers    = 64 // connections at a time; further ones are closed
	maxHeader     = 16 << 10
	readTime      = 5 * time.Second  // for a request
	writeTime     = 10 * time.Second // for an answer, or one event
	idleTime      = 30 * time.Second
	keepAliveTime = 15 * time.Second // a viewer who is gone is noticed by then
	endTime       = time.Second      // for viewers when the page ends
)

// policy is what the page's own files may do; nothing comes from anywhere else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

//go:embed page
var files embed.FS

// server is the page.
type server struct {
	watcher  *watcher
	loopback bool          // it is reached from this machine alone, under a name of this machine
	patience time.Duration // for a look
}

// serve answers on l until ctx ends. It returns when all that it started has ended.
func (s *server) serve(ctx context.Context, l net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	looking := make(chan struct{})
	go func() {
		defer close(looking)
		s.watcher.run(ctx)
	}()
	h := &http.Server{
		Handler:           s,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ReadHeaderTimeout: readTime,
		WriteTimeout:      s.patience + writeTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    maxHeader,
	}
	served := make(chan error, 1)
	go func() { served <- h.Serve(&limited{Listener: l, places: make(chan struct{}, maxViewers)}) }()
	var err error
	select {
	case err = <-served:
	case <-ctx.Done():
		end, stop := context.WithTimeout(context.WithoutCancel(ctx), endTime)
		if h.Shutdown(end) != nil {
			_ = h.Close() // whoever does not finish is cut off
		}
		stop()
		<-served
	}
	cancel()
	<-looking
	return err
}

// limited closes what comes while its places are taken.
type limited struct {
	net.Listener
	places chan struct{}
}

func (l *limited) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		select {
		case l.places <- struct{}{}:
			return &placed{Conn: c, places: l.places}, nil
		default:
			_ = c.Close() // the next one may find a place
		}
	}
}

// placed gives its place back when it is closed.
type placed struct {
	net.Conn
	places chan struct{}
}

func (p *placed) Close() error {
	err := p.Conn.Close()
	if !errors.Is(err, net.ErrClosed) {
		<-p.places
	}
	return err
}

// ServeHTTP answers one request.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	for key, value := range map[string]string{"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
		"Referrer-Policy": "no-referrer", "Cross-Origin-Resource-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin", "Cache-Control": "no-store"} {
		h.Set(key, value)
	}
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "this page is for reading", http.StatusMethodNotAllowed)
	case s.loopback && !local(r.Host):
		http.Error(w, "this page is called by the name or the address of its own machine", http.StatusMisdirectedRequest)
	case r.URL.Path == "/":
		s.page(w, r)
	case r.URL.Path == "/status.json":
		s.status(w, r)
	case r.URL.Path == "/events" && r.Method == http.MethodGet:
		s.events(w, r)
	case r.URL.Path == "/page.js" || r.URL.Path == "/page.css" || r.URL.Path == "/favicon.svg":
		http.ServeFileFS(w, r, files, "page"+r.URL.Path)
	default:
		http.NotFound(w, r)
	}
}

// local tells whether a Host header names this machine: a page elsewhere whose name was made to lead here names itself.
func local(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.IsLoopback()
	}
	return strings.EqualFold(strings.TrimSuffix(host, "."), "localhost")
}

// page is the whole page, with what was seen last where that is still fresh; its script asks for the rest. A reader without scripts asks
// for /?look, which waits for a look.
func (s *server) page(w http.ResponseWriter, r *http.Request) {
	seen := s.watcher.recent(time.Now())
	if r.URL.Query().Has("look") {
		if later, err := s.seen(r.Context()); err == nil {
			seen = later
		}
	}
	var b bytes.Buffer
	if err := render(&b, "page.html", seen); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(b.Bytes()) // the reader may be gone
}

// seen is a look of now; one that is about to be made is waited for.
func (s *server) seen(ctx context.Context) (snapshot, error) {
	defer s.watcher.watch()()
	if last := s.watcher.recent(time.Now()); last.number > 0 {
		return last, nil
	}
	return s.watcher.next(ctx, s.watcher.number(), s.patience)
}

// status is a look of now as JSON.
func (s *server) status(w http.ResponseWriter, r *http.Request) {
	seen, err := s.seen(r.Context())
	if err = cmp.Or(err, seen.err); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	lines := json.NewEncoder(w)
	lines.SetEscapeHTML(false)
	_ = lines.Encode(seen.status) // the reader may be gone
}

// events sends the inner part of the page with each look, for as long as it is watched.
func (s *server) events(w http.ResponseWriter, r *http.Request) {
	defer s.watcher.watch()()
	control := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	send := func(text string) bool {
		err := control.SetWriteDeadline(time.Now().Add(writeTime))
		if err == nil {
			_, err = w.Write([]byte(text))
		}
		if err == nil {
			err = control.Flush()
		}
		return err == nil
	}
	if !send("retry: 2000\n\n") {
		return
	}
	number := 0
	if seen := s.watcher.recent(time.Now()); seen.number == 0 {
		number = s.watcher.number() // what was seen long ago is no news
	}
	for {
		seen, err := s.watcher.next(r.Context(), number, keepAliveTime)
		switch {
		case errors.Is(err, errNothingNew):
			if !send(": still here\n\n") {
				return
			}
			continue
		case err != nil:
			return
		}
		number = seen.number
		var b bytes.Buffer
		if err := render(&b, "main", seen); err != nil || !send(event(number, b.String())) {
			return
		}
	}
}

// event is a text as one server-sent event.
func event(number int, text string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "id: %d\n", number)
	for line := range strings.Lines(text) {
		b.WriteString("data: " + strings.Map(func(r rune) rune {
			if r == '\n' || r == '\r' {
				return -1
			}
			return r
		}, line) + "\n")
	}
	return b.String() + "\n"
}
