package chaos

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"slices"
	"syscall"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/agent/builtin/discovery"
	"github.com/mco-go/mco-go/agent/builtin/rpcutil"
	"github.com/mco-go/mco-go/agent/fleet"
	"github.com/mco-go/mco-go/agent/node"
	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/lab/history"
	"github.com/mco-go/mco-go/mco/config"
	"github.com/mco-go/mco-go/mco/connector"
	"github.com/mco-go/mco-go/mco/connector/stomp"
	"github.com/mco-go/mco-go/mco/security"
	"github.com/mco-go/mco-go/mco/security/psk"
)

// simulate runs many nodes in this process and writes down what they run and where they stand. SIGUSR1 and SIGUSR2 ask what the process
// holds, before the faults and after.
func (j job) simulate(ctx context.Context) error {
	cfg, err := config.Load(j.Config, config.Server)
	if err != nil {
		return err
	}
	file, record, err := j.record(history.Daemon)
	if err != nil {
		return err
	}
	s := &simulated{job: j, record: record, ending: ctx}
	f, err := fleet.New(fleet.Options{
		N: len(j.Nodes), Config: cfg, Providers: s.providers(), Log: slog.New(slog.DiscardHandler),
		Identity: func(i int) string { return j.Nodes[i-1] },
	})
	if err != nil {
		return errors.Join(err, file.Close())
	}
	asked := make(chan os.Signal, 2)
	signal.Notify(asked, syscall.SIGUSR1, syscall.SIGUSR2)
	defer signal.Stop(asked)
	ended := make(chan error, 1)
	go func() { ended <- f.Run(ctx) }()
	for {
		select {
		case which := <-asked:
			s.held(which == syscall.SIGUSR1)
		case err := <-ended:
			return errors.Join(err, record.Err(), file.Close())
		}
	}
}

// simulated is the nodes of one process.
type simulated struct {
	job
	record *history.Record
	ending context.Context
}

// held writes down what the process holds. One process is one line, whose name is the job's.
func (s *simulated) held(before bool) {
	debug.FreeOSMemory() // what the runtime only keeps for the next time is not held
	e := history.Event{Who: s.Name, What: history.Remaining, Broker: -1}
	if before {
		e.What = history.Baseline
	}
	pid := os.Getpid()
	e.Held = &history.Held{Goroutines: runtime.NumGoroutine(), FDs: lab.FDs(pid), Children: len(lab.Children(pid)), RSS: lab.RSS(pid), Daemons: len(s.Nodes)}
	s.record.Add(e)
}

func (s *simulated) providers() node.Providers {
	return node.Providers{
		Connectors: map[string]func(*config.Config, node.Session) (connector.Connector, error){"rabbitmq": s.connect},
		Security: map[string]func(*config.Config) (security.Provider, error){"psk": func(c *config.Config) (security.Provider, error) {
			secret, _ := c.Plugin("psk")
			return psk.New(psk.Options{Secret: psk.SecretFrom(secret), Identity: c.Identity})
		}},
		Plain: []agent.Plain{discovery.Agent{}},
		Agents: []node.NamedMaker{{Name: rpcutil.Name, Make: func(env agent.Environment) (agent.Agent, error) {
			a, err := rpcutil.New(env)
			return witness{a, env.Node.Identity(), s.record}, err
		}}},
	}
}

// witness writes down what an agent runs.
type witness struct {
	agent.Agent
	node   string
	record *history.Record
}

func (w witness) Handle(ctx context.Context, r *agent.Request, reply *agent.Reply) error {
	w.record.Add(history.Event{Who: w.node, What: history.Ran, Broker: -1, ID: r.ID})
	return w.Agent.Handle(ctx, r, reply)
}

// Quick passes the ability on.
func (w witness) Quick(action string) bool {
	q, ok := w.Agent.(agent.Quick)
	return ok && q.Quick(action)
}

// surveyor is a connector that tells where it stands.
type surveyor interface {
	connector.Connector
	Survey() connector.Survey
}

func (s *simulated) connect(cfg *config.Config, session node.Session) (connector.Connector, error) {
	o, err := stomp.FromConfig(cfg, stomp.Flavour(cfg.Connector))
	if err != nil {
		return nil, err
	}
	o.Log, o.Busy = session.Log, session.Busy
	c, err := stomp.New(o)
	if err != nil {
		return nil, err
	}
	watched, ok := c.(surveyor)
	if !ok {
		return nil, fmt.Errorf("the connector %T cannot tell where it stands", c)
	}
	go s.follow(cfg.Identity, watched) // as long as the process
	return c, nil
}

// follow writes down where a node stands, whenever that changes. A session that ends with an error was lost.
func (s *simulated) follow(name string, c surveyor) {
	var before []int
	for {
		select {
		case <-c.Changes():
		case <-s.ending.Done():
			return
		}
		now := history.Event{Who: name, What: history.Stands, Broker: -1}
		survey := c.Survey()
		var lost error
		for _, p := range survey.Sessions {
			if p.State == connector.Ready {
				now.BrokersUp = append(now.BrokersUp, slices.Index(survey.Members, p.Broker))
			} else if p.LastErr != nil {
				lost = p.LastErr
			}
		}
		for _, b := range before {
			if !slices.Contains(now.BrokersUp, b) && lost != nil && s.ending.Err() == nil {
				s.record.Add(history.Event{Who: name, What: history.Ended, Broker: b, Detail: lost.Error()})
			}
		}
		if !slices.Equal(before, now.BrokersUp) {
			s.record.Add(now)
		}
		before = now.BrokersUp
	}
}
