package pacemaker

import (
	"strconv"

	"github.com/mco-go/mco-go/generators/block"
	"github.com/mco-go/mco-go/generators/estate"
)

// Names of what is defined. There is one active-passive group in a Pacemaker cluster.
const (
	drbdName    = "p_drbd_rabbitmq"
	clonedName  = "ms_drbd_rabbitmq"
	mountName   = "p_fs_rabbitmq"
	addressName = "p_ip_rabbitmq"
	brokerName  = "p_rabbitmq"
	groupName   = "g_rabbitmq"
)

// dataFolder is where the package of RabbitMQ keeps its data.
const dataFolder = "/var/lib/rabbitmq"

// cluster is an active-passive group in one of two sets of words.
type cluster struct {
	group *estate.BrokerGroup
	old   bool // before Pacemaker 2.1: ms, Master, Slave
}

func (c cluster) definitions() []block.Statement {
	definitions := c.nodes()
	definitions = append(definitions, c.properties(), block.Line("rsc_defaults", "rsc-options:", "resource-stickiness=100"))
	// The address comes once the data is there, and the broker last.
	parts := []string{"group", groupName}
	if c.group.Storage != nil {
		definitions = append(definitions, c.drbd(), c.mount())
		parts = append(parts, mountName)
	}
	if c.group.VIP.IsValid() {
		definitions = append(definitions, c.address())
		parts = append(parts, addressName)
	}
	definitions = append(definitions, c.broker(), block.Line(append(parts, brokerName)...))
	if c.group.Storage != nil {
		definitions = append(definitions, c.clone(),
			block.Line("colocation", "c_rabbitmq_on_drbd", "inf:", groupName, clonedName+":"+c.promoted()),
			block.Line("order", "o_drbd_before_rabbitmq", "Mandatory:", clonedName+":promote", groupName+":start"))
	}
	return definitions
}

func (c cluster) nodes() []block.Statement {
	var nodes []block.Statement
	for i, m := range c.group.Members {
		nodes = append(nodes, block.Line("node", strconv.Itoa(i+1)+":", m.Node.HostName()))
	}
	return nodes
}

// properties leave the question of quorum to Corosync, whose two_node answers it for two.
func (c cluster) properties() block.Statement {
	return block.Line("property", "cib-bootstrap-options:",
		"stonith-enabled="+strconv.FormatBool(c.group.Stonith != nil && *c.group.Stonith),
		"cluster-recheck-interval=2min",
		"pe-warn-series-max=1000", "pe-input-series-max=1000", "pe-error-series-max=1000")
}

// drbd has the times that ocf:linbit:drbd advises, or more.
func (c cluster) drbd() block.Statement {
	promoted, unpromoted := c.promoted(), "Unpromoted"
	if c.old {
		unpromoted = "Slave"
	}
	return block.Line("primitive", drbdName, "ocf:linbit:drbd",
		"params", "drbd_resource="+c.group.Storage.Resource,
		"op", "start", "timeout=240s", "interval=0",
		"op", "stop", "timeout=180s", "interval=0",
		"op", "promote", "timeout=180s", "interval=0",
		"op", "demote", "timeout=180s", "interval=0",
		"op", "monitor", "interval=30s", "role="+unpromoted, "timeout=20s",
		"op", "monitor", "interval=29s", "role="+promoted, "timeout=20s")
}

func (c cluster) promoted() string {
	if c.old {
		return "Master"
	}
	return "Promoted"
}

// clone lets DRBD run on every member and be primary on one.
func (c cluster) clone() block.Statement {
	members := strconv.Itoa(len(c.group.Members))
	if c.old {
		return block.Line("ms", clonedName, drbdName,
			"meta", "master-max=1", "master-node-max=1", "clone-max="+members, "clone-node-max=1", "notify=true")
	}
	return block.Line("clone", clonedName, drbdName,
		"meta", "promotable=true", "notify=true", "promoted-max=1", "promoted-node-max=1", "clone-max="+members, "clone-node-max=1")
}

func (c cluster) mount() block.Statement {
	s := c.group.Storage
	words := []string{"primitive", mountName, "ocf:heartbeat:Filesystem",
		"params", "device=/dev/drbd" + strconv.Itoa(s.Minor), "directory=" + c.data(), "fstype=" + s.FS}
	if s.Options != "" {
		words = append(words, "options="+s.Options)
	}
	return block.Line(append(words,
		"op", "start", "timeout=60s", "interval=0",
		"op", "stop", "timeout=180s", "interval=0",
		"op", "monitor", "interval=60s", "timeout=60s")...)
}

func (c cluster) address() block.Statement {
	return block.Line("primitive", addressName, "ocf:heartbeat:IPaddr2",
		"params", "ip="+c.group.VIP.Addr().String(), "cidr_netmask="+strconv.Itoa(c.group.VIP.Bits()),
		"op", "monitor", "interval=10s", "timeout=20s")
}

func (c cluster) broker() block.Statement {
	return block.Line("primitive", brokerName, "ocf:rabbitmq:rabbitmq-server",
		"params", "nodename="+c.group.Members[0].NodeName, "mnesia_base="+c.data(),
		"op", "monitor", "interval=20s", "timeout=30s",
		"op", "start", "timeout=600s", "interval=0",
		"op", "stop", "timeout=120s", "interval=0")
}

func (c cluster) data() string {
	if c.group.Data == "" {
		return dataFolder
	}
	return c.group.Data
}
