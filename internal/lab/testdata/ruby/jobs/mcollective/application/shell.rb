module MCollective
  class Application
    # mco shell run|start|watch|list|kill: commands, at once or in the background.
    class Shell < Application
      description "Run shell commands"
      usage "mco shell [options] [filters] <run|start|watch|list|kill> [arguments]"

      option :tail, :description => "Show the output while it comes", :arguments => ["--tail"], :type => :bool

      ACTIONS = %w[run start watch list kill].freeze

      def post_option_parser(configuration)
        raise "Please specify an action" if ARGV.empty?
        raise "Action has to be one of #{ACTIONS.join(", ")}" unless ACTIONS.include?(ARGV.first)

        configuration[:action] = ARGV.shift
        configuration[:words] = ARGV.dup
      end

      def main
        @shell = rpcclient("shell")
        send("#{configuration[:action]}_jobs")
      end

      private

      def command
        configuration[:words].join(" ")
      end

      # The replies in the order of their senders; those that are failures are printed.
      def replies(action, inputs = {})
        @shell.send(action, inputs).sort_by { |reply| reply[:sender] }.each do |reply|
          reply[:statuscode] == 0 ? yield(reply[:sender], reply[:data]) : puts("#{reply[:sender]}: ERROR: #{reply.inspect}")
        end
      end

      def run_jobs
        return tail_jobs if configuration[:tail]

        replies(:run, :command => command) do |sender, data|
          puts "#{sender}:", data[:stdout]
          puts "    STDERR:", data[:stderr] unless data[:stderr].empty?
          puts "exitcode: #{data[:exitcode]}" unless data[:exitcode] == 0
          puts
        end
        printrpcstats :caption => "Ran command: #{command}"
      end

      def start_jobs
        replies(:start, :command => command) { |sender, data| puts "#{sender}: #{data[:handle]}" }
        printrpcstats :caption => "Started command: #{command}"
      end

      def list_jobs
        replies(:list) do |sender, data|
          puts "#{sender}:"
          data[:jobs].each_value do |job|
            puts "    #{job[:id]}"
            puts "        command: #{job[:command]}", "        status:  #{job[:status]}", "" if options[:verbose]
          end
        end
        printrpcstats :caption => "Command list"
      end

      def kill_jobs
        replies(:kill, :handle => configuration[:words].first) {}
        printrpcstats :caption => "Command list"
      end

      def tail_jobs
        jobs = []
        replies(:start, :command => command) { |sender, data| jobs << [sender, data[:handle]] }
        follow(jobs)
      end

      def watch_jobs
        jobs = []
        replies(:list) do |sender, data|
          (data[:jobs].keys & configuration[:words]).each { |handle| jobs << [sender, handle] }
        end
        follow(jobs)
      end

      def follow(jobs)
        @shell.progress = false
        offsets = Hash.new { |all, job| all[job] = {:stdout => 0, :stderr => 0} }
        until jobs.empty?
          jobs.reject! { |job| look(job, offsets[job]) }
          sleep 0.1
        end
      end

      # Prints what a job has written since, and tells whether that was all.
      def look((sender, handle), offset)
        inputs = {:handle => handle, :stdout_offset => offset[:stdout], :stderr_offset => offset[:stderr]}
        reply = @shell.custom_request("status", inputs, sender, "identity" => sender).first
        return true unless reply && reply[:statuscode] == 0

        [:stdout, :stderr].each do |stream|
          offset[stream] += reply[:data][stream].size
          reply[:data][stream].each_line { |line| puts "#{sender} #{stream}: #{line}" }
        end
        [:stopped, :failed].include?(reply[:data][:status])
      end
    end
  end
end
