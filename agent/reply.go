package agent

import (
	"github.com/mco-go/mco-go/mco"
)

// Reply is the answer to one RPC request while it is made. It starts as OK with each output of the DDL, in the DDL's order, at its
// default or nil.
type Reply struct {
	Status  mco.StatusCode
	Message string
	Data    *mco.Map
}

// Set stores an output: in its declared place, or behind the declared ones.
func (r *Reply) Set(key mco.Symbol, v mco.Value) { r.Data.SetSymbol(key, v) }

// Fail notes a failure without ending the action; unlike in an [Error], any code is sent as it is.
func (r *Reply) Fail(code mco.StatusCode, text string) { r.Status, r.Message = code, text }

// Value returns the body that travels (rpc/reply.rb to_hash).
func (r *Reply) Value() mco.Value {
	m := mco.SymbolMap(3)
	m.SetSymbol("statuscode", mco.Int(int64(r.Status)))
	m.SetSymbol("statusmsg", mco.String(r.Message))
	m.SetSymbol("data", mco.Hash(r.Data))
	return mco.Hash(m)
}
