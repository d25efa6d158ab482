package config

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/rubynum"
)

// Key describes one setting, for reference pages and for tools that write cfg files.
type Key struct {
	Name    string
	Type    string // text, int, float, bool, seconds, list, class, paths, word or deprecated
	Default string // as one would write it; empty: none
	Doc     string // what it does, in one line
}

// Keys returns every core key in the order of the reference.
func Keys() []Key {
	var keys []Key
	for _, s := range settings() {
		keys = append(keys, s.Key)
	}
	return keys
}

// setting is a key with the code that applies its value, and that gives it back as the original's Config object holds it.
type setting struct {
	Key
	set  func(*Config, string) error
	item func(*Config) mco.Value
}

// settings is the table of core keys (config.rb: loadconfig, set_config_defaults).
func settings() []setting {
	return []setting{
		textKey("identity", func(c *Config) *string { return &c.Identity }, "", "name of this node or client in messages; the host name by default"),
		listKey("collectives", mco.DefaultCollective, "collectives this node is in, or this client knows"),
		textKey("main_collective", func(c *Config) *string { return &c.MainCollective }, mco.DefaultCollective, "collective of requests and registration"),
		classKey("connector", func(c *Config) *string { return &c.Connector }, "activemq", "rabbitmq or activemq"),
		classKey("securityprovider", func(c *Config) *string { return &c.SecurityProvider }, "Psk", "psk, ssl or aes_security"),
		classKey("factsource", func(c *Config) *string { return &c.FactSource }, "Yaml", "where facts come from"),
		classKey("registration", func(c *Config) *string { return &c.Registration }, "Agentlist", "what registration messages hold"),
		secondsKey("registerinterval", func(c *Config) *time.Duration { return &c.RegisterInterval }, "0", "seconds between registration messages; 0 is off"),
		registrationCollective(),
		boolKey("registration_splay", func(c *Config) *bool { return &c.RegistrationSplay }, "0", "send the first registration at a random time of the interval"),
		textKey("classesfile", func(c *Config) *string { return &c.ClassesFile }, "/var/lib/puppet/state/classes.txt", "classes of this node, one per line"),
		boolKey("rpcaudit", func(c *Config) *bool { return &c.RPCAudit }, "0", "write an audit line for each request"),
		classKey("rpcauditprovider", func(c *Config) *string { return &c.RPCAuditProvider }, "", "logfile"),
		boolKey("rpcauthorization", func(c *Config) *bool { return &c.RPCAuthorization }, "0", "ask the authorisation provider before an action runs"),
		classKey("rpcauthprovider", func(c *Config) *string { return &c.RPCAuthProvider }, "", "action_policy"),
		{Key{"libdir", "paths", "", "folders of plugins, separated by :, absolute; what comes last is searched first"}, setLibDir, nil},
		textKey("logger_type", func(c *Config) *string { return &c.LoggerType }, "file", "file, syslog or console"),
		optionalText("logfile", func(c *Config) *string { return &c.LogFile }, "file of the file logger"),
		textKey("loglevel", func(c *Config) *string { return &c.LogLevel }, "info", "debug, info, warn, error or fatal"),
		intKey("keeplogs", func(c *Config) *int { return &c.KeepLogs }, "5", "rotated log files to keep; 0 is no rotation"),
		intKey("max_log_size", func(c *Config) *int { return &c.MaxLogSize }, "2097152", "bytes after which the log file is rotated"),
		textKey("logfacility", func(c *Config) *string { return &c.LogFacility }, "user", "facility of syslog"),
		boolKey("color", func(c *Config) *bool { return &c.Color }, "1", "colours in what is printed"),
		optionalBool("daemonize", func(c *Config) **bool { return &c.Daemonize }, "run in the background"),
		boolKey("direct_addressing", func(c *Config) *bool { return &c.DirectAddressing }, "1", "send to single nodes where the targets are known"),
		intKey("direct_addressing_threshold", func(c *Config) *int { return &c.DirectAddressingThreshold }, "10", "up to this many targets are addressed directly"),
		secondsKey("ttl", func(c *Config) *time.Duration { return &c.TTL }, "60", "seconds that a request is valid"),
		textKey("default_discovery_method", func(c *Config) *string { return &c.DefaultDiscoveryMethod }, "mc", "mc, flatfile or stdin"),
		discoveryOptions(),
		optionalSeconds("discovery_timeout", func(c *Config) **time.Duration { return &c.DiscoveryTimeout }, "seconds of discovery; by default what the method says"),
		secondsKey("publish_timeout", func(c *Config) *time.Duration { return &c.PublishTimeout }, "2", "seconds that sending may take"),
		optionalSeconds("connection_timeout", func(c *Config) **time.Duration { return &c.ConnectionTimeout }, "seconds that a client tries to connect; for ever by default"),
		boolKey("threaded", func(c *Config) *bool { return &c.Threaded }, "0", "send and receive at the same time"),
		limitMethod(),
		intKey("default_batch_size", func(c *Config) *int { return &c.DefaultBatchSize }, "0", "nodes per batch; 0 is off"),
		batchSleep(),
		secondsKey("fact_cache_time", func(c *Config) *time.Duration { return &c.FactCacheTime }, "300", "seconds that facts are kept"),
		textKey("ssl_cipher", func(c *Config) *string { return &c.SSLCipher }, "aes-256-cbc", "cipher of aes_security"),
		boolKey("soft_shutdown", func(c *Config) *bool { return &c.SoftShutdown }, "0", "let running agents end before the daemon stops"),
		optionalSeconds("soft_shutdown_timeout", func(c *Config) **time.Duration { return &c.SoftShutdownTimeout }, "seconds that running agents get"),
		boolKey("activate_agents", func(c *Config) *bool { return &c.ActivateAgents }, "1", "whether agents are active unless plugin.AGENT.activate_agent says otherwise"),
		deprecatedKey("topicprefix"), deprecatedKey("topicsep"), deprecatedKey("queueprefix"),
		deprecatedKey("rpchelptemplate"), deprecatedKey("helptemplatedir"),
	}
}

