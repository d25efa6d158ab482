// Package actionpolicy decides who may run which action, by policy files in the syntax of the original's community plugin: one file per
// agent, rules read from the top, the first that applies decides, and what no rule decides is refused.
//
// Verdicts are the plugin's, with three differences on purpose. A caller must be a whole word of a rule ([Words]), where the plugin lets
// cert=ops in by a rule for cert=opsadmin; [Contains] is its way. Facts are compared, where the plugin writes them into Ruby code and
// runs it. And a file that everybody on the machine may write, that is too large or no text decides nothing: the request is refused.
//
// Files are read for each request, as the plugin does, so that a change is in force at once; lines that cannot be read are logged with
// file and number when a file is first seen or has changed.
//
// Source of the facts: util/actionpolicy.rb of mcollective-actionpolicy-auth, and lib/mcollective/rpc/agent.rb (authorized_by).
package actionpolicy

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/mco/config"
	"github.com/mco-go/mco-go/mco/filter"
)

// Callers is how the callers of a rule are compared with a caller id.
type Callers string

// The ways, as plugin.mco.actionpolicy.callers names them. Groups and the lone * count in each.
const (
	Words    Callers = "words"    // a caller id must stand there as a whole word
	Contains Callers = "contains" // the plugin's way: the caller id is any part of the text
	Patterns Callers = "patterns" // as Words, and a word between slashes is a regular expression
)

// Options make a [Policy]. Dir and Node are needed.
type Options struct {
	Dir               string // the folder of the policies, "policies" beside the cfg file
	AllowUnconfigured bool   // plugin.actionpolicy.allow_unconfigured: what no policy file and no default line decides is allowed
	Default           string // plugin.actionpolicy.default_name: policy of agents without a file; empty unless enable_default
	Callers           Callers
	Node              filter.Node // facts, classes and data plugins that rules ask for
	Log               *slog.Logger
}

// Policy authorises by policy files. It is safe for concurrent use.
type Policy struct {
	o Options

	mu     sync.Mutex // guards the maps below
	rules  map[string]parsed[ruleFile]
	groups map[string]parsed[groupFile]
}

// parsed is what a file said when its text was this.
type parsed[T any] struct {
	text  string
	value T
}

var _ agent.Authorizer = (*Policy)(nil)

// New returns a policy that has read nothing yet.
func New(o Options) *Policy {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Callers == "" {
		o.Callers = Words
	}
	return &Policy{o: o, rules: map[string]parsed[ruleFile]{}, groups: map[string]parsed[groupFile]{}}
}

// FromConfig returns the policy that a cfg file describes, for the node that rules ask.
func FromConfig(c *config.Config, node filter.Node, log *slog.Logger) (*Policy, error) {
	dir, err := filepath.Abs(filepath.Join(c.Dir, "policies")) // a daemon in the background leaves its folder
	if err != nil {
		return nil, err
	}
	o := Options{
		Dir: dir, Node: node, Log: log, Callers: Callers(c.Own.PolicyCallers),
		AllowUnconfigured: enabled(c, "actionpolicy.allow_unconfigured"),
	}
	if enabled(c, "actionpolicy.enable_default") {
		o.Default = "default"
		if name, ok := c.Plugin("actionpolicy.default_name"); ok {
			o.Default = name
		}
	}
	return New(o), nil
}

// enabled reads a switch as the plugin does: a 1 at the beginning, or a y anywhere. So true is off.
func enabled(c *config.Config, key string) bool {
	text, _ := c.Plugin(key)
	return strings.HasPrefix(text, "1") || strings.ContainsAny(text, "yY")
}

// Authorize returns nil when the policy allows r, otherwise why it does not, which is for the node's log.
func (p *Policy) Authorize(_ context.Context, r *agent.Request) error {
	path, found, err := p.find(r.Agent)
	if err != nil {
		return err
	}
	if !found {
		if p.o.AllowUnconfigured {
			return nil
		}
		return fmt.Errorf("there is no policy %s and plugin.actionpolicy.allow_unconfigured is off", path)
	}
	file, err := load(p, p.rules, path, parseRules)
	if err != nil {
		return err
	}
	groups, err := p.groupsOf()
	if err != nil {
		return err
	}
	allowed := p.o.AllowUnconfigured
	if file.hasDefault {
		allowed = file.defaultAllow
	}
	for _, rule := range file.rules {
		applies, err := p.applies(rule, r, groups)
		switch {
		case err != nil:
			return fmt.Errorf("%s line %d: %w", path, rule.line, err)
		case applies && rule.allow:
			return nil
		case applies:
			return fmt.Errorf("%s line %d denies it", path, rule.line)
		}
	}
	if allowed {
		return nil
	}
	return fmt.Errorf("no rule of %s applies, and its default is to deny", path)
}

// applies tells whether a rule is about r on this node. The plugin looks at callers, actions, facts and classes in this order.
func (p *Policy) applies(rule rule, r *agent.Request, groups groupFile) (bool, error) {
	if ok, err := p.isCaller(rule.callers, r.Caller, groups); !ok || err != nil {
		return false, err
	}
	if rule.actions != "*" && !contains(words(rule.actions), r.Action) {
		return false, nil
	}
	e := evaluation{node: p.o.Node}
	if rule.classes == "" {
		return e.compound(rule.facts)
	}
	if ok, err := e.facts(rule.facts); !ok || err != nil {
		return false, err
	}
	return e.classes(rule.classes)
}
