package cli

import (
	"strings"

	"github.com/mco-go/mco-go/mco/cli/optparse"
)

// pluginCommand is what `mco plugin` was asked for. A text that was not given is empty.
type pluginCommand struct {
	action, target string

	name, template                                       string
	description, author, license, version, url           string
	timeout                                              *int64
	actions, outputs                                     []string
	postinstall, preinstall, revision, iteration, vendor string
	path, mcname, mcversion, format, moduleTemplate      string
	dependencies                                         []string
	sign, keep                                           bool
}

const pluginUsage = `mco plugin package [options] <directory>
       mco plugin info <directory>
       mco plugin doc <plugin>
       mco plugin doc <type/plugin>
       mco plugin generate agent <pluginname> [actions=val,val]
       mco plugin generate data <pluginname> [outputs=val,val]

          info : Display plugin information including package details.
       package : Create all available plugin packages.
           doc : Display documentation for a specific plugin.`

// pluginApp is `mco plugin`: documentation of plugins, the first files of new ones, and packages of them.
func pluginApp() *application {
	c := new(pluginCommand)
	text := func(names, arg, doc string, to *string) optparse.Option {
		return option(names, arg, optparse.Text, doc, setText(to))
	}
	list := func(names, arg, doc string, to *[]string) optparse.Option {
		return optparse.Option{Names: strings.Fields(names), Arg: arg, Kind: optparse.Any, Optional: true, Doc: doc, Set: func(v optparse.Value) error {
			*to = strings.Split(v.Text, ",")
			return nil
		}}
	}
	return &application{
		name:        "plugin",
		description: "MCollective Plugin Application",
		usage:       []string{pluginUsage},
		without:     withAll,
		options: []optparse.Option{
			text("-n --name", "NAME", "Plugin name", &c.name),
			text("--postinstall", "POSTINSTALL", "Post install script", &c.postinstall),
			text("--preinstall", "PREINSTALL", "Pre install script", &c.preinstall),
			text("--revision", "REVISION", "Revision number", &c.revision),
			text("--iteration", "ITERATION", "DEPRECATED - Use --revision instead", &c.iteration),
			text("--vendor", "VENDOR", "Vendor name", &c.vendor),
			text("--pluginpath", "PATH", "MCollective plugin path", &c.path),
			text("--mcname", "NAME", "MCollective type (mcollective, pe-mcollective) that the packages depend on", &c.mcname),
			text("--mcversion", "MCVERSION", "Version of MCollective that the packages depend on", &c.mcversion),
			option("--dependency", "DEPENDENCIES", optparse.Any, "Adds a dependency to the plugin", func(v optparse.Value) error {
				c.dependencies = append(c.dependencies, v.Text)
				return nil
			}),
			text("--format", "OUTPUTFORMAT", "Package output format. Defaults to rpmpackage or debpackage", &c.format),
			option("--sign", "", optparse.Flag, "Embed a signature in the package", toggle(func() { c.sign = true })),
			text("--template", "HELPTEMPLATE", "Template to use.", &c.template),
			text("--description", "DESCRIPTION", "Plugin description", &c.description),
			text("--author", "AUTHOR", "The author of the plugin", &c.author),
			text("--license", "LICENSE", "The license under which the plugin is distributed", &c.license),
			text("--pluginversion", "VERSION", "The version of the plugin", &c.version),
			text("--url", "URL", "Url at which information about the plugin can be found", &c.url),
			option("--timeout", "TIMEOUT", optparse.Integer, "The plugin's timeout", setInt(&c.timeout)),
			list("--actions", "[ACTIONS]", "Actions to be generated for an Agent Plugin", &c.actions),
			list("--outputs", "[OUTPUTS]", "Outputs to be generated for an Data Plugin", &c.outputs),
			option("--keep-artifacts", "", optparse.Flag, "Don't remove artifacts after building packages", toggle(func() { c.keep = true })),
			text("--module-template", "PATH", "Path to the template used by the modulepackager", &c.moduleTemplate),
		},
		words:      c.takeWords,
		run:        c.run,
		candidates: pluginWords,
	}
}

// takeWords reads the action and what it is for. What stands behind the name of a plugin to be generated are its actions or outputs.
func (c *pluginCommand) takeWords(words []string) error {
	if len(words) == 0 {
		return nil
	}
	c.action, words = words[0], words[1:]
	c.target = "."
	if len(words) > 0 {
		c.target, words = words[0], words[1:]
	}
	if c.action != "generate" {
		return nil
	}
	if len(words) > 0 {
		if _, _, ok := generated(words[0]); !ok {
			if c.name == "" {
				c.name = words[0]
			}
			words = words[1:]
		}
	}
	for _, w := range words {
		kind, names, ok := generated(w)
		if !ok {
			return textError("Could not parse --arg '" + w + "'")
		}
		if kind == "actions" {
			c.actions = names
		} else {
			c.outputs = names
		}
	}
	return nil
}

// generated reads actions=a,b and outputs=a,b, which may stand anywhere in a word.
func generated(word string) (kind string, names []string, ok bool) {
	lower := strings.ToLower(word)
	at := -1
	for _, k := range []string{"actions", "outputs"} {
		i := strings.Index(lower, k+"=")
		if i >= 0 && i+len(k)+1 < len(word) && (at < 0 || i < at) {
			at, kind = i, k
		}
	}
	if at < 0 {
		return "", nil, false
	}
	line, _, _ := strings.Cut(word[at+len(kind)+1:], "\n")
	return kind, strings.Split(strings.TrimRight(line, ","), ","), true
}

func (c *pluginCommand) run(s *session) error {
	switch c.action {
	case "":
		return plain("No action specified, please run 'mco help plugin' for help")
	case "doc":
		return c.doc(s)
	case "generate":
		return c.generate(s)
	case "info":
		return c.info(s)
	case "package":
		return c.pack(s)
	}
	return plain("Invalid action " + c.action + ", please run 'mco help plugin' for help.")
}
