package drill

import (
	"errors"
	"fmt"

	"github.com/mco-go/mco-go/mco/config"
)

// The settings of a client's cfg file that take member N of the pool away and give it back.
func stopKey(number int) string  { return fmt.Sprintf("mco.drill.%d.stop", number) }
func startKey(number int) string { return fmt.Sprintf("mco.drill.%d.start", number) }

// FromConfig returns the fault of the two commands that a cfg file has for the entry's broker; nil where it has none.
func FromConfig(cfg *config.Config, e Entry) (Fault, error) {
	stop, hasStop := cfg.Plugin(stopKey(e.Number))
	start, hasStart := cfg.Plugin(startKey(e.Number))
	if !hasStop && !hasStart {
		return nil, nil
	}
	if stop == "" || start == "" {
		return nil, fmt.Errorf("plugin.%s and plugin.%s belong together (%s)", stopKey(e.Number), startKey(e.Number), cfg.File)
	}
	e.StartKey = "plugin." + startKey(e.Number)
	return ByCommands(e, Shell{stop, "plugin." + stopKey(e.Number)}, Shell{start, e.StartKey})
}

// FromEntry returns the fault whose end a journal asks for. cfg is the cfg file that the entry names, nil where that is gone.
func FromEntry(e Entry, cfg *config.Config) (Fault, error) {
	switch e.Fault {
	case Command:
		start := Shell{e.Start, "the command of --start"}
		if e.StartKey != "" {
			start = Shell{From: e.StartKey}
			if cfg == nil {
				return nil, fmt.Errorf("%s of %s starts it, and that file cannot be read", e.StartKey, e.Config)
			}
			start.Text, _ = cfg.Plugin(startKey(e.Number))
		}
		if start.Text == "" {
			return nil, fmt.Errorf("%s is not set any more in %s", start.From, e.Config)
		}
		return &commands{e, Shell{}, start}, nil
	case Firewall:
		return &wall{e, ""}, nil
	case Connections:
		return ByClosing(e, nil), nil
	}
	return nil, errors.New("there is no such fault")
}

// Text is what an operator is shown of a fault before it is made: the commands, or the rules.
func Text(f Fault) string {
	switch f := f.(type) {
	case *commands:
		return fmt.Sprintf("takes it away: %s\ngives it back: %s\n", f.stop.Text, f.start.Text)
	case *wall:
		return f.rules
	}
	return ""
}

var _, _, _ Fault = (*commands)(nil), (*wall)(nil), (*closing)(nil)
