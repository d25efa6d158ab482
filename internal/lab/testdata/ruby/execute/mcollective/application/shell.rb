module MCollective
  class Application
    # mco shell CMD: runs one command line everywhere and shows each answer as it comes.
    class Shell < Application
      description "MCollective Distributed Shell"
      usage "  mco shell <CMD>\n\n  The CMD is a string\n\n  EXAMPLES:\n    mco shell uptime"

      def post_option_parser(configuration)
        raise "You must pass a command!" if ARGV.empty?
        raise "Please specify the command as one argument in single quotes." if ARGV.size > 1

        configuration[:command] = ARGV.shift
      end

      def validate_configuration(configuration)
        return unless Util.empty_filter?(options[:filter])

        print "Do you really want to send this command unfiltered? (y/n): "
        $stdout.flush
        exit 1 unless $stdin.gets.to_s.strip =~ /\Ay(es)?\z/i
      end

      def main
        shell = rpcclient("shell")
        shell.discover :verbose => true
        shell.execute(:cmd => configuration[:command]) do |response|
          data = response[:body][:data]
          output = "#{data[:stdout]}#{data[:stderr]}"
          puts "Host: #{response[:senderid]}"
          puts "Statuscode: #{data[:exitcode]}"
          puts "Output:", output unless output.empty?
        end
        shell.disconnect
      end
    end
  end
end
