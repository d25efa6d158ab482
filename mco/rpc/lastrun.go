package rpc

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path/filepath"
	"time"
)

// LastRun is what became of the last request for an action, as far as a later one may want to be for the same nodes. It lies in
// `<state_dir>/runs/<hash>`, one file per action.
type LastRun struct {
	Time   time.Time `json:"time"`
	Agent  string    `json:"agent"`
	Action string    `json:"action"`
	Failed []string  `json:"failed"` // whose reply had another status than 0, in order of arrival
	Silent []string  `json:"silent"` // who did not reply, by name
}

func (m *Memory) runFile(agent, action string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q", m.scope, agent, action))
	return hex.EncodeToString(sum[:16])
}

// KeepRun replaces what is known of the last run of an action. A nil Memory keeps nothing.
func (m *Memory) KeepRun(r LastRun) error {
	if m == nil {
		return nil
	}
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if len(text) > maxMemoryBytes {
		return fmt.Errorf("%d failed and %d silent nodes are more than can be kept", len(r.Failed), len(r.Silent))
	}
	return keep(m.runs, m.runFile(r.Agent, r.Action), text)
}

// LastRun returns what is known of the last run of an action, nil where nothing is.
func (m *Memory) LastRun(agent, action string) *LastRun {
	if m == nil {
		return nil
	}
	var r LastRun
	if err := json.Unmarshal(kept(filepath.Join(m.runs, m.runFile(agent, action))), &r); err != nil || r.Agent != agent || r.Action != action {
		return nil
	}
	return &r
}
