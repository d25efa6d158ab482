package config

import (
	"os"
	"path/filepath"
)

// FindClient returns the cfg file of a client where the command line names none: the first that can be read of ~/.mcollective,
// /etc/puppetlabs/mcollective/client.cfg and /etc/mcollective/client.cfg. If none can, it is the first of the list, so that the
// error names it (util.rb: config_file_for_user).
func FindClient() string {
	var candidates []string
	if home := os.Getenv("HOME"); filepath.IsAbs(home) {
		candidates = append(candidates, filepath.Join(home, ".mcollective"))
	}
	return firstReadable(append(candidates, "/etc/puppetlabs/mcollective/client.cfg", "/etc/mcollective/client.cfg"))
}

// FindServer is [FindClient] for a node.
func FindServer() string {
	return firstReadable([]string{"/etc/puppetlabs/mcollective/server.cfg", "/etc/mcollective/server.cfg"})
}

func firstReadable(paths []string) string {
	for _, p := range paths {
		if f, err := os.Open(p); err == nil {
			f.Close()
			return p
		}
	}
	return paths[0]
}
