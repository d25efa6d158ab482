package validate

import (
	"context"
	"strings"

	"github.com/mco-go/mco-go/generators/target"
)

// mcollective judges server.cfg and client.cfg by the original: its Config class loads the file, its connector builds what it would
// hand to the STOMP library, and neither may log a warning. Read off MCollective 2.12.5 on Ruby 3.1.
func mcollective() []Program {
	return []Program{{Name: "MCollective's Config", Kinds: []string{"server.cfg", "client.cfg"},
		Available: need("mcollective-common", "ruby", "/usr/lib/ruby/vendor_ruby/mcollective.rb"), Run: alone(loadConfig), All: loadConfig}}
}

// connectHash loads each file in a process of its own, as the class keeps what it has read. The connector connects to a class that only
// records what it gets, and prints that as its last line. A logger of its own stands before the file's, so that each warning is seen
// and no log file is made.
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
File.readlines(ENV.fetch("MCO_FILES"), chomp: true).each do |file|
  said = file + ".said"
  child = fork do
    $stdout.reopen(said, "w")
    $stderr.reopen($stdout)
    MCollective::Config.instance.loadconfig(file)
    MCollective::PluginManager["connector_plugin"].connect(Recorder)
  end
  Process.wait(child)
  next unless $?.exited?
  File.write(file + ".verdict", ($?.success? ? "accepted" : "refused") + "\n" + File.read(said))
end
`

func loadConfig(ctx context.Context, cases []Case) []Result {
	results := verdicts(ctx, command{name: "ruby", args: []string{"-e", connectHash}, dir: cases[0].Scratch}, places(cases))
	for i, r := range results {
		for line := range strings.Lines(r.Text) {
			if r.Status == Accepted && strings.Contains(strings.ToLower(line), "warn") {
				results[i] = Result{Refused, line}
			}
		}
	}
	return results
}

// ConnectHash is [Program.Run] of MCollective's Config, with the hash that the connector would hand to the STOMP library, as JSON.
func ConnectHash(ctx context.Context, scratch string, f target.File) (hash string, r Result) {
	r = alone(loadConfig)(ctx, scratch, f)
	if r.Status != Accepted {
		return "", r
	}
	lines := strings.Split(strings.TrimSpace(r.Text), "\n")
	return lines[len(lines)-1], Result{Accepted, ""}
}
