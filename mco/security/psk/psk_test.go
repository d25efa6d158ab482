package psk

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/vectors"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/inspect"
	"github.com/mco-go/mco-go/mco/marshal"
	"github.com/mco-go/mco-go/mco/security"
)

type message struct {
	Name     string
	Side     string
	Settings map[string]string
	Payload  []byte `json:"payload_b64"`
	Expected string `json:"expected_requestid"`
	Ruby     struct {
		Valid  *bool `json:"callerid_valid"`
		Result *vectors.Value
		Error  string
		Class  string
	}
}

type caller struct {
	CallerType             string
	UID, GID               int
	Group, Login, Identity string
	Ruby                   struct{ Result, Error string }
}

type hash struct {
	Body []byte `json:"body_b64"`
	PSK  string
	Hash string
}

type vectorFile struct {
	Messages []message
	Callers  []caller
	Hashes   []hash
}

// TestVectorsMessages decodes what the original's providers wrote and what was forged. Our caller ids are one line, the original's
// may have more: such a message is refused here.
func TestVectorsMessages(t *testing.T) {
	file := vectors.Load[vectorFile](t, "psk.json")
	done := 0
	for _, c := range file.Messages {
		t.Run(c.Name, func(t *testing.T) {
			done++
			p, err := New(Options{Secret: security.Secret(strings.TrimSpace(c.Settings["plugin.psk"]))})
			if err != nil {
				if err.Error() != c.Ruby.Error {
					t.Errorf("New: %v, want %s", err, c.Ruby.Error)
				}
				return
			}
			var got mco.Value
			if c.Side == "node" {
				var r mco.Request
				r, err = p.DecodeRequest(c.Payload)
				got = requestValue(r)
				if err == nil {
					checkReencoding(t, p, r, c.Payload)
				}
			} else {
				var r mco.Reply
				r, err = p.DecodeReply(c.Payload, c.Expected)
				got = replyValue(r)
				if err == nil {
					again, err := p.EncodeReply(r, mco.Request{ID: r.RequestID, IDEncoding: r.IDEncoding})
					if err != nil || string(again) != string(c.Payload) {
						t.Errorf("written again as %q, %v, want %q", again, err, c.Payload)
					}
				}
			}
			checkOutcome(t, c, got, err)
		})
	}
	vectors.Count(t, "psk.json", "messages", done, len(file.Messages))
}

