package chaos

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/mco-go/mco-go/internal/lab/history"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/config"
	"github.com/mco-go/mco-go/mco/connector/stomp"
	"github.com/mco-go/mco-go/mco/rpc"
	"github.com/mco-go/mco-go/mco/security/psk"
)

// The smallest and the largest request of the load L1, in bytes of its inputs.
const (
	smallRequest = 700
	largeRequest = 4 << 10
)

// ask is the load L1: requests in a steady beat, half of them broadcasts and half directed, to all nodes. Each is written down when it is
// over.
func (j job) ask(ctx context.Context) error {
	file, record, err := j.record(history.Client)
	if err != nil {
		return err
	}
	client, end, err := j.client(ctx)
	if err != nil {
		return errors.Join(err, file.Close())
	}
	record.Add(history.Event{Who: j.Name, What: history.Up, Broker: -1})
	var calls sync.WaitGroup
	beat := time.NewTicker(j.Every)
	defer beat.Stop()
	for n := 1; ctx.Err() == nil; n++ {
		select {
		case <-beat.C:
			calls.Go(func() { j.call(client, record, n) })
		case <-ctx.Done():
		}
	}
	calls.Wait() // each ends by its own timeout
	return errors.Join(end(), record.Err(), file.Close())
}

func (j job) record(from history.Source) (*os.File, *history.Record, error) {
	file, err := os.OpenFile(j.History, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, nil, err
	}
	return file, history.NewRecord(file, from, j.Begin), nil
}

// client connects as mco does.
func (j job) client(ctx context.Context) (*rpc.Client, func() error, error) {
	cfg, err := config.Load(j.Config, config.Client)
	if err != nil {
		return nil, nil, err
	}
	so, err := stomp.FromConfig(cfg, stomp.Flavour(cfg.Connector))
	if err != nil {
		return nil, nil, err
	}
	so.Log = slog.New(slog.NewTextHandler(os.Stdout, nil))
	o := rpc.OptionsFromConfig(cfg)
	o.Threshold, o.Memory = -1, nil // what is not Direct is broadcast
	if o.Connector, err = stomp.New(so); err != nil {
		return nil, nil, err
	}
	secret, _ := cfg.Plugin("psk")
	if o.Security, err = psk.New(psk.Options{Secret: psk.SecretFrom(secret), Identity: cfg.Identity}); err != nil {
		return nil, nil, err
	}
	c, err := rpc.New(o)
	if err == nil {
		err = o.Connector.Start(context.WithoutCancel(ctx))
	}
	if err == nil {
		err = o.Connector.WaitReady(ctx)
	}
	return c, o.Connector.Close, err
}

// call makes request n, whose kind and size only the seed and n decide.
func (j job) call(client *rpc.Client, record *history.Record, n int) {
	r := rand.New(rand.NewPCG(j.Seed, uint64(n)))
	token := fmt.Sprintf("%s-%d", j.Name, n)
	pad := strings.Repeat("x", smallRequest+r.IntN(largeRequest-smallRequest))
	got := history.Call{Client: j.Name, Token: token, Began: record.Now()}
	var stats rpc.Stats
	inputs := mco.NewMap(mco.Pair{Key: mco.Sym("fact"), Value: mco.String(token)}, mco.Pair{Key: mco.Sym("pad"), Value: mco.String(pad)})
	request := rpc.Call{Agent: "rpcutil", Action: "get_fact", Data: inputs, Nodes: rpc.Known(j.Nodes...), Direct: n%2 == 0,
		Timeout: j.Timeout, PublishTimeout: j.Timeout, Stats: &stats}
	for reply, err := range client.Call(context.Background(), request) {
		if err != nil {
			got.Error = err.Error()
			break
		}
		a := history.Answer{At: record.Now(), Node: reply.Sender, Code: int(reply.Code), Unexpected: reply.Unexpected}
		a.Token, _ = reply.Data.Field("fact").AsString() // the fact that was asked for, which nobody has
		got.Answers = append(got.Answers, a)
	}
	got.ID, got.Asked, got.Over = stats.RequestID, stats.Discovered, record.Now()
	for _, s := range stats.Silent {
		got.Silent = append(got.Silent, history.Silence{Node: s.Node, Reason: strings.TrimSpace(s.Reason.String() + " " + s.Detail)})
	}
	record.Add(history.Event{Who: j.Name, What: history.Called, Broker: -1, ID: got.ID, Call: &got})
}
