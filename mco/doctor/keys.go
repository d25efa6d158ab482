package doctor

import (
	"strings"

	"github.com/mco-go/mco-go/mco/config"
)

// connectorKeys are the keys of both connectors, without plugin.NAME., N for the number of a pool member. A test holds them to what
// the adapters read.
const connectorKeys = `pool.size pool.N.host pool.N.port pool.N.user pool.N.password pool.N.ssl pool.N.ssl.ca pool.N.ssl.cert pool.N.ssl.key
	pool.N.ssl.ciphers pool.N.ssl.fallback vhost base64 randomize backup timeout connect_timeout max_reconnect_attempts initial_reconnect_delay
	max_reconnect_delay use_exponential_back_off back_off_multiplier heartbeat_interval stomp_1_0_fallback max_hbread_fails max_hbrlck_fails
	prompt_user prompt_password agents_multiplex`

// otherKeys are those of the providers and agents that ship with us or with the original.
const otherKeys = `psk psk.callertype yaml rpcaudit.logfile actionpolicy.allow_unconfigured actionpolicy.enable_default actionpolicy.default_name
	facter.facterlib facter.cache_time shell.state_path filemgr.touch_file nrpe.conf_dir nrpe.conf_file nrpe.conf_path nrpe.runas_user
	package.provider package.yum_clean_mode service.provider service.puppet.hasstatus service.puppet.hasrestart puppet.command puppet.config
	puppet.splay puppet.splaylimit puppet.signal_daemon puppet.allow_server_override puppet.resource_allow_managed_resources
	puppet.resource_type_whitelist puppet.resource_type_blacklist ssl_serializer ssl_client_public ssl_client_private ssl_server_public
	ssl_server_private ssl_client_cert_dir ssl.enforce_ttl aes.client_private aes.client_public aes.server_private aes.server_public
	aes.client_cert_dir aes.send_pubkey aes.learn_pubkeys rpc.graph metadata.author metadata.license metadata.url`

// pluginKeys returns every plugin key that has a reader, beside ours.
func pluginKeys(flavour string) []string {
	names := connectorNames(flavour)
	for key := range strings.FieldsSeq(otherKeys) {
		names = append(names, "plugin."+key)
	}
	return names
}

// connectorNames returns the keys of a connector.
func connectorNames(flavour string) []string {
	keys := strings.Fields(connectorKeys)
	if flavour == "activemq" {
		keys = append(keys, "priority")
	} else {
		keys = append(keys, "use_reply_exchange")
	}
	for i, key := range keys {
		keys[i] = "plugin." + flavour + "." + key
	}
	return keys
}

// ownKeys returns the keys of ours.
func ownKeys(role config.Role) []string {
	var names []string
	for _, key := range config.OwnKeys(role) {
		names = append(names, "plugin."+key.Name)
	}
	return names
}

func coreKeys() []string {
	var names []string
	for _, key := range config.Keys() {
		names = append(names, key.Name)
	}
	return names
}

// isAgentKey tells whether the key is one that every agent has.
func isAgentKey(name string) bool { return strings.HasSuffix(name, ".activate_agent") }

// withoutNumbers writes N for the parts of a key that are numbers.
func withoutNumbers(name string) string {
	parts := strings.Split(name, ".")
	for i, p := range parts {
		if isNumber(p) {
			parts[i] = "N"
		}
	}
	return strings.Join(parts, ".")
}

// withNumbers puts the numbers of name in the place of the N of a known key, in order.
func withNumbers(known, name string) string {
	parts := strings.Split(known, ".")
	numbers := strings.Split(name, ".")
	for i, p := range parts {
		if p != "N" {
			continue
		}
		for len(numbers) > 0 && !isNumber(numbers[0]) {
			numbers = numbers[1:]
		}
		if len(numbers) > 0 {
			parts[i], numbers = numbers[0], numbers[1:]
		}
	}
	return strings.Join(parts, ".")
}

func isNumber(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
