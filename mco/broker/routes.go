package broker

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// subscription is one SUBSCRIBE of a client.
type subscription struct {
	client      *client
	id          string // header subscription of its messages
	destination string
	selector    string // the value that mc_identity must have; "" is any
}

// message is one SEND on its way. It is not changed once routed.
type message struct {
	destination string
	headers     []string // names and values to hand on
	body        []byte
	identity    string // header mc_identity, for selectors
	expires     time.Time
	frame, raw  []byte // headers and body as they are written, but for what each receiver has of its own; raw is STOMP 1.0's
}

// routes is who gets what. The broker's lock guards it.
type routes struct {
	exchanges map[string]*exchange          // by name
	queues    map[string]*queue             // by destination
	topics    map[string][]*subscription    // by destination
	subs      map[*client][]*subscription   // of each client
	replies   map[*client]map[string]string // reply queues of a client by the temp-queue that it named
	owners    map[string]*subscription      // by reply queue: what RabbitMQ subscribes its client to
}

// exchange is a topic exchange if its name ends in _broadcast, else a direct one.
type exchange struct {
	topic bool
	exact map[string][]*subscription // by routing key
	wild  []*subscription            // with * or # in their key
}

// queue gives each message to one of its receivers, in turn.
type queue struct {
	receivers []*subscription
	turn      int
	waiting   []*message
	bytes     int // of waiting
}

// keep lets a message wait; when the queue is full, the oldest goes.
func (q *queue) keep(m *message) {
	q.waiting = append(q.waiting, m)
	q.bytes += len(m.frame)
	for len(q.waiting) > maxWaiting || q.bytes > maxWaitingBytes && len(q.waiting) > 1 {
		q.bytes -= len(q.waiting[0].frame)
		q.waiting = q.waiting[1:]
	}
}

func newRoutes() routes {
	return routes{
		exchanges: map[string]*exchange{}, queues: map[string]*queue{}, topics: map[string][]*subscription{},
		replies: map[*client]map[string]string{}, subs: map[*client][]*subscription{}, owners: map[string]*subscription{},
	}
}

// exchangeKey splits /exchange/NAME/KEY; the key may be missing.
func exchangeKey(destination string) (name, key string, ok bool) {
	rest, ok := strings.CutPrefix(destination, "/exchange/")
	if !ok {
		return "", "", false
	}
	name, key, _ = strings.Cut(rest, "/")
	return name, key, name != ""
}

// exchange finds or makes an exchange, if there can be one of that name.
func (b *Broker) exchange(name string) (*exchange, error) {
	collective, kind := name, ""
	if i := strings.LastIndexByte(name, '_'); i >= 0 {
		collective, kind = name[:i], name[i:]
	}
	exists := name == "mcollective_reply" || (kind == "_broadcast" || kind == "_directed") && (len(b.o.Collectives) == 0 || slices.Contains(b.o.Collectives, collective))
	if !exists {
		return nil, &refusal{"not_found", fmt.Sprintf("NOT_FOUND - no exchange '%s'", name)}
	}
	x := b.routes.exchanges[name]
	if x == nil {
		x = &exchange{topic: kind == "_broadcast", exact: map[string][]*subscription{}}
		b.routes.exchanges[name] = x
	}
	return x, nil
}

// subscribe adds a subscription.
func (b *Broker) subscribe(s *subscription) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := &b.routes
	if slices.ContainsFunc(r.subs[s.client], func(o *subscription) bool { return o.id == s.id }) {
		return &refusal{"Duplicated subscription identifier", fmt.Sprintf("A subscription identified by '%s' already exists.", s.id)}
	}
	name, key, isExchange := exchangeKey(s.destination)
	switch {
	case isExchange:
		x, err := b.exchange(name)
		if err != nil {
			return err
		}
		if strings.Count(key, "#") > 1 {
			return &refusal{"Invalid destination", "a key with more than one # takes too long to match"}
		}
		if x.topic && (key == "" || strings.ContainsAny(key, "*#")) {
			x.wild = append(x.wild, s)
		} else {
			x.exact[key] = append(x.exact[key], s)
		}
	case strings.HasPrefix(s.destination, "/topic/"):
		r.topics[s.destination] = append(r.topics[s.destination], s)
	case strings.HasPrefix(s.destination, "/queue/"):
		q := r.queue(s.destination)
		q.receivers = append(q.receivers, s)
		q.waiting = slices.DeleteFunc(q.waiting, func(m *message) bool {
			gone := m.expired() || q.give(m, b)
			if gone {
				q.bytes -= len(m.frame)
			}
			return gone
		})
	default:
		return &refusal{"Invalid destination", fmt.Sprintf("'%.200s' is not a valid destination", s.destination)}
	}
	r.subs[s.client] = append(r.subs[s.client], s)
	return nil
}

func (r *routes) queue(name string) *queue {
	q := r.queues[name]
	if q == nil {
		q = &queue{}
		r.queues[name] = q
	}
	return q
}

