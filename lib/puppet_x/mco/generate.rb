# frozen_string_literal: true

require 'json'
require 'open3'

# What the module's type and function have in common: they run `mco generate`, with facts on its standard input and no secret among its
# arguments.
module PuppetX
  module Mco
    # Runs of `mco generate`.
    module Generate
      # Facts by these names, and legacy ones that begin with the prefixes below, are all that the generators use besides those that
      # selectors of the topology name. Others change while a machine runs.
      FACTS = %w[
        facterversion kernel os networking processors fqdn hostname domain interfaces ipaddress ipaddress6 macaddress netmask network
        memorysize memorysize_mb processorcount osfamily operatingsystem operatingsystemrelease operatingsystemmajrelease rubyversion
        rabbitmq_version haproxy_version keepalived_version corosync_version pacemaker_version drbd_version mcollective_version
        ec2_metadata gce az_metadata cloud datacenter nofile_hard cgroup_memory_limit service_provider systemd virtual is_virtual
      ].freeze
      PREFIXES = %w[ipaddress_ ipaddress6_ netmask_ netmask6_ network_ network6_ macaddress_ mtu_].freeze

      module_function

      # The facts that the generators may use; further names are those of selectors.
      def reduce(facts, further = [])
        wanted = facts.select do |name, _|
          FACTS.include?(name) || further.include?(name) || PREFIXES.any? { |p| name.start_with?(p) }
        end
        memory = facts['memory']
        total = memory.is_a?(Hash) && memory['system'].is_a?(Hash) && memory['system']['total_bytes']
        wanted['memory'] = { 'system' => { 'total_bytes' => total } } if total
        wanted
      end

      # Runs the program and returns its standard output, standard error and exit code.
      def run(command, arguments, facts)
        out, err, status = Open3.capture3({ 'LC_ALL' => 'C.UTF-8' }, command, 'generate', *arguments, stdin_data: JSON.generate(facts))
        raise Puppet::Error, "#{command} generate was ended by signal #{status.termsig}" unless status.exited?

        [out, err, status.exitstatus]
      rescue Errno::ENOENT, Errno::EACCES => e
        raise Puppet::Error, "#{command} cannot be run (#{e.message}); install mco-go, or give its path"
      end

      # The objects of a --json run.
      def lines(output)
        output.each_line.map { |line| JSON.parse(line) }
      rescue JSON::ParserError => e
        raise Puppet::Error, "mco generate said something that is no JSON: #{e.message}"
      end
    end
  end
end
