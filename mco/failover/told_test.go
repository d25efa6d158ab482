package failover

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mco-go/mco-go/mco"
)

// What a node sends is believed as far as its types are right.
func TestRead(t *testing.T) {
	now := time.Unix(1700000000, 0).UTC()
	session := func(pairs ...any) mco.Value {
		m := mco.SymbolMap(4)
		for i := 0; i < len(pairs); i += 2 {
			m.SetSymbol(mco.Symbol(pairs[i].(string)), pairs[i+1].(mco.Value))
		}
		return mco.Hash(m)
	}
	many := make([]mco.Value, 2*maxPool)
	for i := range many {
		many[i] = mco.String("b")
	}
	for _, tc := range []struct {
		name string
		data mco.Value
		want Told
	}{
		{"nothing", mco.Nil(), Told{}},
		{"other types", session("state", mco.Int(1), "seconds", mco.String("x"), "pool", mco.String("b1"), "sessions", mco.List(mco.Int(1))), Told{Sessions: []Session{{}}}},
		{"an age that is none", session("seconds", mco.Float(-1)), Told{}},
		{"an age beyond all time", session("seconds", mco.Float(1e300)), Told{}},
		{"a node on its second broker", session("state", mco.String("ready"), "seconds", mco.Float(90), "reconnects", mco.Int(2), "stale_sockets", mco.Int(1),
			"mode", mco.String("failover"), "failback", mco.Float(60), "home", mco.Float(124), "pool", mco.Strings("b1", "b2"),
			"sessions", mco.List(session("broker", mco.String("b2"), "state", mco.String("ready"), "heartbeat_age", mco.Float(1.5), "heartbeat_interval", mco.Float(5)))),
			Told{Brokers: []string{"b2"}, State: "ready", Since: now.Add(-90 * time.Second), Reconnects: 2, StaleSockets: 1, Mode: "failover", Pool: []string{"b1", "b2"},
				Failback: 60, Home: 124, Sessions: []Session{{Broker: "b2", State: "ready", HeartBeatAge: new(1.5), HeartBeatInterval: 5}}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(&tc.want, ReadTold(tc.data, now)); diff != "" {
				t.Error(diff)
			}
		})
	}
	if got := ReadTold(session("pool", mco.List(many...)), now); len(got.Pool) != maxPool {
		t.Errorf("%d members are believed", len(got.Pool))
	}
}
