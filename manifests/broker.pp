# A broker: RabbitMQ with its plugins, users, exchanges and policies.
#
# Definitions are imported into the running broker; only what needs it restarts the service.
#
# @param packages
#   Packages to install first; none, if they come from elsewhere.
# @param service
#   Attributes of the service resource of RabbitMQ. It runs and is enabled, unless they say otherwise: of an active-passive pair,
#   Pacemaker says where it runs, so that there { 'ensure' => undef, 'enable' => false } belongs here.
# @param import
#   How definitions get into a running broker.
class mco::broker (
  Array[String[1]]        $packages = ['rabbitmq-server'],
  Hash[String[1], Any]    $service  = { 'name' => 'rabbitmq-server' },
  String[1]               $import   = 'rabbitmqctl import_definitions /etc/rabbitmq/definitions.json',
) {
  include mco
  include mco::estate

  package { $packages:
    ensure => installed,
    before => Mco_estate['estate'],
  }

  mco::service { 'rabbitmq':
    attributes => $service,
    how        => 'restart',
  }
  mco_files { 'rabbitmq definitions':
    estate  => 'estate',
    service => 'rabbitmq',
    how     => 'import definitions',
  }

  if $mco::manage_services {
    exec { 'mco import definitions':
      command     => $import,
      path        => ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'],
      refreshonly => true,
      subscribe   => Mco_files['rabbitmq definitions'],
      require     => Service['rabbitmq'],
    }
  }
}
