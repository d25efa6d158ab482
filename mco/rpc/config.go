package rpc

import (
	"cmp"

	"github.com/mco-go/mco-go/mco/config"
)

// OptionsFromConfig returns what a client.cfg says; connector, security provider and log are the caller's to add.
func OptionsFromConfig(cfg *config.Config) Options {
	return Options{
		Identity:         cfg.Identity,
		Collective:       cfg.MainCollective,
		Collectives:      cfg.Collectives,
		TTL:              cfg.TTL,
		DirectAddressing: cfg.DirectAddressing,
		Threshold:        cmp.Or(cfg.DirectAddressingThreshold, -1), // 0 is no threshold here and "never" there
		PublishTimeout:   cfg.PublishTimeout,
		Memory:           NewMemory(cfg.Own.StateDir, cfg.File),
	}
}
