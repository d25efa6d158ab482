# A node of the fleet: server.cfg and the daemon that reads it.
#
# @param packages
#   Packages to install first; none, if they come from elsewhere.
# @param services
#   What runs on the files that mco generate has for each service: attributes of a service resource. It runs and is enabled, unless
#   they say otherwise.
class mco::server (
  Array[String[1]]                   $packages = [],
  Hash[String[1], Hash[String[1], Any]] $services = { 'mcollective' => {} },
) {
  include mco
  include mco::estate

  package { $packages:
    ensure => installed,
    before => Mco_estate['estate'],
  }

  $services.each |$service, $attributes| {
    mco::service { $service:
      attributes => $attributes,
    }
  }
}
