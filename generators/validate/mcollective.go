package validate

import (
	"context"
	"strings"

	"github.com/mco-go/mco-go/generators/target"
)

// mcollective judges server.cfg and client.cfg by the original: its Config class loads the file, its connector builds what it would
// hand to the STOMP library, and neither may log a warning. Read off MCollective 2.12.5 on Ruby 3.1.
func mcollective() []Program {
	return []Program{{"MCollective's Config", []string{"server.cfg", "client.cfg"},
		need("mcollective-common", "ruby", "/usr/lib/ruby/vendor_ruby/mcollective.rb"), loadConfig}}
}

// connectHash loads the file, has the connector connect to a class that only records what it gets, and prints that as its last line.
// A logger of its own stands before the file's, so that each warning is seen and no log file is made.
const connectHash = `
require "mcollective"
require "json"
class Noted
  def start; end
  def log(level, from, msg)
    puts "#{level}: #{from}: #{msg}" if %w[warn error fatal].include?(level.to_s)
  end
end
class Recorder
  def initialize(hash)
    hash.delete(:logger)
    $stdout.puts JSON.generate(hash)
  end
end
MCollective::Log.configure(Noted.new)
MCollective::Config.instance.loadconfig(ENV.fetch("MCO_FILE"))
MCollective::PluginManager["connector_plugin"].connect(Recorder)
`

func loadConfig(ctx context.Context, scratch string, f target.File) Result {
	_, r := ConnectHash(ctx, scratch, f)
	return r
}

// ConnectHash is [Program.Run] of MCollective's Config, with the hash that the connector would hand to the STOMP library, as JSON.
func ConnectHash(ctx context.Context, scratch string, f target.File) (hash string, r Result) {
	output, r := command{name: "ruby", args: []string{"-e", connectHash}, dir: scratch, env: []string{"MCO_FILE=" + At(scratch, f)}}.run(ctx)
	if r.Status != Accepted {
		return "", r
	}
	lines := strings.Split(strings.TrimSpace(output), "\n")
	for _, line := range lines {
		if strings.Contains(strings.ToLower(line), "warn") {
			return "", Result{Refused, line}
		}
	}
	return lines[len(lines)-1], Result{Accepted, ""}
}
