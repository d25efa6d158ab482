package validate

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/mco-go/mco-go/generators/block"
)

// namespace is a network of its own, with a node's interfaces and addresses, that ends with the command in it. It needs the
// superuser, and touches nothing of the machine.
type namespace struct {
	interfaces []string       // beside lo
	addresses  []netip.Prefix // on the first interface, or on lo without one
	hostname   string         // empty: the machine's
	mount      [2]string      // a folder that is seen at the place of another one: from, to
}

// enter returns c as it runs inside. What names the interfaces and addresses goes by the file's own words, which the shell never
// reads as its own: they are arguments.
func (n namespace) enter(c command) (command, error) {
	const script = `ip link set lo up || exit 125
if [ -n "$1" ]; then mount --bind "$1" "$2" || exit 125; fi
if [ -n "$3" ]; then hostname "$3" || exit 125; fi
shift 3
while [ "$1" != -- ]; do
  ip $1 || exit 125
  shift
done
shift
exec "$@"`
	args := []string{"-n", "-m", "-u", "sh", "-c", script, "sh", n.mount[0], n.mount[1], n.hostname}
	on := "lo"
	for i, name := range n.interfaces {
		if !block.Plain(name, "_.-") || len(name) > 15 {
			return command{}, fmt.Errorf("interface %+q cannot be made", name)
		}
		if name == "lo" {
			continue
		}
		if i == 0 {
			on = name
		}
		args = append(args, "link add "+name+" type bridge", "link set "+name+" up")
	}
	for _, a := range n.addresses {
		add := "address add " + a.String() + " dev " + on
		if a.Addr().Is6() {
			add += " nodad"
		}
		args = append(args, add)
	}
	if strings.HasPrefix(n.hostname, "-") {
		return command{}, fmt.Errorf("host name %+q cannot be set", n.hostname)
	}
	file, err := find(c.name)
	if err != nil {
		return command{}, err
	}
	c.args = append(append(append(args, "--"), file), c.args...)
	c.name = "unshare"
	c.unable = append(c.unable, 125)
	return c, nil
}

// address adds one, once.
func (n *namespace) address(s string) {
	a, err := netip.ParseAddr(s)
	if err != nil {
		return
	}
	if p := netip.PrefixFrom(a, a.BitLen()); !slices.Contains(n.addresses, p) {
		n.addresses = append(n.addresses, p)
	}
}

// run is [command.run] inside.
func (n namespace) run(ctx context.Context, c command) Result {
	c, err := n.enter(c)
	if err != nil {
		return Result{Unable, err.Error()}
	}
	output, r := c.run(ctx)
	if r.Status == Refused && strings.HasPrefix(output, "unshare: ") {
		r.Status = Unable // nothing was asked: this user may make no namespaces
	}
	return r
}

// add adds an interface, once.
func (n *namespace) add(name string) {
	if !slices.Contains(n.interfaces, name) {
		n.interfaces = append(n.interfaces, name)
	}
}
