// Package config reads server.cfg and client.cfg as the original does: the same lines, keys, types, defaults and error texts, with
// the place of a mistake added. Remarks that the original logs while it loads are returned as data ([Warning]); nothing is printed
// and nothing is global. Settings of ours live under plugin.mco.* in the same files ([Settings]), which the original carries along
// unread.
//
// It opens no connection and loads no plugin: names of providers are checked, and whoever wires the program picks them.
//
// Source of the facts: the original's lib/mcollective/config.rb, util.rb (config_file_for_user, str_to_bool) and the start script
// mcollectived.
package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"gopkg.in/ini.v1"

	"github.com/mco-go/mco-go/mco/rubynum"
)

// Role is the kind of program that reads a cfg file. The two kinds share one format; a few settings of ours have other defaults.
type Role uint8

// The two roles.
const (
	Client Role = iota
	Server
)

// Config is one loaded cfg file with its plugin.d. It is read-only after [Load] and safe for concurrent use. Fields are named after
// the original's keys, which their comments give.
type Config struct {
	File string // the cfg file as it was named
	Dir  string // its folder (configdir): plugin.d, policies
	Role Role

	Identity       string   // identity: the host name where absent
	Collectives    []string // collectives
	MainCollective string   // main_collective; not derived from collectives

	Connector        string // connector, lower case: activemq (default), rabbitmq
	SecurityProvider string // securityprovider, lower case: psk (default), ssl, aes_security
	FactSource       string // factsource, lower case: yaml
	FactCacheTime    time.Duration
	ClassesFile      string   // classesfile
	LibDirs          []string // libdir, in the order of search: what is listed last comes first
	ActivateAgents   bool     // activate_agents

	Registration           string        // registration, lower case: agentlist
	RegisterInterval       time.Duration // registerinterval; 0 is off
	RegistrationCollective string        // registration_collective; empty: the main collective
	RegistrationSplay      bool          // registration_splay

	RPCAudit         bool   // rpcaudit
	RPCAuditProvider string // rpcauditprovider, lower case
	RPCAuthorization bool   // rpcauthorization
	RPCAuthProvider  string // rpcauthprovider, lower case

	LoggerType  string // logger_type: file, syslog, console
	LogFile     string // logfile; empty: none
	LogLevel    string // loglevel
	LogFacility string // logfacility
	KeepLogs    int    // keeplogs: rotated files to keep, 0 is no rotation
	MaxLogSize  int    // max_log_size, bytes
	Color       bool   // color

	Daemonize           *bool          // daemonize; nil: not said
	SoftShutdown        bool           // soft_shutdown
	SoftShutdownTimeout *time.Duration // soft_shutdown_timeout; nil: not said

	DirectAddressing          bool           // direct_addressing
	DirectAddressingThreshold int            // direct_addressing_threshold
	TTL                       time.Duration  // ttl
	DefaultDiscoveryMethod    string         // default_discovery_method
	DefaultDiscoveryOptions   []string       // default_discovery_options, all of them in order
	DiscoveryTimeout          *time.Duration // discovery_timeout; nil: what the discovery method's DDL says
	PublishTimeout            time.Duration  // publish_timeout
	ConnectionTimeout         *time.Duration // connection_timeout; nil: for ever
	Threaded                  bool           // threaded
	RPCLimitMethod            string         // rpclimitmethod: first; any other word is random
	DefaultBatchSize          int            // default_batch_size; 0 is off
	DefaultBatchSleepTime     time.Duration  // default_batch_sleep_time
	SSLCipher                 string         // ssl_cipher

	Own      Settings  // plugin.mco.*
	Warnings []Warning // what the original logs while loading, and remarks of ours

	text   *ini.Section     // core keys: every value in order
	plugin *ini.Section     // plugin keys without "plugin."
	places map[string]place // where a plugin key was set last
}

// Warning is a remark on a cfg file that does not keep it from being used.
type Warning struct {
	Level string // debug or warn
	Text  string
	File  string
	Line  int  // 0 where the file as a whole is meant
	Ours  bool // the original says nothing here
}

// Options are the rarely needed choices of [LoadWith]. The zero value is a client without further providers.
type Options struct {
	Role Role
	// Providers names plugins that exist beside those of the original, lower case, by kind: facts, registration, audit.
	Providers map[string][]string
	// Excuse is asked about each mistake that would end the loading, [*Error] or [*ProviderError]; true passes over the line, or the
	// provider, and goes on. nil excuses nothing. For programs that tell all mistakes of a file at once.
	Excuse func(error) bool
}

