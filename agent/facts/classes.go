package facts

import (
	"fmt"
	"log/slog"
	"strings"
	"sync"
)

// maxClasses bounds the classes file, in bytes.
const maxClasses = 8 << 20

// Classes returns the lines of a classes file without their ends; none when it cannot be read.
func Classes(file string) []string {
	lines, _ := readClasses(file)
	return lines
}

func readClasses(file string) ([]string, error) {
	text, err := readRegular(file, maxClasses)
	if err != nil {
		return nil, err
	}
	if len(text) > maxClasses {
		return nil, fmt.Errorf("%s is larger than %d bytes", file, maxClasses)
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		lines = append(lines, strings.TrimSuffix(line, "\r"))
	}
	return lines, nil
}

// ClassFile is a classes file that is read again only when it has changed, because every broadcast with a class filter asks for it. It
// is safe for concurrent use.
type ClassFile struct {
	path string
	log  *slog.Logger

	mu    sync.Mutex // guards the fields below
	stamp stamp
	lines []string
}

// NewClassFile returns the classes file at path, which need not exist.
func NewClassFile(path string, log *slog.Logger) *ClassFile {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &ClassFile{path: path, log: log}
}

// Lines returns the classes, to be read only. A file that cannot be read has none, and says so in the log each time it is asked for, as
// the original does.
func (c *ClassFile) Lines() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := stampOf(c.path)
	if now != (stamp{}) && now == c.stamp {
		return c.lines
	}
	lines, err := readClasses(c.path)
	if err != nil {
		c.stamp, c.lines = stamp{}, nil
		c.log.Warn(fmt.Sprintf("Parsing classes file '%s' failed: %s", c.path, describe(err, c.path)))
		return nil
	}
	c.stamp, c.lines = now, lines
	return lines
}
