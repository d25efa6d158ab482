package validate

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/mco-go/mco-go/generators/target"
)

// Boot is what a RabbitMQ node made of its files: it started, and took its definitions twice.
type Boot struct {
	Result
	Exports [2]string // what it exported after the first import and after the second
	Status  string    // of rabbitmqctl status, as JSON
}

// bootLimit is how long a node may take to start, import, export and end; it took 20 s on two cores.
const bootLimit = 2 * time.Minute

// bootScript runs as the first process of namespaces of its own: what it mounts, configures and starts is gone when it ends. The node
// finds its files at their real paths, the addresses that they name on lo, and the names of its cluster at 127.0.0.1.
const bootScript = `
set -eu
out=$MCO_SCRATCH/boot
mkdir -p "$out" "$MCO_SCRATCH/var/lib/rabbitmq" "$MCO_SCRATCH/var/log/rabbitmq"
mount --make-rprivate /
for dir in etc/rabbitmq var/lib/rabbitmq var/log/rabbitmq; do
	mount --bind "$MCO_SCRATCH/$dir" "/$dir"
done
ip link set lo up
for address in $MCO_ADDRESSES; do
	ip address add "$address" dev lo
done
export HOME=/var/lib/rabbitmq ERL_INETRC=$out/inetrc ERL_CRASH_DUMP=/dev/null RABBITMQ_PID_FILE=$out/pid
printf '{lookup, [file, native]}.\n' >"$ERL_INETRC"
for host in $MCO_HOSTS; do
	printf '{host, {127,0,0,1}, ["%s"]}.\n' "$host" >>"$ERL_INETRC"
done
sbin=$(echo /usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin)
"$sbin/rabbitmq-server" >"$out/log" 2>&1 &
"$sbin/rabbitmqctl" wait --timeout 90 "$out/pid" >>"$out/ctl" 2>&1 || { tail -n 40 "$out/log" "$out/ctl"; exit 1; }
for n in 0 1; do
	"$sbin/rabbitmqctl" import_definitions /etc/rabbitmq/definitions.json >>"$out/ctl" 2>&1 || { tail -n 20 "$out/ctl"; exit 1; }
	"$sbin/rabbitmqctl" -q export_definitions "$out/export$n.json" >>"$out/ctl" 2>&1 || { tail -n 20 "$out/ctl"; exit 3; }
done
"$sbin/rabbitmqctl" -q status --formatter json >"$out/status.json"
`

// BootRabbitMQ starts the installed RabbitMQ from a node's files, which lie below scratch, in namespaces of its own, and imports its
// definitions twice. addresses are those that the files name, hosts the names of the cluster's machines. It needs the right to make
// namespaces, and so usually root; where that is missing the result is unable.
func BootRabbitMQ(ctx context.Context, scratch string, files []target.File, addresses, hosts []string) Boot {
	if err := need("rabbitmq-server", "erl", "unshare", "ip", plugins)(); err != nil {
		return Boot{Result: Result{Missing, err.Error()}}
	}
	for _, f := range files {
		if err := os.Chmod(At(scratch, f), f.Mode.Perm()|0o400); err != nil {
			return Boot{Result: Result{Unable, err.Error()}}
		}
	}
	script := filepath.Join(scratch, "boot.sh")
	if err := os.WriteFile(script, []byte(bootScript), 0o600); err != nil {
		return Boot{Result: Result{Unable, err.Error()}}
	}
	args := []string{"--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", script}
	if os.Geteuid() != 0 {
		args = append([]string{"--map-root-user"}, args...)
	}
	_, r := command{name: "unshare", args: args, dir: scratch, limit: bootLimit, unable: []int{3}, env: []string{
		"MCO_SCRATCH=" + scratch, "MCO_ADDRESSES=" + strings.Join(addresses, " "), "MCO_HOSTS=" + strings.Join(hosts, " ")}}.run(ctx)
	b := Boot{Result: r}
	for name, to := range map[string]*string{"export0.json": &b.Exports[0], "export1.json": &b.Exports[1], "status.json": &b.Status} {
		text, err := os.ReadFile(filepath.Join(scratch, "boot", name))
		if err != nil && r.Status == Accepted {
			return Boot{Result: Result{Unable, err.Error()}}
		}
		*to = string(text)
	}
	return b
}
