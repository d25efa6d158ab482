package cli

import (
	"os"
	"strings"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/cli/optparse"
	"github.com/mco-go/mco-go/mco/filter"
)

// option puts one line of a table together.
func option(names string, arg string, kind optparse.Kind, doc string, set func(optparse.Value) error) optparse.Option {
	return optparse.Option{Names: strings.Fields(names), Arg: arg, Kind: kind, Doc: doc, Set: set}
}

// toggle is the Set of an option without argument.
func toggle(do func()) func(optparse.Value) error {
	return func(optparse.Value) error { do(); return nil }
}

func setText(to *string) func(optparse.Value) error {
	return func(v optparse.Value) error { *to = v.Text; return nil }
}

func setInt(to **int64) func(optparse.Value) error {
	return func(v optparse.Value) error { *to = &v.Int; return nil }
}

// rpcOptions are those of every command that sends RPC requests (rpc/helpers.rb: add_simplerpc_options).
func rpcOptions(o *options) []optparse.Option {
	return []optparse.Option{
		optparse.Separator(""),
		optparse.Separator("RPC Options"),
		option("--np --no-progress", "", optparse.Flag, "Do not show the progress bar", toggle(func() { o.progress = false })),
		option("-1 --one", "", optparse.Flag, "Send request to only one discovered nodes", toggle(func() { o.limit = "1" })),
		option("--batch", "SIZE", optparse.Any, "Do requests in batches", func(v optparse.Value) error {
			if !isCount(v.Text) || strings.HasSuffix(v.Text, "%") && strings.Trim(v.Text, "0") == "%" {
				return optparse.ErrInvalid
			}
			o.batch = v.Text
			return nil
		}),
		option("--batch-sleep", "SECONDS", optparse.Float, "Sleep time between batches", func(v optparse.Value) error {
			o.batchSleep = &v.Float
			return nil
		}),
		option("--limit-seed", "NUMBER", optparse.Integer, "Seed value for deterministic random batching", setInt(&o.limitSeed)),
		option("--limit-nodes --ln --limit", "COUNT", optparse.Any, "Send request to only a subset of nodes, can be a percentage", func(v optparse.Value) error {
			if !isCount(strings.TrimRight(v.Text, "%")) {
				return textError("Invalid limit specified: " + v.Text + " valid limits are /^d+%*$/")
			}
			o.limit = v.Text
			return nil
		}),
		option("-j --json", "", optparse.Flag, "Produce JSON output", toggle(func() { o.progress, o.json = false, true })),
		option("--display", "MODE", optparse.Any, "Influence how results are displayed. One of ok, all or failed", func(v optparse.Value) error {
			switch v.Text {
			case "all", "always":
				o.display = "always"
			case "ok", "failed":
				o.display = v.Text
			default:
				return textError("--display has to be one of 'ok', 'all' or 'failed'")
			}
			return nil
		}),
	}
}

// isCount is the original's /^(\d+)%?$/.
func isCount(text string) bool {
	digits := strings.TrimSuffix(text, "%")
	return digits != "" && strings.Trim(digits, "0123456789") == ""
}

// requiredOptions are those of every command (optionparser.rb: add_required_options).
func requiredOptions(o *options) []optparse.Option {
	return []optparse.Option{
		option("-c --config", "FILE", optparse.Any, "Load configuration from file rather than default", setText(&o.config)),
		option("-v --verbose", "", optparse.Flag, "Be verbose", toggle(func() { o.verbose = true })),
		option("-h --help", "", optparse.Flag, "Display this screen", func(optparse.Value) error { return errHelp }),
	}
}

// commonOptions are those about who is asked and how long (optionparser.rb: add_common_options).
func commonOptions(o *options) []optparse.Option {
	return []optparse.Option{
		optparse.Separator(""),
		optparse.Separator("Common Options"),
		option("-T --target", "COLLECTIVE", optparse.Any, "Target messages to a specific sub collective", setText(&o.collective)),
		option("--dt --discovery-timeout", "SECONDS", optparse.Integer, "Timeout for doing discovery", setInt(&o.discoveryTimeout)),
		option("-t --timeout", "SECONDS", optparse.Integer, "Timeout for calling remote agents", func(v optparse.Value) error {
			o.timeout = v.Int
			return nil
		}),
		option("-q --quiet", "", optparse.Flag, "Do not be verbose", toggle(func() { o.verbose = false })),
		option("--ttl", "TTL", optparse.Any, "Set the message validity period", func(v optparse.Value) error {
			ttl := lenientInt(v.Text)
			o.ttl = &ttl
			return nil
		}),
		option("--reply-to", "TARGET", optparse.Any, "Set a custom target for replies", func(v optparse.Value) error {
			o.replyTo = &v.Text
			return nil
		}),
		option("--dm --disc-method", "METHOD", optparse.Any, "Which discovery method to use", func(v optparse.Value) error {
			if o.method != "" && o.method != v.Text {
				return textError("Discovery method is already set by a competing option")
			}
			o.method = v.Text
			return nil
		}),
		option("--do --disc-option", "OPTION", optparse.Any, "Options to pass to the discovery method", func(v optparse.Value) error {
			o.methodOptions = append(o.methodOptions, v.Text)
			return nil
		}),
		option("--nodes", "FILE", optparse.Any, "List of nodes to address", func(v optparse.Value) error { return o.setNodes(v.Text) }),
		option("--publish_timeout", "TIMEOUT", optparse.Integer, "Timeout for publishing requests to remote agents.", setInt(&o.publishTimeout)),
		option("--threaded", "", optparse.Flag, "Start publishing requests and receiving responses in threaded mode.", toggle(func() { o.threaded = true })),
		option("--sort", "", optparse.Flag, "Sort the output of an RPC call before processing.", toggle(func() { o.sort = true })),
		option("--connection-timeout", "TIMEOUT", optparse.Integer, "Set the timeout for establishing a connection to the middleware", setInt(&o.connTimeout)),
	}
}

