package connector

import (
	"context"
	"fmt"
	"testing"
)

func take(t *testing.T, q *queue) (got []string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // what is there comes all the same
	for {
		m, ok := q.get(ctx, nil)
		if !ok {
			return got
		}
		got = append(got, string(m.Payload))
	}
}

func TestQueueKeepsOrder(t *testing.T) {
	q := newQueue(0)
	next := 0
	for round := range 20 { // the ring turns and grows
		for range round * 7 {
			q.put(Message{Payload: fmt.Append(nil, next)})
			next++
		}
	}
	got := take(t, q)
	for i, text := range got {
		if text != fmt.Sprint(i) {
			t.Fatalf("message %d is %s", i, text)
		}
	}
	if len(got) != next || q.bytes != 0 || q.drops() != 0 {
		t.Errorf("%d of %d messages, %d bytes left, %d dropped", len(got), next, q.bytes, q.drops())
	}
}

func TestQueueIsBounded(t *testing.T) {
	t.Run("messages", func(t *testing.T) {
		q := newQueue(queueMessages)
		gone := 0
		for i := range queueMessages + 10 {
			gone += q.put(Message{Payload: fmt.Append(nil, i)})
		}
		if got := take(t, q); len(got) != queueMessages || got[0] != "10" || gone != 10 || q.drops() != 10 {
			t.Errorf("%d messages from %s on, %d dropped", len(got), got[0], q.drops())
		}
	})
	t.Run("bytes", func(t *testing.T) {
		q := newQueue(0)
		large := make([]byte, 8<<20)
		for range 20 {
			q.put(Message{Payload: large})
			if q.bytes > queueBytes {
				t.Fatalf("%d bytes are kept", q.bytes)
			}
		}
		if q.count != 7 || q.drops() != 13 {
			t.Errorf("%d messages of 8 MiB are kept, %d dropped", q.count, q.drops())
		}
	})
	t.Run("many small replies", func(t *testing.T) {
		q := newQueue(0)
		for range 20_000 {
			q.put(Message{Payload: []byte("reply")})
		}
		if q.drops() != 0 {
			t.Errorf("%d replies were dropped", q.drops())
		}
	})
}
