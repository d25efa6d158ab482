package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/mco-go/mco-go/mco/rubynum"
)

// Settings are the settings of ours, plugin.mco.*. Their defaults leave the original's behaviour as it is, except where
// docs/differences.md says so. The comments give the keys without "plugin.mco.".
type Settings struct {
	PoolAll             bool          // pool.mode = all: a session on every member at once; failover is the default
	Failback            time.Duration // pool.failback: how long a preferred member must answer before one goes back; 0 is never
	ReconnectSpread     time.Duration // pool.reconnect_spread: a lost session waits at random up to this long
	BarrierSubscription bool          // pool.barrier = subscription; send is the default
	WildcardBroadcast   bool          // rabbitmq.broadcast = wildcard; per_agent is the default
	AllowUnverified     bool          // tls.allow_unverified: ssl.fallback may connect without verification
	AllBrokers          bool          // client.all_brokers
	ExplainSilent       bool          // client.explain_silent
	MaxFrame            int64         // max_frame, bytes
	Skew                time.Duration // skew: how far in the future a message may be dated
	StateDir            string        // state_dir: what outlives a restart
	CommandTimeout      time.Duration // command.timeout; 0 is the agent's
	CommandOutputMax    int64         // command.output_max, bytes of each stream
	CommandConcurrency  int           // command.concurrency: requests of one agent that run at once
	CommandQueue        int           // command.queue: requests of one agent that wait for their turn
	AuditContinue       bool          // audit.on_failure = continue; refuse is the default
	MetricsListen       string        // metrics.listen, HOST:PORT; empty is off
	PolicyCallers       string        // actionpolicy.callers: words, contains or patterns
	AuditEndLog         string        // audit.end_log, a file; empty: the end of requests is not audited
	CallerRate          int           // caller.rate: requests that one caller may send a second; 0: no limit
	FacterCommand       string        // facter.command, a file; empty: looked for in the usual places
}

// own is a setting of ours with the code that applies it.
type own struct {
	Key
	set func(*Settings, string) error
}

// OwnKeys returns every setting of ours, without "plugin.", with its default for the role.
func OwnKeys(role Role) []Key {
	var keys []Key
	for _, o := range owns(role) {
		keys = append(keys, o.Key)
	}
	return keys
}

