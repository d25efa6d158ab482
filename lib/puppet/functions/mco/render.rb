# frozen_string_literal: true

require_relative '../../../puppet_x/mco/generate'

# Makes one file of a node on the Puppet server, with the same bytes that the node itself would make.
#
# @example The client's configuration from facts that PuppetDB holds
#   file { '/etc/mcollective/client.cfg':
#     content => mco::render('client.cfg', {
#       'topology' => '/etc/mco/estate.yaml',
#       'secrets'  => '/etc/mco/secrets.yaml',
#       'facts'    => puppetdb_query('inventory[certname, facts, timestamp, environment, trusted] {}'),
#     }),
#   }
Puppet::Functions.create_function(:'mco::render') do
  # @param file Its kind, as rabbitmq.conf, or its path.
  # @param options topology: path of the topology on the server. facts: rows of PuppetDB's inventory, or one hash of facts for each
  #   node; or a path on the server. secrets: path of the secrets on the server. node: what the topology calls the node; its certname
  #   if it is left out. command: path of the program.
  # @return [Sensitive[String]] The file's content.
  dispatch :render do
    param 'String[1]', :file
    param "Struct[{topology => String[1], facts => Variant[String[1], Array[Hash], Hash], Optional['secrets'] => String[1], Optional['node'] => String[1], Optional['command'] => String[1]}]", :options
    return_type 'Sensitive[String]'
  end

  def render(file, options)
    facts = options['facts']
    node = options['node'] || closure_scope['trusted']['certname'] || closure_scope['facts']['fqdn']
    from = facts.is_a?(String) ? ['--facts', facts] : ['--facts', '-']
    secrets = options['secrets'] ? ['--secrets', options['secrets']] : []
    out, err, code = PuppetX::Mco::Generate.run(
      options['command'] || 'mco',
      ['render', '--topology', options['topology'], '--node', node, '--file', file, *from, *secrets],
      facts.is_a?(String) ? {} : facts
    )
    raise Puppet::ParseError, "mco generate: #{err.strip}" unless code.zero?

    Puppet::Pops::Types::PSensitiveType::Sensitive.new(out)
  end
end
