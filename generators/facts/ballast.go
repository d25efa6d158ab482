package facts

import "strings"

// ballast tells that no rule uses a map or list of that name, wherever it stands (but see [scanner.ballast]): facter's large ones, and
// those that change while a machine runs. They are checked as all else is, but not kept.
func ballast(key string) bool {
	switch key {
	case "augeas", "bios", "dhcp_servers", "disks", "dmi", "hypervisors", "identity", "load_averages", "models", "mountpoints", "partitions",
		"ssh", "swap", "system_uptime", "trusted", "zfs", "zpool", "solaris_zones", "ldom", "lvm", "dasd":
		return true
	}
	return false
}

// volatile tells that a fact changes while a machine runs, so that nothing may depend on it.
func volatile(name string) bool {
	for _, prefix := range [...]string{"uptime", "memoryfree", "memorysize", "memorytotal", "swap", "system_uptime", "load_averages", "timestamp",
		"_timestamp", "last_run", "agent_run", "processorspeed"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}