// setDefaults sends every default through the code that reads a file's value. Defaults are ours, so an error is a mistake of ours.
func (c *Config) setDefaults() {
	for _, s := range settings() {
		if s.Default == "" {
			continue
		}
		if err := s.set(c, s.Default); err != nil {
			panic(fmt.Sprintf("config: default of %s: %v", s.Name, err))
		}
	}
}

// Item returns a core setting as the original's Config object holds it, which the rpcutil agent tells to callers; false when there
// is no such setting. Secrets are no core settings.
func (c *Config) Item(name string) (mco.Value, bool) {
	for _, s := range settings() {
		if s.Name == name && s.item != nil {
			return s.item(c), true
		}
	}
	switch name {
	case "configfile":
		return mco.String(c.File), true
	case "configdir":
		return mco.String(c.Dir), true
	case "libdir":
		return mco.Strings(c.LibDirs...), true
	case "mode":
		if c.Role == Server {
			return mco.Sym("server"), true
		}
		return mco.Sym("client"), true
	}
	return mco.Nil(), false
}

func textKey(name string, field func(*Config) *string, def, doc string) setting {
	return setting{Key{name, "text", def, doc},
		func(c *Config, v string) error { *field(c) = v; return nil },
		func(c *Config) mco.Value { return mco.String(*field(c)) }}
}

func optionalText(name string, field func(*Config) *string, doc string) setting {
	s := textKey(name, field, "", doc)
	s.item = func(c *Config) mco.Value {
		if *field(c) == "" {
			return mco.Nil()
		}
		return mco.String(*field(c))
	}
	return s
}

// classKey is the name of a plugin. The original keeps it as the name of a Ruby class where a file sets it; we keep the lower case
// name by which its file is found.
func classKey(name string, field func(*Config) *string, def, doc string) setting {
	return setting{Key{name, "class", def, doc},
		func(c *Config, v string) error { *field(c) = strings.ToLower(v); return nil },
		func(c *Config) mco.Value {
			if v, ok := held(c.text, name); ok {
				return mco.String(capitalize(v))
			}
			return mco.String(def)
		}}
}

func intKey(name string, field func(*Config) *int, def, doc string) setting {
	return setting{Key{name, "int", def, doc},
		func(c *Config, v string) error {
			n, err := rubynum.Int64(v)
			if err == nil {
				*field(c) = int(n)
			}
			return err
		},
		func(c *Config) mco.Value { return mco.Int(int64(*field(c))) }}
}

func secondsKey(name string, field func(*Config) *time.Duration, def, doc string) setting {
	return setting{Key{name, "seconds", def, doc},
		func(c *Config, v string) (err error) {
			*field(c), err = parseSeconds(v)
			return err
		},
		func(c *Config) mco.Value { return mco.Int(int64(*field(c) / time.Second)) }}
}

