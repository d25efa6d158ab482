package main

import (
	"bytes"
	"flag"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mco-go/mco-go/internal/manpage"
	"github.com/mco-go/mco-go/mco/cli"
	"github.com/mco-go/mco-go/mco/cli/optparse"
)

var update = flag.Bool("update", false, "write man/ and completions/ again")

const root = "../../../"

// words is what the tables of options do not say.
type words struct {
	synopsis []string // without "mco"; empty: the name and [options] [filters]
	text     string
	examples []manpage.Item
}

var exitCodes = manpage.Group{Title: "Exit status", Items: []manpage.Item{
	{Term: "0", Text: "It went well. Nodes that stayed silent do not change that."},
	{Term: "1", Text: "The command failed before anything was asked, or no node was found."},
	{Term: "2", Text: "Nodes were found, and a reply is a failure; or fewer nodes answered than ping --expect wanted."},
	{Term: "3", Text: "Nodes were found, and none replied."},
	{Term: "4", Text: "No node was asked who is there, and none replied."},
}}

var environment = manpage.Group{Title: "Environment", Items: []manpage.Item{
	{Term: "MCOLLECTIVE_EXTRA_OPTS", Text: "Options that come before those of the command line, which win."},
	{Term: "MCOLLECTIVE_PSK", Text: "The shared secret, instead of plugin.psk."},
	{Term: "STOMP_USER, STOMP_PASSWORD", Text: "The login at the broker, instead of the cfg file's."},
	{Term: "NO_COLOR", Text: "Any text switches colours off."},
}}

var files = manpage.Group{Title: "Files", Items: []manpage.Item{
	{Term: "~/.mcollective", Text: "The settings, where this file can be read."},
	{Term: "/etc/puppetlabs/mcollective/client.cfg", Text: "Else this one."},
	{Term: "/etc/mcollective/client.cfg", Text: "Else this one."},
}}

