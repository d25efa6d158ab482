package data

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/inspect"
	"github.com/mco-go/mco-go/mco/rubynum"
)

// Node is what the plugins that ship ask of the node.
type Node struct {
	// Agent returns the metadata of a loaded agent, by Symbol.
	Agent func(name string) (metadata *mco.Map, ok bool)
	// Collectives are the node's.
	Collectives []string
	// Facts returns the normalised facts, to be read only.
	Facts func() *mco.Map
}

// Builtin returns the plugins that ship with the original.
func Builtin(n Node) []Plugin {
	return []Plugin{agentData{n}, collectiveData{n}, factData{n}, fstatData{}}
}

// outputs makes an answer.
func outputs(pairs ...mco.Pair) *mco.Map { return mco.NewMap(pairs...) }

func out(name mco.Symbol, v mco.Value) mco.Pair { return mco.Pair{Key: mco.Sym(name), Value: v} }

// agentData tells about an installed agent (data/agent_data.rb).
type agentData struct{ node Node }

func (agentData) Name() string { return "agent" }

func (p agentData) Query(_ context.Context, query mco.Value) (*mco.Map, error) {
	name, _ := query.AsString()
	meta, ok := p.node.Agent(name)
	if !ok {
		//lint:ignore ST1005 the original's text
		return nil, fmt.Errorf("No agent called %s found", name)
	}
	answer := outputs(out("agent", query))
	for _, item := range []mco.Symbol{"license", "timeout", "description", "url", "version", "author"} {
		answer.SetSymbol(item, meta.Symbol(item))
	}
	return answer, nil
}

// collectiveData tells whether the node is in a collective (data/collective_data.rb).
type collectiveData struct{ node Node }

func (collectiveData) Name() string { return "collective" }

func (p collectiveData) Query(_ context.Context, query mco.Value) (*mco.Map, error) {
	name, _ := query.AsString()
	return outputs(out("member", mco.Bool(slices.Contains(p.node.Collectives, name)))), nil
}

// factData walks into a fact by a dotted path (data/fact_data.rb).
type factData struct{ node Node }

func (factData) Name() string { return "fact" }

func (p factData) Query(_ context.Context, query mco.Value) (*mco.Map, error) {
	path, _ := query.AsString()
	value, ok, err := walk(mco.Hash(p.node.Facts()), strings.Split(strings.TrimRight(path, "."), "."))
	switch {
	case err != nil:
		return nil, err
	case !ok:
		no := mco.Bool(false)
		return outputs(out("exists", no), out("value", no), out("value_encoding", no)), nil
	}
	encoding := "text/plain"
	if value.Kind() == mco.KindList || value.Kind() == mco.KindMap {
		// Outputs are scalars: what is more travels as text.
		text, err := inspect.JSON(value)
		if err != nil {
			return nil, err
		}
		value, encoding = mco.String(string(text)), "application/json"
	}
	return outputs(out("exists", mco.Bool(true)), out("value", value), out("value_encoding", mco.String(encoding))), nil
}

// walk follows steps into hashes by key and into lists by index, which may count from the end. A path of dots alone is the whole.
func walk(at mco.Value, steps []string) (mco.Value, bool, error) {
	if len(steps) == 1 && steps[0] == "" {
		return at, true, nil
	}
	for _, step := range steps {
		if list, ok := at.AsList(); ok {
			i, err := rubynum.Int64(step)
			if err != nil {
				return mco.Value{}, false, err
			}
			if i >= int64(len(list)) {
				return mco.Value{}, false, nil
			}
			if i < 0 {
				i += int64(len(list))
			}
			if i < 0 {
				return mco.Value{}, false, nil
			}
			at = list[i]
			continue
		}
		m, ok := at.AsMap()
		if !ok {
			return mco.Value{}, false, nil
		}
		if at, ok = m.Get(mco.String(step)); !ok {
			return mco.Value{}, false, nil
		}
	}
	return at, true, nil
}