// excuses tells whether the loading goes on after err; nil always does.
func (o *Options) excuses(err error) bool { return err == nil || o.Excuse != nil && o.Excuse(err) }

// Load reads the cfg file path and the plugin.d beside it. It fails at the first line that the original refuses, with its text
// and the place ([*Error]), at an unknown provider ([*ProviderError]), and where a setting of ours makes no sense.
func Load(path string, role Role) (*Config, error) { return LoadWith(path, Options{Role: role}) }

// LoadWith is [Load] with options.
func LoadWith(path string, o Options) (*Config, error) {
	host, err := os.Hostname()
	if err != nil {
		return nil, fmt.Errorf("ask for the host name: %w", err)
	}
	c := &Config{File: path, Dir: filepath.Dir(path), Role: o.Role, Identity: host, places: map[string]place{}}
	holder := ini.Empty(ini.LoadOptions{AllowShadows: true, AllowDuplicateShadowValues: true})
	if c.text, err = holder.NewSection("core"); err != nil {
		return nil, err
	}
	if c.plugin, err = holder.NewSection("plugin"); err != nil {
		return nil, err
	}
	c.setDefaults()
	if err := c.readMain(&o); err != nil {
		return nil, err
	}
	if err := c.readPluginDir(); err != nil {
		return nil, err
	}
	if !validIdentity(c.Identity) {
		if err := c.errorAt(c.places["/identity"], `Identities can only match /\w\.\-/`); !o.excuses(err) {
			return nil, err
		}
	}
	c.checkLibDirs()
	if err := c.checkProviders(o.Providers); !o.excuses(err) {
		return nil, err
	}
	return c, c.readOwn(&o)
}

// IsSet tells whether the cfg file itself gives the core key (not whether it differs from the default).
func (c *Config) IsSet(key string) bool { return c.text.HasKey(key) }

// readMain applies the cfg file line by line, so that of several mistakes the first one is told, as the original does.
func (c *Config) readMain(o *Options) error {
	raw, mode, err := readFile(c.File)
	if errors.Is(err, fs.ErrNotExist) {
		return &Error{Text: fmt.Sprintf("Cannot find config file '%s'", c.File)}
	}
	if err != nil {
		return err
	}
	table := map[string]setting{}
	for _, s := range settings() {
		table[s.Name] = s
	}
	for l, err := range lines(raw, c.File) {
		if err != nil {
			return err
		}
		if err := c.apply(table, l, mode); !o.excuses(err) {
			return err
		}
	}
	return nil
}

func (c *Config) apply(table map[string]setting, l line, mode fs.FileMode) error {
	if s, ok := table[l.key]; ok {
		if err := s.set(c, l.value); err != nil {
			return c.errorAt(l.place, "%s", valueError(l, err))
		}
		if s.Type == "deprecated" {
			c.warn(l.place, false, "Use of deprecated '%s' option.  This option is ignored and should be removed from '%s'", l.key, c.File)
		}
		c.places["/"+l.key] = l.place
		return c.hold(c.text, l.key, l)
	}
	name, dotted, ok := pluginName(l.key)
	if !ok {
		return c.errorAt(l.place, "Unknown config parameter '%s'", l.key)
	}
	if !dotted {
		c.warn(l.place, true, "'%s' is taken for 'plugin.%s', as the original takes it; write it with a dot", l.key, name)
	}
	return c.holdPlugin(name, l, mode)
}

// valueError gives the original's text for a value that its key does not take. A boolean and a relative libdir have texts of their
// own; what Ruby's Integer() and Float() refuse is told in one sentence.
func valueError(l line, err error) string {
	if _, ok := errors.AsType[*rubynum.Error](err); ok {
		return fmt.Sprintf("Could not parse value for configuration option '%s' with value '%s'", l.key, l.value)
	}
	return err.Error()
}

// validIdentity is the original's /^[\w\.\-]+$/ with the whole text meant: letters, digits and _ of ASCII, dot, dash.
func validIdentity(s string) bool {
	for i := range len(s) {
		if b := s[i]; !isWord(b) && b != '.' && b != '-' {
			return false
		}
	}
	return s != ""
}

func isWord(b byte) bool {
	return b == '_' || b >= '0' && b <= '9' || b|0x20 >= 'a' && b|0x20 <= 'z'
}

func (c *Config) checkLibDirs() {
	for _, dir := range c.LibDirs {
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			c.Warnings = append(c.Warnings, Warning{Level: "debug", Text: "Cannot find libdir: " + dir, File: c.File})
		}
	}
}
