package security

import (
	"fmt"
	"math"
	"time"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/marshal"
)

// The keys of an envelope are symbols. Writers of ours put them in the order in which the original's base.rb builds its hashes;
// readers take any order and ignore keys that they do not know.
const (
	keyBody        mco.Symbol = "body"        // String of bytes: the inner body, serialised and perhaps encrypted
	keySender      mco.Symbol = "senderid"    // String: identity of the sending machine
	keyRequestID   mco.Symbol = "requestid"   // String
	keyFilter      mco.Symbol = "filter"      // Hash with String keys; requests
	keyCollective  mco.Symbol = "collective"  // String; requests
	keyAgent       mco.Symbol = "agent"       // String; requests
	keySenderAgent mco.Symbol = "senderagent" // String; replies
	keyCaller      mco.Symbol = "callerid"    // String, "type=name"; requests
	keyTTL         mco.Symbol = "ttl"         // Integer, seconds; requests; [mco.DefaultTTL] when absent
	keyTime        mco.Symbol = "msgtime"     // Integer, Unix seconds; 0 when absent, which is long expired
)

// Envelope is the outer hash of a received message, before anything in it is verified. A provider looks at the members that it
// signs by ([Envelope.Field]) and then asks for the [Envelope.Request] or the [Envelope.Reply].
type Envelope struct{ m *mco.Map }

// Open decodes the envelope of a payload in Ruby's Marshal format, within lim. Objects have no place in an envelope, whatever lim says.
func Open(payload []byte, lim marshal.Limits) (Envelope, error) {
	lim.Objects = false
	v, err := marshal.Decode(payload, lim)
	if err != nil {
		return Envelope{}, fmt.Errorf("%w: envelope: %w", ErrMalformed, err)
	}
	return NewEnvelope(v)
}

// NewEnvelope takes a decoded value for an envelope: for providers whose peers use another serialiser.
func NewEnvelope(v mco.Value) (Envelope, error) {
	m, ok := v.AsMap()
	if !ok {
		return Envelope{}, fmt.Errorf("%w: the envelope is no hash but a %s", ErrMalformed, v.Kind())
	}
	return Envelope{m}, nil
}

// Field returns the member of that name, nil when there is none. String keys do not count, as in the original.
func (e Envelope) Field(name mco.Symbol) mco.Value { return e.m.Symbol(name) }

// Body returns the bytes of the inner body, empty when there are none.
func (e Envelope) Body() (string, error) { return e.text(keyBody) }

// Expect returns an [*OtherRequestError] when the envelope's request id is not id; an empty id expects nothing. It is the one thing
// that a client looks at before it verifies a reply: on a shared reply destination most replies are for others.
func (e Envelope) Expect(id string) error {
	got, err := e.text(keyRequestID)
	if err != nil || id == "" || got == id {
		return err
	}
	return &OtherRequestError{Got: got, Want: id}
}

// Request returns the request in the envelope with body as its inner body. Everything but body is only as trustworthy as what the
// provider signs. The caller id must follow the grammar ([CheckCallerID]).
func (e Envelope) Request(body mco.Value) (mco.Request, error) {
	r := mco.Request{Body: body, Filter: e.Field(keyFilter)}
	if err := e.texts(member{keyRequestID, &r.ID}, member{keySender, &r.Sender}, member{keyAgent, &r.Agent},
		member{keyCollective, &r.Collective}, member{keyCaller, &r.Caller}); err != nil {
		return mco.Request{}, err
	}
	r.IDEncoding = e.Field(keyRequestID).Encoding()
	if err := CheckCallerID(r.Caller); err != nil {
		return mco.Request{}, err
	}
	ttl, err := e.seconds(keyTTL, int64(mco.DefaultTTL/time.Second))
	if err != nil {
		return mco.Request{}, err
	}
	created, err := e.seconds(keyTime, 0)
	if err != nil {
		return mco.Request{}, err
	}
	r.TTL, r.Time = lifetime(ttl), time.Unix(created, 0).UTC()
	return r, nil
}

