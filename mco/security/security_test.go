package security

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/vectors"
	"github.com/mco-go/mco-go/mco"
)

type miscFile struct {
	CallerIDs []struct {
		CallerID string
		Valid    bool
	}
	UUIDs []struct{ Name, UUID string } `json:"uuid_v5"`
}

// The original's pattern looks at lines; one that has several is refused here, whatever its lines are.
func TestVectorsCallerIDs(t *testing.T) {
	file := vectors.Load[miscFile](t, "misc.json")
	done := 0
	for _, c := range file.CallerIDs {
		done++
		want := c.Valid && !strings.Contains(c.CallerID, "\n")
		err := CheckCallerID(c.CallerID)
		if (err == nil) != want {
			t.Errorf("%q: %v, want valid %v", c.CallerID, err, want)
		}
		if err != nil && (!errors.Is(err, ErrCallerID) || strings.Contains(err.Error(), "\n")) {
			t.Errorf("%q: error %v", c.CallerID, err)
		}
	}
	vectors.Count(t, "misc.json", "callerids", done, len(file.CallerIDs))
}

func TestVectorsUUIDs(t *testing.T) {
	file := vectors.Load[miscFile](t, "misc.json")
	done := 0
	for _, c := range file.UUIDs {
		done++
		id := uuid5(c.Name)
		if got := hex.EncodeToString(id[:]); got != strings.ReplaceAll(c.UUID, "-", "") {
			t.Errorf("uuid5(%q) = %s, want %s", c.Name, got, c.UUID)
		}
	}
	vectors.Count(t, "misc.json", "uuid_v5", done, len(file.UUIDs))
}

func TestNewRequestID(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		id := NewRequestID()
		if len(id) != 32 || id[12] != '5' || strings.Trim(id, "0123456789abcdef") != "" || seen[id] {
			t.Fatalf("request id %q", id)
		}
		seen[id] = true
	}
}

func TestValidity(t *testing.T) {
	now := time.Unix(1700000000, 0)
	r := mco.Request{ID: "abc", Agent: "rpcutil", Collective: "eu", Caller: "uid=0", Sender: "client", TTL: time.Minute}
	const text = "Message abc for agent 'rpcutil' in collective 'eu' from uid=0@client created at "
	tests := []struct {
		name    string
		created int64
		ttl     time.Duration
		skew    time.Duration
		want    string // error text behind the common part; empty: passes
	}{
		{"now", 1700000000, time.Minute, 0, ""},
		{"as old as the TTL", 1699999940, time.Minute, 0, ""},
		{"older", 1699999939, time.Minute, 0, "1699999939 is 61 seconds old, TTL is 60. Rejecting message."},
		{"without a time", 0, time.Minute, 0, "0 is 1700000000 seconds old, TTL is 60. Rejecting message."},
		{"TTL zero, same second", 1700000000, 0, 0, ""},
		{"ahead by the skew", 1700000060, time.Minute, 0, ""},
		{"ahead by more", 1700000061, time.Minute, 0,
			"1700000061 is 61 seconds in the future, at most 60 are accepted: compare the clocks. Rejecting message."},
		{"ahead by more than a larger skew", 1700000301, time.Minute, 5 * time.Minute,
			"1700000301 is 301 seconds in the future, at most 300 are accepted: compare the clocks. Rejecting message."},
		{"no skew", 1700000001, time.Minute, -1,
			"1700000001 is 1 seconds in the future, at most 0 are accepted: compare the clocks. Rejecting message."},
		{"the end of time", math.MaxInt64, time.Minute, 0,
			"9223372036854775807 is 9223372036 seconds in the future, at most 60 are accepted: compare the clocks. Rejecting message."},
		{"the beginning of time", math.MinInt64, time.Minute, 0,
			"-9223372036854775808 is 9223372036 seconds old, TTL is 60. Rejecting message."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r.Time, r.TTL = time.Unix(tt.created, 0), tt.ttl
			err := Validity{Skew: tt.skew}.Check(r, now)
			if tt.want == "" {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
				return
			}
			if err == nil || err.Error() != text+tt.want {
				t.Errorf("error %v, want %s", err, text+tt.want)
			}
			_, expired := errors.AsType[*ExpiredError](err)
			_, future := errors.AsType[*FutureError](err)
			if expired == future || expired != strings.Contains(tt.want, "old") {
				t.Errorf("expired %v, future %v", expired, future)
			}
		})
	}
}

func TestSecretIsNotShown(t *testing.T) {
	type options struct{ PSK Secret }
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("start", "psk", Secret("hunter2"), "options", options{"hunter2"})
	encoded, err := json.Marshal(options{"hunter2"})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{log.String(), string(encoded), fmt.Sprintf("%v %s %q %x %#v %d", Secret("hunter2"), Secret("hunter2"),
		Secret("hunter2"), Secret("hunter2"), options{"hunter2"}, Secret("hunter2"))} {
		if strings.Contains(text, "hunter2") || strings.Contains(text, hex.EncodeToString([]byte("hunter2"))) ||
			!strings.Contains(text, "[redacted]") {
			t.Errorf("shown: %s", text)
		}
	}
}

// Whoever does not say who he is has not replied: nobody can tell whom else to wait for.
func TestReplyWithoutSender(t *testing.T) {
	for _, in := range []mco.Value{
		mco.Hash(mco.NewMap(pair(keyRequestID, mco.String("1")))),
		mco.Hash(mco.NewMap(pair(keyRequestID, mco.String("1")), pair(keySender, mco.String("")))),
		mco.Hash(mco.NewMap(pair(keyRequestID, mco.String("1")), pair("senderie", mco.String("web1")))),
	} {
		e, err := NewEnvelope(in)
		if err != nil {
			t.Fatal(err)
		}
		if r, err := e.Reply(mco.Nil()); !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), ":senderid") {
			t.Errorf("%v: %+v, %v, want it refused for its sender", in, r, err)
		}
	}
}

func TestEnvelopeTypes(t *testing.T) {
	hash := func(key mco.Symbol, v mco.Value) mco.Value {
		return mco.Hash(mco.NewMap(pair(keyCaller, mco.String("uid=0")), pair(key, v)))
	}
	tests := []struct {
		name string
		in   mco.Value
		ok   bool
	}{
		{"no hash", mco.Strings("a"), false},
		{"agent of bytes", hash(keyAgent, mco.Text("rpcutil", mco.Binary)), true},
		{"agent is a symbol", hash(keyAgent, mco.Sym("rpcutil")), false},
		{"agent is a list", hash(keyAgent, mco.Strings("rpcutil")), false},
		{"TTL with a fraction", hash(keyTTL, mco.Float(1.5)), true},
		{"TTL of text", hash(keyTTL, mco.String("60")), false},
		{"TTL is NaN", hash(keyTTL, mco.Float(math.NaN())), false},
		{"TTL beyond durations", hash(keyTTL, mco.Int(math.MaxInt64)), true},
		{"TTL below them", hash(keyTTL, mco.Int(math.MinInt64)), true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e, err := NewEnvelope(tt.in)
			var r mco.Request
			if err == nil {
				r, err = e.Request(mco.Nil())
			}
			if (err == nil) != tt.ok || err != nil && !errors.Is(err, ErrMalformed) {
				t.Errorf("%+v, %v, want accepted %v", r, err, tt.ok)
			}
			if n, isInt := tt.in.Field("ttl").AsInt(); isInt && (n > 0) != (r.TTL > 0) {
				t.Errorf("TTL %d became %s", n, r.TTL)
			}
		})
	}
}
