package drill

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os/exec"
	"slices"
	"strings"
)

// nftable is the program that sets rules.
const nftable = "nft"

// wall is a fault of a rule. It lives in a table of its own, so that its end is the table's, and nobody else's rules are touched.
type wall struct {
	entry Entry
	rules string
}

// ByFirewall returns the fault of a rule on this machine that drops every packet from and to the broker: those of this machine, and those
// that it forwards. The table has a name that nobody else uses.
func ByFirewall(ctx context.Context, e Entry, table string) (Fault, error) {
	host, port, err := net.SplitHostPort(e.Broker)
	if err != nil {
		return nil, err
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, fmt.Errorf("look up %s: %w", host, err)
	}
	e.Fault, e.Table = Firewall, table
	if err := e.check(); err != nil {
		return nil, err
	}
	return &wall{e, ruleset(table, addrs, port)}, nil
}

// ruleset is what nft reads. "create" refuses a table that is there.
func ruleset(table string, addrs []netip.Addr, port string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "create table inet %s\n", table)
	rules := map[string][]string{}
	seen := map[netip.Addr]bool{}
	for _, a := range addrs {
		a = a.Unmap().WithZone("")
		if seen[a] {
			continue
		}
		seen[a] = true
		family := "ip6"
		if a.Is4() {
			family = "ip"
		}
		for _, hook := range []string{"input", "forward", "output"} {
			rules[hook] = append(rules[hook], fmt.Sprintf("%s daddr %s tcp dport %s drop", family, a, port), fmt.Sprintf("%s saddr %s tcp sport %s drop", family, a, port))
		}
	}
	for _, hook := range []string{"input", "forward", "output"} {
		fmt.Fprintf(&b, "add chain inet %s %s { type filter hook %s priority -10; policy accept; }\n", table, hook, hook)
		slices.Sort(rules[hook])
		for _, r := range rules[hook] {
			fmt.Fprintf(&b, "add rule inet %s %s %s\n", table, hook, r)
		}
	}
	return b.String()
}

func (w *wall) Entry() Entry { return w.entry }
func (w *wall) By() string   { return "nft table inet " + w.entry.Table }

func (w *wall) Check(ctx context.Context) error { return nft(ctx, w.rules, "--check", "-f", "-") }

func (w *wall) Inject(ctx context.Context) error { return nft(ctx, w.rules, "-f", "-") }

func (w *wall) Restore(ctx context.Context) error {
	if err := nft(ctx, "", "list", "table", "inet", w.entry.Table); err != nil {
		if _, ended := errors.AsType[*exec.ExitError](err); ended && strings.Contains(err.Error(), "No such file or directory") {
			return nil // it was never set, or is gone
		}
		return err
	}
	return nft(ctx, "", "delete", "table", "inet", w.entry.Table)
}

func nft(ctx context.Context, input string, args ...string) error {
	cmd := exec.CommandContext(ctx, nftable, args...)
	cmd.Stdin = strings.NewReader(input)
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("nft %s: %w; it said: %s", strings.Join(args, " "), err, bytes.TrimSpace(said))
	}
	return nil
}
