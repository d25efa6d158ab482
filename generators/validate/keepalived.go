package validate

import (
	"context"
	"os"
	"path/filepath"

	"github.com/mco-go/mco-go/generators/block"
	"github.com/mco-go/mco-go/generators/keepalived"
	"github.com/mco-go/mco-go/generators/target"
	"github.com/mco-go/mco-go/generators/version"
)

// keepalivedTest judges keepalived.conf by Keepalived's own test, which wants the node's interfaces and the script to be there: it
// runs in a namespace that has them. Exit codes of 2.2.7: 0 taken, 5 an error or a warning, 6 the security of a script. It does not
// see a VIP off its subnet or twice, a node among its own peers, or a weight out of range.
func keepalivedTest() []Program {
	return []Program{{Name: "keepalived", Kinds: []string{"keepalived.conf"},
		Available: need("keepalived, iproute2", "keepalived", "unshare", "ip"), Run: runKeepalived}}
}

func runKeepalived(ctx context.Context, scratch string, f target.File) Result {
	file := At(scratch, f)
	tree, err := keepalived.Language(version.Version{}).Parse(f.Content)
	if err != nil {
		return Result{Refused, err.Error()}
	}
	r := judgeKeepalived(ctx, scratch, file, tree)
	if r.Status != Unable || !runAsRoot(tree) {
		return r
	}
	// 2.2.7 kills itself in test mode when a script's user is not root. What else the file says can still be judged.
	text, err := keepalived.Language(version.Version{}).Encode(tree)
	if err != nil {
		return Result{Unable, err.Error()}
	}
	file += ".judged"
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return Result{Unable, err.Error()}
	}
	return judgeKeepalived(ctx, scratch, file, tree)
}

func judgeKeepalived(ctx context.Context, scratch, file string, tree []block.Statement) Result {
	var n namespace
	for _, s := range tree {
		if s.Words[0] != "vrrp_instance" {
			continue
		}
		for _, line := range s.Block {
			if len(line.Words) != 2 {
				continue
			}
			switch line.Words[0] {
			case "interface":
				n.add(line.Words[1])
			case "unicast_src_ip":
				n.address(line.Words[1])
			}
		}
		for _, inner := range s.Block {
			if inner.Words[0] == "track_interface" {
				for _, line := range inner.Block {
					n.add(line.Words[0])
				}
			}
		}
	}
	// The script is looked at where it will lie. Its folder is the package's.
	if folder := filepath.Join(scratch, "/etc/keepalived"); isFolder(folder) && isFolder("/etc/keepalived") {
		n.mount = [2]string{folder, "/etc/keepalived"}
	}
	return n.run(ctx, command{name: "keepalived", args: []string{"-t", "-f", file}, dir: scratch})
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// runAsRoot makes root the user of scripts and tells whether it was another one.
func runAsRoot(tree []block.Statement) bool {
	changed := false
	for _, s := range tree {
		for _, line := range s.Block {
			if len(line.Words) > 1 && line.Words[0] == "script_user" && line.Words[1] != "root" {
				line.Words[1], changed = "root", true
			}
		}
	}
	return changed
}
