package agent

import (
	"errors"
	"slices"
	"time"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/inspect"
)

// Request is one RPC request as an agent sees it. Everything but Data comes from the verified envelope, or is checked against it.
type Request struct {
	ID         string
	Agent      string // the agent that runs, from the envelope
	Action     string
	Caller     string // caller id, "type=name"
	Sender     string
	Collective string
	Time       time.Time // when the client made it
	Expires    time.Time // end of its TTL
	Data       *mco.Map  // the inputs, to be read only; nil when the client sent something else

	actionIsText bool
}

// NewRequest reads the RPC body of a decoded message for the agent that the envelope names. A body that is not a hash is an error:
// it is no RPC request, and nothing can be answered. Keys may be symbols or strings, as JSON speakers send them.
func NewRequest(m mco.Request) (*Request, error) {
	if _, ok := m.Body.AsMap(); !ok {
		return nil, errors.New("the request's body is " + m.Body.Kind().String() + ", not a hash")
	}
	action := m.Body.Field("action")
	r := &Request{
		ID: m.ID, Agent: m.Agent, Caller: m.Caller, Sender: m.Sender, Collective: m.Collective,
		Time: m.Time, Expires: m.Time.Add(m.TTL),
	}
	r.Action, r.actionIsText = action.AsString()
	if !r.actionIsText {
		r.Action = inspect.Text(action)
	}
	r.Data, _ = m.Body.Field("data").AsMap()
	return r, nil
}

// Value returns the input key, nil when it was not given. A string key stands in where the symbol is missing.
func (r *Request) Value(key string) mco.Value {
	v, _ := r.Lookup(key)
	return v
}

// Text returns the input key when it is a string, otherwise "".
func (r *Request) Text(key string) string {
	s, _ := r.Value(key).AsString()
	return s
}

// Lookup returns the input key and whether it was given.
func (r *Request) Lookup(key string) (mco.Value, bool) {
	if v, ok := r.Data.Get(mco.Sym(mco.Symbol(key))); ok {
		return v, true
	}
	return r.Data.Get(mco.String(key))
}

// WantsReply tells whether the client waits for an answer: it does unless the input process_results is false or nil, or the
// request's data is no hash.
func (r *Request) WantsReply() bool {
	if r.Data == nil {
		return false
	}
	v, ok := r.Lookup("process_results")
	if !ok {
		return true
	}
	b, isBool := v.AsBool()
	return !v.IsNil() && (b || !isBool)
}

// InputNames returns the sorted names of the inputs without process_results: what logs show of a request, whose values may be
// secrets.
func (r *Request) InputNames() []string {
	var names []string
	for k := range r.Data.All() {
		if name := inspect.Text(k); name != "process_results" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
