package rpc

import (
	"testing"
	"time"

	"github.com/mco-go/mco-go/mco/config"
)

func TestOptionsFromConfig(t *testing.T) {
	cfg := &config.Config{
		File: "/etc/mco/client.cfg", Identity: "c", MainCollective: "eu", Collectives: []string{"eu", "us"}, TTL: 30 * time.Second,
		DirectAddressing: true, DirectAddressingThreshold: 20, PublishTimeout: time.Second,
	}
	cfg.Own.StateDir = "/var/lib/mco"
	o := OptionsFromConfig(cfg)
	if o.Identity != "c" || o.Collective != "eu" || len(o.Collectives) != 2 || o.TTL != 30*time.Second || !o.DirectAddressing ||
		o.Threshold != 20 || o.PublishTimeout != time.Second || *o.Memory != *NewMemory("/var/lib/mco", "/etc/mco/client.cfg") {
		t.Errorf("got %+v", o)
	}
	cfg.DirectAddressingThreshold = 0
	if o := OptionsFromConfig(cfg); o.Threshold >= 0 {
		t.Errorf("a threshold of 0 means never, got %d", o.Threshold)
	}
}
