package connector

import "context"

// Member is one broker of a pool.
type Member struct {
	Addr string // host:port
	URL  string // as logs show it: stomp://LOGIN@HOST:PORT
}

// Transport opens links to the members of a pool. It is the adapter's half of a connector; [Session] is the other. It must be safe
// for concurrent use.
type Transport interface {
	// Members returns the pool in order. It never changes and is not empty.
	Members() []Member
	// Check says why a subscription could never be made.
	Check(sub Subscription) error
	// Open connects to a member as far as the broker's welcome. deliver is called for each message, in order, and does not block.
	// Everything that Open waits for has a deadline; when it fails nothing stays open.
	Open(ctx context.Context, member int, deliver func(Message)) (Link, error)
	// Probe tells whether the member would welcome us: it goes as far as Open does and hangs up.
	Probe(ctx context.Context, member int) error
}

// Link is one connection to one broker. Its methods are safe for concurrent use. A link that broke stays broken, and each method but
// Close then returns an error.
type Link interface {
	// Subscribe writes subscriptions that passed Check and returns the number of those that the broker was asked for: some kinds
	// need no asking.
	Subscribe(ctx context.Context, subs []Subscription) (asked int, err error)
	// Unsubscribe takes subscriptions back.
	Unsubscribe(ctx context.Context, subs []Subscription) error
	// Barrier returns when the broker has finished all that was written before.
	Barrier(ctx context.Context) error
	// Publish writes one frame. With an error the frame has not left as a whole.
	Publish(ctx context.Context, out Outgoing) error
	// Done is closed when the link broke.
	Done() <-chan struct{}
	// Err says why it broke, once Done is closed.
	Err() error
	// Close says goodbye for as long as ctx lets it, and returns when the link's socket and goroutines are gone.
	Close(ctx context.Context)
}
