package stomp

import (
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-stomp/stomp/v3/frame"
	"github.com/google/go-cmp/cmp"

	"github.com/mco-go/mco-go/internal/vectors"
	"github.com/mco-go/mco-go/mco/connector"
)

type parametersCase struct {
	Connector Flavour
	Options   map[string]any
	Result    *struct {
		Params map[string]any
		Log    []string
	}
	Error string
}

// ours are the settings whose absence means something else here than in the original, each with the setting that makes it mean the
// same: heart-beats are on where the interval is absent.
var ours = map[string]string{"heartbeat_interval": "0"}

func TestVectorsConnectionParameters(t *testing.T) {
	file := vectors.Load[struct {
		ConnectionParameters []parametersCase `json:"connection_parameters"`
	}](t, "connector.json")
	done := 0
	for i, c := range file.ConnectionParameters {
		if t.Run(fmt.Sprintf("%d %s", i, c.Connector), func(t *testing.T) { compareParameters(t, c) }) {
			done++
		}
	}
	vectors.Count(t, "connector.json", "connection_parameters", done, len(file.ConnectionParameters))
}

func compareParameters(t *testing.T, c parametersCase) {
	dir := t.TempDir()
	for _, name := range []string{"c.pem", "k.pem", "a1.pem", "a2.pem"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	place := func(s string) string { return strings.ReplaceAll(s, "<dir>", dir) }
	settings := map[string]string{string(c.Connector) + ".pool.size": "1", string(c.Connector) + ".pool.1.host": "broker1"}
	env := map[string]string{}
	interval, fallback := "", false
	for key, value := range c.Options {
		if key == "env" {
			for name, v := range value.(map[string]any) {
				env[name] = place(v.(string))
			}
			continue
		}
		settings[string(c.Connector)+"."+key] = place(value.(string))
		interval = map[bool]string{true: value.(string), false: interval}[key == "heartbeat_interval"]
		fallback = fallback || strings.HasSuffix(key, ".ssl.fallback")
	}
	read := func() (Options, error) {
		return Read(c.Connector, Source{
			Plugin: func(key string) (string, bool) { v, ok := settings[key]; return v, ok },
			Env:    func(name string) (string, bool) { v, ok := env[name]; return v, ok },
		})
	}

	// Exception: without an interval, heart-beats are on.
	if interval == "" {
		if o, err := read(); err == nil && (o.HeartBeat != DefaultHeartBeat || headers(t, o)[frame.HeartBeat] != "10500,9500") {
			t.Errorf("without heartbeat_interval: heart-beats every %s, CONNECT says %v", o.HeartBeat, headers(t, o))
		}
		settings[string(c.Connector)+".heartbeat_interval"] = ours["heartbeat_interval"]
	}
	// Exception: a fallback to unverified TLS needs a second switch.
	if fallback && c.Result != nil {
		if _, err := read(); err == nil || !strings.Contains(err.Error(), "plugin.mco.tls.allow_unverified") {
			t.Errorf("a fallback to unverified TLS alone: %v, want a refusal that names the switch", err)
		}
		settings["mco.tls.allow_unverified"] = "1"
	}

	o, err := read()
	if c.Result == nil {
		if err == nil || err.Error() != place(c.Error) {
			t.Fatalf("settings %v: error %v, want %s", c.Options, err, place(c.Error))
		}
		return
	}
	if err != nil {
		t.Fatalf("settings %v: %v", c.Options, err)
	}
	want := c.Result.Params
	log := c.Result.Log
	// Exception: intervals of less than 30 s are honoured, and the line that says otherwise is not there.
	if n, err := strconv.Atoi(interval); err == nil && n > 0 && n < 30 {
		log = slices.DeleteFunc(log, func(line string) bool { return strings.HasSuffix(line, "forcing to minimum value of 30s") })
		want["connect_headers"].(map[string]any)["heart-beat"] = fmt.Sprintf("%d,%d", n*1000+500, n*1000-500)
		if n < 5 {
			log = append(log, fmt.Sprintf("warn: Connection heartbeat is set to %d: a broker that pauses for a few seconds will be left", n))
		}
	}
	// Exception: the deadlines of a connection are ours where the setting is absent; 0 stands for them.
	if _, set := c.Options["connect_timeout"]; !set {
		want["connect_timeout"] = float64(0)
	}
	for _, host := range want["hosts"].([]any) {
		if ssl, ok := host.(map[string]any)["ssl"].(map[string]any); ok {
			for key, value := range ssl {
				if s, ok := value.(string); ok {
					ssl[key] = place(s)
				}
			}
		}
	}
	if diff := cmp.Diff(want, parameters(t, o)); diff != "" {
		t.Errorf("parameters, - original + ours:\n%s", diff)
	}
	var lines []string
	for _, n := range o.Notices {
		level := map[slog.Level]string{slog.LevelInfo: "info", slog.LevelWarn: "warn", slog.LevelError: "error"}[n.Level]
		lines = append(lines, level+": "+n.Text)
	}
	for i := range log {
		// Exception: the library has another name.
		if before, ok := strings.CutSuffix(log[i], "stomp-gem 1.4.10"); ok {
			log[i] = before + libraryVersion
		}
		log[i] = place(log[i])
	}
	if diff := cmp.Diff(log, lines); diff != "" {
		t.Errorf("log, - original + ours:\n%s", diff)
	}
}

// headers are those of CONNECT, without what every frame has and without the credentials.
func headers(t *testing.T, o Options) map[string]any {
	t.Helper()
	all := (&transport{Options: o}).connectHeaders(Host{})
	m := map[string]any{}
	for i := 0; i < len(all); i += 2 {
		if all[i] != frame.ContentType {
			m[all[i]] = all[i+1]
		}
	}
	return m
}

// parameters writes options as the original hands them to its library.
func parameters(t *testing.T, o Options) map[string]any {
	t.Helper()
	hosts := []any{}
	for _, h := range o.Hosts {
		host := map[string]any{"host": h.Name, "port": float64(h.Port), "ssl": h.TLS != nil, "login": h.Login, "passcode": h.Passcode}
		if h.TLS != nil && !h.TLS.Unverified {
			ssl := map[string]any{"cert_file": h.TLS.Cert, "key_file": h.TLS.Key, "ts_files": h.TLS.CA, "ciphers": h.TLS.Ciphers}
			if h.TLS.Ciphers == "" {
				ssl["ciphers"] = false
			}
			host["ssl"] = ssl
		}
		hosts = append(hosts, host)
	}
	back := o.Pool.BackOff
	return map[string]any{
		"hosts":                    hosts,
		"use_exponential_back_off": !back.Constant,
		"initial_reconnect_delay":  back.Initial.Seconds(),
		"back_off_multiplier":      float64(back.Multiplier),
		"max_reconnect_delay":      back.Max.Seconds(),
		"max_reconnect_attempts":   float64(o.Pool.MaxAttempts),
		"randomize":                o.Pool.Randomize,
		"backup":                   o.Backup,
		"timeout":                  float64(o.Timeout),
		"connect_timeout":          o.DialTime.Seconds(),
		"reliable":                 true, // there is no other way here
		"max_hbrlck_fails":         float64(o.MaxLockFails),
		"max_hbread_fails":         float64(o.MaxReadFails),
		"connect_headers":          headers(t, o),
	}
}

type conversationFrame struct {
	Op, Destination, ID string
	Headers             map[string]string
	Bytes               int
}

type conversation struct {
	Connector       Flavour
	Mode            string
	Settings        map[string]string
	RequestSequence int `json:"request_sequence"`
	Steps           []struct {
		Step, Error string
		Frames      []conversationFrame
	}
}

func TestVectorsConversations(t *testing.T) {
	file := vectors.Load[struct{ Conversations []conversation }](t, "connector.json")
	done := 0
	for i, c := range file.Conversations {
		if t.Run(fmt.Sprintf("%d %s %s", i, c.Connector, c.Mode), func(t *testing.T) { converse(t, c) }) {
			done++
		}
	}
	vectors.Count(t, "connector.json", "conversations", done, len(file.Conversations))
}

// converse lets a real link do what the steps say, and compares the frames that leave it.
func converse(t *testing.T, c conversation) {
	const pid = 4711
	settings := map[string]string{string(c.Connector) + ".pool.size": "1", string(c.Connector) + ".pool.1.host": "broker1"}
	for key, value := range c.Settings {
		if key, ok := strings.CutPrefix(key, "plugin."); ok {
			settings[key] = value
		}
	}
	o, err := Read(c.Connector, Source{Plugin: func(key string) (string, bool) { v, ok := settings[key]; return v, ok }})
	if err != nil {
		t.Fatal(err)
	}
	o.Identity, o.Collectives, o.ProcessID = c.Settings["identity"], strings.Split(c.Settings["collectives"], ","), pid
	ttl := 60
	if text := c.Settings["ttl"]; text != "" {
		if ttl, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	p := &peer{t: t, o: o, pid: pid, configured: time.Duration(ttl) * time.Second, sequence: c.RequestSequence, server: c.Mode == "server"}
	p.link(t)
	for _, step := range c.Steps {
		t.Run(step.Step, func(t *testing.T) {
			want := step.Frames
			got, err := p.do(t, step.Step, want)
			if text := fmt.Sprint(err); err != nil && text != step.Error || err == nil && step.Error != "" {
				t.Fatalf("error %v, want %q", err, step.Error)
			}
			// Exception: with agents_multiplex the original stops to listen for all agents when one goes. What others need is kept.
			if strings.HasPrefix(step.Step, "unsubscribe agent") && o.AgentsMultiplex && p.agents > 0 {
				want = nil
			}
			for i := range want {
				// The number of bytes is information: it depends on the body. Base64 leaves only some numbers possible.
				if o.Base64 && want[i].Op == "publish" && want[i].Bytes != len(encode64(make([]byte, unpacked(want[i].Bytes)))) {
					t.Errorf("no body has %d bytes in base64", want[i].Bytes)
				}
				want[i].Destination = p.fill(want[i].Destination)
				want[i].ID = p.fill(want[i].ID)
				for name, value := range want[i].Headers {
					want[i].Headers[name] = p.fill(value)
				}
			}
			if len(want)+len(got) > 0 {
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("frames, - original + ours:\n%s", diff)
				}
			}
		})
	}
}

// unpacked is how many bytes a base64 text of n bytes may hold at most: what its lines' ends and padding leave.
func unpacked(n int) int { return (n - (n+base64Line)/(base64Line+1)) / 4 * 3 }

// peer is a link whose other end writes down what it gets.
type peer struct {
	t          *testing.T
	o          Options
	pid        int
	configured time.Duration // ttl
	sequence   int
	server     bool
	agent      string // the first one that was named
	agents     int    // subscribed
	l          *link
	frames     chan *frame.Frame
}

func (p *peer) fill(s string) string { return strings.ReplaceAll(s, "<pid>", strconv.Itoa(p.pid)) }

func (p *peer) link(t *testing.T) {
	p.o.HeartBeat = 0
	tr, err := newTransport(p.o)
	if err != nil {
		t.Fatal(err)
	}
	tr.now = func() time.Time { return time.Unix(1_700_000_000, 0) }
	tr.sequence = p.sequence - 1
	near, far := net.Pipe()
	p.frames = make(chan *frame.Frame, 100)
	go func() {
		defer close(p.frames)
		for r := frame.NewReader(far); ; {
			f, err := r.Read()
			if err != nil {
				return
			}
			p.frames <- f
		}
	}()
	g := newGuard(near, time.Second, 1<<20)
	p.l = newLink(tr, &welcome{conn: g, reader: frame.NewReader(g), member: tr.members[0]}, func(connector.Message) {})
	t.Cleanup(func() { hangUp(p.l); far.Close() })
}

func hangUp(l *link) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	l.Close(ctx)
}