func owns(role Role) []own {
	failback := "60"
	if role == Client {
		failback = "off"
	}
	return []own{
		choice("mco.pool.mode", func(s *Settings) *bool { return &s.PoolAll }, "failover", "all", "one session that moves, or a session on every member at once"),
		{Key{"mco.pool.failback", "seconds", failback, "seconds that a preferred member must answer before a node goes back to it; off: never"},
			func(s *Settings, v string) (err error) {
				if v == "off" {
					v = "0"
				}
				s.Failback, err = duration(v)
				return err
			}},
		durationKey("mco.pool.reconnect_spread", func(s *Settings) *time.Duration { return &s.ReconnectSpread }, "1", "a node that lost its session waits at random up to so many seconds"),
		choice("mco.pool.barrier", func(s *Settings) *bool { return &s.BarrierSubscription }, "send", "subscription", "what proves that the broker has subscribed us"),
		choice("mco.rabbitmq.broadcast", func(s *Settings) *bool { return &s.WildcardBroadcast }, "per_agent", "wildcard", "one subscription per agent, or one for all of them"),
		boolKeyOf("mco.tls.allow_unverified", func(s *Settings) *bool { return &s.AllowUnverified }, "0", "where ssl.fallback is set too: connect to a broker without knowing who it is"),
		boolKeyOf("mco.client.all_brokers", func(s *Settings) *bool { return &s.AllBrokers }, "0", "ask every reachable member of the pool and merge"),
		boolKeyOf("mco.client.explain_silent", func(s *Settings) *bool { return &s.ExplainSilent }, "1", "when nodes that are known do not answer, look for them over every broker and say why, on standard error"),
		bytesKey("mco.max_frame", func(s *Settings) *int64 { return &s.MaxFrame }, "8 MiB", "largest message that is taken"),
		durationKey("mco.skew", func(s *Settings) *time.Duration { return &s.Skew }, "60", "seconds that a message may come from the future"),
		{Key{"mco.state_dir", "path", defaultStateDir(role), "folder of what must outlive a restart"},
			func(s *Settings, v string) error {
				s.StateDir = v
				return absolute(v)
			}},
		durationKey("mco.command.timeout", func(s *Settings) *time.Duration { return &s.CommandTimeout }, "0", "seconds that a command of a caller may run, at most what its agent's timeout leaves; 0: that"),
		bytesKey("mco.command.output_max", func(s *Settings) *int64 { return &s.CommandOutputMax }, "1 MiB", "bytes kept of each output stream of a command; what is beyond is counted and dropped"),
		countKey("mco.command.concurrency", func(s *Settings) *int { return &s.CommandConcurrency }, "10", 1, "requests that each agent runs at once"),
		countKey("mco.command.queue", func(s *Settings) *int { return &s.CommandQueue }, "100", 0, "requests that wait for each agent; beyond them the answer is that it is busy"),
		choice("mco.audit.on_failure", func(s *Settings) *bool { return &s.AuditContinue }, "refuse", "continue", "what to do with a request that cannot be audited"),
		{Key{"mco.metrics.listen", "address", "off", "HOST:PORT of the page /metrics for Prometheus"},
			func(s *Settings, v string) error {
				if v == "off" {
					v = ""
				} else if i := strings.LastIndexByte(v, ':'); i < 0 || i == len(v)-1 {
					return fmt.Errorf("'%s' is not HOST:PORT", v)
				}
				s.MetricsListen = v
				return nil
			}},
		{Key{"mco.actionpolicy.callers", "words, contains or patterns", "words", "how callers of a policy are compared: as whole words; as the original does, by any part; as words, or patterns between slashes"},
			func(s *Settings, v string) error {
				if v != "words" && v != "contains" && v != "patterns" {
					return fmt.Errorf("'%s' is none of words, contains, patterns", v)
				}
				s.PolicyCallers = v
				return nil
			}},
		fileKey("mco.audit.end_log", func(s *Settings) *string { return &s.AuditEndLog }, "file that gets a line when an audited request has ended, with status and duration"),
		countKey("mco.caller.rate", func(s *Settings) *int { return &s.CallerRate }, "0", 0, "requests that one caller may send a node each second; beyond them the answer is that it is too busy; 0: as many as come"),
		fileKey("mco.facter.command", func(s *Settings) *string { return &s.FacterCommand }, "the facter of factsource = facter, where it is in no usual place"),
		checked("mco.management.N.url", "http or https", "management API of the broker that is member N of the pool, for mco failover", httpURL),
		checked("mco.management.N.user", "text", "its user: with the tag monitoring, or administrator where mco failover drill closes connections", nil),
		checked("mco.management.N.password", "text", "the user's password", nil),
		checked("mco.management.N.password_file", "path", "file with the password in its first line, in place of it; only its owner may have rights on it", absolute),
		checked("mco.management.N.ca", "path", "authorities of an https server, where the system's do not know it", absolute),
		checked("mco.drill.N.stop", "command", "takes member N of the pool away, for mco failover drill", nil),
		checked("mco.drill.N.start", "command", "gives it back", nil),
	}
}

// MaxManagement bounds N in plugin.mco.management.N.* and plugin.mco.drill.N.*.
const MaxManagement = 256

// numbered is a setting's name as the table has it, with N for the number of a member.
func numbered(name string) string {
	for _, prefix := range []string{"mco.management.", "mco.drill."} {
		rest, ok := strings.CutPrefix(name, prefix)
		if !ok {
			continue
		}
		number, field, _ := strings.Cut(rest, ".")
		if n, err := strconv.Atoi(number); err != nil || n < 1 || n > MaxManagement || strconv.Itoa(n) != number {
			return ""
		}
		return prefix + "N." + field
	}
	return name
}

// readOwn applies defaults, then what the files say. A key of ours that does not exist is a warning: a newer program may know it.
func (c *Config) readOwn(opts *Options) error {
	table := owns(c.Role)
	known := make(map[string]own, len(table))
	for _, o := range table {
		if err := o.set(&c.Own, o.Default); err != nil {
			return fmt.Errorf("default of plugin.%s: %w", o.Name, err)
		}
		known[o.Name] = o
	}
	for key, text := range c.Plugins() {
		if !strings.HasPrefix(key, "mco.") {
			continue
		}
		o, ok := known[numbered(key)]
		if !ok {
			c.warn(c.places[key], true, "'plugin.%s' is no setting that this version knows", key)
			continue
		}
		if err := o.set(&c.Own, text); err != nil {
			if err := c.errorAt(c.places[key], "plugin.%s: %v", key, err); !opts.excuses(err) {
				return err
			}
		}
	}
	return nil
}

