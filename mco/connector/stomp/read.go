package stomp

import (
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/mco-go/mco-go/mco/config"
	"github.com/mco-go/mco-go/mco/connector"
	"github.com/mco-go/mco-go/mco/rubynum"
)

// libraryVersion is what the log names where the original names its STOMP library.
const libraryVersion = "go-stomp 3.1.5"

// Source is where settings come from.
type Source struct {
	Plugin func(key string) (string, bool)                  // plugin.KEY of the cfg files
	Env    func(key string) (string, bool)                  // default: the process's environment
	Ask    func(prompt string, hidden bool) (string, error) // for prompt_user and prompt_password; nil: they are not to be had
}

// FromConfig reads the options for a flavour from cfg. change, if given, adjusts the source first.
func FromConfig(cfg *config.Config, flavour Flavour, change ...func(*Source)) (Options, error) {
	src := Source{Plugin: cfg.Plugin}
	for _, f := range change {
		f(&src)
	}
	o, err := Read(flavour, src)
	if err != nil {
		return o, err
	}
	o.Identity, o.Collectives = cfg.Identity, cfg.Collectives
	o.Requests = cfg.Role == config.Server
	o.Pool.Failback, o.Pool.Spread = cfg.Own.Failback, cfg.Own.ReconnectSpread
	o.BarrierSubscription, o.WildcardBroadcast = cfg.Own.BarrierSubscription, cfg.Own.WildcardBroadcast
	o.MaxFrame = cfg.Own.MaxFrame
	o.All = cfg.Own.PoolAll || cfg.Role == config.Client && cfg.Own.AllBrokers
	return o, nil
}

// Read reads what lies under plugin.FLAVOUR. Errors are the original's, word for word.
func Read(flavour Flavour, src Source) (Options, error) {
	if src.Env == nil {
		src.Env = os.LookupEnv
	}
	o := Options{Flavour: flavour}
	r := &reader{Source: src, flavour: flavour, o: &o}
	r.backOff()
	if r.err != nil {
		class := "Rabbitmq"
		if flavour == ActiveMQ {
			class = "Activemq"
		}
		return o, words("Could not create instance of plugin MCollective::Connector::%s: %w", class, r.err)
	}
	r.notice(slog.LevelInfo, "%s connector initialized.  Using %s", flavour.title(), libraryVersion)
	r.connection()
	if r.err != nil {
		return o, words("Could not connect to %s Server: %w", flavour.title(), r.err)
	}
	return o, nil
}

// reader reads one setting after the other and keeps the first error.
type reader struct {
	Source
	flavour Flavour
	o       *Options
	err     error
}

func (r *reader) notice(level slog.Level, format string, args ...any) {
	r.o.Notices = append(r.o.Notices, Notice{level, fmt.Sprintf(format, args...)})
}

func (r *reader) get(key string) (string, bool) { return r.Plugin(string(r.flavour) + "." + key) }

func (r *reader) has(keys ...string) bool {
	for _, key := range keys {
		if _, ok := r.get(key); ok {
			return true
		}
	}
	return false
}

func (r *reader) text(key, missing string) string {
	if v, ok := r.get(key); ok {
		return v
	}
	return missing
}

