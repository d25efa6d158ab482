package faults

import (
	"context"

	"github.com/mco-go/mco-go/internal/lab"
)

// Kill ends a broker as a power cut does, and starts it again. number is its place in the pool.
func Kill(b *lab.Broker, number int) Fault {
	return Fault{Name: "kill", Broker: number, inject: func(context.Context) (func() error, error) {
		b.Kill()
		return b.Start, nil
	}}
}

// Stop ends a broker as its administrator would, and starts it again.
func Stop(b *lab.Broker, number int) Fault {
	return Fault{Name: "stop", Broker: number, inject: func(context.Context) (func() error, error) { return b.Start, b.Stop() }}
}

// Freeze stops a broker where it stands: connections stay open, nothing answers.
func Freeze(b *lab.Broker, number int) Fault {
	return Fault{Name: "freeze", Broker: number, inject: func(context.Context) (func() error, error) { return b.Thaw, b.Freeze() }}
}

// Proxy lets a proxy spoil what passes it: lab.Fault says how.
func Proxy(p *lab.Proxy, what lab.Fault, number int) Fault {
	return Fault{Name: what.Name, Broker: number, inject: func(context.Context) (func() error, error) {
		p.Set(what)
		return func() error { p.Set(lab.NoFault); return nil }, nil
	}}
}
