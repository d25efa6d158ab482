package rpc

import "github.com/mco-go/mco-go/mco"

// Remember notes who is everybody in the collective, for [Memory.Fleet]. Without nodes what was noted is forgotten.
func (m *Memory) Remember(collective string, nodes []string) error {
	return m.remember(collective, mco.Filter{}, nodes)
}