var manual = map[string]words{
	"ping": {
		text: "Asks every node that matches the filters to answer, and prints each one that does with the time that it took. It needs no agent on\nthe nodes but discovery, which all have.",
		examples: []manpage.Item{
			{Term: "mco ping", Text: "Who is there?"},
			{Term: "mco ping -F osfamily=Debian -T eu", Text: "Which Debian nodes of the collective eu are there?"},
			{Term: "mco ping --expect 12 -C role::web || page somebody", Text: "Are at least twelve web servers there?"},
		},
	},
	"find": {
		text: "Prints the names of the nodes that match the filters, one a line, and nothing else.",
		examples: []manpage.Item{
			{Term: "mco find -C role::web", Text: "Which nodes have the class role::web?"},
			{Term: `mco find -S "environment=production and !/^db/"`, Text: "Several conditions at once:"},
			{Term: "mco find --dm flatfile --do nodes.txt -I /^web/", Text: "Pick names from a file, without asking anybody:"},
		},
	},
	"rpc": {
		synopsis: []string{"rpc [options] [filters] AGENT ACTION [KEY=VALUE ...]", "rpc [options] [filters] --agent AGENT --action ACTION [--argument KEY=VALUE ...]"},
		text: "Finds the nodes that match the filters, sends them a request for an action of an agent, and prints the replies, a summary where the\nagent has one, and statistics. " +
			"The inputs are checked against the agent's DDL before anything is sent.\n\n" +
			"Ctrl-C while nodes are looked for sends nothing. Ctrl-C later prints what has come so far.",
		examples: []manpage.Item{
			{Term: "mco rpc rpcutil get_fact fact=operatingsystem", Text: "One fact of every node:"},
			{Term: "mco rpc rpcutil ping -1 -j", Text: "One node, as JSON:"},
			{Term: "mco rpc rpcutil daemon_stats --batch 10 --batch-sleep 5", Text: "Ten nodes at a time, with a pause between:"},
			{Term: "mco rpc puppet runonce --rerun failed", Text: "Once more, for the nodes that failed the last time:"},
			{Term: "mco rpc rpcutil daemon_stats --filter-replies 'data.threads > 20'", Text: "Only the replies that an expression holds for:"},
		},
	},
	"facts": {
		synopsis: []string{"facts [options] [filters] FACT"},
		text:     "Asks the nodes that match the filters for one fact, and prints how often each value was found; with -v also on which nodes.",
		examples: []manpage.Item{
			{Term: "mco facts operatingsystem", Text: "Which systems are there, and how many of each?"},
			{Term: "mco facts role -v -F environment=production", Text: "Which production node has which role?"},
		},
	},
	"inventory": {
		synopsis: []string{"inventory [options] NODE", "inventory [options] [filters] --list-collectives", "inventory [options] [filters] --collective-graph FILE",
			"inventory [options] [filters] --script FILE"},
		text: "Prints what one node says of itself: its daemon, agents, data plugins, classes and facts. With an option it reports about every node\n" +
			"that matches the filters: how many are in which collective, who is in which as a graph for Graphviz, or what a script asks for.\n\n" +
			"A script is a file in Ruby. It may use format and fields within inventory do ... end, or page_heading, page_body and page_length\n" +
			"within formatted_inventory do ... end; there identity, facts, classes and agents are those of the node at hand. It is not run but\n" +
			"read: literals, conditions, loops over lists and methods of texts, lists and hashes are known, and nothing that reaches outside.\n\n" +
			"    inventory do\n      format \"%-30s %s\"\n      fields { [ identity, facts[\"serialnumber\"] ] }\n    end",
		examples: []manpage.Item{
			{Term: "mco inventory web1.example.net", Text: "All about one node:"},
			{Term: "mco inventory --list-collectives", Text: "How many nodes are in which collective?"},
			{Term: "mco inventory --collective-graph fleet.dot && dot -Tsvg fleet.dot >fleet.svg", Text: "A picture of the collectives:"},
			{Term: "mco inventory --script serials.rb -C role::web", Text: "A report of one's own; the script is below."},
		},
	},
	"describe_filter": {
		synopsis: []string{"describe_filter [options] [filters]"},
		text:     "Says in words what filters ask of a node. Nobody is asked, but with --count.",
		examples: []manpage.Item{{Term: `mco describe_filter -S "environment=production and !/^db/"`, Text: "What does this filter mean?"},
			{Term: "mco describe_filter -F os=Debian -C role::web --count", Text: "And how many nodes does each part of it keep?"}},
	},
	"plugin": {
		synopsis: []string{"plugin doc [[TYPE/]PLUGIN]", "plugin generate agent NAME [actions=ACTION,...]", "plugin generate data NAME [outputs=OUTPUT,...]",
			"plugin info [options] [FOLDER]", "plugin package [options] [FOLDER]"},
		text: "Lists the plugins that are known and prints the documentation of one, from its DDL; writes the first files of a new plugin; makes\n" +
			"packages of the plugin in a folder. Debian packages are built here and need none of Debian's tools.",
		examples: []manpage.Item{
			{Term: "mco plugin doc rpcutil", Text: "The actions of an agent, with their inputs and outputs:"},
			{Term: "mco plugin generate agent greeter actions=greet,wave", Text: "Begin a new agent:"},
			{Term: "mco plugin package --format debpackage greeter", Text: "Package it:"},
		},
	},
	"shell": {
		synopsis: []string{"shell [options] [filters] COMMAND", "shell run [--tail] [options] [filters] COMMAND [WORDS ...]", "shell start [options] [filters] COMMAND [WORDS ...]",
			"shell list [options] [filters]", "shell watch [options] [filters] HANDLE ...", "shell kill [options] [filters] HANDLE"},
		text: "Runs a command on the nodes that match the filters. With the command as one word it is run where the nodes are, and each answer is\n" +
			"shown as it comes, with the command's exit code; without filters the operator is asked first. With run in front the answers are shown by\n" +
			"node, with run --tail while the command runs. start leaves it running in the background: list shows such commands, watch what they\n" +
			"write, kill ends one.\n\n" +
			"The nodes need the agent shell. The exit code does not tell how the commands ended.\n\n" +
			"Ctrl-C during run --tail ends the command on the nodes; a second one only leaves.",
		examples: []manpage.Item{
			{Term: `mco shell "lsof -i:61613"`, Text: "Who uses the broker's port, on every node?"},
			{Term: "mco shell run --tail -F role=web -- tail -f /var/log/syslog", Text: "Read along until Ctrl-C:"},
			{Term: "mco shell start -I db1.example.net apt-get upgrade -y && mco shell list -v -I db1.example.net", Text: "Start what takes long, and see how it does:"},
		},
	},
	"puppet": {
		synopsis: []string{"puppet [options] [filters] status|summary|count|enable", "puppet [options] [filters] disable [MESSAGE]", "puppet [options] [filters] runonce",
			"puppet [options] [filters] runall CONCURRENCY", "puppet [options] [filters] resource TYPE NAME [PROPERTY=VALUE ...]"},
		text: "Starts runs of Puppet's agent on the nodes that match the filters, tells what it is doing and what its last run did, and locks and\n" +
			"unlocks it. runall runs every node on which Puppet is enabled, no more than CONCURRENCY at the same time, and tells how it goes; with\n" +
			"--rerun it begins again when all are through. resource manages one resource, of the types that the nodes allow.\n\n" +
			"The nodes need the agent puppet.",
		examples: []manpage.Item{
			{Term: "mco puppet runonce --noop -C role::web", Text: "What would Puppet change on the web servers?"},
			{Term: "mco puppet runall 10 -F environment=production", Text: "Run all of production, ten nodes at a time:"},
			{Term: `mco puppet disable "release until five" -I db1.example.net`, Text: "Keep Puppet off a node, and say why:"},
		},
	},
	"service": {
		synopsis: []string{"service [options] [filters] SERVICE start|stop|restart|status|enable|disable"},
		text: "Starts, stops or asks a service on the nodes that match the filters, and tells which nodes are not as they were asked to be; with -v\n" +
			"all of them. Without filters the operator is asked first. The nodes need the agent service.",
		examples: []manpage.Item{
			{Term: "mco service httpd status -F role=web", Text: "Does the web server run where it should?"},
			{Term: "mco service httpd restart --batch 2 --batch-sleep 30 -F role=web", Text: "Restart it on two nodes at a time:"},
		},
	},
	"package": {
		synopsis: []string{"package [options] [filters] PACKAGE install|update|uninstall|purge|status|search",
			"package [options] [filters] count|md5|checkupdates|refresh|apt_update|apt_checkupdates|yum_clean|yum_checkupdates"},
		text: "Installs, removes or asks about a package on the nodes that match the filters, with the package manager that they have. Without\n" +
			"filters the operator is asked before anything changes. The nodes need the agent package.",
		examples: []manpage.Item{
			{Term: "mco package openssl status", Text: "Which version is installed where?"},
			{Term: "mco package install nginx --version 1.22.1-9 -C role::web", Text: "Install one version:"},
			{Term: "mco package checkupdates -F osfamily=Debian", Text: "What is there to be updated?"},
		},
	},
	"filemgr": {
		synopsis: []string{"filemgr [options] [filters] --file FILE touch|remove|status"},
		text:     "Touches, removes or describes a file on the nodes that match the filters. The nodes need the agent filemgr.",
		examples: []manpage.Item{{Term: "mco filemgr --file /etc/nologin status --details", Text: "Where is that file, and what is it like?"}},
	},
	"nrpe": {
		synopsis: []string{"nrpe [options] [filters] CHECK [ARGUMENTS]"},
		text: "Runs a check of Nagios' NRPE on the nodes that match the filters and shows those on which something is wrong; with -v all of them.\n" +
			"Arguments are parted by !. The nodes need the agent nrpe. The exit code does not tell how the checks ended.",
		examples: []manpage.Item{{Term: "mco nrpe check_load -F role=web", Text: "Is the load all right?"}},
	},
	"nettest": {
		synopsis: []string{"nettest [options] [filters] ping HOST", "nettest [options] [filters] connect HOST PORT"},
		text: "Tries from the nodes that match the filters whether a host answers an echo, or can be connected to. Without filters the operator is\n" +
			"asked first. The nodes need the agent nettest.",
		examples: []manpage.Item{{Term: "mco nettest connect db1.example.net 5432 -F role=web", Text: "Do the web servers reach the database?"}},
	},
	"help": {
		synopsis: []string{"help [COMMAND]"},
		text:     "Lists the commands, or prints the options of one.",
		examples: []manpage.Item{{Term: "mco help rpc", Text: "The options of mco rpc:"}},
	},
	"completion": {
		synopsis: []string{"completion SHELL", "completion [options]"},
		text: "Prints a script that teaches a shell to complete words of mco: bash, zsh, fish or powershell. The same scripts are in the folder\n" +
			"completions of the sources. The options list agents, actions, inputs and commands, for scripts of one's own.",
		examples: []manpage.Item{
			{Term: "mco completion bash >/etc/bash_completion.d/mco", Text: "For every user of bash:"},
			{Term: "mco completion --list-inputs --agent rpcutil --action get_fact", Text: "The inputs of an action:"},
		},
	},
	"generate": {
		synopsis: []string{"generate COMMAND [options]"},
		examples: []manpage.Item{
			{Term: "mco generate render --topology estate.yaml --facts facts/ --node mq1 --out build", Text: "The files of one node, into a folder:"},
			{Term: "facter --json | mco generate apply --topology estate.yaml --facts - --node $(hostname -f)", Text: "Write the files of this machine:"},
		},
	},
	"demo": {synopsis: []string{"demo"}, text: "Starts two brokers and three nodes on this machine, asks the nodes, kills a broker, and shows how the nodes move to the other one.\nNothing needs to be installed, and nothing is left behind."},
	"doctor": {
		synopsis: []string{"doctor [-c FILE] [options]"},
		examples: []manpage.Item{
			{Term: "mco doctor", Text: "Is all well with my settings, the brokers and the fleet?"},
			{Term: "mco doctor -c /etc/mcollective/server.cfg", Text: "Why does this node not answer?"},
			{Term: "mco doctor --offline --quiet -c client.cfg", Text: "What is wrong in this file? No broker is asked."},
			{Term: "mco doctor --json | jq -r 'select(.level == \"error\") | .check'", Text: "Which checks failed? For programs."},
		},
	},
	"failover": {
		synopsis: []string{"failover status [-c FILE] [--json] [--watch] [--nodes FILE] [--timeout SECONDS]",
			"failover check [-c FILE] [--warning NAME=RANGE] [--critical NAME=RANGE] [--textfile FILE]",
			"failover drill [BROKER] [--stop CMD --start CMD | --connections | --firewall] [--bound TIME] [--report NAME] [--yes]",
			"failover drill --restore",
			"failover serve [-c FILE] [--listen HOST:PORT] [--nodes FILE]"},
		examples: []manpage.Item{
			{Term: "mco failover status", Text: "Which node is on which broker?"},
			{Term: "mco failover status --watch", Text: "The same, again and again, while a broker is restarted."},
			{Term: "mco failover check --nodes /etc/mcollective/nodes.txt --critical missing=2", Text: "For monitoring: more than two missing nodes are critical."},
			{Term: "mco failover drill --stop 'ssh mq1 systemctl stop rabbitmq-server' --start 'ssh mq1 systemctl start rabbitmq-server' --bound 10s", Text: "Take the first broker away, measure each node's way to the next and back, and give it back; it asks first."},
			{Term: "mco failover drill --restore", Text: "Give back what a drill that was killed has left away."},
			{Term: "mco failover serve", Text: "The same as a live page, for this machine alone."},
			{Term: "mco failover check --textfile /var/lib/prometheus/node-exporter/mco_failover.prom", Text: "For Prometheus, from a timer."},
		},
	},
	"simulate": {synopsis: []string{"simulate N [options]"}, examples: []manpage.Item{{Term: "mco simulate 1000 -c /etc/mcollective/server.cfg", Text: "A thousand nodes for a broker to carry:"}}},
	"broker":   {synopsis: []string{"broker [options]"}},
}