// do does what a step says and returns the frames that it caused.
func (p *peer) do(t *testing.T, step string, like []conversationFrame) ([]conversationFrame, error) {
	ctx := t.Context()
	words := strings.Fields(step)
	every := func(kind connector.Kind, agent string) (subs []connector.Subscription) {
		for _, c := range p.o.Collectives {
			subs = append(subs, connector.Subscription{Kind: kind, Collective: c, Agent: agent})
		}
		return subs
	}
	main, sub := p.o.Collectives[0], p.o.Collectives[len(p.o.Collectives)-1]
	replies := func() []connector.Subscription {
		return []connector.Subscription{{Kind: connector.Replies, Collective: main, Agent: p.agent}}
	}
	publish := func(out connector.Outgoing, nodes ...string) error {
		out.Sequence = p.sequence
		if p.server {
			out.Sequence = 0 // a node counts no requests
		}
		if len(like) > 0 {
			out.Payload = make([]byte, like[0].Bytes)
			if p.o.Base64 {
				out.Payload = make([]byte, unpacked(like[0].Bytes))
			}
		}
		if len(nodes) == 0 {
			return p.l.Publish(ctx, out)
		}
		out.Kind = connector.Directed
		for _, out.Node = range nodes {
			if err := p.l.Publish(ctx, out); err != nil {
				return err
			}
		}
		return nil
	}
	request := connector.Outgoing{Kind: connector.Broadcast, Collective: main, Agent: p.agent, TTL: 45 * time.Second}
	var err error
	switch {
	case step == "subscribe to directed messages":
		_, err = p.l.Subscribe(ctx, every(connector.Directed, ""))
	case strings.HasPrefix(step, "subscribe agent "):
		if p.agent == "" {
			p.agent = words[2]
		}
		if words[len(words)-1] != "again" {
			p.agents++
		}
		_, err = p.l.Subscribe(ctx, every(connector.Broadcast, words[2]))
	case step == "subscribe unknown collective":
		err = p.l.Check(connector.Subscription{Kind: connector.Broadcast, Collective: "nosuch", Agent: p.agent})
	case strings.HasPrefix(step, "unsubscribe agent "):
		p.agents--
		err = p.l.Unsubscribe(ctx, every(connector.Broadcast, words[2]))
	case strings.HasPrefix(step, "subscribe to replies of "):
		p.agent = words[4]
		_, err = p.l.Subscribe(ctx, replies())
	case step == "unsubscribe from replies":
		err = p.l.Unsubscribe(ctx, replies())
	case step == "reply":
		to := "/reply-queue/amq.gen-abc"
		if p.o.Flavour == ActiveMQ {
			to = "/queue/mcollective.reply.client_77.1"
		}
		err = publish(connector.Outgoing{Kind: connector.Replies, To: to, TTL: p.configured})
	case step == "registration":
		err = publish(connector.Outgoing{Kind: connector.Broadcast, Collective: main, Agent: "registration", TTL: p.configured})
	case strings.HasPrefix(step, "broadcast request"), strings.Contains(step, "stays broadcast"):
		err = publish(request)
	case strings.HasPrefix(step, "direct request to two nodes"):
		err = publish(request, "a.example.net", "b.example.net")
	case strings.HasSuffix(step, "two known nodes becomes direct"):
		err = publish(request, "x.example.net", "y.example.net")
	case step == "custom reply-to":
		request.ReplyTo = "/queue/elsewhere"
		err = publish(request)
	case strings.HasPrefix(step, "discovery ping in sub collective"):
		err = publish(connector.Outgoing{Kind: connector.Broadcast, Collective: sub, Agent: "discovery", TTL: p.configured})
	default:
		t.Fatalf("step %q is not understood", step)
	}
	return p.collect(t), err
}