// Reply returns the reply in the envelope with body as its inner body. One that names no sender is refused: it could be counted as
// nobody's, and whoever sent it would be called silent.
func (e Envelope) Reply(body mco.Value) (mco.Reply, error) {
	r := mco.Reply{Body: body}
	if err := e.texts(member{keyRequestID, &r.RequestID}, member{keySender, &r.Sender}, member{keySenderAgent, &r.Agent}); err != nil {
		return mco.Reply{}, err
	}
	if r.Sender == "" {
		return mco.Reply{}, fmt.Errorf("%w: the reply has no :%s", ErrMalformed, keySender)
	}
	r.IDEncoding = e.Field(keyRequestID).Encoding()
	created, err := e.seconds(keyTime, 0)
	if err != nil {
		return mco.Reply{}, err
	}
	r.Time = time.Unix(created, 0).UTC()
	return r, nil
}

// member is a key and where its text goes.
type member struct {
	key  mco.Symbol
	into *string
}

func (e Envelope) texts(members ...member) error {
	for _, m := range members {
		text, err := e.text(m.key)
		if err != nil {
			return err
		}
		*m.into = text
	}
	return nil
}

// text returns a member that is a string with any label, empty when there is none.
func (e Envelope) text(key mco.Symbol) (string, error) {
	v := e.Field(key)
	if s, ok := v.AsString(); ok || v.IsNil() {
		return s, nil
	}
	return "", fmt.Errorf("%w: :%s is a %s, want a string", ErrMalformed, key, v.Kind())
}

// seconds returns a member that is a number, or other when there is none.
func (e Envelope) seconds(key mco.Symbol, other int64) (int64, error) {
	v := e.Field(key)
	if n, ok := v.AsInt(); ok {
		return n, nil
	}
	if f, ok := v.AsFloat(); ok && math.Abs(f) < 1<<53 {
		return int64(f), nil
	}
	if v.IsNil() {
		return other, nil
	}
	return 0, fmt.Errorf("%w: :%s is a %s, want a number of seconds", ErrMalformed, key, v.Kind())
}

// lifetime makes a duration of seconds from the wire; a century stands for all that is longer.
func lifetime(seconds int64) time.Duration {
	const century = 100 * 365 * 24 * 60 * 60
	return time.Duration(min(max(seconds, -1), century)) * time.Second
}

// SealRequest writes the envelope of a request around body, the serialised inner body. seal follows at the end: what the provider
// signs or wraps with. A request with a caller id that every node would refuse is not made.
func SealRequest(r mco.Request, body []byte, seal ...mco.Pair) ([]byte, error) {
	if err := CheckOwnCallerID(r.Caller); err != nil {
		return nil, err
	}
	pairs := append([]mco.Pair{
		pair(keyBody, mco.Text(string(body), mco.Binary)),
		pair(keySender, mco.String(r.Sender)),
		pair(keyRequestID, requestID(r.ID, r.IDEncoding)),
		pair(keyFilter, r.Filter),
		pair(keyCollective, mco.String(r.Collective)),
		pair(keyAgent, mco.String(r.Agent)),
		pair(keyCaller, mco.String(r.Caller)),
		pair(keyTTL, mco.Int(int64(r.TTL/time.Second))),
		pair(keyTime, mco.Int(r.Time.Unix())),
	}, seal...)
	payload, err := marshal.Encode(mco.Hash(mco.NewMap(pairs...)))
	if err != nil {
		return nil, fmt.Errorf("encode request %s: %w", r.ID, err)
	}
	return payload, nil
}

// SealReply is SealRequest for a reply.
func SealReply(r mco.Reply, body []byte, seal ...mco.Pair) ([]byte, error) {
	pairs := append([]mco.Pair{
		pair(keySender, mco.String(r.Sender)),
		pair(keyRequestID, requestID(r.RequestID, r.IDEncoding)),
		pair(keySenderAgent, mco.String(r.Agent)),
		pair(keyTime, mco.Int(r.Time.Unix())),
		pair(keyBody, mco.Text(string(body), mco.Binary)),
	}, seal...)
	payload, err := marshal.Encode(mco.Hash(mco.NewMap(pairs...)))
	if err != nil {
		return nil, fmt.Errorf("encode reply to request %s: %w", r.RequestID, err)
	}
	return payload, nil
}

func pair(key mco.Symbol, v mco.Value) mco.Pair { return mco.Pair{Key: mco.Sym(key), Value: v} }

// requestID labels a request id as its request did; a name of another encoding is not kept.
func requestID(id string, enc mco.Encoding) mco.Value {
	if enc == mco.OtherEncoding {
		return mco.String(id)
	}
	return mco.Text(id, enc)
}
