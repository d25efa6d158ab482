package rpcutil

import (
	"strings"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/mco"
)

// blanks are what Ruby's String#strip cuts.
const blanks = " \t\n\v\f\r\x00"

func (a *Agent) getFact(r *agent.Request, reply *agent.Reply) error {
	name := r.Value("fact")
	value, _ := a.env.Facts().Get(name)
	reply.Set("fact", name)
	reply.Set("value", value)
	return nil
}

// getFacts takes a list separated by commas. Facts that the node does not have are told as nil.
func (a *Agent) getFacts(r *agent.Request, reply *agent.Reply) error {
	facts := a.env.Facts()
	list := r.Value("facts")
	names := strings.Split(r.Text("facts"), ",")
	values := mco.SymbolMap(len(names))
	for _, name := range names {
		key := mco.String(strings.Trim(name, blanks))
		if list.Encoding() != mco.OtherEncoding {
			text, _ := key.AsString()
			key = mco.Text(text, list.Encoding())
		}
		value, _ := facts.Get(key)
		values.Set(key, value)
	}
	reply.Set("values", mco.Hash(values))
	return nil
}