func checkOutcome(t *testing.T, c message, got mco.Value, err error) {
	t.Helper()
	if c.Ruby.Result == nil {
		want := security.ErrMalformed // Ruby's texts come from its own innards
		switch c.Ruby.Class {
		case "MCollective::SecurityValidationFailed":
			want = security.ErrSignature
		case "MCollective::MsgDoesNotMatchRequestID":
			want = security.ErrOtherRequest
		}
		if !errors.Is(err, want) {
			t.Fatalf("error %v, want %v", err, want)
		}
		if want != security.ErrMalformed && err.Error() != c.Ruby.Error {
			t.Errorf("error text %q, want %q", err, c.Ruby.Error)
		}
		return
	}
	m, _ := c.Ruby.Result.AsMap()
	id, _ := m.Symbol("callerid").AsString()
	if c.Side == "node" && (c.Ruby.Valid == nil || !*c.Ruby.Valid || strings.Contains(id, "\n")) {
		if !errors.Is(err, security.ErrCallerID) {
			t.Errorf("caller id %q: error %v, want %v", id, err, security.ErrCallerID)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	g, _ := got.AsMap()
	for _, p := range g.Pairs() {
		key, _ := p.Key.AsSymbol()
		want := m.Symbol(key)
		if key == "ttl" && want.IsNil() {
			want = mco.Int(int64(mco.DefaultTTL / time.Second))
		}
		if !p.Value.Equal(want) {
			t.Errorf(":%s is %s, want %s", key, inspect.Inspect(p.Value), inspect.Inspect(want))
		}
	}
}

// checkReencoding writes a request again. The bytes must be the original's, save where the message is not as the original writes one:
// another set of keys, or a digest that is labelled UTF-8.
func checkReencoding(t *testing.T, p *Provider, r mco.Request, payload []byte) {
	t.Helper()
	again, err := p.EncodeRequest(r)
	if err != nil {
		t.Fatal(err)
	}
	was, err := marshal.Decode(payload, marshal.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	m, _ := was.AsMap()
	if m.Len() != 10 || m.Symbol("hash").Encoding() != mco.USASCII {
		return
	}
	if string(again) != string(payload) {
		t.Errorf("written again as %q, want %q", again, payload)
	}
}

func requestValue(r mco.Request) mco.Value {
	return mco.Hash(mco.NewMap(
		mco.Pair{Key: mco.Sym("body"), Value: r.Body},
		mco.Pair{Key: mco.Sym("senderid"), Value: mco.String(r.Sender)},
		mco.Pair{Key: mco.Sym("requestid"), Value: mco.Text(r.ID, r.IDEncoding)},
		mco.Pair{Key: mco.Sym("filter"), Value: r.Filter},
		mco.Pair{Key: mco.Sym("collective"), Value: mco.String(r.Collective)},
		mco.Pair{Key: mco.Sym("agent"), Value: mco.String(r.Agent)},
		mco.Pair{Key: mco.Sym("callerid"), Value: mco.String(r.Caller)},
		mco.Pair{Key: mco.Sym("ttl"), Value: mco.Int(int64(r.TTL / time.Second))},
		mco.Pair{Key: mco.Sym("msgtime"), Value: mco.Int(r.Time.Unix())}))
}

func replyValue(r mco.Reply) mco.Value {
	return mco.Hash(mco.NewMap(
		mco.Pair{Key: mco.Sym("body"), Value: r.Body},
		mco.Pair{Key: mco.Sym("senderid"), Value: mco.String(r.Sender)},
		mco.Pair{Key: mco.Sym("requestid"), Value: mco.Text(r.RequestID, r.IDEncoding)},
		mco.Pair{Key: mco.Sym("senderagent"), Value: mco.String(r.Agent)},
		mco.Pair{Key: mco.Sym("msgtime"), Value: mco.Int(r.Time.Unix())}))
}

func TestVectorsCallers(t *testing.T) {
	file := vectors.Load[vectorFile](t, "psk.json")
	done := 0
	for _, c := range file.Callers {
		done++
		p := process{uid: c.UID, gid: c.GID,
			group: func(int) (string, error) { return c.Group, nil },
			login: func() (string, error) { return c.Login, nil }}
		got, err := p.callerID(c.CallerType, c.Identity)
		if security.CheckCallerID(c.Ruby.Result) != nil { // the original refuses it a step later, when it sends
			if !errors.Is(err, security.ErrOwnCallerID) {
				t.Errorf("%s: error %v, want %v", c.CallerType, err, security.ErrOwnCallerID)
			}
			continue
		}
		if err != nil || got != c.Ruby.Result {
			t.Errorf("%s: %q, %v, want %q", c.CallerType, got, err, c.Ruby.Result)
		}
	}
	vectors.Count(t, "psk.json", "callers", done, len(file.Callers))
}

func TestVectorsHashes(t *testing.T) {
	file := vectors.Load[vectorFile](t, "psk.json")
	done := 0
	for _, c := range file.Hashes {
		done++
		p, err := New(Options{Secret: security.Secret(c.PSK)})
		if err != nil {
			t.Fatal(err)
		}
		if got := string(p.digest(c.Body)); got != c.Hash {
			t.Errorf("digest of %q = %s, want %s", c.Body, got, c.Hash)
		}
	}
	vectors.Count(t, "psk.json", "hashes", done, len(file.Hashes))
}

func TestSecretFrom(t *testing.T) {
	tests := []struct {
		name, configured string
		env              *string
		want             string
	}{
		{"configured", "a", nil, "a"},
		{"the environment wins", "a", new("b"), "b"},
		{"an empty variable wins too", "a", new(""), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.env != nil {
				t.Setenv(EnvSecret, *tt.env)
			}
			if got := string(SecretFrom(tt.configured)); got != tt.want {
				t.Errorf("SecretFrom = %q, want %q", got, tt.want)
			}
		})
	}
	if _, err := New(Options{}); !errors.Is(err, ErrNoSecret) {
		t.Errorf("New without a secret: %v, want %v", err, ErrNoSecret)
	}
}

// What a request carries survives both ways, and every changed byte of the signed body is noticed.
func TestTamperedBody(t *testing.T) {
	p, err := New(Options{Secret: "lab", CallerType: "identity", Identity: "client.example.net"})
	if err != nil {
		t.Fatal(err)
	}
	r := mco.Request{ID: security.NewRequestID(), Agent: "rpcutil", Collective: "mcollective", Sender: "client.example.net",
		TTL: time.Minute, Time: time.Unix(1700000000, 0).UTC(), Filter: mco.Filter{}.Value(), Body: mco.String("ping")}
	payload, err := p.EncodeRequest(r)
	if err != nil {
		t.Fatal(err)
	}
	got, err := p.DecodeRequest(payload)
	if err != nil || got.Caller != "identity=client.example.net" || !got.Body.Equal(r.Body) || !got.Time.Equal(r.Time) || got.TTL != r.TTL {
		t.Fatalf("DecodeRequest = %+v, %v", got, err)
	}
	body, err := marshal.Encode(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	at := strings.Index(string(payload), string(body))
	for i := range body {
		forged := append([]byte(nil), payload...)
		forged[at+i] ^= 1
		if _, err := p.DecodeRequest(forged); !errors.Is(err, security.ErrSignature) {
			t.Errorf("byte %d of the body changed: %v, want %v", i, err, security.ErrSignature)
		}
	}
	if _, err := p.EncodeRequest(mco.Request{Caller: "uid=0\nuid=1"}); !errors.Is(err, security.ErrOwnCallerID) {
		t.Errorf("a caller id of two lines: %v, want %v", err, security.ErrOwnCallerID)
	}
}

// A Ruby agent may answer with a Time: the reply is worth reading. In a request it is refused, and so it is in an envelope.
func TestObjects(t *testing.T) {
	p, err := New(Options{Secret: "lab"})
	if err != nil {
		t.Fatal(err)
	}
	object, err := base64.StdEncoding.DecodeString("BAhJdToJVGltZQ0ggBHAAAAAAAY6CXpvbmVJIghVVEMGOgZFRg==") // a Time
	if err != nil {
		t.Fatal(err)
	}
	reply, err := security.SealReply(mco.Reply{RequestID: "1", Sender: "node"}, object, p.seal(object))
	if err != nil {
		t.Fatal(err)
	}
	got, err := p.DecodeReply(reply, "1")
	if class, _ := got.Body.Class(); err != nil || class != "Time" {
		t.Errorf("DecodeReply: body %v, %v, want an opaque Time", got.Body, err)
	}
	request, err := security.SealRequest(mco.Request{ID: "1", Caller: "uid=0"}, object, p.seal(object))
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.DecodeRequest(request)
	if _, ok := errors.AsType[*marshal.UnsafeTypeError](err); !ok || !errors.Is(err, security.ErrMalformed) {
		t.Errorf("DecodeRequest: %v, want a refused type", err)
	}
	if _, err := p.DecodeReply(object, ""); !errors.Is(err, security.ErrMalformed) {
		t.Errorf("an object as the envelope: %v, want %v", err, security.ErrMalformed)
	}
}

func TestUtmpUser(t *testing.T) {
	record := func(kind byte, line, name string) []byte {
		b := make([]byte, 384)
		b[0] = kind
		copy(b[8:], line)
		copy(b[44:], name)
		return b
	}
	records := append(record(8, "pts/0", "gone"), record(7, "pts/1", "alice")...)
	records = append(records, record(7, "pts/0", "bob")...)
	for line, want := range map[string]string{"pts/0": "bob", "pts/1": "alice", "pts/2": ""} {
		if got := utmpUser(records, line); got != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
	if got := utmpUser(records[:500], "pts/0"); got != "" {
		t.Errorf("a cut file: %q, want none", got)
	}
}

func FuzzDecode(f *testing.F) {
	file := vectors.Load[vectorFile](f, "psk.json")
	for _, c := range file.Messages {
		f.Add(c.Payload)
	}
	p, err := New(Options{Secret: "unset"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		if r, err := p.DecodeRequest(payload); err == nil {
			if security.CheckCallerID(r.Caller) != nil {
				t.Errorf("caller id %q got through", r.Caller)
			}
			again, err := p.EncodeRequest(r)
			if err != nil {
				t.Fatalf("writing again: %v", err)
			}
			s, err := p.DecodeRequest(again)
			if err != nil || s.ID != r.ID || s.Caller != r.Caller || s.TTL != r.TTL || !s.Time.Equal(r.Time) {
				t.Fatalf("read again as %+v, %v, was %+v", s, err, r)
			}
		}
		if _, err := p.DecodeReply(payload, "0"); err == nil {
			if r, err := p.DecodeReply(payload, ""); err != nil || r.RequestID != "0" {
				t.Errorf("a reply to request %q was taken for one to 0 (%v)", r.RequestID, err)
			}
		}
	})
}

func BenchmarkProvider(b *testing.B) {
	p, err := New(Options{Secret: "lab"})
	if err != nil {
		b.Fatal(err)
	}
	r := mco.Request{ID: security.NewRequestID(), Agent: "rpcutil", Collective: "mcollective", Sender: "client.example.net", Caller: "uid=0",
		TTL: time.Minute, Time: time.Unix(1700000000, 0), Filter: mco.Filter{Agents: []string{"rpcutil"}}.Value(), Body: mco.String("ping")}
	payload, err := p.EncodeRequest(r)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("EncodeRequest", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := p.EncodeRequest(r); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("DecodeRequest", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := p.DecodeRequest(payload); err != nil {
				b.Fatal(err)
			}
		}
	})
}
