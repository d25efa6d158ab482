package security

import (
	"fmt"
	"math"
	"time"

	"github.com/mco-go/mco-go/mco"
)

// DefaultSkew is how far ahead of ours a sender's clock may be.
const DefaultSkew = 60 * time.Second

// Validity judges the age of requests. The zero Validity is ready for use.
type Validity struct {
	// Skew is how far in the future a request may have been made; 0 stands for [DefaultSkew], a negative one for none at all. The
	// original lets any future time pass, so that a request could be made to live for ever (message.rb, validate).
	Skew time.Duration
}

// Check returns nil when r is neither too old nor from the future at the time now: an [*ExpiredError] when it is older than its TTL
// (an age equal to the TTL passes), a [*FutureError] when it was made later than now and the skew. Both count whole seconds, as the
// wire does.
func (v Validity) Check(r mco.Request, now time.Time) error {
	skew := v.Skew
	switch {
	case skew == 0:
		skew = DefaultSkew
	case skew < 0:
		skew = 0
	}
	age := sub(now.Unix(), r.Time.Unix())
	if ttl := int64(r.TTL / time.Second); age > ttl {
		return &ExpiredError{Request: r, Age: seconds(age)}
	}
	if age < -int64(skew/time.Second) {
		return &FutureError{Request: r, Ahead: seconds(-age), Skew: skew}
	}
	return nil
}

// ExpiredError says that a request is older than its TTL, or the sender's clock behind ours.
type ExpiredError struct {
	Request mco.Request
	Age     time.Duration // measured with our clock
}

// Error returns the original's text, which operators search their logs for.
func (e *ExpiredError) Error() string {
	return fmt.Sprintf("Message %s created at %d is %d seconds old, TTL is %d. Rejecting message.", describe(e.Request),
		e.Request.Time.Unix(), e.Age/time.Second, e.Request.TTL/time.Second)
}

// FutureError says that a request comes from further in the future than the skew allows: one of the two clocks is wrong.
type FutureError struct {
	Request mco.Request
	Ahead   time.Duration // measured with our clock
	Skew    time.Duration // what would have passed
}

func (e *FutureError) Error() string {
	return fmt.Sprintf("Message %s created at %d is %d seconds in the future, at most %d are accepted: compare the clocks. Rejecting message.",
		describe(e.Request), e.Request.Time.Unix(), e.Ahead/time.Second, e.Skew/time.Second)
}

// describe names a request as the original does (message.rb, description).
func describe(r mco.Request) string {
	return fmt.Sprintf("%s for agent '%s' in collective '%s' from %s@%s", r.ID, r.Agent, r.Collective, r.Caller, r.Sender)
}

// sub returns a - b, or the nearest int64. Times come from the wire.
func sub(a, b int64) int64 {
	switch d := a - b; {
	case a >= 0 && b < 0 && d < 0:
		return math.MaxInt64
	case a < 0 && b >= 0 && d >= 0:
		return math.MinInt64 + 1
	default:
		return max(d, math.MinInt64+1)
	}
}

// seconds returns n seconds, or the longest duration.
func seconds(n int64) time.Duration {
	return time.Duration(min(n, math.MaxInt64/int64(time.Second))) * time.Second
}
