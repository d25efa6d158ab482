module MCollective
  module Agent
    # Starts and stops services by their init scripts, and tells their state.
    class Service < RPC::Agent
      action "status" do
        reply[:status] = state
      end

      { "start" => "running", "stop" => "stopped" }.each do |verb, to|
        action verb do
          if state == to
            reply[:status] = to
            reply.fail!("Could not #{verb} service '#{request[:service]}': Service is already #{to}")
          end
          script(verb)
          reply[:status] = state
        end
      end

      action "restart" do
        script("restart")
        reply[:status] = state
      end

      private

      def state
        script("status") == 0 ? "running" : "stopped"
      end

      def script(verb)
        file = File.join("/etc/init.d", File.basename(request[:service]))
        reply.fail!("There is no service '#{request[:service]}'") unless File.executable?(file)
        run([file, verb].join(" "), :stdout => [], :stderr => [])
      end
    end
  end
end
