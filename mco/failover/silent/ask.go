package silent

import (
	"context"
	"time"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/connector"
	"github.com/mco-go/mco-go/mco/rpc"
)

// fate is what a node of ours tells of a request (agent bus, action request).
type fate struct {
	outcome string
	detail  string
	since   time.Duration
	age     time.Duration // of the request when it came, by the two clocks
	untold  string        // why it tells nothing
}

// fates asks nodes of ours what became of requests. Those of the original's have no such agent, and are not asked.
func (d *desk) fates(ctx context.Context, nodes []Asked) {
	requests := map[string][]string{}
	for _, a := range nodes {
		if n := d.seen(a.Node); a.Request != "" && n != nil && (n.Told != nil || n.Untold != "") {
			requests[a.Request] = append(requests[a.Request], a.Node)
		}
	}
	for id, names := range requests {
		data := mco.SymbolMap(1)
		data.SetSymbol("id", mco.String(id))
		call := rpc.Call{Agent: "bus", Action: "request", Data: data, Nodes: rpc.Known(names...), Timeout: answerTime}
		for r, err := range d.client.Call(ctx, call) {
			if err != nil {
				break
			}
			f := &fate{outcome: text(r.Data, "outcome"), detail: text(r.Data, "detail"), since: span(r.Data, "seconds"), age: span(r.Data, "age")}
			if r.Code != mco.OK {
				f = &fate{untold: r.Message}
			}
			d.mu.Lock()
			d.of(r.Sender).fate = f
			d.mu.Unlock()
		}
	}
}

// withoutAge asks nodes that answer nothing over any broker what no clock takes for expired, or for a question of the future. The age is
// in what they get; brokers keep it no longer than anything else.
func (d *desk) withoutAge(ctx context.Context, nodes []Asked) {
	if len(nodes) == 0 || !d.Config.DirectAddressing {
		return
	}
	var names []string
	for _, a := range nodes {
		names = append(names, a.Node)
	}
	o := d.options()
	o.Connector = perishable{d.conn, o.TTL}
	o.Now = func() time.Time { return time.Unix(0, 0) }
	o.TTL = 2 * time.Duration(time.Now().Unix()) * time.Second
	client, err := rpc.New(o)
	if err != nil {
		return
	}
	call := rpc.Call{Agent: "rpcutil", Action: "ping", Data: new(mco.Map), Nodes: rpc.Known(names...), Timeout: answerTime}
	for r, err := range client.Call(ctx, call) {
		if err != nil {
			return
		}
		d.mu.Lock()
		e := d.of(r.Sender)
		e.ageless = d.addr
		if !r.Time.IsZero() {
			e.skew, e.clock = r.Time.Sub(time.Now().Truncate(time.Second)), true
		}
		d.mu.Unlock()
	}
}

// perishable lets brokers drop what they cannot deliver soon, whatever age nodes may allow it.
type perishable struct {
	connector.Connector
	ttl time.Duration
}

// Publish implements [connector.Connector].
func (p perishable) Publish(ctx context.Context, out connector.Outgoing) error {
	out.TTL = min(out.TTL, p.ttl)
	return p.Connector.Publish(ctx, out)
}

// maxDetail bounds what is believed of a text that a node sends.
const maxDetail = 300

func text(v mco.Value, key string) string {
	s, _ := v.Field(key).AsString()
	return printable(s)
}

// printable is what a terminal may be shown of a text that a node sent.
func printable(s string) string {
	if len(s) > maxDetail {
		s = s[:maxDetail] + "..."
	}
	clean := []rune(s)
	for i, r := range clean {
		if r < ' ' || r >= 0x7f {
			clean[i] = '?'
		}
	}
	return string(clean)
}

// span reads seconds; what is no number of them is 0.
func span(v mco.Value, key string) time.Duration {
	const most = 200 * 365 * 24 * 3600
	s, ok := v.Field(key).AsFloat()
	if !ok || !(s > -most && s < most) {
		return 0
	}
	return time.Duration(s * float64(time.Second))
}
