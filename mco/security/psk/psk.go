// Package psk is the security provider of that name: messages carry an MD5 digest of their inner body and a secret that everybody
// shares.
//
// It keeps the original's wire form byte for byte, and with it the original's weakness: only the inner body is signed. Whoever can
// publish can change a message's caller id, sender, filter, agent, times and request id, and can send a captured body again. Use it
// behind TLS and a broker with accounts, or for tests; say so at start ([Provider.Weakness]).
//
// Source of the facts: the original's lib/mcollective/security/psk.rb.
package psk

import (
	"crypto/md5"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"os"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/marshal"
	"github.com/mco-go/mco-go/mco/security"
)

// EnvSecret is the variable that takes precedence over the cfg file's plugin.psk.
const EnvSecret = "MCOLLECTIVE_PSK"

// keyHash is the envelope's last member: lower-case hexadecimal MD5, a String labelled US-ASCII.
const keyHash mco.Symbol = "hash"

// ErrNoSecret says that neither the cfg file nor the environment has a secret. Its text is the original's, which fails at the first
// message instead.
//
//lint:ignore ST1005 the original's text
var ErrNoSecret = errors.New("No plugin.psk configuration option specified")

// SecretFrom returns the secret to use where the cfg file says configured: the environment's, if it has one.
func SecretFrom(configured string) security.Secret {
	if env, ok := os.LookupEnv(EnvSecret); ok {
		return security.Secret(env)
	}
	return security.Secret(configured)
}

// Options say how a provider signs and who it says it is.
type Options struct {
	// Secret is plugin.psk, see [SecretFrom]; it must not be empty.
	Secret security.Secret
	// CallerType is plugin.psk.callertype: uid (also for any unknown word), gid, group, user or identity.
	CallerType string
	// Identity is this machine's name, for the caller type identity.
	Identity string
	// Limits bound what is decoded, envelope and inner body alike; a zero field stands for its default. Whether objects pass is the
	// provider's business: in bodies of replies as opaque values, elsewhere never.
	Limits marshal.Limits
}

// Provider signs and verifies. It is safe for concurrent use.
type Provider struct {
	secret   []byte
	requests marshal.Limits
	replies  marshal.Limits // inner bodies of replies
	caller   func() (string, error)
}

var _ security.Provider = (*Provider)(nil)

// New returns a provider, or [ErrNoSecret].
func New(o Options) (*Provider, error) {
	if o.Secret == "" {
		return nil, ErrNoSecret
	}
	p := &Provider{secret: []byte(o.Secret), requests: o.Limits, replies: o.Limits}
	p.requests.Objects, p.replies.Objects = false, true
	p.caller = func() (string, error) { return thisProcess().callerID(o.CallerType, o.Identity) }
	return p, nil
}

// Weakness says in one line what this provider does not protect, for the log at start.
func (*Provider) Weakness() string {
	return "security provider psk signs the inner body of a message alone: caller ids, targets and times can be forged by everyone who " +
		"may publish, and captured requests can be repeated; use TLS and accounts at the broker, or the providers ssl or aes_security"
}

// CallerID returns the caller id that requests carry; see [Options]. It fails where the system has no name to give, or one that breaks
// the grammar of caller ids.
func (p *Provider) CallerID() (string, error) { return p.caller() }

// EncodeRequest implements [security.Provider].
func (p *Provider) EncodeRequest(r mco.Request) ([]byte, error) {
	if r.Caller == "" {
		caller, err := p.CallerID()
		if err != nil {
			return nil, err
		}
		r.Caller = caller
	}
	body, err := marshal.Encode(r.Body)
	if err != nil {
		return nil, fmt.Errorf("encode body of request %s: %w", r.ID, err)
	}
	return security.SealRequest(r, body, p.seal(body))
}

// DecodeRequest implements [security.Provider].
func (p *Provider) DecodeRequest(payload []byte) (mco.Request, error) {
	e, err := security.Open(payload, p.requests)
	if err != nil {
		return mco.Request{}, err
	}
	body, err := p.open(e, p.requests)
	if err != nil {
		return mco.Request{}, err
	}
	return e.Request(body)
}

// EncodeReply implements [security.Provider]. Request id and its label are those of the request.
func (p *Provider) EncodeReply(r mco.Reply, to mco.Request) ([]byte, error) {
	r.RequestID, r.IDEncoding = to.ID, to.IDEncoding
	body, err := marshal.Encode(r.Body)
	if err != nil {
		return nil, fmt.Errorf("encode body of the reply to request %s: %w", r.RequestID, err)
	}
	return security.SealReply(r, body, p.seal(body))
}

// DecodeReply implements [security.Provider].
func (p *Provider) DecodeReply(payload []byte, expect string) (mco.Reply, error) {
	e, err := security.Open(payload, p.requests)
	if err != nil {
		return mco.Reply{}, err
	}
	if err := e.Expect(expect); err != nil {
		return mco.Reply{}, err
	}
	body, err := p.open(e, p.replies)
	if err != nil {
		return mco.Reply{}, err
	}
	return e.Reply(body)
}

// open verifies the envelope's digest and only then decodes the inner body.
func (p *Provider) open(e security.Envelope, lim marshal.Limits) (mco.Value, error) {
	body, err := e.Body()
	if err != nil {
		return mco.Value{}, err
	}
	got, _ := e.Field(keyHash).AsString()
	if subtle.ConstantTimeCompare([]byte(got), p.digest([]byte(body))) != 1 {
		return mco.Value{}, security.ErrSignature
	}
	v, err := marshal.Decode([]byte(body), lim)
	if err != nil {
		return mco.Value{}, fmt.Errorf("%w: body: %w", security.ErrMalformed, err)
	}
	return v, nil
}

func (p *Provider) seal(body []byte) mco.Pair {
	return mco.Pair{Key: mco.Sym(keyHash), Value: mco.Text(string(p.digest(body)), mco.USASCII)}
}

// digest returns the lower-case hexadecimal MD5 of body and the secret behind it.
func (p *Provider) digest(body []byte) []byte {
	h := md5.New()
	h.Write(body)
	h.Write(p.secret)
	return hex.AppendEncode(nil, h.Sum(nil))
}
