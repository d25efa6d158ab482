# frozen_string_literal: true

Puppet::Type.newtype(:mco_files) do
  @doc = <<-DOC
    The files of one service among those of an mco_estate: it changes if any of them does, so that the service notices what is its own and
    nothing else.

        mco_files { 'haproxy': estate => 'production' }
        ~> service { 'haproxy': ensure => running }
  DOC

  newparam(:name, namevar: true) do
    desc 'A name; that of the service, if service is left out.'
  end

  newparam(:service) do
    desc 'The service, as mco generate calls it: rabbitmq, haproxy, keepalived, mcollective, corosync, drbd, pacemaker.'
  end

  newparam(:estate) do
    desc 'The name of the mco_estate.'
  end

  newparam(:how) do
    desc 'Only files that make the service do this (reload, restart, "import definitions"). Every one, if it is left out.'
  end

  validate do
    raise ArgumentError, 'estate is needed' unless self[:estate]
  end

  autorequire(:mco_estate) { [self[:estate]] }

  newproperty(:changes) do
    desc 'Paths of files that changed.'
    defaultto :none

    def retrieve
      changed = resource.changed
      changed.empty? ? :none : changed
    end

    def insync?(is)
      is == :none
    end

    def change_to_s(is, _should)
      "changed: #{is.join(', ')}"
    end

    def set(_value); end
  end

  # The paths of this service's files that were written in this run, or would be.
  def changed
    estate = catalog.resource(:mco_estate, self[:estate])
    raise Puppet::Error, "there is no mco_estate #{self[:estate]}" unless estate

    estate.provider.changed.select do |c|
      c['service'] == (self[:service] || self[:name]) && (self[:how].nil? || c['how'] == self[:how])
    end.map { |c| c['path'] }
  end
end