func optionalSeconds(name string, field func(*Config) **time.Duration, doc string) setting {
	return setting{Key{name, "seconds", "", doc},
		func(c *Config, v string) error {
			d, err := parseSeconds(v)
			*field(c) = &d
			return err
		},
		func(c *Config) mco.Value {
			if d := *field(c); d != nil {
				return mco.Int(int64(*d / time.Second))
			}
			return mco.Nil()
		}}
}

func boolKey(name string, field func(*Config) *bool, def, doc string) setting {
	return setting{Key{name, "bool", def, doc},
		func(c *Config, v string) (err error) {
			*field(c), err = ParseBool(v)
			return err
		},
		func(c *Config) mco.Value { return mco.Bool(*field(c)) }}
}

func optionalBool(name string, field func(*Config) **bool, doc string) setting {
	return setting{Key{name, "bool", "", doc},
		func(c *Config, v string) error {
			b, err := ParseBool(v)
			*field(c) = &b
			return err
		},
		func(c *Config) mco.Value {
			if b := *field(c); b != nil {
				return mco.Bool(*b)
			}
			return mco.Nil()
		}}
}

// listKey is `collectives`: split at commas as Ruby splits, so that empty items at the end vanish and inner ones stay.
func listKey(name, def, doc string) setting {
	return setting{Key{name, "list", def, doc},
		func(c *Config, v string) error {
			items := strings.Split(v, ",")
			for len(items) > 0 && items[len(items)-1] == "" {
				items = items[:len(items)-1]
			}
			for i := range items {
				items[i] = strings.Trim(items[i], stripped)
			}
			c.Collectives = items
			return nil
		},
		func(c *Config) mco.Value { return mco.Strings(c.Collectives...) }}
}

func registrationCollective() setting {
	return optionalText("registration_collective", func(c *Config) *string { return &c.RegistrationCollective },
		"collective of registration messages; the main collective by default")
}

func discoveryOptions() setting {
	return setting{Key{"default_discovery_options", "text", "", "an option for the discovery method; may be repeated"},
		func(c *Config, v string) error {
			c.DefaultDiscoveryOptions = append(c.DefaultDiscoveryOptions, v)
			return nil
		},
		func(c *Config) mco.Value { return mco.Strings(c.DefaultDiscoveryOptions...) }}
}

func limitMethod() setting {
	return setting{Key{"rpclimitmethod", "word", "first", "first or random: how --limit picks nodes"},
		func(c *Config, v string) error { c.RPCLimitMethod = v; return nil },
		func(c *Config) mco.Value { return mco.Sym(mco.Symbol(c.RPCLimitMethod)) }}
}

// batchSleep is a whole number where it is the default, and a float where a file sets it.
func batchSleep() setting {
	return setting{Key{"default_batch_sleep_time", "float", "1", "seconds between batches"},
		func(c *Config, v string) error {
			f, err := rubynum.Float(v)
			if err != nil {
				return err
			}
			if f < -1e9 || f > 1e9 {
				return &rubynum.Error{Type: "Float", Text: v}
			}
			c.DefaultBatchSleepTime = time.Duration(f * float64(time.Second))
			return nil
		},
		func(c *Config) mco.Value {
			if !c.IsSet("default_batch_sleep_time") {
				return mco.Int(1)
			}
			v, _ := held(c.text, "default_batch_sleep_time")
			f, _ := rubynum.Float(v) // it was read before
			return mco.Float(f)
		}}
}

func deprecatedKey(name string) setting {
	return setting{Key{name, "deprecated", "", "ignored"}, func(*Config, string) error { return nil }, nil}
}

// setLibDir puts each folder in front, as the original puts it in front of Ruby's load path.
func setLibDir(c *Config, v string) error {
	paths := strings.Split(v, string(filepath.ListSeparator))
	for len(paths) > 0 && paths[len(paths)-1] == "" {
		paths = paths[:len(paths)-1] // as Ruby splits
	}
	for _, p := range paths {
		if !filepath.IsAbs(p) {
			return fmt.Errorf("libdir paths should be absolute paths but '%s' is relative", p)
		}
		c.LibDirs = slices.DeleteFunc(c.LibDirs, func(had string) bool { return had == p })
		c.LibDirs = slices.Insert(c.LibDirs, 0, p)
	}
	return nil
}

// capitalize is Ruby's: the first letter upper, the others lower.
func capitalize(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return s
	}
	return string(unicode.ToTitle(r)) + strings.ToLower(s[n:])
}

// String gives a key as one line, for error texts and tools.
func (k Key) String() string {
	return k.Name + " (" + k.Type + ", default " + strconv.Quote(k.Default) + ")"
}
