require "json"
require "yaml"

module MCollective
  module Agent
    # Starts runs of Puppet's agent and tells what it is doing, from the files that Puppet names.
    class Puppet < RPC::Agent
      action "status" do
        last = summary.fetch("time", {}).fetch("last_run", 0).to_i
        reply[:applying] = applying?
        reply[:enabled] = !disabled?
        reply[:daemon_present] = process?(setting("pidfile"))
        reply[:idling] = reply[:daemon_present] && !reply[:applying]
        reply[:lastrun] = last
        reply[:since_lastrun] = Time.now.to_i - last
        reply[:disable_message] = disabled? ? JSON.parse(File.read(setting("agent_disabled_lockfile")))["disabled_message"].to_s : ""
        reply[:status] = if disabled? then "disabled"
                         elsif reply[:applying] then "applying a catalog"
                         elsif reply[:idling] then "idling"
                         else "stopped"
                         end
        reply[:message] = "Currently #{reply[:status]}; last completed run #{ago(reply[:since_lastrun])} ago"
      end

      action "runonce" do
        refuse("Puppet is disabled") if disabled?
        refuse("Puppet is currently applying a catalog, cannot run now") if applying?
        line = [command, "--onetime", "--no-daemonize", "--color=false", "--show_diff", "--verbose",
                request[:force] == true ? "--no-splay" : "--splay"]
        line += ["--splaylimit", "30"] unless request[:force] == true
        line = line.join(" ")
        Process.detach(spawn(line, :in => "/dev/null", :out => "/dev/null", :err => "/dev/null", :pgroup => true))
        reply[:summary] = "Started a Puppet run using the '#{line}' command"
        reply[:initiated_at] = Time.now.to_i
      end

      private

      def refuse(text)
        reply[:summary] = text
        reply.fail!(text)
      end

      def command
        config.pluginconf.fetch("puppet.command", "puppet agent")
      end

      def setting(name)
        @settings ||= `#{command.split.first} config print --section agent`.lines.map { |l| l.chomp.split(" = ", 2) }.to_h
        @settings.fetch(name)
      end

      def disabled?
        File.exist?(setting("agent_disabled_lockfile"))
      end

      def applying?
        process?(setting("agent_catalog_run_lockfile"))
      end

      def summary
        file = setting("lastrunfile")
        File.exist?(file) ? YAML.safe_load(File.read(file)) : {}
      end

      def process?(file)
        File.exist?(file) && Process.kill(0, File.read(file).to_i) == 1
      rescue SystemCallError
        false
      end

      def ago(seconds)
        minutes, rest = seconds.divmod(60)
        hours, minutes = minutes.divmod(60)
        days, hours = hours.divmod(24)
        words = "%02d seconds" % rest
        words = "#{minutes} minutes #{words}" if minutes > 0 || hours > 0 || days > 0
        words = "#{hours} hours #{words}" if hours > 0 || days > 0
        words = "#{days} #{days == 1 ? 'day' : 'days'} #{words}" if days > 0
        words
      end
    end
  end
end
