package facts

import (
	"strings"

	"github.com/mco-go/mco-go/generators/safe"
	"github.com/mco-go/mco-go/generators/version"
)

// system reads what the operating system is.
func (r *reader) system() {
	r.section("os")
	for _, f := range []struct {
		to                 *string
		structured, legacy string
	}{
		{&r.node.OS.Family, "os.family", "osfamily"},
		{&r.node.OS.Name, "os.name", "operatingsystem"},
		{&r.node.OS.Release, "os.release.full", "operatingsystemrelease"},
		{&r.node.OS.Major, "os.release.major", "operatingsystemmajrelease"},
	} {
		s, _ := either(r, f.structured, f.legacy, r.word, r.word, strings.EqualFold)
		*f.to = kept(s)
	}
	if r.node.OS.Major == "" {
		major, _, _ := strings.Cut(r.node.OS.Release, ".")
		r.node.OS.Major = kept(major)
	}
	r.node.Systemd = r.systemd()
	r.node.Cloud = r.cloud()
	datacenter, _ := r.word(r.get("datacenter"), "datacenter")
	r.node.Datacenter = kept(datacenter)
}

// systemd believes facts, else the releases that began with it.
func (r *reader) systemd() bool {
	switch v := r.get("systemd"); v.kind {
	case boolean, text:
		return v.text == "true"
	}
	if v := r.get("service_provider"); v.kind == text {
		return v.text == "systemd"
	}
	os := r.node.OS
	release, err := version.Parse(os.Release)
	if err != nil {
		release, _ = version.Parse(os.Major)
	}
	switch {
	case !release.Known():
		return false
	case os.Name == "Ubuntu":
		return release.AtLeast(15, 4)
	case os.Name == "Fedora":
		return release.AtLeast(15)
	case os.Name == "Amazon":
		return release.AtLeast(2) && release.Below(2010) || release.AtLeast(2022)
	case os.Family == "Debian":
		return release.AtLeast(8)
	case os.Family == "RedHat":
		return release.AtLeast(7)
	case os.Family == "Suse":
		return release.AtLeast(12)
	}
	return false
}

// cloud looks for the facts that providers' metadata become.
func (r *reader) cloud() bool {
	for _, name := range [...]string{"ec2_metadata", "gce", "az_metadata", "cloud.provider"} {
		switch v := r.get(name); v.kind {
		case mapping:
			if len(v.members) > 0 {
				return true
			}
		case text:
			if v.text != "" {
				return true
			}
		}
	}
	return false
}

// programs are those whose versions facts may tell, as NAME_version.
var programs = [...]string{"rabbitmq", "haproxy", "keepalived", "mcollective", "corosync", "pacemaker", "drbd", "erlang"}

// software reads versions of programs.
func (r *reader) software() {
	r.node.Facter, _ = r.version(r.get("facterversion"), "facterversion")
	r.section("ruby")
	r.node.Ruby, _ = either(r, "ruby.version", "rubyversion", r.version, r.version, func(a, b version.Version) bool { return a == b })
	for _, p := range programs {
		key := p + "_version"
		if v, ok := r.version(r.get(key), key); ok {
			if r.node.Software == nil {
				r.node.Software = make(map[string]version.Version, 1)
			}
			r.node.Software[p] = v
		}
	}
}

func (r *reader) version(v *value, key string) (version.Version, bool) {
	s, ok := r.word(v, key)
	if !ok {
		return version.Version{}, false
	}
	if err := safe.Token(strings.NewReplacer(":", "", "+", "", "~", "").Replace(s)); err != nil {
		r.refuse(key, err)
		return version.Version{}, false
	}
	parsed, err := version.Parse(s)
	if err != nil {
		r.bad(safe.Invalid, key, "not a version", safe.Quote(s), "numbers between dots")
		return version.Version{}, false
	}
	return parsed, true
}
