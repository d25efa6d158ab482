package main

import (
	"log/slog"

	"github.com/mco-go/mco-go/mco/config"
	"github.com/mco-go/mco-go/mco/connector"
	"github.com/mco-go/mco-go/mco/connector/stomp"
	"github.com/mco-go/mco-go/mco/doctor"
)

// members lists the brokers of the pool that a cfg file names, each with a way to a session with it alone.
func members(cfg *config.Config) ([]doctor.Member, error) {
	o, err := stomp.FromConfig(cfg, stomp.Flavour(cfg.Connector))
	if err != nil {
		return nil, err
	}
	var all []doctor.Member
	for _, h := range o.Hosts {
		one := o
		one.Hosts, one.All, one.Requests, one.Notices = []stomp.Host{h}, false, false, nil
		one.Pool = connector.Pool{BackOff: o.Pool.BackOff}
		all = append(all, doctor.Member{Host: h.Name, Port: h.Port, User: h.Login, TLS: h.TLS != nil,
			Open: func(identity string, log *slog.Logger) (connector.Connector, error) {
				one := one
				one.Identity, one.Log = identity, log
				return stomp.New(one)
			}})
	}
	return all, nil
}
