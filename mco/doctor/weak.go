package doctor

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/mco-go/mco-go/mco/config"
)

// leastSecret is the length below which a pre-shared key can be guessed from one captured message, which is an MD5 digest.
const leastSecret = 16

// contradictions finds settings that make each other useless.
func (x *examination) contradictions() {
	other := map[string]string{"rabbitmq": "activemq", "activemq": "rabbitmq"}[x.cfg.Connector]
	ours, theirs := false, ""
	for key := range x.cfg.Plugins() {
		ours = ours || strings.HasPrefix(key, x.cfg.Connector+".")
		if theirs == "" && other != "" && strings.HasPrefix(key, other+".") {
			theirs = "plugin." + key
		}
	}
	switch {
	case theirs != "" && !ours:
		x.say(Bad, "connector", x.at(x.cfg, theirs), fmt.Sprintf("there are settings of %s, and the connector is %s", other, x.cfg.Connector), "write connector = "+other)
	case theirs != "":
		x.say(Note, "connector", x.at(x.cfg, theirs), fmt.Sprintf("settings of %s are not read: the connector is %s", other, x.cfg.Connector), "")
	}
	x.poolSize()
	if !slices.Contains(x.cfg.Collectives, x.cfg.MainCollective) {
		x.say(Warning, "collective", x.at(x.cfg, "main_collective"), fmt.Sprintf("the main collective %s is none of the collectives %s",
			x.cfg.MainCollective, strings.Join(x.cfg.Collectives, ", ")), "name it in collectives")
	}
	if skew := x.cfg.Own.Skew; skew > x.cfg.TTL {
		x.say(Warning, "skew", x.at(x.cfg, "plugin.mco.skew"), fmt.Sprintf("messages may come from %s in the future and live %s: a captured one is good for both together", skew, x.cfg.TTL),
			"keep plugin.mco.skew at or below ttl")
	}
}

// poolSize finds members that stand beyond the pool's size.
func (x *examination) poolSize() {
	prefix := x.cfg.Connector + ".pool."
	text, ok := x.cfg.Plugin(prefix + "size")
	size, err := strconv.Atoi(text)
	if !ok || err != nil {
		return // the connector says so in the original's words
	}
	for key := range x.cfg.Plugins() {
		number, found := strings.CutPrefix(key, prefix)
		number, what, _ := strings.Cut(number, ".")
		if n, err := strconv.Atoi(number); found && err == nil && n > size && what == "host" {
			x.say(Warning, "pool-size", x.at(x.cfg, "plugin."+key), fmt.Sprintf("member %d of the pool is never used: the pool's size is %d", n, size),
				fmt.Sprintf("write plugin.%ssize = %d, or remove the member", prefix, n))
		}
	}
}

// weaknesses finds what works and should not stay so.
func (x *examination) weaknesses() {
	x.weakSecret()
	if text, ok := x.cfg.Plugin(x.cfg.Connector + ".heartbeat_interval"); ok && strings.TrimLeft(text, "0") == "" {
		x.say(Warning, "heart-beat", x.at(x.cfg, "plugin."+x.cfg.Connector+".heartbeat_interval"), "heart-beats are off: a broker that hangs is not noticed",
			"remove the line; the interval is then 10 s")
	}
	if x.cfg.Own.AllowUnverified {
		x.say(Warning, "tls-unverified", x.at(x.cfg, "plugin.mco.tls.allow_unverified"), "where ssl.fallback is set too, any broker is taken for ours",
			"give cert, key and ca of each member, and remove both lines")
	}
	x.stateDir()
	if x.Role == config.Server {
		x.weakNode()
	}
}

func (x *examination) weakSecret() {
	if x.cfg.SecurityProvider != "psk" {
		return
	}
	where := x.at(x.cfg, "plugin.psk")
	secret, _ := x.cfg.Plugin("psk")
	if env := x.Getenv("MCOLLECTIVE_PSK"); env != "" {
		x.say(Note, "psk", "MCOLLECTIVE_PSK", "the psk of the environment goes before the file's", "")
		secret = env
	}
	switch {
	case secret == "":
		x.say(Bad, "psk", where, "there is no psk: no message can be signed", "set plugin.psk to the secret that all nodes and clients share")
		return
	case len(secret) < leastSecret:
		x.say(Warning, "psk-short", where, fmt.Sprintf("the psk has %d characters; one captured message is enough to guess so short a secret", len(secret)),
			fmt.Sprintf("take %d random characters or more, on all nodes and clients", leastSecret))
	}
	if members, err := x.Members(x.cfg); err == nil && slices.ContainsFunc(members, func(m Member) bool { return !m.TLS }) {
		x.say(Warning, "psk-without-tls", where, "psk signs the body of a message alone, and the way to a broker is not encrypted: whoever listens can repeat requests",
			"set pool.N.ssl = 1 with ca, cert and key for each member of the pool")
	}
}

// stateDir looks at who else may write what we believe after a restart.
func (x *examination) stateDir() {
	dir := x.cfg.Own.StateDir
	info, err := os.Stat(dir)
	if err != nil {
		return // it is made, with the right mode, when it is needed
	}
	where := x.at(x.cfg, "plugin.mco.state_dir")
	switch {
	case !info.IsDir():
		x.say(Bad, "state-dir", where, dir+" is no folder", "name a folder in plugin.mco.state_dir")
	case info.Mode().Perm()&0o022 != 0:
		x.say(Warning, "state-dir", where, fmt.Sprintf("others may write to %s (%s), where we keep what we believe after a restart", dir, info.Mode().Perm()), "chmod go-w "+dir)
	}
}

// weakNode looks at what a node lets callers do.
func (x *examination) weakNode() {
	cfg := x.cfg
	switch {
	case !cfg.RPCAuthorization:
		x.say(Warning, "authorisation", x.at(cfg, "rpcauthorization"), "no authorisation: whoever may send to this node may run every action of every agent",
			"set rpcauthorization = 1 and rpcauthprovider = action_policy, and write policies")
	case cfg.RPCAuthProvider == "":
		x.say(Bad, "authorisation", x.at(cfg, "rpcauthorization"), "authorisation is on and has no provider: every request is refused", "set rpcauthprovider = action_policy")
	case cfg.Own.PolicyCallers == "contains":
		x.say(Warning, "authorisation", x.at(cfg, "plugin.mco.actionpolicy.callers"), "callers are compared by any part: uid=1 is also uid=1000", "set plugin.mco.actionpolicy.callers = words")
	default:
		x.say(Good, "authorisation", x.at(cfg, "rpcauthorization"), "requests are authorised by "+cfg.RPCAuthProvider, "")
	}
	switch {
	case !cfg.RPCAudit:
		x.say(Warning, "audit", x.at(cfg, "rpcaudit"), "no audit: nothing tells later who asked for what", "set rpcaudit = 1 and rpcauditprovider = Logfile")
	case cfg.Own.AuditContinue:
		x.say(Warning, "audit", x.at(cfg, "plugin.mco.audit.on_failure"), "a request that cannot be audited runs all the same", "set plugin.mco.audit.on_failure = refuse")
	default:
		x.say(Good, "audit", x.at(cfg, "rpcaudit"), "requests are audited", "")
	}
}