// groups turns a table of options into sections.
func groups(options []optparse.Option) []manpage.Group {
	all := []manpage.Group{{Title: "Options"}}
	for _, o := range options {
		last := &all[len(all)-1]
		switch {
		case len(o.Names) > 0:
			term := strings.Join(o.Names, ", ")
			if o.Arg != "" {
				term += " " + o.Arg
			}
			last.Items = append(last.Items, manpage.Item{Term: term, Text: o.Doc})
		case o.Doc != "" && len(last.Items) == 0:
			last.Title = o.Doc
		case o.Doc != "":
			all = append(all, manpage.Group{Title: o.Doc})
		}
	}
	return all
}

// flagGroups are the options of a command and of those under it.
func flagGroups(cmd *cobra.Command, title string) []manpage.Group {
	cmd.InitDefaultHelpFlag()
	g := manpage.Group{Title: title}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		kind, usage := pflag.UnquoteUsage(f)
		term := "--" + f.Name
		if f.Shorthand != "" {
			term = "-" + f.Shorthand + ", " + term
		}
		if kind != "" {
			term += " " + strings.ToUpper(kind)
		}
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "[]" {
			usage += " (default: " + f.DefValue + ")"
		}
		g.Items = append(g.Items, manpage.Item{Term: term, Text: usage})
	})
	all := []manpage.Group{g}
	for _, sub := range cmd.Commands() {
		all = append(all, flagGroups(sub, "Options of "+strings.TrimPrefix(sub.CommandPath(), "mco "))...)
	}
	return all
}

