// Package logging writes log lines as the original does: to a file with rotation, to the console, or to syslog, at the original's five
// levels. It offers one [slog.Handler] per destination and a [Logger] that can be reopened and turned up while it runs.
//
// Nothing is global: whoever makes a Logger hands it on and closes it. Values of type [Secret], and anything else whose LogValue hides
// it, never reach a line. Control characters in a text are escaped, so that a peer cannot forge a line.
//
// Source of the facts: the original's lib/mcollective/log.rb and logger/file_logger.rb, console_logger.rb, syslog_logger.rb.
package logging

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
)

// LevelFatal is the original's highest level; slog has no name for it.
const LevelFatal = slog.LevelError + 4

// Options say where lines go. The zero Options write nothing, as the original's client does without `logger_type` and `logfile`.
type Options struct {
	Type     string // logger_type: file, console or syslog
	File     string // logfile; with Type file an empty name discards everything
	Level    string // loglevel: debug, info, warn, error, fatal; anything else is debug
	Keep     int    // keeplogs: how many files there may be in all; 0: no rotation
	MaxSize  int64  // max_log_size: bytes at which a file is rotated
	Facility string // logfacility of syslog
	Color    bool   // colours on the console
	JSON     bool   // one JSON object a line instead of the original's format; ours
	Program  string // ident of syslog

	Console io.Writer // where Type console writes; nil is standard error
}

// Logger is a slog.Logger with a life of its own. It is safe for concurrent use.
type Logger struct {
	*slog.Logger
	level  *slog.LevelVar
	reopen func() error
	close  func() error
}

// New opens the destination. Its error names the destination and what was wrong with it.
func New(o Options) (*Logger, error) {
	level := new(slog.LevelVar)
	parsed, known := ParseLevel(o.Level)
	level.Set(parsed)
	nothing := func() error { return nil }
	l := &Logger{level: level, reopen: nothing, close: nothing}
	var handler slog.Handler
	switch o.Type {
	case "", "file":
		if o.File == "" {
			handler = slog.DiscardHandler
			break
		}
		f, err := openRotating(o.File, o.Keep, o.MaxSize)
		if err != nil {
			return nil, err
		}
		l.reopen, l.close = f.Reopen, f.Close
		handler = newHandler(f, fileLine, level)
		if o.JSON {
			handler = jsonHandler(f, level)
		}
	case "console":
		out := o.Console
		if out == nil {
			out = os.Stderr
		}
		handler = newHandler(out, consoleLine(o.Color), level)
		if o.JSON {
			handler = jsonHandler(out, level)
		}
	case "syslog":
		sink, warning, err := openSyslog(o.Facility, o.Program)
		if err != nil {
			return nil, err
		}
		l.close = sink.Close
		handler = newHandler(sink, syslogLine, level)
		defer func() {
			if warning != "" {
				l.Error(warning)
			}
		}()
	default:
		//lint:ignore ST1005 the original's text
		return nil, fmt.Errorf("Could not start logger: unknown logger_type %q, it must be file, console or syslog", o.Type)
	}
	l.Logger = slog.New(handler)
	if !known {
		l.Error(fmt.Sprintf("Invalid log level '%s', falling back to debug", o.Level))
	}
	return l, nil
}

// Discard returns a Logger that writes nothing.
func Discard() *Logger {
	l, err := New(Options{})
	if err != nil {
		panic(err) // no destination, nothing that could fail
	}
	return l
}

// ParseLevel reads a loglevel of the cfg file. An empty one is info, an unknown one debug and not ok.
func ParseLevel(s string) (level slog.Level, ok bool) {
	switch s {
	case "debug":
		return slog.LevelDebug, true
	case "info", "":
		return slog.LevelInfo, true
	case "warn":
		return slog.LevelWarn, true
	case "error":
		return slog.LevelError, true
	case "fatal":
		return LevelFatal, true
	}
	return slog.LevelDebug, false
}

// LevelName returns the original's name of a level, in lower case.
func LevelName(l slog.Level) string {
	switch {
	case l < slog.LevelInfo:
		return "debug"
	case l < slog.LevelWarn:
		return "info"
	case l < slog.LevelError:
		return "warn"
	case l < LevelFatal:
		return "error"
	}
	return "fatal"
}

// Level returns the level in force.
func (l *Logger) Level() slog.Level { return l.level.Level() }

// CycleLevel goes to the next level, debug, info, warn, error, fatal and round again, and returns it (runner.rb: USR2).
func (l *Logger) CycleLevel() slog.Level {
	next := slog.LevelDebug
	switch LevelName(l.level.Level()) {
	case "debug":
		next = slog.LevelInfo
	case "info":
		next = slog.LevelWarn
	case "warn":
		next = slog.LevelError
	case "error":
		next = LevelFatal
	}
	l.level.Set(next)
	return next
}

// Fatal writes a line at the highest level; it does not end the program.
func (l *Logger) Fatal(text string, attrs ...any) {
	l.Log(context.Background(), LevelFatal, text, attrs...)
}

// Reopen closes the log file and opens its name anew, for log rotation by others (runner.rb: WINCH).
func (l *Logger) Reopen() error { return l.reopen() }

// Close flushes and closes the destination.
func (l *Logger) Close() error { return l.close() }

// Secret is a text that no log shows.
type Secret string

// LogValue hides the text.
func (Secret) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// String hides the text from fmt.
func (Secret) String() string { return "[redacted]" }
