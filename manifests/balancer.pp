# A balancer: HAProxy and, where it holds a VIP, Keepalived. Both take new files without dropping connections.
#
# @param packages
#   Packages to install first; none, if they come from elsewhere.
# @param services
#   What runs on the files that mco generate has for each service: attributes of a service resource. It runs and is enabled, unless
#   they say otherwise.
class mco::balancer (
  Array[String[1]]                   $packages = ['haproxy', 'keepalived', 'socat'],
  Hash[String[1], Hash[String[1], Any]] $services = {
    'haproxy'    => { 'restart' => 'service haproxy reload' },
    'keepalived' => { 'restart' => 'service keepalived reload' },
  },
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
