# An operator's machine: client.cfg.
#
# @param packages
#   Packages to install first; none, if they come from elsewhere.
class mco::client (
  Array[String[1]] $packages = [],
) {
  include mco
  include mco::estate

  package { $packages:
    ensure => installed,
    before => Mco_estate['estate'],
  }
}
