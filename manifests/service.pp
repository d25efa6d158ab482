# A service that runs on generated files, and takes notice when one of them really changed.
#
# Private: the classes of what a node is declare it. Its title is what mco generate calls the service.
#
# @param attributes
#   Attributes of the service resource. It runs and is enabled, unless they say otherwise.
# @param how
#   Only of the files that the service takes up in this way, such as 'restart'; of all, if left out.
define mco::service (
  Hash[String[1], Any] $attributes = {},
  Optional[String[1]]  $how        = undef,
) {
  mco_files { $title:
    estate => 'estate',
    how    => $how,
  }
  if $mco::manage_services {
    service { $title:
      subscribe => Mco_files[$title],
      *         => { 'ensure' => running, 'enable' => true } + $attributes,
    }
  }
}
