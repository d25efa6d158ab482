package logging

import (
	"fmt"
	"log/slog"
	"log/syslog"
	"strings"
)

// facilities of syslog by the names that `logfacility` takes, in lower case.
func facility(name string) (syslog.Priority, bool) {
	switch strings.ToLower(name) {
	case "kern":
		return syslog.LOG_KERN, true
	case "user", "":
		return syslog.LOG_USER, true
	case "mail":
		return syslog.LOG_MAIL, true
	case "daemon":
		return syslog.LOG_DAEMON, true
	case "auth":
		return syslog.LOG_AUTH, true
	case "syslog":
		return syslog.LOG_SYSLOG, true
	case "lpr":
		return syslog.LOG_LPR, true
	case "news":
		return syslog.LOG_NEWS, true
	case "uucp":
		return syslog.LOG_UUCP, true
	case "cron":
		return syslog.LOG_CRON, true
	case "authpriv":
		return syslog.LOG_AUTHPRIV, true
	case "ftp":
		return syslog.LOG_FTP, true
	}
	if n, ok := strings.CutPrefix(strings.ToLower(name), "local"); ok && len(n) == 1 && n[0] >= '0' && n[0] <= '7' {
		return syslog.LOG_LOCAL0 + syslog.Priority(n[0]-'0')<<3, true
	}
	return syslog.LOG_USER, false
}

// sysLog sends lines to the machine's syslog.
type sysLog struct{ *syslog.Writer }

// openSyslog connects; an unknown facility becomes user, with the original's warning.
func openSyslog(name, program string) (sink sysLog, warning string, err error) {
	priority, known := facility(name)
	if !known {
		warning = fmt.Sprintf("Invalid syslog facility %s supplied, reverting to USER", name)
	}
	w, err := syslog.New(priority|syslog.LOG_INFO, program)
	if err != nil {
		//lint:ignore ST1005 the original's text
		return sysLog{}, "", fmt.Errorf("Could not start logger: %w", err)
	}
	return sysLog{w}, warning, nil
}

// WriteLevel maps the levels as the original does (logger/syslog_logger.rb).
func (s sysLog) WriteLevel(level slog.Level, line []byte) error {
	text := string(line)
	switch LevelName(level) {
	case "debug":
		return s.Debug(text)
	case "info":
		return s.Info(text)
	case "warn":
		return s.Warning(text)
	case "error":
		return s.Err(text)
	}
	return s.Crit(text)
}
