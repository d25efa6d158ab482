package failover

import (
	"context"
	"slices"
	"time"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/rpc"
)

// agentName is the agent of ours that tells where a node stands.
const agentName = "bus"

// Told is what a node of ours tells of its place. Times are by this client's clock.
type Told struct {
	Brokers      []string  `json:"brokers"` // on which it is ready, in the node's own words
	State        string    `json:"state"`
	Since        time.Time `json:"since"` // of State
	Reconnects   int64     `json:"reconnects"`
	StaleSockets int64     `json:"stale_sockets"`
	Mode         string    `json:"mode"` // failover or all
	Pool         []string  `json:"pool"` // in its configured order
	Randomize    bool      `json:"randomize"`
	Failback     float64   `json:"failback"` // seconds that a preferred member must answer; 0: the node stays
	Home         float64   `json:"home"`     // seconds that it takes at most to return once that member is there again; 0: not told, or it stays
	Sessions     []Session `json:"sessions"` // one, or with mode all one for each member
}

// Session is one of a node's sessions.
type Session struct {
	Broker            string    `json:"broker"`
	State             string    `json:"state"`
	Since             time.Time `json:"since"`
	Reconnects        int64     `json:"reconnects"`
	HeartBeatAge      *float64  `json:"heartbeat_age"`      // seconds since the broker's last sign of life; null: not known
	HeartBeatInterval float64   `json:"heartbeat_interval"` // seconds; 0: none
	LastError         string    `json:"last_error,omitempty"`
}

// Ready is the state of a session that counts as connected.
const Ready = "ready"

// details asks nodes of ours where they stand. One that answers over several brokers is asked over the first of them.
func (v *view) details(ctx context.Context) {
	v.mu.Lock()
	for name, n := range v.seen {
		if n.tells && len(n.Over) > 0 && v.first(n) == v.member.Addr {
			v.tell = append(v.tell, name)
		}
	}
	v.mu.Unlock()
	if len(v.tell) == 0 || v.err != nil {
		return
	}
	slices.Sort(v.tell)
	var stats rpc.Stats
	call := rpc.Call{Agent: agentName, Action: "status", Data: new(mco.Map), Nodes: &rpc.Found{Nodes: v.tell}, Timeout: v.Timeout, Stats: &stats}
	for r, err := range v.client.Call(ctx, call) {
		v.mu.Lock()
		switch {
		case err != nil:
		case r.Code != mco.OK:
			v.node(r.Sender).Untold = r.Message
		default:
			v.node(r.Sender).Told = ReadTold(r.Data, time.Now())
		}
		v.mu.Unlock()
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, s := range stats.Silent {
		v.node(s.Node).Untold = s.Reason.String()
	}
}

// first returns the first member of the pool over which a node answered.
func (l *look) first(n *Node) string {
	for _, m := range l.Pool.Members {
		if slices.Contains(n.Over, m.Addr) {
			return m.Addr
		}
	}
	return ""
}

// maxPool bounds what is believed of a node's pool.
const maxPool = 256

// ReadTold reads what a node tells ([Agent]). What is missing or of another type counts as not told.
func ReadTold(data mco.Value, now time.Time) *Told {
	t := &Told{State: text(data, "state"), Since: before(now, data), Reconnects: number(data, "reconnects"), StaleSockets: number(data, "stale_sockets"),
		Mode: text(data, "mode"), Failback: real(data, "failback"), Home: real(data, "home")}
	t.Randomize, _ = data.Field("randomize").AsBool()
	pool, _ := data.Field("pool").AsList()
	for _, m := range pool[:min(len(pool), maxPool)] {
		if addr, ok := m.AsString(); ok {
			t.Pool = append(t.Pool, addr)
		}
	}
	sessions, _ := data.Field("sessions").AsList()
	for _, v := range sessions[:min(len(sessions), maxPool)] {
		s := Session{Broker: text(v, "broker"), State: text(v, "state"), Since: before(now, v), Reconnects: number(v, "reconnects"),
			HeartBeatInterval: real(v, "heartbeat_interval"), LastError: text(v, "last_error")}
		if age, ok := v.Field("heartbeat_age").AsFloat(); ok {
			s.HeartBeatAge = &age
		}
		t.Sessions = append(t.Sessions, s)
		if s.State == Ready {
			t.Brokers = append(t.Brokers, s.Broker)
		}
	}
	return t
}

func text(v mco.Value, key string) string {
	s, _ := v.Field(key).AsString()
	return s
}

func number(v mco.Value, key string) int64 {
	n, _ := v.Field(key).AsInt()
	return n
}

func real(v mco.Value, key string) float64 {
	f, _ := v.Field(key).AsFloat()
	return f
}

// before is when the node's seconds began: its age counts, its clock may be wrong.
func before(now time.Time, v mco.Value) time.Time {
	const most = 100 * 365 * 24 * 3600
	s, ok := v.Field("seconds").AsFloat()
	if !ok || !(s >= 0 && s < most) {
		return time.Time{}
	}
	return now.Add(-time.Duration(s * float64(time.Second))).UTC().Truncate(time.Millisecond)
}
