package lab

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// rabbitScripts is where the package keeps the scripts that run as whoever calls them; the ones in the path change the user.
const rabbitScripts = "/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin"

// prepareRabbitMQ writes the files of a node that knows no other: its own port mapper, cookie and data, the STOMP plugin alone, and
// the vhost, user, permissions and exchanges as definitions that it loads while it boots.
func (b *Broker) prepareRabbitMQ(o BrokerOptions) error {
	scripts, err := filepath.Glob(rabbitScripts)
	if err != nil || len(scripts) == 0 {
		return fmt.Errorf("no %s", rabbitScripts)
	}
	ports, err := freePorts(6)
	if err != nil {
		return err
	}
	b.Port, b.Node = ports[0], "rabbit@localhost"
	distPort := strconv.Itoa(ports[1])
	b.epmdPort = strconv.Itoa(ports[2])
	b.Name = o.Name
	if b.Name == "" {
		b.Name = fmt.Sprintf("rabbitmq-%d", b.Port)
	}
	b.log = filepath.Join(b.dir, "rabbitmq.log")

	conf := "log.console.level = info\nlog.connection.level = warning\nload_definitions = " + b.file("definitions.json") +
		fmt.Sprintf("\nstomp.listeners.tcp.1 = %s:%d\n", b.Host, b.Port)
	if b.TLS != nil {
		b.TLSPort = ports[3]
		conf += fmt.Sprintf("stomp.listeners.ssl.1 = %s:%d\nssl_options.cacertfile = %s\nssl_options.certfile = %s\nssl_options.keyfile = %s\n"+
			"ssl_options.verify = verify_peer\nssl_options.fail_if_no_peer_cert = true\n", b.Host, b.TLSPort, b.TLS.CA, b.TLS.ServerCert, b.TLS.ServerKey)
	}
	plugins := append([]string{"rabbitmq_stomp"}, o.Plugins...)
	if o.Management {
		b.AMQPPort, b.Management = ports[4], fmt.Sprintf("http://127.0.0.1:%d", ports[5])
		plugins = append(plugins, "rabbitmq_management")
		conf += fmt.Sprintf("listeners.tcp.1 = 127.0.0.1:%d\ncollect_statistics_interval = 1000\nmanagement.tcp.ip = 127.0.0.1\nmanagement.tcp.port = %d\n", b.AMQPPort, ports[5])
	} else {
		conf += "listeners.tcp = none\n"
	}
	files := map[string]string{"plugins": "[" + strings.Join(plugins, ",") + "].\n"}
	if c := o.cluster; c != nil {
		b.Node, b.epmdPort = c.nodes[o.member], c.epmdPort
		files[".erlang.cookie"] = c.cookie
		conf += c.conf()
	} else {
		epmd, err := startEpmd(b.on, b.Name+" epmd", b.file("epmd.log"), b.epmdPort)
		if err != nil {
			return err
		}
		b.aside = append(b.aside, epmd)
	}
	definitions, err := b.definitions(o.Collectives)
	if err != nil {
		return err
	}
	files["rabbitmq.conf"], files["definitions.json"] = conf, string(definitions)
	for name, text := range files {
		if err := os.WriteFile(b.file(name), []byte(text), 0o600); err != nil {
			return err
		}
	}

	b.start = func() (*Process, error) {
		cmd := b.on.command(filepath.Join(scripts[0], "rabbitmq-server"))
		cmd.Dir = b.dir
		cmd.Env = []string{
			"PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8", "HOME=" + b.dir,
			"RABBITMQ_CONF_ENV_FILE=/dev/null",
			"RABBITMQ_NODENAME=" + b.Node,
			"RABBITMQ_CONFIG_FILE=" + b.file("rabbitmq.conf"),
			"RABBITMQ_ADVANCED_CONFIG_FILE=" + b.file("advanced.config"),
			"RABBITMQ_ENABLED_PLUGINS_FILE=" + b.file("plugins"),
			"RABBITMQ_MNESIA_BASE=" + b.file("mnesia"),
			"RABBITMQ_LOG_BASE=" + b.dir, "RABBITMQ_LOGS=-",
			"RABBITMQ_PID_FILE=" + b.file("pid"),
			"RABBITMQ_DIST_PORT=" + distPort,
			"ERL_EPMD_PORT=" + b.epmdPort, "ERL_EPMD_ADDRESS=127.0.0.1",
			"ERL_CRASH_DUMP=/dev/null",
			// The script then becomes the broker, instead of waiting for it: one process, one id.
			"RABBITMQ_ALLOW_INPUT=1",
			"RABBITMQ_SERVER_START_ARGS=-noinput -kernel inet_dist_use_interface {127,0,0,1}",
		}
		return startProcess(b.Name, b.log, cmd)
	}
	return nil
}

func (b *Broker) file(name string) string { return filepath.Join(b.dir, name) }

func (b *Broker) definitions(collectives []string) ([]byte, error) {
	type object = map[string]any
	salt := make([]byte, 4)
	if _, err := rand.Read(salt); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(append(salt[:4:4], b.Password...))
	user := func(name, tags string) object {
		return object{"name": name, "tags": tags, "hashing_algorithm": "rabbit_password_hashing_sha256",
			"password_hash": base64.StdEncoding.EncodeToString(append(salt[:4:4], sum[:]...))}
	}
	users, permissions := []object{user(b.User, "")}, []object{permission(b.User, b.VHost), permission(b.User, "/bare")}
	if b.Management != "" {
		users = append(users, user(Administrator, "administrator"), user(Monitor, "monitoring"))
		sees := permission(Monitor, b.VHost)
		sees["configure"], sees["write"], sees["read"] = "^$", "^$", "^$"
		permissions = append(permissions, permission(Administrator, b.VHost), sees)
	}
	var exchanges []object
	for _, c := range collectives {
		for name, kind := range map[string]string{c + "_broadcast": "topic", c + "_directed": "direct"} {
			exchanges = append(exchanges, object{"name": name, "vhost": b.VHost, "type": kind, "durable": true, "auto_delete": false,
				"internal": false, "arguments": object{}})
		}
	}
	// A reply exchange for plugin.rabbitmq.use_reply_exchange, and a vhost that the user may not enter and one without exchanges.
	exchanges = append(exchanges, object{"name": "mcollective_reply", "vhost": b.VHost, "type": "direct", "durable": true,
		"auto_delete": false, "internal": false, "arguments": object{}})
	return json.Marshal(object{
		"users":       users,
		"vhosts":      []object{{"name": b.VHost}, {"name": "/bare"}, {"name": "/forbidden"}},
		"permissions": permissions,
		"exchanges":   exchanges,
	})
}

func permission(user, vhost string) map[string]any {
	return map[string]any{"user": user, "vhost": vhost, "configure": ".*", "write": ".*", "read": ".*"}
}
