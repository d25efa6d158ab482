// Package security turns requests and replies into payloads and back: the envelope that all providers share, the checks that each
// message must pass (caller id, TTL, clock skew), and the interface of a provider ([Provider]). The providers themselves are
// adapters in packages of their own (security/psk).
//
// Order on a node: bounded decode, verify, caller id, [Validity.Check], then the filter. Nothing in an envelope is believed before
// its provider has verified it, and then only as much as that provider signs.
//
// Source of the facts: the original's lib/mcollective/security/base.rb, psk.rb and message.rb.
package security

import (
	"errors"
	"fmt"

	"github.com/mco-go/mco-go/mco"
)

// Provider encodes and decodes messages. Implementations are safe for concurrent use.
type Provider interface {
	// CallerID returns the caller id that requests from this process carry, or an error that says why there is none.
	CallerID() (string, error)
	// EncodeRequest serialises and signs r. An empty r.Caller is filled with CallerID. The rest of r is taken as it stands.
	EncodeRequest(r mco.Request) ([]byte, error)
	// DecodeRequest decodes within bounds and verifies, also the grammar of the caller id; it does not judge the age.
	DecodeRequest(payload []byte) (mco.Request, error)
	// EncodeReply serialises and signs an answer to request to.
	EncodeReply(r mco.Reply, to mco.Request) ([]byte, error)
	// DecodeReply decodes a reply. A reply to another request than expect fails with ErrOtherRequest before anything is verified;
	// an empty expect takes any.
	DecodeReply(payload []byte, expect string) (mco.Reply, error)
}

// Errors that callers tell apart. Each is wrapped with what was wrong.
var (
	// ErrSignature: the message is not signed with our secret, or was changed. Counted as unvalidated.
	//lint:ignore ST1005 the original's text
	ErrSignature = errors.New("Received an invalid signature in message")
	// ErrMalformed: the payload is not an envelope, or breaks the decoder's bounds.
	ErrMalformed = errors.New("malformed message")
	// ErrCallerID: the caller id does not follow the grammar.
	ErrCallerID = errors.New("callerid in request is not valid, surpressing reply to potentially forged request")
	// ErrOwnCallerID: what this process would call itself does not follow the grammar; nothing was sent.
	ErrOwnCallerID = errors.New("callerid received from security plugin is not valid")
	// ErrOtherRequest: a reply to a request that the caller did not ask about.
	ErrOtherRequest = errors.New("reply to another request")
)

// OtherRequestError is an ErrOtherRequest with the two request ids.
type OtherRequestError struct{ Got, Want string }

// Error returns the original's text (security/base.rb, should_process_msg?).
func (e *OtherRequestError) Error() string {
	return fmt.Sprintf("Got a message with id %s but was expecting %s, ignoring message", e.Got, e.Want)
}

// Unwrap makes the error match ErrOtherRequest.
func (e *OtherRequestError) Unwrap() error { return ErrOtherRequest }
