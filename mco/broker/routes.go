package broker

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"time"
)

// subscription is one SUBSCRIBE of a client.
type subscription struct {
	client      *client
	tag         string // unique for the client
	opening     []byte // of its messages
	destination destination
	binding     []string // words of the key where it has wildcards
	selector    string   // the value that mc_identity must have; "" is any
}

// routes is who gets what. The broker's lock guards it.
type routes struct {
	exchanges map[string]*exchange          // by name: those with subscriptions
	queues    map[string]*queue             // by name: those with receivers or messages
	waiting   int                           // bytes in all queues
	subs      map[*client][]*subscription   // of each client
	replies   map[*client]map[string]string // reply queues of a client by the temp-queue that it named
	owners    map[string]*subscription      // by reply queue: what RabbitMQ subscribes its client to
}

// exchange is a topic exchange or a direct one.
type exchange struct {
	exact map[string][]*subscription // by routing key
	wild  []*subscription            // of a topic exchange: with * or # in their key
}

func newRoutes() routes {
	return routes{
		exchanges: map[string]*exchange{}, queues: map[string]*queue{},
		replies: map[*client]map[string]string{}, subs: map[*client][]*subscription{}, owners: map[string]*subscription{},
	}
}

// subscribe adds a subscription.
func (b *Broker) subscribe(s *subscription) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := &b.routes
	if slices.ContainsFunc(r.subs[s.client], func(o *subscription) bool { return o.tag == s.tag }) {
		return &refusal{"Duplicated subscription identifier", fmt.Sprintf("A subscription identified by '%.200s' already exists.", s.tag)}
	}
	if len(r.subs[s.client]) >= maxSubscriptions {
		return &refusal{"Too many subscriptions", fmt.Sprintf("a session has at most %d\n", maxSubscriptions)}
	}
	if name := s.destination.exchange; name != "" {
		topic, err := b.kind(name, s.client.vhost)
		if err != nil {
			return err
		}
		x := r.exchanges[name]
		if x == nil {
			x = &exchange{exact: map[string][]*subscription{}}
			r.exchanges[name] = x
		}
		if key := s.destination.key; topic && strings.ContainsAny(key, "*#") {
			s.binding = words(key)
			x.wild = append(x.wild, s)
		} else {
			x.exact[key] = append(x.exact[key], s)
		}
	} else {
		q, err := b.queue(s.destination.queue)
		if err != nil {
			return err
		}
		q.receivers = append(q.receivers, s)
		b.drain(q)
	}
	r.subs[s.client] = append(r.subs[s.client], s)
	return nil
}

// unsubscribe removes a subscription by its tag.
func (b *Broker) unsubscribe(c *client, tag, what string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.routes.subs[c] {
		if s.tag == tag {
			b.routes.remove(s)
			return nil
		}
	}
	return &refusal{"No subscription found", fmt.Sprintf("UNSUBSCRIBE must refer to an existing subscription.\nSubscription to \"%.200s\" not found.\n", what)}
}

func (r *routes) remove(s *subscription) {
	without := func(list []*subscription) []*subscription {
		return slices.DeleteFunc(list, func(o *subscription) bool { return o == s })
	}
	r.subs[s.client] = without(r.subs[s.client])
	if name, key := s.destination.exchange, s.destination.key; name != "" {
		x := r.exchanges[name]
		x.wild = without(x.wild)
		if x.exact[key] = without(x.exact[key]); len(x.exact[key]) == 0 {
			delete(x.exact, key)
		}
		if len(x.wild)+len(x.exact) == 0 {
			delete(r.exchanges, name)
		}
		return
	}
	q := r.queues[s.destination.queue]
	if q.receivers = without(q.receivers); len(q.receivers)+len(q.waiting) == 0 {
		delete(r.queues, s.destination.queue)
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

// replyQueue returns the name of the queue in which answers to a client's temp-queue come.
func (b *Broker) replyQueue(c *client, temp string) (string, error) {
	mine := b.routes.replies[c]
	if mine == nil {
		mine = map[string]string{}
		b.routes.replies[c] = mine
	}
	name, ok := mine[temp]
	if !ok {
		if len(mine) >= maxReplyQueues {
			return "", &refusal{"Too many reply queues", fmt.Sprintf("a session has at most %d\n", maxReplyQueues)}
		}
		begin, err := opening(temp)
		if err != nil {
			return "", err
		}
		name = "amq.gen-" + rand.Text()
		mine[temp] = name
		b.routes.owners[name] = &subscription{client: c, opening: begin}
	}
	return name, nil
}

// send routes a message. temp is the temp-queue that answers shall come to, if any.
func (b *Broker) send(c *client, m *message, temp string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	d := m.destination
	topic := false
	if d.exchange != "" {
		var err error
		if topic, err = b.kind(d.exchange, c.vhost); err != nil {
			return err
		}
	}
	if temp != "" {
		name, err := b.replyQueue(c, temp)
		if err != nil {
			return err
		}
		m.headers = append(m.headers, "reply-to", "/reply-queue/"+name)
	}
	b.counters.in.Add(1)
	m.seal()
	switch {
	case d.exchange != "":
		if x := b.routes.exchanges[d.exchange]; x != nil {
			b.publish(x, m, topic)
		}
	case d.reply != "":
		if s := b.routes.owners[d.reply]; s != nil {
			b.give(s, m)
		}
	default:
		q, err := b.queue(d.queue)
		if err != nil {
			return err
		}
		if !q.give(m, b) {
			b.keep(q, m)
		}
	}
	return nil
}

// publish hands a message to every subscription of an exchange whose key fits.
func (b *Broker) publish(x *exchange, m *message, topic bool) {
	for _, s := range x.exact[m.destination.key] {
		if s.takes(m) {
			b.give(s, m)
		}
	}
	if !topic || len(x.wild) == 0 {
		return
	}
	key := words(m.destination.key)
	for _, s := range x.wild {
		if s.takes(m) && matches(s.binding, key) {
			b.give(s, m)
		}
	}
}

func (s *subscription) takes(m *message) bool { return s.selector == "" || s.selector == m.identity }

// give puts a message into a client's outgoing queue.
func (b *Broker) give(s *subscription, m *message) { s.client.deliver(s.opening, b.next(), m) }

func (m *message) expired() bool { return !m.expires.IsZero() && !time.Now().Before(m.expires) }
