// Package mco holds the words of MCollective that both sides of the bus share: what travels in a message ([Value], [Symbol],
// [Map]), what a request and a reply are made of ([Request], [Reply], [Filter]), and the status codes of an RPC answer.
//
// It knows no wire format, no network and no configuration, and imports nothing but the standard library. The encoding lives in
// mco/marshal, the envelope and its signature in mco/security, the transport in mco/connector.
//
// Source of the facts: the original's lib/mcollective/message.rb, rpc/request.rb, rpc/reply.rb and security/base.rb.
package mco

import (
	"runtime/debug"
	"strings"
	"time"
)

// OriginalVersion is the release of the original that this project stands in for. It leads every version text that travels, so
// that tools which compare versions go on working.
const OriginalVersion = "2.12.5"

// Version is the text that a node or client of ours gives as its version: the original's, then ours as build metadata, for
// instance "2.12.5+go.0.1.0". It is read from the build information; a build without a module version says "devel".
func Version() string {
	own := "devel"
	if info, ok := debug.ReadBuildInfo(); ok {
		if v := strings.TrimPrefix(info.Main.Version, "v"); v != "" && v != "(devel)" {
			own = v
		}
	}
	return OriginalVersion + "+go." + strings.ReplaceAll(own, "+", ".")
}

// Names and numbers of the protocol that both sides need.
const (
	// DefaultCollective is what `collectives` and `main_collective` are when a cfg file leaves them out (config.rb).
	DefaultCollective = "mcollective"
	// DiscoveryAgent answers discovery pings; it is no RPC agent (agent/discovery.rb).
	DiscoveryAgent = "discovery"
	// DefaultTTL is the life of a request when neither the cfg file nor the command line says otherwise (config.rb: ttl).
	DefaultTTL = 60 * time.Second
	// BrokerGrace is added to the TTL for the broker's own expiry of a frame (connector/rabbitmq.rb: ttl + 10).
	BrokerGrace = 10 * time.Second
)

// StatusCode is the outcome of one RPC request on one node, as it travels in a reply (rpc/reply.rb, rpc.rb).
type StatusCode int

// The status codes of the protocol. A reply may carry others (an external agent's exit code); clients treat them as failures.
const (
	OK            StatusCode = 0
	Aborted       StatusCode = 1 // the agent gave up, or the caller is not authorised
	UnknownAction StatusCode = 2 // declared in the DDL, not implemented
	MissingData   StatusCode = 3
	InvalidData   StatusCode = 4 // also an undeclared action
	UnknownError  StatusCode = 5 // any other failure, also a panic in an agent
)

// Request is one decoded request, whichever security provider carried it. Its payload (the bytes on the wire) is not kept.
type Request struct {
	ID         string // request id: 32 lower-case hex digits when ours or Ruby's made it, any text from others
	Agent      string
	Collective string
	Sender     string        // identity of the asking machine
	Caller     string        // caller id, "type=name"
	TTL        time.Duration // whole seconds on the wire
	Time       time.Time     // when the client made it (msgtime), whole seconds, UTC
	Filter     Value         // the filter's wire form (String keys); mco/filter reads it, [Filter.Value] makes it
	Body       Value         // the inner body: an RPC request hash, or anything for agents that are not RPC
	IDEncoding Encoding      // encoding of the request id's string: a reply repeats it
	// Signed is what the sender's signature covers, or a digest of it, with the caller that signed: two requests with the same Signed
	// are one request, whatever else of them differs. Empty where the security provider signs nothing that tells requests apart (psk),
	// and in requests that are to be sent.
	Signed string
}

// Reply is one decoded reply.
type Reply struct {
	RequestID  string
	Sender     string // identity of the answering node; the client must not believe more than the security provider proves
	Agent      string
	Time       time.Time
	Body       Value
	IDEncoding Encoding // of RequestID, see [Request]
}
