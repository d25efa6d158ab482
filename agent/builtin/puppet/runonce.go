package puppet

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"syscall"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/agent/command"
	"github.com/mco-go/mco-go/mco"
)

func (a *Agent) runonce(f *files, r *agent.Request, reply *agent.Reply) error {
	if f.isDisabled() {
		message, err := f.lockMessage()
		if err != nil {
			return err
		}
		text := "Puppet is disabled"
		if message != "" {
			text += ": '" + message + "'"
		}
		return fail(reply, "summary", text)
	}
	if _, given := r.Lookup("server"); given && !a.opt.allowServer {
		return fail(reply, "summary", "Passing 'server' option is not allowed in module configuration")
	}
	daemon := f.daemonPresent()
	options, err := runOptions(r, a.splayFor(r, daemon && a.opt.signalDaemon))
	if err != nil {
		return fail(reply, "summary", err.Error())
	}
	if f.applying() {
		return fail(reply, "summary", "Puppet is currently applying a catalog, cannot run now")
	}
	if daemon && a.opt.signalDaemon {
		err = a.signal(f, options, reply)
	} else {
		err = a.startRun(options, reply)
	}
	if err != nil {
		return err
	}
	reply.Set("initiated_at", mco.Int(a.env.Now().Unix()))
	return nil
}

// signal wakes the daemon.
func (a *Agent) signal(f *files, options []string, reply *agent.Reply) error {
	if len(options) > 0 {
		return fail(reply, "summary", "Cannot specify any custom puppet options when the daemon is running")
	}
	pid, err := pidIn(f.pid)
	if err == nil {
		err = syscall.Kill(pid, syscall.SIGUSR1)
	}
	if err != nil {
		return fail(reply, "summary", fmt.Sprintf("Failed to signal the puppet agent at pid %d: %s", pid, err))
	}
	reply.Set("summary", mco.String("Signalled the running Puppet Daemon"))
	return nil
}

// startRun starts a run that goes on by itself.
func (a *Agent) startRun(options []string, reply *agent.Reply) error {
	argv := append(append([]string{}, a.puppet.command...), "--onetime", "--no-daemonize", "--color=false", "--show_diff", "--verbose")
	argv = append(argv, options...)
	line := strings.Join(argv, " ")
	a.log().Debug("Initiating a puppet agent run using the command: " + line)
	if _, err := a.jobs.Start(command.Spec{Argv: argv, Env: environment()}, line); err != nil {
		return fail(reply, "summary", fmt.Sprintf("Puppet command '%s' could not be started: %s", line, err))
	}
	reply.Set("summary", mco.String("Started a Puppet run using the '"+line+"' command"))
	return nil
}

// splay says whether a run waits for a random time before it begins. The nil of on leaves it to Puppet.
type splay struct {
	on    *bool
	limit mco.Value // nil: Puppet's own
}

func (a *Agent) splayFor(r *agent.Request, signalled bool) splay {
	if signalled {
		return splay{} // a running daemon takes no options
	}
	if force, _ := r.Value("force").AsBool(); force {
		return splay{on: new(false)}
	}
	s := splay{on: new(a.opt.splay), limit: r.Value("splaylimit")}
	if on, given := r.Value("splay").AsBool(); given {
		s.on = new(on)
	}
	if *s.on && s.limit.IsNil() {
		s.limit = mco.Int(a.opt.splaylimit)
	}
	return s
}

// runOptions turns the inputs into options of `puppet agent`. They are checked here as well as by the DDL, since a DDL file of the
// node's may say less.
func runOptions(r *agent.Request, s splay) ([]string, error) {
	var options []string
	host, port, err := splitServer(r.Text("server"))
	if err != nil {
		return nil, err
	}
	environment := r.Text("environment")
	if environment != "" && !isName(environment) {
		//lint:ignore ST1005 the original's text
		return nil, fmt.Errorf("Invalid environment '%s' specified", environment)
	}
	limit, isInt := s.limit.AsInt()
	if !s.limit.IsNil() && (!isInt || limit < 0) {
		//lint:ignore ST1005 the original's text
		return nil, errors.New("Invalid splaylimit specified: it has to be a whole number of seconds")
	}
	if text := r.Text("tags"); text != "" {
		tags := strings.Split(text, ",")
		for i, tag := range tags {
			tags[i] = strings.TrimSpace(tag)
			for part := range strings.SplitSeq(tags[i], "::") {
				if !isName(part) {
					//lint:ignore ST1005 the original's text
					return nil, fmt.Errorf("Invalid tag '%s' specified", tags[i])
				}
			}
		}
		options = append(options, "--tags", strings.Join(tags, ","))
	}
	if s.on != nil {
		options = append(options, toggle("splay", *s.on))
	}
	if isInt {
		options = append(options, "--splaylimit", strconv.FormatInt(limit, 10))
	}
	if on, given := r.Value("noop").AsBool(); given {
		options = append(options, toggle("noop", on))
	}
	if environment != "" {
		options = append(options, "--environment", environment)
	}
	if host != "" {
		options = append(options, "--server", host)
	}
	if port != "" {
		options = append(options, "--masterport", port)
	}
	if on, _ := r.Value("ignoreschedules").AsBool(); on {
		options = append(options, "--ignoreschedules")
	}
	if on, given := r.Value("use_cached_catalog").AsBool(); given {
		options = append(options, toggle("use_cached_catalog", on))
	}
	return options, nil
}

func toggle(name string, on bool) string {
	if on {
		return "--" + name
	}
	return "--no-" + name
}
