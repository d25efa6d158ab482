package config

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/mco-go/mco-go/mco/rubynum"
)

// Plugin returns the text of the setting plugin.KEY, wherever it was set last: plugin.d/NAME.cfg overrides the main file.
func (c *Config) Plugin(key string) (string, bool) { return held(c.plugin, key) }

// Plugins yields every plugin setting, without "plugin.", in the order in which they first appear. Some are secrets: see [Secret].
func (c *Config) Plugins() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for _, key := range c.plugin.KeyStrings() {
			if text, _ := c.Plugin(key); !yield(key, text) {
				return
			}
		}
	}
}

// PluginBool returns the boolean plugin.KEY, or def where it is not set. The error gives the original's text and the place.
func (c *Config) PluginBool(key string, def bool) (bool, error) {
	return plugin(c, key, def, ParseBool)
}

// PluginInt is [Config.PluginBool] for whole numbers.
func (c *Config) PluginInt(key string, def int64) (int64, error) {
	return plugin(c, key, def, rubynum.Int64)
}

// PluginFloat is [Config.PluginBool] for numbers.
func (c *Config) PluginFloat(key string, def float64) (float64, error) {
	return plugin(c, key, def, rubynum.Float)
}

func plugin[T any](c *Config, key string, def T, parse func(string) (T, error)) (T, error) {
	text, ok := c.Plugin(key)
	if !ok {
		return def, nil
	}
	v, err := parse(text)
	if err != nil {
		at := c.places[key]
		return def, fmt.Errorf("%w (plugin.%s, %s line %d)", err, key, at.file, at.line)
	}
	return v, nil
}

// Where tells file and line of the setting plugin.KEY as "FILE line N", for messages about it; empty where it is not set.
func (c *Config) Where(key string) string {
	at, ok := c.places[key]
	if !ok {
		return ""
	}
	return fmt.Sprintf("%s line %d", at.file, at.line)
}

// Place tells where a setting was made last, plugin.KEY or a core key by its whole name; line is 0 where it was not made.
func (c *Config) Place(name string) (file string, line int) {
	key, isPlugin := strings.CutPrefix(name, "plugin.")
	if !isPlugin {
		key = "/" + key
	}
	at := c.places[key]
	return at.file, at.line
}

// Secret tells whether the value of plugin.KEY must not be shown: the pre-shared key and passwords.
func Secret(key string) bool {
	return key == "psk" || key == "password" || strings.HasSuffix(key, ".password") || strings.HasSuffix(key, ".passphrase") ||
		strings.HasSuffix(key, ".secret") || strings.HasSuffix(key, ".token")
}

func (c *Config) holdPlugin(name string, l line, mode fs.FileMode) error {
	if len(c.places) >= maxSettings {
		if _, known := c.places[name]; !known {
			return c.errorAt(l.place, "there are more than %d settings", maxSettings)
		}
	}
	if Secret(name) && mode.IsRegular() && mode.Perm()&0o004 != 0 {
		c.warn(l.place, true, "everyone on this machine can read plugin.%s in %s: take the right away with chmod o-r", name, l.file)
	}
	c.places[name] = l.place
	return c.hold(c.plugin, name, l)
}

// readPluginDir reads NAME.cfg of the folder plugin.d, whose settings become plugin.NAME.KEY. Files come in order of their names;
// the original takes them as the folder happens to list them.
func (c *Config) readPluginDir() error {
	dir := filepath.Join(c.Dir, "plugin.d")
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) || err != nil && !isDir(dir) {
		return nil
	}
	if err != nil {
		return err
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	for _, e := range entries {
		name, ok := pluginFile(e.Name())
		if !ok {
			continue
		}
		if err := c.readPluginFile(filepath.Join(dir, e.Name()), name); err != nil {
			return err
		}
	}
	return nil
}

func (c *Config) readPluginFile(path, name string) error {
	raw, mode, err := readFile(path)
	if err != nil {
		return err
	}
	for l, err := range lines(raw, path) {
		if err != nil {
			return err
		}
		if strings.HasPrefix(l.key, "#") {
			c.warn(l.place, true, "'%s' is a setting, not a remark, because # does not stand at the beginning of the line", l.key)
		}
		if err := c.holdPlugin(name+"."+l.key, l, mode); err != nil {
			return err
		}
	}
	return nil
}

// pluginFile applies the original's /^([\w]+).cfg$/, whose dot is any one character.
func pluginFile(file string) (name string, ok bool) {
	stem, ok := strings.CutSuffix(file, "cfg")
	if !ok {
		return "", false
	}
	_, n := utf8.DecodeLastRuneInString(stem)
	name = stem[:len(stem)-n]
	for i := range len(name) {
		if !isWord(name[i]) {
			return "", false
		}
	}
	return name, n > 0 && name != ""
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
