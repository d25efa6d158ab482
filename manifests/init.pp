# What the module's other classes share: where the program is, and the estate that the node belongs to.
#
# Include the class of what a node is instead: mco::server, mco::client, mco::broker, mco::balancer, one or several.
#
# @param topology
#   Content of the estate file. Left out where the file is put there by other means.
# @param secrets
#   Content of the file of secrets: YAML, or a hash of names to values. Never shown.
# @param nodes
#   Facts of the other nodes: rows of PuppetDB's inventory, as
#   puppetdb_query('inventory[certname, facts, timestamp, environment, trusted] {}') returns them. This node's row is left out; its facts
#   are those of the run.
# @param facts_path
#   In place of nodes: path of a file or folder of facts that is on the node already.
# @param node_name
#   What the topology calls this node; its certname, if left out.
# @param selectors
#   Names of custom facts that selectors of the topology use.
# @param command
#   Path of the program mco.
# @param confdir
#   Folder for the topology, the secrets and the other nodes' facts.
# @param adopt
#   Take over files that mco generate did not write, as those that packages bring.
# @param rotate_cookie
#   Let an Erlang cookie change. RabbitMQ must be stopped then on all nodes of its cluster. A package of RabbitMQ brings a cookie of its
#   own: the first run on a node that shall have the estate's is such a change.
# @param manage_services
#   Manage the services whose files change. Without it they are left to other modules, which can subscribe to Mco_files['haproxy'].
# @param root
#   The folder that stands for /, where a system is prepared below another.
class mco (
  Optional[String[1]]                                          $topology        = undef,
  Optional[Sensitive[Variant[String[1], Hash[String, String]]]] $secrets         = undef,
  Optional[Array[Hash]]                                        $nodes           = undef,
  Optional[String[1]]                                          $facts_path      = undef,
  Optional[String[1]]                                          $node_name       = undef,
  Array[String[1]]                                             $selectors       = [],
  String[1]                                                    $command         = 'mco',
  String[1]                                                    $confdir         = '/etc/mco',
  Boolean                                                      $adopt           = true,
  Boolean                                                      $rotate_cookie   = false,
  Boolean                                                      $manage_services = true,
  Optional[String[1]]                                          $root            = undef,
) {
}
