package rpc

import "github.com/mco-go/mco-go/mco"

// Remember notes who is everybody in the collective, for [Memory.Fleet]. Without nodes what was noted is forgotten.
func (m *Memory) Remember(collective string, nodes []string) error {
	return m.remember(collective, mco.Filter{}, nodes)
}

// Answered returns who answered a question the last time, nobody where that is not known.
func (m *Memory) Answered(collective string, f mco.Filter) []string { return m.recall(collective, f) }

// RememberAnswers notes who is expected to answer a question, for [Memory.Answered]. Without nodes what was noted is forgotten.
func (m *Memory) RememberAnswers(collective string, f mco.Filter, nodes []string) error {
	return m.remember(collective, f, nodes)
}