// unsubscribe removes a subscription by id, or by destination where the id is empty.
func (b *Broker) unsubscribe(c *client, id, destination string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.routes.subs[c] {
		if s.id == id || id == "" && s.destination == destination {
			b.routes.remove(s)
			return nil
		}
	}
	return &refusal{"Subscription not found", fmt.Sprintf("There is no current subscription with tag '%s'.", id+destination)}
}

func (r *routes) remove(s *subscription) {
	same := func(o *subscription) bool { return o == s }
	r.subs[s.client] = slices.DeleteFunc(r.subs[s.client], same)
	if name, key, ok := exchangeKey(s.destination); ok {
		x := r.exchanges[name]
		x.wild = slices.DeleteFunc(x.wild, same)
		if x.exact[key] = slices.DeleteFunc(x.exact[key], same); len(x.exact[key]) == 0 {
			delete(x.exact, key)
		}
		return
	}
	if t, ok := r.topics[s.destination]; ok {
		if r.topics[s.destination] = slices.DeleteFunc(t, same); len(r.topics[s.destination]) == 0 {
			delete(r.topics, s.destination)
		}
	}
	if q, ok := r.queues[s.destination]; ok {
		if q.receivers = slices.DeleteFunc(q.receivers, same); len(q.receivers)+len(q.waiting) == 0 {
			delete(r.queues, s.destination)
		}
	}
}

// leave removes all that a client had.
func (r *routes) leave(c *client) {
	for _, s := range slices.Clone(r.subs[c]) {
		r.remove(s)
	}
	delete(r.subs, c)
	for _, name := range r.replies[c] {
		delete(r.owners, name)
	}
	delete(r.replies, c)
}

// replyQueue returns the name under which others can answer to a client's temp-queue.
func (b *Broker) replyQueue(c *client, temp string) string {
	mine := b.routes.replies[c]
	if mine == nil {
		mine = map[string]string{}
		b.routes.replies[c] = mine
	}
	name, ok := mine[temp]
	if !ok {
		name = "/reply-queue/mco.gen-" + strconv.FormatUint(b.next(), 36)
		mine[temp] = name
		b.routes.owners[name] = &subscription{client: c, id: temp, destination: name}
	}
	return name
}

// send routes a message. temp is the temp-queue that answers shall come to, if any.
func (b *Broker) send(c *client, m *message, temp string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if temp != "" {
		m.headers = append(m.headers, "reply-to", b.replyQueue(c, temp))
	}
	m.seal()
	r := &b.routes
	name, key, isExchange := exchangeKey(m.destination)
	switch {
	case isExchange:
		x, err := b.exchange(name)
		if err != nil {
			return err
		}
		for _, s := range x.exact[key] {
			b.give(s, m)
		}
		for _, s := range x.wild {
			if _, pattern, _ := exchangeKey(s.destination); matches(pattern, key) {
				b.give(s, m)
			}
		}
	case strings.HasPrefix(m.destination, "/topic/"):
		for _, s := range r.topics[m.destination] {
			if s.takes(m) {
				b.give(s, m)
			}
		}
	case strings.HasPrefix(m.destination, "/reply-queue/"):
		if s := r.owners[m.destination]; s != nil {
			b.give(s, m)
		}
	case strings.HasPrefix(m.destination, "/queue/"):
		q := r.queue(m.destination)
		if !q.give(m, b) {
			q.keep(m)
		}
	default:
		return &refusal{"Unknown destination", fmt.Sprintf("'%.200s' is not a valid destination", m.destination)}
	}
	return nil
}

func (m *message) expired() bool { return !m.expires.IsZero() && time.Now().After(m.expires) }

func (s *subscription) takes(m *message) bool { return s.selector == "" || s.selector == m.identity }

// give hands a message to the next receiver that takes it.
func (q *queue) give(m *message, b *Broker) bool {
	for range q.receivers {
		q.turn = (q.turn + 1) % len(q.receivers)
		if s := q.receivers[q.turn]; s.takes(m) {
			b.give(s, m)
			return true
		}
	}
	return false
}

// give puts a message into a client's outgoing queue.
func (b *Broker) give(s *subscription, m *message) {
	s.client.deliver(s.id, b.next(), m)
}

// matches tells whether a routing key fits a binding: * stands for one word, # for any number of them. No key at all binds all, as
// /exchange/NAME does for a topic exchange.
func matches(pattern, key string) bool {
	if pattern == "" || pattern == "#" {
		return true
	}
	word, more, hasMore := strings.Cut(pattern, ".")
	if word == "#" {
		for {
			if matches(more, key) && hasMore {
				return true
			}
			_, rest, ok := strings.Cut(key, ".")
			if !ok {
				return !hasMore
			}
			key = rest
		}
	}
	first, rest, keyMore := strings.Cut(key, ".")
	if word != "*" && word != first {
		return false
	}
	if hasMore && !keyMore {
		return more == "#"
	}
	if !hasMore {
		return !keyMore
	}
	return matches(more, rest)
}
