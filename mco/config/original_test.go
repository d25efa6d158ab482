package config

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

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

// askOriginal prints what the original's own Config class holds after it has read each file, as JSON.
const askOriginal = `
require "mcollective"
require "json"
out = ARGV.map do |file|
  MCollective::PluginManager.clear
  c = MCollective::Config.instance
  c.instance_variables.each { |v| c.remove_instance_variable(v) }
  c.loadconfig(file)
  names = JSON.parse(ENV["NAMES"])
  settings = names.map { |n| v = c.send(n); [n, v.is_a?(Symbol) ? v.to_s : v] }.to_h
  {"settings" => settings, "plugin" => c.pluginconf}
end
$stdout.write JSON.generate(out)
`

func TestAgainstTheOriginal(t *testing.T) {
	files := []string{"testdata/two-brokers-server.cfg", "testdata/two-brokers-client.cfg", "testdata/inline-remarks.cfg"}
	var names []string
	for _, s := range settings() {
		if s.item != nil {
			names = append(names, s.Name)
		}
	}
	asked, err := json.Marshal(names)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "ruby", append([]string{"-e", askOriginal}, files...)...)
	cmd.Env = append(os.Environ(), "NAMES="+string(asked), "LANG=C.UTF-8")
	raw, err := cmd.Output()
	if err != nil {
		t.Fatalf("ask the original (packages ruby and mcollective-common): %v", err)
	}
	var all []struct {
		Settings map[string]any
		Plugin   map[string]string
	}
	if err := json.Unmarshal(raw[strings.IndexByte(string(raw), '['):], &all); err != nil {
		t.Fatalf("%v in %.200q", err, raw)
	}
	for i, file := range files {
		c, err := Load(filepath.Clean(file), Client)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			got, _ := c.Item(name)
			if want := all[i].Settings[name]; !sameAsJSON(got, want) {
				t.Errorf("%s: %s = %v, the original has %v", file, name, got, want)
			}
		}
		n := 0
		for key, text := range c.Plugins() {
			n++
			if want, ok := all[i].Plugin[key]; !ok || want != text {
				t.Errorf("%s: plugin.%s = %q, the original has %q", file, key, text, want)
			}
		}
		if n != len(all[i].Plugin) {
			t.Errorf("%s: %d plugin settings, the original has %d", file, n, len(all[i].Plugin))
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
