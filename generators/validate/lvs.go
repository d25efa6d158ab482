package validate

import (
	"context"
	"slices"
	"strings"

	"github.com/mco-go/mco-go/generators/block"
	"github.com/mco-go/mco-go/generators/target"
)

// kernel judges what an LVS node's kernel is told, each file by the program that will load it, in a namespace without anything else.
// Read off iptables 1.8.9 (nf_tables), nftables 1.0.6 and procps 4.0.2.
func kernel() []Program {
	inside := func(name string, args ...string) func(context.Context, string, target.File) Result {
		return func(ctx context.Context, scratch string, f target.File) Result {
			return namespace{}.run(ctx, command{name: name, args: slices.Concat(args, []string{At(scratch, f)}), dir: scratch})
		}
	}
	return []Program{
		{Name: "iptables-restore", Kinds: []string{"lvs.iptables"}, Available: need("iptables", "iptables-restore", "unshare"),
			Run: inside("iptables-restore", "--test", "--noflush")},
		{Name: "nft", Kinds: []string{"lvs.nft"}, Available: need("nftables", "nft", "unshare"), Run: inside("nft", "-c", "-f")},
		{Name: "sysctl", Kinds: []string{"sysctl-lvs.conf", "sysctl-haproxy.conf"}, Available: need("procps", "sysctl", "unshare"),
			Run: func(ctx context.Context, scratch string, f target.File) Result {
				// Settings are made, not only read: those of a namespace alone may be.
				tree, err := block.INI("", "=").Parse(f.Content)
				if err != nil {
					return Result{Refused, err.Error()}
				}
				for _, s := range tree {
					if key := s.Words[0]; !strings.HasPrefix(key, "net.ipv4.conf.") && !strings.HasSuffix(key, ".ip_nonlocal_bind") {
						return Result{Unable, key + " is not known to be a namespace's own"}
					}
				}
				return inside("sysctl", "-p")(ctx, scratch, f)
			}},
	}
}
