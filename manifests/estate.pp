# The files of this node, as the estate's topology and the facts of its nodes make them.
#
# Every file that differs is an event of its own; they are written together or not at all. Which services take notice is up to the
# classes of what the node is.
class mco::estate {
  include mco

  file { $mco::confdir:
    ensure => directory,
    owner  => 'root',
    group  => 'root',
    mode   => '0755',
  }

  if $mco::topology {
    file { "${mco::confdir}/estate.yaml":
      ensure  => file,
      owner   => 'root',
      group   => 'root',
      mode    => '0644',
      content => $mco::topology,
      before  => Mco_estate['estate'],
    }
  }

  if $mco::secrets {
    $secrets = $mco::secrets.unwrap ? {
      String  => $mco::secrets,
      default => Sensitive.new(mco::json($mco::secrets.unwrap)),
    }
    file { "${mco::confdir}/secrets.yaml":
      ensure    => file,
      owner     => 'root',
      group     => 'root',
      mode      => '0600',
      show_diff => false,
      backup    => false,
      content   => $secrets,
      before    => Mco_estate['estate'],
    }
    $secrets_path = "${mco::confdir}/secrets.yaml"
  } else {
    $secrets_path = undef
  }

  if $mco::nodes {
    $others = $mco::nodes.filter |$row| { $row['certname'] != $trusted['certname'] }
    file { "${mco::confdir}/facts.json":
      ensure    => file,
      owner     => 'root',
      group     => 'root',
      mode      => '0600',
      show_diff => false,
      backup    => false,
      content   => mco::json($others),
      before    => Mco_estate['estate'],
    }
    $facts_path = "${mco::confdir}/facts.json"
  } else {
    $facts_path = $mco::facts_path
  }

  mco_estate { 'estate':
    topology      => "${mco::confdir}/estate.yaml",
    secrets       => $secrets_path,
    facts         => $facts_path,
    node_name     => $mco::node_name,
    selectors     => $mco::selectors,
    command       => $mco::command,
    adopt         => $mco::adopt,
    rotate_cookie => $mco::rotate_cookie,
    root          => $mco::root,
  }
}
