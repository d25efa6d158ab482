// Package corpus makes estates by chance, each from a number: topologies, facts and secrets as files, which are read the way that those
// of users are. An estate is made so that it must be accepted, whatever it holds: every kind of group, balancer and link, both families
// of addresses, facts of every age, versions of three times, and secrets of all that their places can hold. Whatever refuses one of
// them, a rule, a writer or a real program, is wrong. Only tests import it.
package corpus

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/facts"
	"github.com/mco-go/mco-go/generators/problem"
)

// Sample is one estate in a folder.
type Sample struct {
	Seed    uint64
	Dialect Dialect
	Dir     string // holds topology.yaml, facts/, and the secrets
	Legacy  bool   // its facts are of facter 1 and 2
	IPv6    bool   // its nodes have addresses of IPv6, some of them no others
}

// New makes the estate of that number and writes it below dir. The same number gives the same files.
func New(seed uint64, dir string) (Sample, error) {
	d := dice{rand.New(rand.NewPCG(seed, 0x6d636f))}
	m := &maker{dice: d, topology: make(tree), secrets: make(map[string]string)}
	m.dialect = pick(d, Old, Installed, Newer)
	m.software = m.dialect.software(d)
	m.six, m.legacy = d.chance(25), d.chance(20)
	m.estate()
	if err := m.write(dir); err != nil {
		return Sample{}, fmt.Errorf("estate %d: %w", seed, err)
	}
	return Sample{Seed: seed, Dialect: m.dialect, Dir: dir, Legacy: m.legacy, IPv6: m.six}, nil
}

// Load reads the sample's files. Versions in software come before its own.
func (s Sample) Load(software map[string]string) (*estate.Estate, problem.List) {
	set, problems := facts.Read([]string{filepath.Join(s.Dir, "facts")}, nil, facts.DefaultLimits())
	e, more := estate.Load(filepath.Join(s.Dir, "topology.yaml"), estate.Options{Facts: set, Software: software})
	return e, append(problems, more...)
}

// tree is a piece of a topology or of facts, to be written as YAML or JSON.
type tree = map[string]any

// maker holds an estate while it is thought out.
type maker struct {
	dice
	dialect  Dialect
	software tree
	six      bool
	legacy   bool
	subnets  int
	machines []*machine
	groups   []*group
	fronts   []*front
	topology tree
	secrets  map[string]string
}

func (m *maker) estate() {
	m.topology["version"] = 1
	m.topology["estate"] = pick(m.dice, "shop", "bhz", "est-1", "e.2", "x_y", strings.Repeat("long", 16))
	m.groupsOf(m.between(1, 9))
	m.balance(m.between(0, 4))
	m.link()
	m.fleet()
	m.applications()
	if m.chance(15) {
		m.topology["limits"] = tree{"nofile": pick(m.dice, 4096, 65536, 1_000_000)}
	}
	m.addresses()
	m.secret("erlang_cookie", cookieSecret)
	m.tellVersions()
}

// section returns a part of the topology, empty at first.
func (m *maker) section(name string) tree {
	if m.topology[name] == nil {
		m.topology[name] = make(tree)
	}
	return m.topology[name].(tree)
}

func (m *maker) write(dir string) error {
	if m.chance(80) {
		m.topology["secrets"] = tree{"file": "secrets.yaml"}
	} else {
		m.topology["secrets"] = tree{"directory": "secrets"}
	}
	included := make(tree)
	if m.chance(20) {
		for _, key := range []string{"collectives", "balancers", "clients"} {
			if part, ok := m.topology[key]; ok {
				included[key] = part
				delete(m.topology, key)
			}
		}
		m.topology["include"] = "more/included.yaml"
	}
	err := errors.Join(
		os.MkdirAll(filepath.Join(dir, "facts"), 0o700),
		writeYAML(filepath.Join(dir, "topology.yaml"), m.topology),
		m.writeSecrets(dir),
		m.writeFacts(filepath.Join(dir, "facts")),
	)
	if len(included) > 0 {
		err = errors.Join(err, os.MkdirAll(filepath.Join(dir, "more"), 0o700), writeYAML(filepath.Join(dir, "more", "included.yaml"), included))
	} else if m.topology["include"] != nil {
		delete(m.topology, "include")
		err = errors.Join(err, writeYAML(filepath.Join(dir, "topology.yaml"), m.topology))
	}
	return err
}

func writeYAML(path string, v any) error {
	data, err := yaml.Marshal(v)
	if err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o600)
}
