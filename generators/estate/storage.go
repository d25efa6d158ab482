package estate

import (
	"strings"

	"github.com/mco-go/mco-go/generators/safe"
	"github.com/mco-go/mco-go/generators/secret"
)

func (r *resolver) resolveStorage() {
	for _, name := range sortedKeys(r.file.Storage) {
		t := r.file.Storage[name]
		g := r.groups[name]
		if g == nil || g.Kind != ActivePassive {
			r.bad("topology.reference", t.Place, "storage lies under a group of kind active-passive, and there is none of that name", safe.Quote(name), "")
			continue
		}
		key := "storage." + name
		r.choice(key+".kind", t.Kind, "drbd")
		s := &Storage{
			Resource: r.text(key+".resource", t.Resource, "rabbitmq"),
			Minor:    r.number(key+".minor", t.Minor, 0, 0, 255),
			Port:     r.numberOf("port.range", key+".port", t.Port, 7788, 1, 65535),
			Disk:     r.path(key+".disk", t.Disk),
			FS:       r.text(key+".fs", t.FS, "xfs"),
			Options:  r.text(key+".options", t.Options, ""),
			Secret:   r.secretValue(t.Secret, secret.DRBDShared),
		}
		r.checkToken(t.Resource.Place, s.Resource, "the resource")
		r.checkToken(t.FS.Place, s.FS, "the file system")
		if !mountOptions(s.Options) {
			r.bad("topology.type", t.Options.Place, "not options of mount", safe.Quote(s.Options), "words between commas")
		}
		if t.Disk.Set && !strings.HasPrefix(t.Disk.V, "/dev/") {
			r.bad("topology.type", t.Disk.Place, "not a block device", safe.Quote(t.Disk.V), "/dev/...")
		}
		if g.Data == "" {
			g.Data = "/var/lib/rabbitmq"
			r.note("brokers."+name+".paths.data", g.Data, "default: where the storage is mounted")
		}
		g.Storage = s
		for _, m := range g.Members {
			m.Node.Software.DRBD = r.version(m.Node, drbd)
		}
	}
}

func mountOptions(s string) bool {
	for word := range strings.SplitSeq(s, ",") {
		if word == "" && s != "" || safe.Token(strings.NewReplacer("=", "_", "/", "_").Replace(word)) != nil && word != "" {
			return false
		}
	}
	return true
}
