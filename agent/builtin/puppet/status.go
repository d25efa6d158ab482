package puppet

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/mco"
)

// state is what Puppet's agent is doing (util/puppet_agent_mgr.rb, status).
type state struct {
	applying, enabled, daemonPresent, idling bool
	lastRun, sinceLastRun                    int64
	word                                     string // "stopped" and the like
	lockMessage                              string
}

func (f *files) state(now time.Time) (state, error) {
	summary, err := f.loadSummary()
	if err != nil {
		return state{}, err
	}
	message, err := f.lockMessage()
	if err != nil {
		return state{}, err
	}
	s := state{applying: f.applying(), enabled: !f.isDisabled(), daemonPresent: f.daemonPresent(), lastRun: lastRun(summary), lockMessage: message}
	s.idling = s.daemonPresent && !s.applying
	s.sinceLastRun = now.Unix() - s.lastRun
	switch {
	case !s.enabled:
		s.word = "disabled"
	case s.applying:
		s.word = "applying a catalog"
	case s.idling:
		s.word = "idling"
	default:
		s.word = "stopped"
	}
	return s, nil
}

// outputs returns the state as the action and the data plugin tell it.
func (s state) outputs() *mco.Map {
	m := mco.SymbolMap(8)
	m.SetSymbol("applying", mco.Bool(s.applying))
	m.SetSymbol("enabled", mco.Bool(s.enabled))
	m.SetSymbol("daemon_present", mco.Bool(s.daemonPresent))
	m.SetSymbol("lastrun", mco.Int(s.lastRun))
	m.SetSymbol("idling", mco.Bool(s.idling))
	m.SetSymbol("disable_message", mco.String(s.lockMessage))
	m.SetSymbol("since_lastrun", mco.Int(s.sinceLastRun))
	m.SetSymbol("status", mco.String(s.word))
	return m
}

func (a *Agent) status(f *files, reply *agent.Reply) error {
	s, err := f.state(a.env.Now())
	if err != nil {
		return err
	}
	for k, v := range s.outputs().All() {
		reply.Data.Set(k, v)
	}
	reply.Set("message", mco.String(fmt.Sprintf("Currently %s; last completed run %s ago", s.word, ago(s.sinceLastRun))))
	return nil
}

// ago puts seconds into words.
func ago(seconds int64) string {
	days, hours, minutes := seconds/86400, seconds%86400/3600, seconds%3600/60
	rest := fmt.Sprintf("%02d seconds", seconds%60)
	switch {
	case days == 1:
		return fmt.Sprintf("1 day %d hours %d minutes %s", hours, minutes, rest)
	case days > 1:
		return fmt.Sprintf("%d days %d hours %d minutes %s", days, hours, minutes, rest)
	case hours > 0:
		return fmt.Sprintf("%d hours %d minutes %s", hours, minutes, rest)
	case minutes > 0:
		return fmt.Sprintf("%d minutes %s", minutes, rest)
	}
	return rest
}

func (a *Agent) disable(f *files, r *agent.Request, reply *agent.Reply) error {
	message := r.Text("message")
	if _, given := r.Lookup("message"); !given {
		message = fmt.Sprintf("Disabled via MCollective by %s at %s", r.Caller, a.env.Now().Format("2006-01-02 15:04"))
	}
	err := f.lock(message)
	switch {
	case errors.Is(err, fs.ErrExist):
		a.failed(reply, "Could not disable Puppet: Already disabled")
	case err != nil:
		a.failed(reply, "Could not disable Puppet: "+err.Error())
	default:
		reply.Set("status", mco.String("Succesfully locked the Puppet agent: "+message))
	}
	reply.Set("enabled", mco.Bool(!f.isDisabled()))
	return nil
}

func (a *Agent) enable(f *files, reply *agent.Reply) error {
	err := os.Remove(f.disabled)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		a.failed(reply, "Could not enable Puppet: Already enabled")
	case err != nil:
		a.failed(reply, "Could not enable Puppet: "+err.Error())
	default:
		reply.Set("status", mco.String("Succesfully enabled the Puppet agent"))
	}
	reply.Set("enabled", mco.Bool(!f.isDisabled()))
	return nil
}

// failed notes a failure in the output status and goes on.
func (a *Agent) failed(reply *agent.Reply, text string) {
	a.log().Warn(text)
	reply.Set("status", mco.String(text))
	reply.Fail(mco.Aborted, text)
}

// typeName capitalizes each part of a type: "apt::source" is Apt::Source.
func typeName(kind string) string {
	parts := strings.Split(kind, "::")
	for i, p := range parts {
		if p != "" {
			parts[i] = strings.ToUpper(p[:1]) + strings.ToLower(p[1:])
		}
	}
	return strings.Join(parts, "::")
}
