// Package discovery is the agent that answers discovery pings: a body "ping" gets "pong". It is no RPC agent: it has no DDL, and
// nobody is authorised or audited. The filter of the request has been matched before it is asked, which is the point of it.
//
// Source of the facts: the original's lib/mcollective/agent/discovery.rb.
package discovery

import (
	"context"
	"time"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/inspect"
)

// timeout is how long an answer may take.
const timeout = 5 * time.Second

// Agent answers pings.
type Agent struct{}

var (
	_ agent.Plain = Agent{}
	_ agent.Quick = Agent{}
)

// Quick says that answers are at hand.
func (Agent) Quick(string) bool { return true }

// Metadata describes the agent in the original's words; the version is ours.
func (Agent) Metadata() agent.Metadata {
	entries := mco.SymbolMap(7)
	entries.SetSymbol("license", mco.String("Apache License, Version 2"))
	entries.SetSymbol("author", mco.String("R.I.Pienaar <rip@devco.net>"))
	entries.SetSymbol("timeout", mco.Int(int64(timeout/time.Second)))
	entries.SetSymbol("name", mco.String("Discovery Agent"))
	entries.SetSymbol("version", mco.String(mco.Version()))
	entries.SetSymbol("url", mco.String("https://docs.puppetlabs.com/mcollective/"))
	entries.SetSymbol("description", mco.String("MCollective Discovery Agent"))
	return agent.Metadata{Agent: mco.DiscoveryAgent, Timeout: timeout, Entries: entries}
}

// Answer returns "pong" to "ping", and names what it does not know.
func (Agent) Answer(_ context.Context, r mco.Request) (mco.Value, bool, error) {
	if text, ok := r.Body.AsString(); ok && text == "ping" {
		return mco.String("pong"), true, nil
	}
	return mco.String("Unknown Request: " + inspect.Text(r.Body)), true, nil
}
