package command

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
)

func TestSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlots(2, 1)
		for range 2 {
			if err := s.take(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		why := errors.New("gone home")
		ctx, cancel := context.WithCancelCause(t.Context())
		waited := make(chan error, 1)
		go func() { waited <- s.take(ctx) }()
		synctest.Wait()
		if err := s.take(t.Context()); !errors.Is(err, ErrBusy) {
			t.Errorf("a second one waits: %v", err)
		}
		cancel(why)
		if err := <-waited; !errors.Is(err, why) {
			t.Errorf("who stopped waiting got %v", err)
		}
		go func() { waited <- s.take(t.Context()) }()
		synctest.Wait()
		s.give()
		if err := <-waited; err != nil {
			t.Errorf("a slot is free: %v", err)
		}
	})
}