// collect returns the frames so far. The pipe has no buffer: what was written has been read.
func (p *peer) collect(t *testing.T) (all []conversationFrame) {
	t.Helper()
	const end = "the end of a step"
	if err := p.l.write(t.Context(), frame.ACK, []string{frame.Id, end}, nil); err != nil {
		t.Fatal(err)
	}
	for f := range p.frames {
		h := f.Header
		if h.Get(frame.Id) == end {
			return all
		}
		if n, ok, err := h.ContentLength(); err != nil || !ok || n != len(f.Body) || h.Get(frame.ContentType) != "text/plain; charset=UTF-8" {
			t.Errorf("a frame without the headers that every one of the original's has: %+v", h)
		}
		op := map[string]string{frame.SEND: "publish", frame.SUBSCRIBE: "subscribe", frame.UNSUBSCRIBE: "unsubscribe"}[f.Command]
		got := conversationFrame{Op: op, Destination: h.Get(frame.Destination), ID: h.Get(frame.Id), Headers: map[string]string{}}
		if op == "publish" {
			got.Bytes = len(f.Body)
			if p.o.Base64 {
				if _, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(string(f.Body), "\n", "")); err != nil {
					t.Errorf("the body is not base64: %v", err)
				}
			}
		}
		for i := range h.Len() {
			name, value := h.GetAt(i)
			got.Headers[name] = value
		}
		for _, name := range []string{frame.Destination, frame.Id, frame.ContentLength, frame.ContentType} {
			delete(got.Headers, name)
		}
		all = append(all, got)
	}
	return all
}

// The order of ActiveMQ's headers is part of what the original does.
func TestHeaderOrder(t *testing.T) {
	o := options(ActiveMQ, "n", false)
	o.Priority = 3
	got := o.dialect().send(connector.Outgoing{Kind: connector.Directed, Collective: "mcollective", Node: "x"}, "/queue/r", time.Unix(1, 0)).headers
	var names []string
	for i := 0; i < len(got); i += 2 {
		names = append(names, got[i])
	}
	if want := []string{"priority", "timestamp", "expires", "reply-to", "mc_identity", "mc_sender"}; !slices.Equal(names, want) {
		t.Errorf("headers in the order %v, want %v", names, want)
	}
}
