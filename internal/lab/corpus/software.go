package corpus

import "strings"

// Dialect is a time whose versions an estate has.
type Dialect string

// The times: before the formats of today, the versions that the laboratory has, and after them.
const (
	Old       Dialect = "old"
	Installed Dialect = "installed"
	Newer     Dialect = "newer"
)

// software draws the versions of one time. Each program is as old as another could be that is still read.
func (d Dialect) software(r dice) tree {
	switch d {
	case Old:
		return tree{
			"rabbitmq": pick(r, "2.7.1", "2.8.7", "3.0.4", "3.1.5", "3.2.4", "3.3.5", "3.5.7", "3.6.16", "3.7.8", "3.8.9"),
			"haproxy":  pick(r, "1.4", "1.4.24", "1.5", "1.5.18", "1.6.3", "1.8.4"), "keepalived": pick(r, "1.1.20", "1.2.2", "1.2.7", "1.2.13", "1.3.5"),
			"mcollective": "2.5.3", "corosync": pick(r, "2.3.4", "2.4.5"), "pacemaker": pick(r, "1.1.10", "1.1.23"), "drbd": pick(r, "8.4.11", "9.0.16"),
		}
	case Newer:
		return tree{
			"rabbitmq": pick(r, "3.11.28", "3.12.14", "3.13.7", "4.0.5", "4.1.4", "4.2.1", "4.3.0"), "haproxy": pick(r, "2.8.5", "3.0.11", "3.2.4"),
			"keepalived": pick(r, "2.2.8", "2.3.1", "2.3.4"), "mcollective": "2.12.5", "corosync": pick(r, "3.1.8", "3.1.9"),
			"pacemaker": pick(r, "2.1.9", "3.0.0"), "drbd": pick(r, "9.28", "9.31"),
		}
	}
	return tree{"rabbitmq": "3.10.8", "haproxy": "2.6.12", "keepalived": "2.2.7", "mcollective": "2.12.5",
		"corosync": "3.1.7", "pacemaker": "2.1.5", "drbd": "9.22"}
}

// below tells whether the estate's version of a program is before another.
func (m *maker) below(program, version string) bool {
	own, other := strings.Split(m.software[program].(string), "."), strings.Split(version, ".")
	for i, part := range other {
		if i >= len(own) {
			return true
		}
		if len(own[i]) != len(part) {
			return len(own[i]) < len(part)
		}
		if own[i] != part {
			return own[i] < part
		}
	}
	return false
}

// tellVersions writes them into the topology, or into every node's facts, or, where the system's packages have them, nowhere.
func (m *maker) tellVersions() {
	told := make(tree)
	for _, program := range []string{"rabbitmq", "haproxy", "keepalived", "mcollective", "corosync", "pacemaker", "drbd"} {
		told[program] = m.software[program]
	}
	byFact := m.chance(30)
	for _, n := range m.machines {
		if m.dialect == Installed && m.debian() {
			continue
		}
		if byFact {
			for _, program := range []string{"rabbitmq", "haproxy", "keepalived"} {
				n.more[program+"_version"] = m.software[program]
				delete(told, program)
			}
		}
	}
	if m.dialect == Installed && m.debian() && m.chance(50) {
		return
	}
	m.topology["software"] = told
}

// debian tells whether every machine's packages are those of the laboratory.
func (m *maker) debian() bool {
	for _, n := range m.machines {
		if n.os.name != "Debian" || n.os.major != "12" {
			return false
		}
	}
	return true
}