func (o *options) setNodes(file string) error {
	if o.method != "" || len(o.methodOptions) > 0 {
		return textError("Cannot mix --disc-method, --disc-option and --nodes")
	}
	f, err := os.Open(file)
	if err != nil {
		return textError("Cannot read the discovery file " + file)
	}
	f.Close()
	o.method = "flatfile"
	o.methodOptions = append(o.methodOptions, file)
	return nil
}

// filterOptions are those that say which nodes are meant (optionparser.rb: add_filter_options).
func filterOptions(o *options, color bool) []optparse.Option {
	f := &o.filter
	return []optparse.Option{
		optparse.Separator(""),
		optparse.Separator("Host Filters"),
		option("-W --with", "FILTER", optparse.Any, "Combined classes and facts filter", func(v optparse.Value) error { filter.AddWith(f, v.Text); return nil }),
		option("-S --select", "FILTER", optparse.Any, "Compound filter combining facts and classes", func(v optparse.Value) error {
			stack, err := filter.ParseCompound(v.Text, color)
			if err == nil {
				f.Compound = append(f.Compound, stack)
			}
			return err
		}),
		option("-F --wf --with-fact", "fact=val", optparse.Any, "Match hosts with a certain fact", func(v optparse.Value) error {
			fact, err := filter.ParseFact(v.Text)
			if err == nil {
				f.Facts = append(f.Facts, fact)
			}
			return err
		}),
		option("-C --wc --with-class", "CLASS", optparse.Any, "Match hosts with a certain config management class", func(v optparse.Value) error {
			f.Classes = append(f.Classes, v.Text)
			return nil
		}),
		option("-A --wa --with-agent", "AGENT", optparse.Any, "Match hosts with a certain agent", func(v optparse.Value) error {
			f.Agents = append(f.Agents, v.Text)
			return nil
		}),
		option("-I --wi --with-identity", "IDENT", optparse.Any, "Match hosts with a certain configured identity", func(v optparse.Value) error {
			f.Identities = append(f.Identities, mco.String(v.Text))
			return nil
		}),
	}
}

// brokerOptions are ours, for every command that asks nodes. As all of ours they are in no help text of the original's, and must be
// typed in full.
func brokerOptions(o *options) []optparse.Option {
	return []optparse.Option{
		{Doc: "", Hidden: true},
		{Doc: "Options beyond the original's", Hidden: true},
		{Names: []string{"--all-brokers"}, Kind: optparse.Flag, Hidden: true,
			Doc: "Ask over every broker of the pool that can be reached, as plugin.mco.client.all_brokers = 1 does",
			Set: toggle(func() { o.allBrokers = true })},
		{Names: []string{"--no-explain"}, Kind: optparse.Flag, Hidden: true,
			Doc: "Do not look for nodes that did not answer, as plugin.mco.client.explain_silent = 0 does",
			Set: toggle(func() { o.noExplain = true })},
	}
}

// ownOptions are ours, for commands that send RPC requests.
func ownOptions(o *options) []optparse.Option {
	return []optparse.Option{
		{Names: []string{"--rerun"}, Arg: "WHICH", Kind: optparse.Any, Hidden: true,
			Doc: "Ask only the nodes that failed, or were silent, when this action was called the last time: failed or silent",
			Set: func(v optparse.Value) error {
				if v.Text != "failed" && v.Text != "silent" {
					return textError("--rerun has to be one of 'failed' or 'silent'")
				}
				o.rerun = v.Text
				return nil
			}},
		{Names: []string{"--filter-replies"}, Arg: "EXPR", Kind: optparse.Any, Hidden: true,
			Doc: "Show only the replies for which an expression over sender, ok, statuscode, statusmsg and data is true, such as data.exitcode > 0",
			Set: func(v optparse.Value) (err error) {
				o.keep, err = newReplyFilter(v.Text)
				return err
			}},
	}
}

// textError is a text of the original, which people read as it stands.
type textError string

func (e textError) Error() string { return string(e) }
