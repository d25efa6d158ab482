# frozen_string_literal: true

Puppet::Type.newtype(:mco_estate) do
  @doc = <<-DOC
    The files of this node, as an estate's topology and the facts of its nodes make them.

    All files of the node are compared with the disk in one run of `mco generate`; each that differs becomes a resource of its own
    (mco_target), so that every change is an event, and noop shows all of them and writes none. The first of them that is brought in line
    brings all in line: they are written together or not at all.

        mco_estate { 'production':
          topology => '/etc/mco/estate.yaml',
          secrets  => '/etc/mco/secrets.yaml',
          facts    => '/etc/mco/facts.json',
        }
  DOC

  newparam(:name, namevar: true) do
    desc 'A name for messages.'
  end

  newparam(:topology) do
    desc 'Absolute path of the topology file.'
    validate { |v| raise ArgumentError, 'topology must be an absolute path' unless Puppet::Util.absolute_path?(v) }
  end

  newparam(:secrets) do
    desc 'Absolute path of the file of secrets, which only its owner can read; or none, and the topology names where they are.'
    validate { |v| raise ArgumentError, 'secrets must be an absolute path' unless Puppet::Util.absolute_path?(v) }
  end

  newparam(:facts) do
    desc 'File or folder with the facts of the other nodes of the estate. Those of this node are added from this run.'
    validate { |v| raise ArgumentError, 'facts must be an absolute path' unless Puppet::Util.absolute_path?(v) }
  end

  newparam(:node_name) do
    desc 'What the topology calls this node. Its certname, if it is left out.'
  end

  newparam(:selectors, array_matching: :all) do
    desc 'Names of further facts that selectors of the topology use.'
    defaultto { [] }
    munge { |v| [v].flatten }
  end

  newparam(:command) do
    desc 'Path of the program.'
    defaultto 'mco'
  end

  newparam(:adopt, boolean: true, parent: Puppet::Parameter::Boolean) do
    desc 'Take over files that were not written by mco generate, as those that packages bring.'
    defaultto true
  end

  newparam(:rotate_cookie, boolean: true, parent: Puppet::Parameter::Boolean) do
    desc 'Let an Erlang cookie change. RabbitMQ must not run then on any node of its cluster.'
    defaultto false
  end

  newparam(:root) do
    desc 'The folder that stands for /, where a system is prepared below another.'
  end

  validate do
    raise ArgumentError, 'topology is needed' unless self[:topology]
  end

  autorequire(:file) { %i[topology secrets facts root].map { |p| self[p] }.compact }

  newproperty(:inputs) do
    desc 'Whether the inputs make an estate: always right, or a failure, which comes before anything is written.'
    defaultto :right

    def retrieve
      provider.pending
      :right
    end
  end

  # Makes a resource of each file that differs. That there are none for lack of an estate is told by the property, whose failure counts.
  def eval_generate
    changes = begin
      provider.pending
    rescue Puppet::Error
      []
    end
    changes.map do |change|
      Puppet::Type.type(:mco_target).new(
        name: "#{self[:name]}:#{change['path']}",
        path: change['path'],
        change: change,
        estate: self,
        noop: noop?
      )
    end
  end
end
