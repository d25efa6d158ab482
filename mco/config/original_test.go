package config

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/rubyjudge"
	"github.com/mco-go/mco-go/mco"
)

func TestTwoBrokers(t *testing.T) {
	server, err := Load("testdata/two-brokers-server.cfg", Server)
	if err != nil {
		t.Fatal(err)
	}
	if server.Connector != "rabbitmq" || server.SecurityProvider != "psk" || server.Identity != "linux57poc" || server.Daemonize == nil || !*server.Daemonize ||
		!server.DirectAddressing || len(server.LibDirs) != 1 || server.LibDirs[0] != "/usr/libexec/mcollective" || server.TTL != time.Minute {
		t.Errorf("core settings: %+v", server)
	}
	for _, w := range server.Warnings {
		if w.Level == "warn" && !strings.Contains(w.Text, "everyone on this machine") {
			t.Errorf("warning: %+v", w)
		}
	}
	if d, err := server.PluginFloat("rabbitmq.max_reconnect_delay", 0); d != 30 || err != nil {
		t.Errorf("max_reconnect_delay = %g, %v", d, err)
	}
	if b, err := server.PluginBool("rabbitmq.randomize", true); b || err != nil {
		t.Errorf("randomize = %t, %v", b, err)
	}
}

// A remark behind a value belongs to the value, which then is wrong where it is used, and the message names the line.
func TestInlineRemarks(t *testing.T) {
	c, err := Load("testdata/inline-remarks.cfg", Client)
	if err != nil {
		t.Fatal(err)
	}
	if v, _ := c.Plugin("rabbitmq.vhost"); v != "/mcollective # 虚拟主机" {
		t.Errorf("vhost = %q", v)
	}
	_, err = c.PluginFloat("rabbitmq.max_reconnect_delay", 30)
	if err == nil || !strings.HasSuffix(err.Error(), "(plugin.rabbitmq.max_reconnect_delay, testdata/inline-remarks.cfg line 10)") {
		t.Errorf("max_reconnect_delay: %v", err)
	}
}

// askOriginal tells what the original's own Config class holds after it has read a file.
const askOriginal = `
require "mcollective"
judge do |file, names|
  MCollective::PluginManager.clear
  c = MCollective::Config.instance
  c.instance_variables.each { |v| c.remove_instance_variable(v) }
  c.loadconfig(file)
  {settings: names.to_h { |n| [n, c.send(n)] }, plugin: c.pluginconf}
end
`

func TestAgainstTheOriginal(t *testing.T) {
	files := []string{"testdata/two-brokers-server.cfg", "testdata/two-brokers-client.cfg", "testdata/inline-remarks.cfg"}
	var names []string
	for _, s := range settings() {
		if s.item != nil {
			names = append(names, s.Name)
		}
	}
	lab.Need(t, lab.Ruby)
	original := rubyjudge.Start(t, "-e", askOriginal)
	for _, file := range files {
		want := rubyjudge.Ask[struct {
			Settings map[string]any
			Plugin   map[string]string
		}](t, original, []any{file, names})
		c, err := Load(filepath.Clean(file), Client)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			got, _ := c.Item(name)
			if w := want.Settings[name]; !sameAsJSON(got, w) {
				t.Errorf("%s: %s = %v, the original has %v", file, name, got, w)
			}
		}
		n := 0
		for key, text := range c.Plugins() {
			n++
			if w, ok := want.Plugin[key]; !ok || w != text {
				t.Errorf("%s: plugin.%s = %q, the original has %q", file, key, text, w)
			}
		}
		if n != len(want.Plugin) {
			t.Errorf("%s: %d plugin settings, the original has %d", file, n, len(want.Plugin))
		}
	}
}

func sameAsJSON(v mco.Value, want any) bool {
	switch w := want.(type) {
	case nil:
		return v.IsNil()
	case bool:
		b, ok := v.AsBool()
		return ok && b == w
	case float64:
		n, isInt := v.AsInt()
		f, isFloat := v.AsFloat()
		return isInt && float64(n) == w || isFloat && f == w
	case string:
		s, ok := v.AsName()
		return ok && s == w
	case []any:
		list, ok := v.AsList()
		if !ok || len(list) != len(w) {
			return false
		}
		for i := range w {
			if !sameAsJSON(list[i], w[i]) {
				return false
			}
		}
		return true
	}
	return false
}
