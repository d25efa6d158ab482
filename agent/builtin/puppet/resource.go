package puppet

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/agent/command"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/config"
	"github.com/mco-go/mco-go/mco/inspect"
)

// lists say what may be managed: what the one names, or what the other does not. nil is a list that the cfg file does not have.
type lists struct{ white, black []string }

func readLists(c *config.Config, white, black string) lists {
	read := func(key string) []string {
		text, ok := c.Plugin(key)
		if !ok {
			return nil
		}
		return strings.Split(text, ",")
	}
	return lists{read(white), read(black)}
}

// both tells that the cfg file contradicts itself.
func (l lists) both() bool { return l.white != nil && l.black != nil }

// permitted answers whether the resource may be managed at all. Without any list of types nothing may.
func (a *Agent) permitted(kind, name string) error {
	types, names := a.opt.types, a.opt.namesOf(kind)
	switch {
	case types.both():
		return agent.Failf(mco.Aborted, "You cannot specify both puppet.resource_type_whitelist and puppet.resource_type_blacklist in the config file")
	case names.both():
		return agent.Failf(mco.Aborted, "You cannot specify both puppet.resource_name_whitelist.%s and puppet.resource_name_blacklist.%s in the config file", kind, kind)
	case types.black != nil && slices.Contains(types.black, kind):
		return agent.Failf(mco.Aborted, "The %s type is listed in the type blacklist", kind)
	case types.black == nil && !slices.Contains(types.white, kind):
		return agent.Failf(mco.Aborted, "The %s type is not listed in the type whitelist", kind)
	case names.black != nil && slices.Contains(names.black, name):
		return agent.Failf(mco.Aborted, "The %s name is listed in the name blacklist", name)
	case names.white != nil && !slices.Contains(names.white, name):
		return agent.Failf(mco.Aborted, "The %s name is not listed in the name whitelist", name)
	}
	return nil
}

func (a *Agent) resource(ctx context.Context, f *files, r *agent.Request, reply *agent.Reply) error {
	kind, name := strings.ToLower(r.Text("type")), r.Text("name")
	if err := a.permitted(kind, name); err != nil {
		return err
	}
	argv, err := a.puppet.resourceCommand(kind, name, r.Data)
	if err != nil {
		return agent.Failf(mco.InvalidData, "%s", err)
	}
	title := typeName(kind) + "[" + name + "]"
	managed, err := f.manages(title)
	if err != nil {
		return err
	}
	if managed && !a.opt.allowManaged {
		return agent.Failf(mco.Aborted, "Puppet is managing the resource '%s', refusing to create conflicting states", title)
	}
	res, err := a.runner.Run(ctx, command.Spec{Argv: argv, Env: environment(), Timeout: command.Limit(a.env, r)})
	if err != nil {
		return agent.Failf(mco.Aborted, "Failed to apply %s: %s", title, err)
	}
	out := readLog(string(res.Stdout) + "\n" + string(res.Stderr))
	result := strings.Join(out.lines, "\n")
	if len(out.lines) == 0 {
		result = "no output produced"
	}
	reply.Set("result", mco.String(result))
	reply.Set("changed", mco.Bool(out.changed))
	if out.failed || res.ExitCode != 0 {
		return agent.Failf(mco.Aborted, "Failed to apply %s: %s", title, result)
	}
	return nil
}

// resourceCommand returns the call of `puppet resource`: further inputs are properties. What is no name of a type or property never
// gets near the program, and behind -- nothing is taken for an option.
func (in *installation) resourceCommand(kind, name string, inputs *mco.Map) ([]string, error) {
	for part := range strings.SplitSeq(kind, "::") {
		if !isName(part) {
			return nil, fmt.Errorf("type %q names no type of resource", kind)
		}
	}
	if strings.ContainsAny(name, "\x00\n\r") {
		return nil, fmt.Errorf("the name %q has a character that no resource has", name)
	}
	argv := append(in.program("resource"), "--color=false", "--", kind, name)
	for k, v := range inputs.All() {
		property := inspect.Text(k)
		switch property {
		case "type", "name", "process_results":
			continue
		}
		if !isName(property) {
			return nil, fmt.Errorf("%q names no property of a resource", property)
		}
		value := inspect.Text(v)
		if strings.ContainsRune(value, 0) {
			return nil, fmt.Errorf("the property %s has a NUL character", property)
		}
		argv = append(argv, property+"="+value)
	}
	return argv, nil
}

// outcome is what the log of `puppet resource` tells.
type outcome struct {
	lines           []string // messages without their level
	changed, failed bool
}

// readLog picks the log out of the output, which is followed by the resource in Puppet's language.
func readLog(text string) outcome {
	var o outcome
	for line := range strings.SplitSeq(text, "\n") {
		level, message, ok := strings.Cut(line, ": ")
		if !ok {
			continue
		}
		switch level {
		case "Error", "Critical", "Alert", "Emergency":
			if strings.HasPrefix(message, "Facter: ") {
				continue // a fact that could not be read is not the resource's failure
			}
			o.failed = true
		case "Notice":
			o.changed = o.changed || strings.HasPrefix(message, "/")
		case "Warning", "Info", "Debug":
		default:
			continue
		}
		o.lines = append(o.lines, message)
	}
	return o
}
