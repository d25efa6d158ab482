package logging

import (
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"
)

// lineFunc renders one line, its line feed included.
type lineFunc func(dst []byte, at time.Time, level slog.Level, from, text string) []byte

// leveled is a destination that wants to know the level of a line; syslog does.
type leveled interface {
	WriteLevel(level slog.Level, line []byte) error
}

// handler is a slog.Handler that writes the original's lines: the text, then the attributes as key=value.
type handler struct {
	mu     *sync.Mutex // guards out, shared by all handlers made from this one
	out    io.Writer
	line   lineFunc
	level  slog.Leveler
	prefix string // group names of WithGroup
	attrs  string // rendered attributes of WithAttrs
}

func newHandler(out io.Writer, line lineFunc, level slog.Leveler) *handler {
	return &handler{mu: new(sync.Mutex), out: out, line: line, level: level}
}

// Enabled tells whether a line of this level is written.
func (h *handler) Enabled(_ context.Context, level slog.Level) bool { return level >= h.level.Level() }

// Handle writes one record.
func (h *handler) Handle(_ context.Context, r slog.Record) error {
	var text strings.Builder
	escape(&text, r.Message)
	text.WriteString(h.attrs)
	r.Attrs(func(a slog.Attr) bool {
		renderAttr(&text, h.prefix, a)
		return true
	})
	line := h.line(nil, r.Time, r.Level, position(r.PC), text.String())
	h.mu.Lock()
	defer h.mu.Unlock()
	if sink, ok := h.out.(leveled); ok {
		return sink.WriteLevel(r.Level, line)
	}
	_, err := h.out.Write(line)
	return err
}

// WithAttrs returns a handler that adds attributes to each line.
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	var text strings.Builder
	text.WriteString(h.attrs)
	for _, a := range attrs {
		renderAttr(&text, h.prefix, a)
	}
	clone := *h
	clone.attrs = text.String()
	return &clone
}

// WithGroup returns a handler that qualifies the names of attributes.
func (h *handler) WithGroup(name string) slog.Handler {
	clone := *h
	clone.prefix += name + "."
	return &clone
}

func renderAttr(out *strings.Builder, prefix string, a slog.Attr) {
	value := a.Value.Resolve()
	if value.Kind() == slog.KindGroup {
		for _, member := range value.Group() {
			renderAttr(out, prefix+a.Key+".", member)
		}
		return
	}
	if a.Equal(slog.Attr{}) {
		return
	}
	out.WriteByte(' ')
	out.WriteString(prefix)
	out.WriteString(a.Key)
	out.WriteByte('=')
	text := value.String()
	if text == "" || strings.ContainsAny(text, " =\"") {
		text = strconv.Quote(text)
	}
	escape(out, text)
}

// escape writes text with its control characters and invalid bytes spelled out. A line feed at the end is dropped: some of the
// original's texts carry one.
func escape(out *strings.Builder, text string) {
	text = strings.TrimSuffix(text, "\n")
	for i, r := range text {
		if r == utf8.RuneError || unicode.IsControl(r) && r != '\t' {
			_, size := utf8.DecodeRuneInString(text[i:])
			quoted := strconv.Quote(text[i : i+size])
			out.WriteString(quoted[1 : len(quoted)-1])
			continue
		}
		out.WriteRune(r)
	}
}

// position is where a line was written, as the original's FROM: file, line and function.
func position(pc uintptr) string {
	if pc == 0 {
		return ""
	}
	frame, _ := runtime.CallersFrames([]uintptr{pc}).Next()
	name := frame.Function[strings.LastIndexByte(frame.Function, '/')+1:]
	_, name, _ = strings.Cut(name, ".")
	return filepath.Base(frame.File) + ":" + strconv.Itoa(frame.Line) + ":in '" + name + "' "
}

// fileLine is the line of Ruby's Logger: level letter, time with microseconds and offset, two blanks, pid, level, text.
func fileLine(dst []byte, at time.Time, level slog.Level, from, text string) []byte {
	name := strings.ToUpper(LevelName(level))
	dst = append(dst, name[0])
	dst = append(dst, ", ["...)
	dst = at.AppendFormat(dst, "2006-01-02T15:04:05.000000-07:00")
	dst = append(dst, "  #"...)
	dst = strconv.AppendInt(dst, int64(os.Getpid()), 10)
	dst = append(dst, "] "...)
	for range 5 - len(name) {
		dst = append(dst, ' ')
	}
	dst = append(dst, name...)
	dst = append(dst, " -- : "...)
	dst = append(dst, from...)
	dst = append(dst, text...)
	return append(dst, '\n')
}

// consoleLine is the line of the console logger, its level coloured (logger/console_logger.rb).
func consoleLine(color bool) lineFunc {
	return func(dst []byte, at time.Time, level slog.Level, from, text string) []byte {
		name := LevelName(level)
		if color {
			paint := map[string]string{"error": "\x1b[31m", "fatal": "\x1b[31m", "warn": "\x1b[33m", "info": "\x1b[32m"}
			dst = append(dst, paint[name]...)
		}
		dst = append(dst, name...)
		if color {
			dst = append(dst, "\x1b[0m"...)
		}
		dst = append(dst, ' ')
		dst = at.AppendFormat(dst, "2006/01/02 15:04:05")
		dst = append(dst, ": "...)
		dst = append(dst, from...)
		dst = append(dst, text...)
		return append(dst, '\n')
	}
}

// syslogLine is the text alone: the daemon behind it adds time and ident.
func syslogLine(dst []byte, _ time.Time, _ slog.Level, from, text string) []byte {
	return append(append(dst, from...), text...)
}

func jsonHandler(out io.Writer, level slog.Leveler) slog.Handler {
	return slog.NewJSONHandler(out, &slog.HandlerOptions{Level: level, AddSource: true, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if l, ok := a.Value.Any().(slog.Level); ok && a.Key == slog.LevelKey {
			return slog.String(slog.LevelKey, LevelName(l))
		}
		return a
	}})
}