func choice(name string, field func(*Settings) *bool, def, other, doc string) own {
	return own{Key{name, def + " or " + other, def, doc}, func(s *Settings, v string) error {
		if v != def && v != other {
			return fmt.Errorf("'%s' is neither %s nor %s", v, def, other)
		}
		*field(s) = v == other
		return nil
	}}
}

func boolKeyOf(name string, field func(*Settings) *bool, def, doc string) own {
	return own{Key{name, "bool", def, doc}, func(s *Settings, v string) (err error) {
		*field(s), err = ParseBool(v)
		return err
	}}
}

// checked is a setting that another package reads, which has no default; its value is judged by check, where there is one.
func checked(name, kind, doc string, check func(string) error) own {
	return own{Key{name, kind, "", doc}, func(_ *Settings, v string) error {
		if v == "" || check == nil {
			return nil
		}
		return check(v)
	}}
}

func httpURL(v string) error {
	if !strings.HasPrefix(v, "http://") && !strings.HasPrefix(v, "https://") {
		return errors.New("it begins with neither http:// nor https://") // the value may hold a password
	}
	return nil
}

func absolute(v string) error {
	if !filepath.IsAbs(v) {
		return fmt.Errorf("'%s' is no absolute path", v)
	}
	return nil
}

// fileKey is a setting that names a file; none by default.
func fileKey(name string, field func(*Settings) *string, doc string) own {
	return own{Key{name, "path", "", doc}, func(s *Settings, v string) error {
		*field(s) = v
		if v == "" {
			return nil
		}
		return absolute(v)
	}}
}

func durationKey(name string, field func(*Settings) *time.Duration, def, doc string) own {
	return own{Key{name, "seconds", def, doc}, func(s *Settings, v string) (err error) {
		*field(s), err = duration(v)
		return err
	}}
}

// duration reads seconds, also fractions of one.
func duration(text string) (time.Duration, error) {
	f, err := rubynum.Float(text)
	if err != nil {
		return 0, err
	}
	if !(f >= 0 && f <= 1e9) {
		return 0, fmt.Errorf("'%s' is no number of seconds from 0 to 1000000000", text)
	}
	return time.Duration(f * float64(time.Second)), nil
}

func countKey(name string, field func(*Settings) *int, def string, least int64, doc string) own {
	return own{Key{name, "int", def, doc}, func(s *Settings, v string) error {
		n, err := rubynum.Int64(v)
		if err != nil {
			return err
		}
		if n < least || n > 1_000_000 {
			return fmt.Errorf("'%s' is not between %d and 1000000", v, least)
		}
		*field(s) = int(n)
		return nil
	}}
}

func bytesKey(name string, field func(*Settings) *int64, def, doc string) own {
	return own{Key{name, "bytes", def, doc}, func(s *Settings, v string) (err error) {
		*field(s), err = byteSize(v)
		return err
	}}
}

// byteSize reads bytes, or KiB, MiB, GiB behind the number; 1 KiB to 2 GiB.
func byteSize(text string) (int64, error) {
	number, factor := text, int64(1)
	for i, unit := range []string{"KiB", "MiB", "GiB"} {
		if n, ok := strings.CutSuffix(text, unit); ok {
			number, factor = n, 1<<(10*(i+1))
		}
	}
	n, err := rubynum.Int64(number)
	if err != nil {
		return 0, err
	}
	if n < 0 || n > (2<<30)/factor || n*factor < 1<<10 {
		return 0, fmt.Errorf("'%s' is not between 1 KiB and 2 GiB", text)
	}
	return n * factor, nil
}

// defaultStateDir is /var/lib/mco on a node and a folder below the home of a client's user.
func defaultStateDir(role Role) string {
	if role == Server {
		return "/var/lib/mco"
	}
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "mco")
	}
	if home := os.Getenv("HOME"); filepath.IsAbs(home) {
		return filepath.Join(home, ".local", "state", "mco")
	}
	return "/var/lib/mco"
}
