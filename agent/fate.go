package agent

import "time"

// Fate is what became of a request that a node has received, for a client that got no answer.
type Fate struct {
	What   Outcome
	Detail string        // the rule that refused it, or what else is known; for people
	Since  time.Time     // of What
	Age    time.Duration // how old the request was by this node's clock when it came; negative: from the future
}

// Outcome is the last thing that happened to a request.
type Outcome string

// The outcomes.
const (
	Expired   Outcome = "expired"   // it came after its TTL, or from too far in the future: one of two clocks is wrong
	Filtered  Outcome = "filtered"  // its filter leaves this node out
	Refused   Outcome = "refused"   // it was not run; Detail is the rule
	Waiting   Outcome = "waiting"   // it waits for its turn
	Running   Outcome = "running"   // its action has not ended
	TimedOut  Outcome = "timed out" // its action took longer than its agent's DDL allows, and nothing was answered
	Unwanted  Outcome = "unwanted"  // it ran, and asked for no answer
	Answered  Outcome = "answered"  // the answer was handed to a broker
	Unsent    Outcome = "unsent"    // the answer could not be sent
	Forgotten Outcome = "unknown"   // this node never had it, or no longer knows
)
