package validate

import (
	"bytes"
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/mco-go/mco-go/generators/block"
	"github.com/mco-go/mco-go/generators/corosync"
	"github.com/mco-go/mco-go/generators/drbd"
	"github.com/mco-go/mco-go/generators/target"
)

// clusterTools judge an active-passive pair's files, without a cluster. Read off Corosync 3.1.7, drbd-utils 9.22.0, crmsh 4.4.1 and
// Pacemaker 2.1.5.
func clusterTools() []Program {
	return []Program{
		{Name: "corosync", Kinds: []string{"corosync.conf"}, Available: need("corosync", "corosync", "unshare", "ip"), Run: runCorosync},
		{Name: "drbdadm", Kinds: []string{"drbd.res"}, Available: need("drbd-utils", "drbdadm", "unshare", "ip"), Run: runDRBD},
		{Name: "crm_verify", Kinds: []string{"cluster.crm"}, Available: need("crmsh, pacemaker-cli-utils", "crm", "cibadmin", "crm_verify"), Run: runCRM},
	}
}

// runCorosync tests the file where the nodes' addresses are, as Corosync looks for its own. It does not see keys that it does not know.
func runCorosync(ctx context.Context, scratch string, f target.File) Result {
	tree, err := corosync.Language().Parse(f.Content)
	if err != nil {
		return Result{Refused, err.Error()}
	}
	n := namespace{}
	for _, s := range words(tree) {
		if len(s) == 2 && strings.HasPrefix(s[0], "ring") {
			n.address(s[1])
		}
	}
	if folder := filepath.Join(scratch, "/etc/corosync"); isFolder("/etc/corosync") { // where the key is looked for
		n.mount = [2]string{folder, "/etc/corosync"}
	}
	// It opens its log, whose folder is the package's of the system that the file is for.
	file := At(scratch, f) + ".judged"
	var text strings.Builder
	for line := range bytes.Lines(f.Content) {
		if key, _, ok := strings.Cut(string(line), ":"); ok && strings.TrimSpace(key) == "logfile" {
			line = []byte(key + ": " + filepath.Join(scratch, "corosync.log") + "\n")
		}
		text.Write(line)
	}
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		return Result{Unable, err.Error()}
	}
	return n.run(ctx, command{name: "corosync", args: []string{"-t", "-c", file}, dir: scratch})
}

// runDRBD reads the resource as its first node, by name and address. It does not see that the last brace is missing.
func runDRBD(ctx context.Context, scratch string, f target.File) Result {
	tree, err := drbd.Language().Parse(f.Content)
	if err != nil {
		return Result{Refused, err.Error()}
	}
	n := namespace{}
	for _, s := range words(tree) {
		switch {
		case s[0] == "on" && len(s) == 2 && n.hostname == "":
			n.hostname = s[1]
		case s[0] == "address" && len(s) == 3:
			if a, err := netip.ParseAddrPort(s[2]); err == nil {
				n.address(a.Addr().String())
			}
		}
	}
	return n.run(ctx, command{name: "drbdadm", args: []string{"-c", At(scratch, f), "dump", "all"}, dir: scratch})
}

// runCRM loads the definitions into an empty configuration in a file and lets crm_verify judge: crm itself may end with 0 over
// warnings.
func runCRM(ctx context.Context, scratch string, f target.File) Result {
	_, r := loadCRM(ctx, scratch, f)
	return r
}

// loadCRM also returns the file that the configuration is in.
func loadCRM(ctx context.Context, scratch string, f target.File) (cib string, r Result) {
	cib = At(scratch, f) + ".cib"
	empty, r := command{name: "cibadmin", args: []string{"--empty"}, dir: scratch}.run(ctx)
	if r.Status != Accepted {
		return "", Result{Unable, r.Text}
	}
	if err := os.WriteFile(cib, []byte(empty), 0o600); err != nil {
		return "", Result{Unable, err.Error()}
	}
	judges := []command{
		{name: "crm", args: []string{"-F", "configure", "load", "update", At(scratch, f)}, limit: time.Minute},
		{name: "crm_verify", args: []string{"-V", "-x", cib}},
	}
	if bytes.Contains(f.Content, []byte("stonith-enabled=true")) {
		// The device is the machines' own and so in no file of ours, and no node of this cluster was ever seen: crm_verify shall warn of
		// neither.
		judges = slices.Insert(judges, 1,
			command{name: "cibadmin", args: []string{"--create", "--scope", "resources", "--xml-text",
				`<primitive id="judged-fence" class="stonith" type="fence_judged"/>`}},
			command{name: "crm_attribute", args: []string{"--type", "crm_config", "--name", "startup-fencing", "--update", "false"}})
	}
	for _, c := range judges {
		c.dir, c.env = scratch, []string{"CIB_file=" + cib}
		output, judged := c.run(ctx)
		if judged.Status == Accepted && strings.Contains(output, "refers to missing object") {
			judged = Result{Refused, output} // crm loads the rest, and crm_verify sees nothing wrong with it
		}
		if r = judged; r.Status != Accepted {
			return "", r
		}
	}
	return cib, r
}

// words lists the words of all statements.
func words(tree []block.Statement) [][]string {
	var all [][]string
	for _, s := range tree {
		all = append(append(all, s.Words), words(s.Block)...)
	}
	return all
}
