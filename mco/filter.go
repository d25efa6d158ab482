package mco

// Fact operators as they travel in a filter (util.rb parse_fact_string).
const (
	FactEqual = "=="
	FactMatch = "=~"
)

// FactFilter is one comparison of a fact, from -F or -W.
type FactFilter struct{ Fact, Operator, Value string }

// Filter says which nodes a request is for, as a client builds it. All parts must match, except identities, of which one must.
// The zero Filter matches every node. Texts between slashes are regular expressions.
type Filter struct {
	Facts      []FactFilter
	Classes    []string
	Agents     []string
	Identities []Value // String, or Regexp (a limited request names its nodes by one)
	Compound   []Value // call stacks, as mco/filter makes them from -S
	Collective string  // set in discovery pings only
}

// Empty tells whether f restricts nothing. The agent counts: an RPC request's filter is never empty.
func (f Filter) Empty() bool {
	return len(f.Facts)+len(f.Classes)+len(f.Agents)+len(f.Identities)+len(f.Compound) == 0
}

// Value returns the wire form: a hash with String keys whose fact entries have Symbol keys. All five lists are always there,
// because a node takes a hash with fewer for a filter that nothing passed (security/base.rb).
func (f Filter) Value() Value {
	facts := make([]Value, len(f.Facts))
	for i, c := range f.Facts {
		facts[i] = Hash(NewMap(
			Pair{Sym("fact"), String(c.Fact)},
			Pair{Sym("value"), String(c.Value)},
			Pair{Sym("operator"), String(c.Operator)}))
	}
	m := NewMap(
		Pair{String("fact"), List(facts...)},
		Pair{String("cf_class"), Strings(f.Classes...)},
		Pair{String("agent"), Strings(f.Agents...)},
		Pair{String("identity"), List(f.Identities...)},
		Pair{String("compound"), List(f.Compound...)})
	if f.Collective != "" {
		m.Set(String("collective"), String(f.Collective))
	}
	return Hash(m)
}
