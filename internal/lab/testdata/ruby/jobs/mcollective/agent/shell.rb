require "fileutils"
require "securerandom"

module MCollective
  module Agent
    # Runs commands, at once or in the background. Each has a folder below plugin.shell.state_path with its command, process id, output
    # and, in the end, the number that wait(2) gives.
    class Shell < RPC::Agent
      action "run" do
        job = Job.start(request[:command])
        limit = request[:timeout].to_f
        deadline = limit > 0 ? Time.now + limit : nil
        sleep 0.02 until job.over? || (deadline && Time.now > deadline)
        reply[:success] = job.over?
        exitcode = job.exitcode
        unless job.over?
          job.kill
          sleep 0.02 until job.over?
        end
        reply[:stdout] = job.output("stdout", 0)
        reply[:stderr] = job.output("stderr", 0)
        reply[:exitcode] = exitcode
        job.forget
      end

      action "start" do
        reply[:handle] = Job.start(request[:command]).handle
      end

      action "status" do
        with_job do |job|
          reply[:status] = job.status
          reply[:stdout] = job.output("stdout", request[:stdout_offset])
          reply[:stderr] = job.output("stderr", request[:stderr_offset])
          reply[:exitcode] = job.exitcode
        end
      end

      action "list" do
        reply[:jobs] = Job.all.map { |job| [job.handle, job.summary] }.to_h
      end

      action "kill" do
        with_job(&:kill)
      end

      def with_job
        job = Job.new(request[:handle])
        job.known? ? yield(job) : reply.fail("no job #{request[:handle]}", 5)
      end

      # One command and its folder.
      class Job
        attr_reader :handle

        def self.folder
          Config.instance.pluginconf.fetch("shell.state_path", "/var/run/mcollective-shell")
        end

        def self.all
          Dir.children(folder).sort.map { |name| new(name) }.select(&:known?)
        end

        def self.start(command)
          new(SecureRandom.uuid).start(command)
        end

        def initialize(handle)
          @handle = handle
        end

        def start(command)
          Dir.mkdir(path)
          File.write(path("command"), command)
          pid = Process.spawn(command, :chdir => "/", :out => path("stdout"), :err => path("stderr"), :in => "/dev/null", :pgroup => true)
          File.write(path("pid"), pid.to_s)
          Thread.new do
            _, ended = Process.wait2(pid)
            File.write(path("exitstatus.new"), ended.to_i.to_s)
            File.rename(path("exitstatus.new"), path("exitstatus"))
          end
          self
        end

        def path(name = nil)
          File.join(*[Job.folder, handle, name].compact)
        end

        def known?
          File.exist?(path("command"))
        end

        def over?
          File.exist?(path("exitstatus"))
        end

        def waited
          File.read(path("exitstatus")).to_i
        end

        def status
          return :stopped if over?

          File.exist?(path("pid")) ? :running : :starting
        end

        def exitcode
          over? ? waited >> 8 : nil
        end

        def output(name, offset)
          File.binread(path(name), nil, offset.to_i).to_s
        end

        def summary
          signal = over? && waited & 0x7f != 0 ? waited & 0x7f : nil
          {:id => handle, :command => File.read(path("command")), :status => status, :signal => signal}
        end

        def kill
          Process.kill("TERM", File.read(path("pid")).to_i)
        rescue Errno::ESRCH
          nil
        end

        def forget
          FileUtils.rm_rf(path)
        end
      end
    end
  end
end
