package psk

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/user"
	"strings"
)

// loginName returns who logged in, as getlogin(3) does: from the audit id that the kernel keeps for a session, which sudo and su leave
// alone, else from the record of the terminal on standard input.
func loginName() (string, error) {
	if raw, err := os.ReadFile("/proc/self/loginuid"); err == nil {
		const unset = "4294967295"
		if id := strings.TrimSpace(string(raw)); id != unset && id != "" {
			u, err := user.LookupId(id)
			if err != nil {
				return "", err
			}
			return u.Username, nil
		}
	}
	tty, err := os.Readlink("/proc/self/fd/0")
	if err != nil || !strings.HasPrefix(tty, "/dev/") {
		return "", errors.New("nobody logged in: no audit id, and standard input is no terminal")
	}
	records, err := os.ReadFile("/var/run/utmp")
	if err != nil {
		return "", fmt.Errorf("no audit id, and no record of terminals: %w", err)
	}
	if name := utmpUser(records, strings.TrimPrefix(tty, "/dev/")); name != "" {
		return name, nil
	}
	return "", fmt.Errorf("nobody is recorded as logged in on %s", tty)
}

// utmpUser looks for the user process on a terminal in records of utmp(5), as glibc writes them on Linux.
func utmpUser(records []byte, line string) string {
	const (
		size        = 384
		userProcess = 7 // ut_type, a 16-bit number at offset 0
		lineAt      = 8 // ut_line, 32 bytes
		userAt      = 44
		nameSize    = 32
	)
	text := func(b []byte) string {
		b, _, _ = bytes.Cut(b[:nameSize], []byte{0})
		return string(b)
	}
	for ; len(records) >= size; records = records[size:] {
		if binary.NativeEndian.Uint16(records) == userProcess && text(records[lineAt:]) == line {
			return text(records[userAt:])
		}
	}
	return ""
}
