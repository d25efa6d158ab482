package corpus

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// place is where a secret goes, which decides what it may be.
type place int

const (
	cfgSecret    place = iota // a line of server.cfg, and a broker's user
	userSecret                // hashed or percent-encoded
	statsSecret               // quoted in haproxy.cfg
	vrrpSecret                // quoted in keepalived.conf, or plain before Keepalived 2
	drbdSecret                // quoted in the resource
	cookieSecret              // Erlang's cookie
	keySecret                 // the bytes of Corosync's key
)

// secret draws a value, unless the name has one, and returns how a topology names it.
func (m *maker) secret(name string, p place) tree {
	if _, ok := m.secrets[name]; !ok {
		m.secrets[name] = m.value(p)
	}
	return tree{"secret": name}
}

const (
	plain    = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.@-"
	specials = " !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
)

func (m *maker) value(p place) string {
	switch p {
	case cfgSecret:
		s := m.text(m.between(1, 64), plain+specials)
		return strings.TrimSpace("x" + s[1:])
	case statsSecret:
		return m.text(m.between(1, 64), plain+specials)
	case vrrpSecret:
		return m.vrrpPassword()
	case drbdSecret:
		return m.text(m.between(1, 63), plain+without(specials, `"'\`))
	case cookieSecret:
		return m.text(m.between(20, 64), plain)
	case keySecret:
		return m.text(m.between(128, 300), plain+specials)
	}
	if m.chance(10) {
		return "gehei\u00df\u2603 " + m.text(8, plain)
	}
	return m.text(m.between(1, 64), plain+specials)
}

// vrrpPassword is what keepalived.conf can say. Before version 2 it knows no quotes there.
func (m *maker) vrrpPassword() string {
	letters := plain + without(specials, "\"'\\${}")
	if m.below("keepalived", "2.0") {
		letters = without(plain, "@")
	}
	s := m.text(m.between(1, 8), letters)
	if strings.HasPrefix(s, "@") || strings.Contains(s, "~SEQ") || strings.HasPrefix(s, "include") {
		return "x" + s[1:]
	}
	return s
}

func (m *maker) text(n int, letters string) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = letters[m.IntN(len(letters))]
	}
	return string(b)
}

func without(letters, these string) string {
	return strings.Map(func(c rune) rune {
		if strings.ContainsRune(these, c) {
			return -1
		}
		return c
	}, letters)
}

// writeSecrets puts them where the topology says: into a file, or one file each.
func (m *maker) writeSecrets(dir string) error {
	if from := m.topology["secrets"].(tree); from["file"] != nil {
		return writeYAML(filepath.Join(dir, "secrets.yaml"), m.secrets)
	}
	folder := filepath.Join(dir, "secrets")
	err := os.Mkdir(folder, 0o700)
	for _, name := range slices.Sorted(maps.Keys(m.secrets)) {
		err = errors.Join(err, os.WriteFile(filepath.Join(folder, name), []byte(m.secrets[name]+"\n"), 0o600))
	}
	return err
}
