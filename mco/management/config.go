package management

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/mco-go/mco-go/mco/config"
)

// maxPasswordBytes bounds a file with a password.
const maxPasswordBytes = 4 << 10

// FromConfig returns the APIs that a client's cfg file names, by the number of their pool member:
//
//	plugin.mco.management.1.url = https://mq1.example.net:15671
//	plugin.mco.management.1.user = monitor
//	plugin.mco.management.1.password_file = /etc/mcollective/monitor.password
//
// None is no error. In place of password_file, which nobody but its owner may read, there may be a password; ca names the file with the
// authorities of a server whose certificate is none of the system's.
func FromConfig(cfg *config.Config) ([]*API, error) {
	var all []*API
	for n := 1; n <= config.MaxManagement; n++ {
		key := func(field string) string { return fmt.Sprintf("mco.management.%d.%s", n, field) }
		set := map[string]string{}
		first := ""
		for _, field := range []string{"url", "user", "password", "password_file", "ca"} {
			if text, ok := cfg.Plugin(key(field)); ok {
				set[field] = text
				if first == "" {
					first = key(field)
				}
			}
		}
		if len(set) == 0 {
			continue
		}
		api, err := read(n, set)
		if err != nil {
			return nil, fmt.Errorf("plugin.mco.management.%d (%s): %w", n, cfg.Where(first), err)
		}
		all = append(all, api)
	}
	return all, nil
}

func read(n int, set map[string]string) (*API, error) {
	o := Options{Member: n, URL: set["url"], User: set["user"], Password: set["password"], CA: set["ca"]}
	if o.URL == "" {
		return nil, errors.New("url is not set")
	}
	if path := set["password_file"]; path != "" {
		if o.Password != "" {
			return nil, errors.New("password and password_file are both set")
		}
		var err error
		if o.Password, err = passwordFrom(path); err != nil {
			return nil, err
		}
	}
	if o.Password == "" {
		return nil, errors.New("neither password nor password_file is set")
	}
	return New(o)
}

// passwordFrom reads the first line of a file that is its owner's alone.
func passwordFrom(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s is no file", path)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("others than the owner have rights on %s (%s): chmod 600 %[1]s", path, info.Mode().Perm())
	}
	raw, err := io.ReadAll(io.LimitReader(f, maxPasswordBytes+1))
	if err != nil {
		return "", err
	}
	if len(raw) > maxPasswordBytes {
		return "", fmt.Errorf("%s is larger than %d bytes", path, maxPasswordBytes)
	}
	line, _, _ := strings.Cut(string(raw), "\n")
	if line = strings.TrimSuffix(line, "\r"); line == "" {
		return "", fmt.Errorf("%s has no password in its first line", path)
	}
	return line, nil
}
