package node

import (
	"context"
	"crypto/rand"
	"log/slog"
	"testing"
	"time"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/config"
	"github.com/mco-go/mco-go/mco/connector"
	"github.com/mco-go/mco-go/mco/security/psk"
)

// wire is a connector between a benchmark and a daemon, without a network.
type wire struct {
	in  chan connector.Message
	out chan connector.Outgoing
}

func (w wire) Start(context.Context) error                                  { return nil }
func (w wire) WaitReady(context.Context) error                              { return nil }
func (w wire) Subscribe(context.Context, ...connector.Subscription) error   { return nil }
func (w wire) Unsubscribe(context.Context, ...connector.Subscription) error { return nil }
func (w wire) Publish(_ context.Context, o connector.Outgoing) error        { w.out <- o; return nil }
func (w wire) Status() connector.Status                                     { return connector.Status{State: connector.Ready} }
func (w wire) Changes() <-chan connector.Status                             { return nil }
func (w wire) Close() error                                                 { return nil }
func (w wire) Receive(ctx context.Context) (connector.Message, error) {
	select {
	case m := <-w.in:
		return m, nil
	case <-ctx.Done():
		return connector.Message{}, ctx.Err()
	}
}

// BenchmarkCall is one request from the connector to the reply at the connector: decode, check, filter, run, encode.
func BenchmarkCall(b *testing.B) {
	ping := mco.Hash(mco.NewMap(
		mco.Pair{Key: mco.Sym("agent"), Value: mco.String("rpcutil")},
		mco.Pair{Key: mco.Sym("action"), Value: mco.String("ping")},
		mco.Pair{Key: mco.Sym("caller"), Value: mco.String("uid=0")},
		mco.Pair{Key: mco.Sym("data"), Value: mco.Hash(mco.NewMap(mco.Pair{Key: mco.Sym("process_results"), Value: mco.Bool(true)}))}))
	for _, tc := range []struct {
		name, agent string
		body        mco.Value
	}{{"discovery", mco.DiscoveryAgent, mco.String("ping")}, {"rpcutil", "rpcutil", ping}} {
		b.Run(tc.name, func(b *testing.B) {
			w := wire{make(chan connector.Message), make(chan connector.Outgoing, 1)}
			p := testProviders()
			p.Connectors["rabbitmq"] = func(*config.Config, Session) (connector.Connector, error) { return w, nil }
			d, err := Build(Options{Config: load(b, ""), Providers: p, Log: slog.New(slog.DiscardHandler)})
			if err != nil {
				b.Fatal(err)
			}
			ctx, stop := context.WithCancel(b.Context())
			ended := make(chan error, 1)
			go func() { ended <- d.Run(ctx) }()
			keys, err := psk.New(psk.Options{Secret: "lab"})
			if err != nil {
				b.Fatal(err)
			}
			payloads := make([][]byte, b.N)
			for i := range payloads {
				payloads[i], err = keys.EncodeRequest(mco.Request{
					ID: rand.Text(), Agent: tc.agent, Collective: "mcollective", Sender: "client", TTL: time.Hour, Time: time.Now(),
					Filter: mco.Filter{Agents: []string{tc.agent}}.Value(), Body: tc.body,
				})
				if err != nil {
					b.Fatal(err)
				}
			}
			b.ReportAllocs()
			b.ResetTimer()
			for _, payload := range payloads {
				w.in <- connector.Message{ReplyTo: "x", Payload: payload}
				<-w.out
			}
			b.StopTimer()
			stop()
			<-ended
		})
	}
}
