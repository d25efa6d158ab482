// Package data answers data queries, the functions of compound filters such as fact('os').value: a [Set] of plugins, each checked
// against its DDL before it runs, and the four that ship with the original (agent, collective, fact, fstat).
//
// Nothing is looked up by name but in the Set: the original calls a Ruby method of whatever name a filter holds.
//
// Source of the facts: the original's lib/mcollective/data.rb, data/base.rb, data/result.rb and data/*_data.rb.
package data

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/ddl"
	"github.com/mco-go/mco-go/mco/inspect"
)

// Plugin answers the queries of one data plugin. Implementations are safe for concurrent use.
type Plugin interface {
	// Name returns the name without its ending: "fact" for fact_data.
	Name() string
	// Query returns outputs by Symbol: strings, integers, floats and booleans. Those that it leaves out take the DDL's default. ctx ends
	// with the DDL's timeout.
	Query(ctx context.Context, query mco.Value) (*mco.Map, error)
}

// ErrUnknown says that no such data plugin is loaded.
var ErrUnknown = errors.New("data plugin not found")

// TimeoutError is a query that took longer than its DDL allows. The message that asked is dropped.
type TimeoutError struct {
	Plugin string // with its ending
	Query  string
}

func (e *TimeoutError) Error() string {
	return fmt.Sprintf("Data plugin %s timed out on query '%s'", capitalize(e.Plugin), e.Query)
}

// capitalize is how the original names a plugin in this text: by its class.
func capitalize(name string) string { return strings.ToUpper(name[:1]) + name[1:] }

// DefaultTimeout is the life of a query whose DDL names none.
const DefaultTimeout = time.Second

// Set is the data plugins of one daemon, in load order. It is read only and safe for concurrent use.
type Set struct {
	names   []string
	plugins map[string]entry
}

type entry struct {
	Plugin
	ddl func() *ddl.DDL
}

func (e entry) timeout() time.Duration {
	if seconds, ok := e.ddl().Timeout(); ok {
		return time.Duration(seconds * float64(time.Second))
	}
	return DefaultTimeout
}

// Load returns the set of the given plugins, each with the DDL that find returns for its full name ("fact_data"), to be read at the first
// query. A plugin without a DDL is left out and reported, joined with others, beside the set of the rest.
func Load(find func(name string) (func() *ddl.DDL, error), plugins ...Plugin) (*Set, error) {
	s := &Set{plugins: map[string]entry{}}
	var problems []error
	for _, p := range plugins {
		name := FullName(p.Name())
		d, err := find(name)
		if err != nil {
			problems = append(problems, fmt.Errorf("load data plugin %s: %w", name, err))
			continue
		}
		if _, ok := s.plugins[name]; !ok {
			s.names = append(s.names, name)
		}
		s.plugins[name] = entry{p, d}
	}
	return s, errors.Join(problems...)
}

// FullName returns the name with its ending, in lower case (data.rb pluginname).
func FullName(name string) string {
	name = strings.ToLower(name)
	if strings.HasSuffix(name, "_data") {
		return name
	}
	return name + "_data"
}

// Names returns the full names in load order.
func (s *Set) Names() []string { return slices.Clone(s.names) }

// DDL returns the interface of a plugin, with or without its ending, or an error that wraps [ErrUnknown].
func (s *Set) DDL(name string) (*ddl.DDL, error) {
	e, ok := s.plugins[FullName(name)]
	if !ok {
		return nil, fmt.Errorf("%w: %s", ErrUnknown, FullName(name))
	}
	return e.ddl(), nil
}

// Query validates a query by the plugin's DDL, runs it within its timeout, and returns every declared output. nil is no query. The
// error wraps [ErrUnknown], or is a *ddl.ValidationError, a [*TimeoutError], or the plugin's own.
func (s *Set) Query(ctx context.Context, name string, query mco.Value) (*mco.Map, error) {
	e, ok := s.plugins[FullName(name)]
	if !ok {
		return nil, fmt.Errorf("%w: %s", ErrUnknown, FullName(name))
	}
	declared := e.ddl()
	if err := declared.ValidateQuery(query); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, e.timeout())
	defer cancel()
	answer, err := e.Query(ctx, query)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, &TimeoutError{FullName(name), inspect.Text(query)}
	}
	if err != nil {
		return nil, err
	}
	result := mco.SymbolMap(len(declared.Query.Outputs) + answer.Len())
	for _, out := range declared.Query.Outputs {
		result.Set(out.Name, out.Default)
	}
	for key, value := range answer.All() {
		switch value.Kind() {
		case mco.KindString, mco.KindInt, mco.KindBigInt, mco.KindFloat, mco.KindBool:
			result.Set(key, value)
		default:
			//lint:ignore ST1005 the original's text
			return nil, fmt.Errorf("Can only store String, Integer, Float or Boolean data but got %v for key %s", value.Kind(), inspect.Text(key))
		}
	}
	return result, nil
}
