package main

import (
	"context"
	"net"
	"strconv"
	"sync"

	"github.com/mco-go/mco-go/mco/config"
	"github.com/mco-go/mco-go/mco/connector/stomp"
	"github.com/mco-go/mco-go/mco/failover"
	"github.com/mco-go/mco-go/mco/management"
)

// pool is the pool of a client's cfg file, whose members are asked one by one.
func pool(cfg *config.Config) (failover.Pool, error) {
	all, err := members(cfg)
	if err != nil {
		return failover.Pool{}, err
	}
	o, err := stomp.FromConfig(cfg, stomp.Flavour(cfg.Connector))
	if err != nil {
		return failover.Pool{}, err
	}
	p := failover.Pool{Randomize: o.Pool.Randomize}
	for _, m := range all {
		p.Members = append(p.Members, failover.Member{Addr: net.JoinHostPort(m.Host, strconv.Itoa(m.Port)), Open: m.Open})
	}
	return p, nil
}

// subscribers asks the management APIs that the cfg file names which nodes of a collective their brokers have. A broker that does not
// tell is left out.
func subscribers(cfg *config.Config, p failover.Pool) func(context.Context, string) map[string]management.Subscribers {
	apis, err := management.FromConfig(cfg)
	if err != nil || len(apis) == 0 || cfg.Connector != string(stomp.RabbitMQ) {
		return nil
	}
	vhost, ok := cfg.Plugin("rabbitmq.vhost")
	if !ok {
		vhost = "/"
	}
	return func(ctx context.Context, collective string) map[string]management.Subscribers {
		var wg sync.WaitGroup
		var mu sync.Mutex // guards found
		found := map[string]management.Subscribers{}
		for _, api := range apis {
			if api.Member > len(p.Members) {
				continue
			}
			wg.Go(func() {
				s, err := api.Subscribers(ctx, vhost, collective+"_directed")
				if err != nil {
					return
				}
				mu.Lock()
				defer mu.Unlock()
				found[p.Members[api.Member-1].Addr] = s
			})
		}
		wg.Wait()
		return found
	}
}
