package rabbitmq

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/target"
)

// env writes rabbitmq-env.conf.
func (w *writer) env() {
	path := folder + "rabbitmq-env.conf"
	variables := w.variables()
	if strings.Contains(mnesiaBase(w.group), " ") {
		w.warn("topology.type", path, "RabbitMQ (3.10.8 at least) cannot watch the free space of a folder with a blank in its name: the disk limit has no effect")
	}
	content, err := EncodeEnv(target.Remark, variables)
	if err != nil {
		w.refuse("topology.type", path, "%v", err)
	}
	w.add(target.File{Kind: "rabbitmq-env.conf", Path: path, Content: content, Order: orderEnv, Service: restart(), Check: func(content []byte) error {
		got, err := ParseEnv(content)
		if err == nil && !slices.Equal(got, variables) {
			err = fmt.Errorf("it sets other variables than it should: %q", got)
		}
		return err
	}})
}

// variables lists what the node's environment says. The address and the port of AMQP are not among them: the listeners of the
// configuration win over both, and the port would move that of the distribution.
func (w *writer) variables() []Setting {
	g := w.group
	all := []Setting{{"NODENAME", w.member.NodeName}}
	if g.LongNames {
		all = append(all, Setting{"USE_LONGNAME", "true"})
	}
	if !g.Classic && g.Listen.Dist != 0 && g.Listen.Dist != defaultDist {
		all = append(all, Setting{"DIST_PORT", strconv.Itoa(g.Listen.Dist)})
	}
	if g.Log != "" {
		all = append(all, Setting{"LOG_BASE", g.Log})
	}
	if base := mnesiaBase(g); base != "" {
		all = append(all, Setting{"MNESIA_BASE", base})
	}
	return all
}

// defaultDist is the port of the distribution where nobody says another.
const defaultDist = 25672

// mnesiaBase is the folder of the node's data; empty: the package's. The data of an active-passive broker is the file system that
// moves with it, below which the folder lies as in the package's home.
func mnesiaBase(g *estate.BrokerGroup) string {
	if g.Data == "" || g.Kind != estate.ActivePassive {
		return g.Data
	}
	return strings.TrimRight(g.Data, "/") + "/mnesia"
}

// EncodeEnv writes variables for sh, which executes the file: every value stands in single quotes, inside which nothing is special.
func EncodeEnv(remark string, variables []Setting) ([]byte, error) {
	var b strings.Builder
	b.WriteString("# " + remark + "\n")
	for _, v := range variables {
		if err := checkVariable(v); err != nil {
			return nil, err
		}
		b.WriteString(v.Key + "='" + v.Value + "'\n")
	}
	return []byte(b.String()), nil
}

// ParseEnv reads variables as [EncodeEnv] writes them; any other command of sh is an error.
func ParseEnv(text []byte) ([]Setting, error) {
	if len(text) > maxConfBytes {
		return nil, fmt.Errorf("more than %d bytes", maxConfBytes)
	}
	var all []Setting
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		line = strings.TrimSuffix(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		key, rest, ok := strings.Cut(line, "='")
		value, after, ended := strings.Cut(rest, "'")
		v := Setting{key, value}
		if !ok || !ended || after != "" {
			return nil, fmt.Errorf("line %d: no variable with a quoted value", n)
		}
		if err := checkVariable(v); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		all = append(all, v)
	}
	return all, nil
}

func checkVariable(v Setting) error {
	if v.Key == "" || strings.ContainsFunc(v.Key, func(r rune) bool { return (r < 'A' || r > 'Z') && r != '_' }) {
		return fmt.Errorf("variable %.60q: not capitals and _", v.Key)
	}
	if strings.ContainsFunc(v.Value, func(r rune) bool { return r < ' ' || r > '~' || r == '\'' }) {
		return fmt.Errorf("%s: the value %.60q holds a single quote or a character that is not printable ASCII", v.Key, v.Value)
	}
	return nil
}
