package config

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/mco-go/mco-go/internal/vectors"
	"github.com/mco-go/mco-go/mco"
)

type settingsVector struct {
	Settings   map[string]vectors.Value
	Pluginconf map[string]vectors.Value
	LibDirs    []string `json:"libdirs_prepended"`
}

type configVectors struct {
	Prefix   string
	Hostname string
	Baseline settingsVector
	Cases    []struct {
		Name     string
		Text     vectors.Text
		Files    map[string]string
		Result   *settingsVector
		Error    string
		Class    string
		Warnings []string
	}
}

// didYouMean is what Ruby's spell checker adds to the text of an error.
var didYouMean = regexp.MustCompile(`\nDid you mean\?.*`)

func TestVectorsConfig(t *testing.T) {
	v := vectors.Load[configVectors](t, "config.json")
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	done := 0
	for _, tc := range v.Cases {
		t.Run(tc.Name, func(t *testing.T) {
			done++
			path := write(t, v.Prefix+string(tc.Text), tc.Files)
			c, err := Load(path, Client)
			if tc.Result == nil {
				want := didYouMean.ReplaceAllString(tc.Error, "")
				if err == nil || !strings.HasPrefix(err.Error(), want+" (") {
					t.Fatalf("error %v, want one that begins with %q", err, want)
				}
				if e, ok := err.(*ProviderError); ok {
					for _, w := range tc.Warnings {
						if w = didYouMean.ReplaceAllString(w, ""); w != "error: "+e.LogLine() {
							t.Errorf("log line %q, want %q", e.LogLine(), w)
						}
					}
				} else if tc.Class == "LoadError" {
					t.Errorf("%T is no ProviderError", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			compareSettings(t, c, v.Baseline, *tc.Result, v.Hostname, host)
			var warnings []string
			for _, w := range c.Warnings {
				if !w.Ours && w.Level != "debug" {
					warnings = append(warnings, w.Level+": "+strings.ReplaceAll(w.Text, filepath.Dir(path), "<dir>"))
				}
			}
			if !slices.Equal(warnings, tc.Warnings) {
				t.Errorf("warnings %q, want %q", warnings, tc.Warnings)
			}
		})
	}
	vectors.Count(t, "config.json", "cases", done, len(v.Cases))
}

func compareSettings(t *testing.T, c *Config, base, diff settingsVector, hostname, host string) {
	t.Helper()
	for name, want := range base.Settings {
		if w, ok := diff.Settings[name]; ok {
			want = w
		}
		if s, _ := want.AsString(); s == hostname {
			want = vectors.Value{Value: mco.String(host)}
		}
		if got, ok := c.Item(name); !ok || !got.Equal(want.Value) {
			t.Errorf("%s = %v, %t; want %v", name, got, ok, want)
		}
	}
	seen := map[string]bool{}
	for key, text := range c.Plugins() {
		seen[key] = true
		want, ok := diff.Pluginconf[key]
		if !ok {
			want, ok = base.Pluginconf[key]
		}
		if w, _ := want.AsString(); !ok || w != text {
			t.Errorf("plugin.%s = %.60q; want %.60q, present %t", key, text, w, ok)
		}
	}
	for _, table := range []map[string]vectors.Value{base.Pluginconf, diff.Pluginconf} {
		for key := range table {
			if !seen[key] {
				t.Errorf("plugin.%s is missing", key)
			}
		}
	}
	if !slices.Equal(c.LibDirs, diff.LibDirs) {
		t.Errorf("libdirs %q, want %q", c.LibDirs, diff.LibDirs)
	}
}
