module MCollective
  module Agent
    # Tells what dpkg knows of a package, with the outputs of Puppet's provider apt.
    class Package < RPC::Agent
      action "status" do
        validate :package, :shellsafe
        out = ""
        run("dpkg-query -W --showformat '${Status} ${Package} ${Version} ${Architecture}\\n' -- #{request[:package]}",
            :stdout => out, :stderr => [])
        desired, error, status, name, version, arch = out.lines.first.to_s.split
        reply[:provider] = "apt"
        if name
          reply[:name], reply[:ensure], reply[:arch] = name, version, arch
          epoch, rest = version.include?(":") ? version.split(":", 2) : ["0", version]
          upstream, dash, revision = rest.rpartition("-")
          reply[:epoch] = epoch
          reply[:version] = dash.empty? ? rest : upstream
          reply[:release] = revision unless dash.empty?
          reply[:desired] = desired
        else
          reply[:name], reply[:ensure], error, status = request[:package], "purged", "ok", "missing"
        end
        reply[:error] = error
        reply[:status] = status
      end
    end
  end
end