// pages makes the manual of mco and of each of its commands.
func pages(t *testing.T) map[string]string {
	t.Helper()
	all := make(map[string]string)
	main := manpage.Page{Name: "mco", Section: 1, Short: "ask and steer a fleet of nodes", Synopsis: []string{"mco COMMAND [options] [filters] [words]", "mco --version"},
		Text: "mco is the operator's side of MCollective: it sends requests through a message broker to the nodes that match the filters, and shows\ntheir replies.\n\n" +
			"Options may stand anywhere among the words. Long ones may be cut short where that is clear; -- ends them. A link to mco named\nmc-COMMAND runs that command."}
	list := manpage.Group{Title: "Commands"}
	add := func(name, short string, options []manpage.Group, text string) {
		w, ok := manual[name]
		if !ok {
			t.Fatalf("mco %s has no words in the manual", name)
		}
		if len(short) > 1 && short[1] >= 'a' { // no name in capitals
			short = strings.ToLower(short[:1]) + short[1:]
		}
		p := manpage.Page{Name: "mco-" + name, Section: 1, Short: short, Text: w.text, Groups: options, Examples: w.examples,
			See: []string{"mco(1)", "mcollectived(8)"}}
		if p.Text == "" {
			p.Text = text
		}
		if len(w.synopsis) == 0 {
			w.synopsis = []string{name + " [options] [filters]"}
		}
		for _, s := range w.synopsis {
			p.Synopsis = append(p.Synopsis, "mco "+s)
		}
		if slices.Contains([]string{"ping", "find", "rpc", "facts", "inventory"}, name) {
			p.Groups = append(p.Groups, exitCodes)
		}
		all[p.Name+".1"] = p.Roff()
		list.Items = append(list.Items, manpage.Item{Term: name, Text: short})
		main.See = append(main.See, p.Name+"(1)")
	}
	for _, c := range cli.Commands() {
		add(c.Name, c.Description, groups(c.Options), "")
	}
	for _, cmd := range extra() {
		add(cmd.Name(), cmd.Short, flagGroups(cmd, "Options"), cmd.Long)
	}
	slices.SortFunc(list.Items, func(a, b manpage.Item) int { return strings.Compare(a.Term, b.Term) })
	slices.Sort(main.See)
	main.See = append(main.See, "mcollectived(8)")
	main.Groups = []manpage.Group{list, exitCodes, environment, files}
	all["mco.1"] = main.Roff()
	return all
}

// The manual and the shells know every command and option that the program takes.
func TestManual(t *testing.T) { manpage.Golden(t, root+"man", *update, pages(t)) }

func TestCompletions(t *testing.T) {
	want := make(map[string]string)
	for shell, file := range map[string]string{"bash": "mco.bash", "zsh": "_mco", "fish": "mco.fish"} {
		var out, errs bytes.Buffer
		code := cli.Run(t.Context(), cli.Options{Program: "mco", Args: []string{"completion", shell}, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs,
			Getenv: func(string) string { return "" }, Connect: connect, Security: provider, Extra: extra()})
		if code != 0 || out.Len() == 0 {
			t.Fatalf("mco completion %s: exit code %d\n%s", shell, code, &errs)
		}
		want[file] = out.String()
	}
	manpage.Golden(t, root+"completions", *update, want)
}

// Whoever asks a command of ours for help sees how it is used.
func TestOurCommandsHaveExamples(t *testing.T) {
	for _, cmd := range extra() {
		if cmd.Example == "" {
			t.Errorf("mco %s --help has no example", cmd.Name())
		}
	}
}
