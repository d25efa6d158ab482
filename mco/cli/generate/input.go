package generate

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mco-go/mco-go/generators"
	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/facts"
	"github.com/mco-go/mco-go/generators/problem"
	"github.com/mco-go/mco-go/generators/secret"
	"github.com/mco-go/mco-go/generators/target"
)

// input is what an estate is read from, as options give it.
type input struct {
	topology string
	facts    []string
	secrets  string
	software []string
	node     string
	strict   bool
	json     bool
}

// flags adds the options that all commands have.
func (in *input) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVarP(&in.topology, "topology", "t", "", "the estate file")
	f.StringArrayVarP(&in.facts, "facts", "f", nil, "file or folder of facts, - for standard input; may be repeated")
	f.StringVar(&in.secrets, "secrets", "", "file (mode 0600), folder, or - for standard input")
	f.StringArrayVar(&in.software, "software", nil, "NAME=VERSION over the topology's, as rabbitmq=3.10.8; may be repeated")
	f.StringVarP(&in.node, "node", "n", "", "the node, as the topology or the facts call it")
	f.BoolVar(&in.strict, "strict", false, "take warnings for errors")
	f.BoolVar(&in.json, "json", false, "one JSON object a line on standard output")
}

// load reads everything and reports what is wrong with it. Without an estate the error is the exit code.
func (in *input) load(c *cobra.Command) (*estate.Estate, *reporter, error) {
	out := newReporter(c, in)
	if in.topology == "" {
		return nil, out, errors.New("no topology: name the estate file with --topology")
	}
	if len(in.facts) == 0 {
		return nil, out, errors.New("no facts: name a file or folder with --facts, or pipe them in with --facts -")
	}
	software, err := in.versions()
	if err != nil {
		return nil, out, err
	}
	store, problems := in.openSecrets(c)
	set, p := in.readFacts(c)
	problems.Add(p...)
	e, p := estate.Load(in.topology, estate.Options{Facts: set, Software: software, Secrets: store})
	problems.Add(p...)
	if out.problems(problems) {
		return nil, out, exit(exitInput)
	}
	return e, out, nil
}

func (in *input) readFacts(c *cobra.Command) (*facts.Set, problem.List) {
	return facts.Read(in.facts, c.InOrStdin(), facts.DefaultLimits())
}

func (in *input) versions() (map[string]string, error) {
	all := map[string]string{}
	for _, s := range in.software {
		name, version, ok := strings.Cut(s, "=")
		if !ok || name == "" || version == "" {
			return nil, fmt.Errorf("--software %q: want NAME=VERSION, as rabbitmq=3.10.8", s)
		}
		all[name] = version
	}
	return all, nil
}

func (in *input) openSecrets(c *cobra.Command) (*secret.Store, problem.List) {
	from := secret.Sources{Env: os.Environ()}
	switch info, err := os.Stat(in.secrets); {
	case in.secrets == "":
	case in.secrets == "-":
		for _, f := range in.facts {
			if f == "-" {
				return nil, problem.List{{Class: "input.syntax", What: "facts and secrets cannot both come from standard input"}}
			}
		}
		from.Stdin = c.InOrStdin()
	case err == nil && info.IsDir():
		from.Dir = in.secrets
	default:
		from.File = in.secrets
	}
	return secret.Open(from)
}

// nodes returns the nodes that are asked for.
func (in *input) nodes(e *estate.Estate, all bool) ([]*estate.Node, error) {
	if all {
		return e.Nodes, nil
	}
	if in.node == "" {
		if len(e.Nodes) == 1 {
			return e.Nodes, nil
		}
		return nil, errors.New("which node? Name it with --node; the estate has " + names(e.Nodes))
	}
	n, err := find(e, in.node)
	if err != nil {
		return nil, err
	}
	return []*estate.Node{n}, nil
}

// find looks a node up by its name, or by its unique short name.
func find(e *estate.Estate, name string) (*estate.Node, error) {
	var found []*estate.Node
	for _, n := range e.Nodes {
		if strings.EqualFold(n.Name, name) || strings.EqualFold(n.Facts.Identity, name) {
			return n, nil
		}
		if short, _, _ := strings.Cut(n.Name, "."); strings.EqualFold(short, name) {
			found = append(found, n)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return nil, fmt.Errorf("the estate has no node %q; it has %s", name, names(e.Nodes))
	default:
		return nil, fmt.Errorf("%q is the short name of %s; name one in full", name, names(found))
	}
}

// names lists nodes for a message, the first ten of them.
func names(nodes []*estate.Node) string {
	var all []string
	for _, n := range nodes {
		all = append(all, n.Name)
	}
	if len(all) > 10 {
		return strings.Join(all[:10], ", ") + fmt.Sprintf(" and %d more", len(all)-10)
	}
	return strings.Join(all, ", ")
}

// each makes the files of nodes and works on them, on all processors, and hands the results to take in the nodes' order. It stops at
// the first error of take and at the end of ctx.
func each[R any](ctx context.Context, e *estate.Estate, nodes []*estate.Node, work func(*estate.Node, target.Set, problem.List) R, take func(R) error) error {
	return ordered(ctx, nodes, func(n *estate.Node) R {
		set, problems := generators.Files(e, n)
		return work(n, set, problems)
	}, take)
}
