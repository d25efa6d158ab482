package main

import (
	"net"
	"strconv"

	"github.com/mco-go/mco-go/mco/config"
	"github.com/mco-go/mco-go/mco/connector/stomp"
	"github.com/mco-go/mco-go/mco/failover"
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