func (r *reader) required(key string) string {
	v, ok := r.get(key)
	if !ok {
		r.fail(words("No plugin.%s.%s configuration option given", r.flavour, key))
	}
	return v
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

func (r *reader) bool(key string, missing bool) bool {
	v, ok := r.get(key)
	if !ok {
		return missing
	}
	b, err := config.ParseBool(v)
	if err != nil {
		r.fail(err)
	}
	return b
}

func (r *reader) int(key string, missing int) int {
	v, ok := r.get(key)
	if !ok {
		return missing
	}
	return r.parseInt(v)
}

func (r *reader) parseInt(text string) int {
	n, err := rubynum.Int64(text)
	if err != nil {
		r.fail(err)
	}
	return int(n)
}

func (r *reader) float(key string, missing float64) float64 {
	v, ok := r.get(key)
	if !ok {
		return missing
	}
	f, err := rubynum.Float(v)
	if err != nil {
		r.fail(err)
	}
	return f
}

// backOff reads what the original reads first, while it makes the plugin.
func (r *reader) backOff() {
	o := r.o
	o.Pool.BackOff = connector.BackOff{
		Series:     r.has("use_exponential_back_off", "initial_reconnect_delay", "back_off_multiplier", "max_reconnect_delay"),
		Constant:   !r.bool("use_exponential_back_off", true),
		Initial:    duration(r.float("initial_reconnect_delay", 0.01)),
		Multiplier: r.int("back_off_multiplier", 2),
		Max:        duration(r.float("max_reconnect_delay", 30)),
	}
}

// duration turns seconds into time, within what time can say.
func duration(seconds float64) time.Duration {
	return time.Duration(min(max(seconds, 0), 1e9) * float64(time.Second))
}

// connection reads the rest, in the original's order.
func (r *reader) connection() {
	o := r.o
	o.Base64 = r.bool("base64", false)
	if r.flavour == ActiveMQ {
		o.Priority = lenient(r.text("priority", "0"))
	}
	size := r.parseInt(r.required("pool.size"))
	if r.err != nil {
		return
	}
	user, password, asked := r.prompts()
	for n := 1; n <= size && r.err == nil; n++ {
		r.host(n, user, password, asked)
	}
	if r.err == nil && len(o.Hosts) == 0 {
		r.fail(words("No hosts found for the %s connection pool", r.flavour.title()))
	}
	o.Pool.MaxAttempts = r.int("max_reconnect_attempts", 0)
	o.Pool.Randomize = r.bool("randomize", false)
	o.Backup = r.bool("backup", false)
	o.Timeout = r.int("timeout", -1)
	o.DialTime = duration(float64(r.int("connect_timeout", 0)))
	o.MaxLockFails = r.int("max_hbrlck_fails", 0)
	o.MaxReadFails = r.int("max_hbread_fails", 2)
	r.heartBeat()
	o.AgentsMultiplex = r.bool("agents_multiplex", false)
	if r.flavour == RabbitMQ {
		o.ReplyExchange = r.bool("use_reply_exchange", false)
	}
}

// prompts asks for credentials, where the cfg file wants that.
func (r *reader) prompts() (user, password string, asked [2]bool) {
	for i, p := range []struct {
		key, prompt string
		hidden      bool
		into        *string
	}{
		{"prompt_user", "Please enter user to connect to middleware: ", false, &user},
		{"prompt_password", "Please enter password: ", true, &password},
	} {
		asked[i] = r.bool(p.key, false)
		if !asked[i] || r.err != nil {
			continue
		}
		if r.Ask == nil {
			r.fail(fmt.Errorf("plugin.%s.%s is set and there is nobody to ask", r.flavour, p.key))
			return
		}
		var err error
		if *p.into, err = r.Ask(p.prompt, p.hidden); err != nil {
			r.fail(err)
			return
		}
	}
	return user, password, asked
}

// host reads one member of the pool.
func (r *reader) host(n int, user, password string, asked [2]bool) {
	at := "pool." + strconv.Itoa(n) + "."
	h := Host{Name: r.required(at + "host"), Port: lenient(r.text(at+"port", "61613"))}
	if r.err != nil {
		return
	}
	secure := r.bool(at+"ssl", false)
	h.Login = r.envOr("STOMP_USER", at+"user", user)
	if asked[0] && h.Login != user {
		r.notice(slog.LevelInfo, "Using %s from config file to connect to %s. plugin.%s.prompt_user should be set to false to remove the prompt.", h.Login, h.Name, r.flavour)
	}
	h.Passcode = r.envOr("STOMP_PASSWORD", at+"password", password)
	if asked[1] && h.Passcode != password {
		r.notice(slog.LevelInfo, "Using password from config file to connect to %s. plugin.%s.prompt_password should be set to false to remove the prompt.", h.Name, r.flavour)
	}
	if secure && r.err == nil {
		h.TLS = r.tls(n, at)
	}
	r.o.Hosts = append(r.o.Hosts, h)
}

func (r *reader) envOr(env, key, missing string) string {
	if v, ok := r.Env(env); ok {
		return v
	}
	return r.text(key, missing)
}

// heartBeat reads what goes into CONNECT.
func (r *reader) heartBeat() {
	o := r.o
	interval := r.int("heartbeat_interval", int(DefaultHeartBeat/time.Second))
	o.Fallback10 = r.bool("stomp_1_0_fallback", true)
	o.VHost = "/"
	if r.flavour == ActiveMQ {
		o.VHost = "mcollective"
	}
	o.VHost = r.text("vhost", o.VHost)
	if r.err != nil {
		return
	}
	o.HeartBeat = duration(float64(interval))
	switch {
	case interval > 0 && interval < 5:
		r.notice(slog.LevelWarn, "Connection heartbeat is set to %d: a broker that pauses for a few seconds will be left", interval)
	case interval <= 0 && r.flavour == RabbitMQ:
		r.notice(slog.LevelInfo, "Connecting without STOMP 1.1 heartbeats, consider setting plugin.rabbitmq.heartbeat_interval")
	case interval <= 0:
		r.notice(slog.LevelInfo, "Connecting without STOMP 1.1 heartbeats, if you are using ActiveMQ 5.8 or newer consider setting plugin.activemq.heartbeat_interval")
	}
}

// lenient reads a number as Ruby's to_i does: the digits that it begins with, else 0.
func lenient(text string) int {
	text = strings.TrimLeft(text, " \t\n\v\f\r")
	end := 0
	for end < len(text) && (text[end] >= '0' && text[end] <= '9' || end == 0 && (text[0] == '-' || text[0] == '+') || end > 0 && text[end] == '_' && text[end-1] != '_') {
		end++
	}
	n, err := strconv.Atoi(strings.ReplaceAll(text[:end], "_", ""))
	if err != nil {
		return 0
	}
	return n
}

// words makes an error whose text is the original's, whichever way it begins.
func words(format string, args ...any) error { return fmt.Errorf(format, args...) }
