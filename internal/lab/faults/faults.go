// Package faults holds what the laboratory can do to a fleet, as values: each fault has a name, can tell whether this machine is able to
// make it, and is injected and healed. Brokers are killed and frozen, packets dropped, cables pulled, processes kept short of what they
// need; delays and corrupted bytes come from the laboratory's proxy, because this kernel may be without netem.
//
// Every fault that was injected can be healed once and for all, also when the test fails: [Injector] does so when the test ends, and
// writes into the history when each began and was over.
package faults

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/lab/history"
)

// Fault is something that can go wrong.
type Fault struct {
	Name   string
	Broker int // the pool member that it concerns, from 0; -1: any
	// needs are what the machine must have.
	needs  []lab.Peer
	able   func() error // nil: always
	inject func(ctx context.Context) (heal func() error, err error)
}

// Available tells why this machine cannot make the fault, nil if it can. What comes from a package is missed as [lab.Need] says.
func (f Fault) Available(t testing.TB) error {
	t.Helper()
	lab.Need(t, f.needs...)
	if f.able == nil {
		return nil
	}
	if err := f.able(); err != nil {
		return fmt.Errorf("%s: %w", f.Name, err)
	}
	return nil
}

// Inject makes the fault. It returns when the fault is there, and heal when what was hurt can work again. heal may be called more than
// once; the first call counts.
func (f Fault) Inject(ctx context.Context) (heal func() error, err error) {
	undo, err := f.inject(ctx)
	if err != nil {
		return nil, fmt.Errorf("inject %s: %w", f.Name, err)
	}
	return sync.OnceValue(func() error {
		if err := undo(); err != nil {
			return fmt.Errorf("heal %s: %w", f.Name, err)
		}
		return nil
	}), nil
}

// Injector injects faults and writes them down.
type Injector struct {
	t      testing.TB
	record *history.Record
	mu     sync.Mutex // guards the field below
	heals  []func() error
}

// NewInjector returns an injector that writes to record and heals everything when the test ends.
func NewInjector(t testing.TB, record *history.Record) *Injector {
	in := &Injector{t: t, record: record}
	t.Cleanup(func() {
		if err := in.HealAll(); err != nil {
			t.Error(err)
		}
	})
	return in
}

// Inject makes a fault, which the machine must be able to make.
func (in *Injector) Inject(ctx context.Context, f Fault) (heal func() error, err error) {
	in.t.Helper()
	if err := f.Available(in.t); err != nil {
		return nil, err
	}
	in.record.Add(history.Event{What: history.Injected, Who: f.Name, Broker: f.Broker})
	undo, err := f.Inject(ctx)
	if err != nil {
		in.record.Add(history.Event{What: history.Healed, Who: f.Name, Broker: f.Broker, Detail: err.Error()})
		return nil, err
	}
	heal = sync.OnceValue(func() error {
		err := undo()
		in.record.Add(history.Event{What: history.Healed, Who: f.Name, Broker: f.Broker})
		return err
	})
	in.mu.Lock()
	defer in.mu.Unlock()
	in.heals = append(in.heals, heal)
	return heal, nil
}

// Make is Inject for what must go well; heal then fails the test where it cannot.
func (in *Injector) Make(f Fault) (heal func()) {
	in.t.Helper()
	undo, err := in.Inject(in.t.Context(), f)
	if err != nil {
		in.t.Fatal(err)
	}
	return func() {
		in.t.Helper()
		if err := undo(); err != nil {
			in.t.Error(err)
		}
	}
}

// HealAll heals what is not healed yet, the last first.
func (in *Injector) HealAll() error {
	in.mu.Lock()
	defer in.mu.Unlock()
	var errs []error
	for i := len(in.heals) - 1; i >= 0; i-- {
		errs = append(errs, in.heals[i]())
	}
	in.heals = nil
	return errors.Join(errs...)
}
