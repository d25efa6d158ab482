require "open3"

module MCollective
  module Agent
    # Runs a command and sends what it wrote. Ruby runs a line without characters of the shell itself: a program that is not there is
    # an exception then, for which the agent of the field has the exit code 42.
    class Shell < RPC::Agent
      action "execute" do
        begin
          out, err, status = Open3.capture3(request[:cmd], :chdir => "/")
          reply[:exitcode] = status.exitstatus
          reply[:stdout] = out
          reply[:stderr] = err
        rescue SystemCallError
          reply[:exitcode] = 42
          reply[:stdout] = ""
          reply[:stderr] = ""
        end
      end
    end
  end
end
