package config

import (
	"strings"
	"testing"
)

func TestExcusedMistakesAreAllTold(t *testing.T) {
	path := write(t, strings.Join([]string{
		"nosuch = 1", "ttl = soon", "identity = a b", "connector = nosuch", "plugin.mco.skew = soon", "plugin.psk = x", "loglevel = debug",
	}, "\n"), nil)
	var told []string
	cfg, err := LoadWith(path, Options{Role: Server, Excuse: func(err error) bool {
		text, _, _ := strings.Cut(err.Error(), " ("+path)
		told = append(told, text)
		return true
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"Unknown config parameter 'nosuch'",
		"Could not parse value for configuration option 'ttl' with value 'soon'",
		`Identities can only match /\w\.\-/`,
		"cannot load such file -- mcollective/connector/nosuch.rb",
		`plugin.mco.skew: invalid value for Float(): "soon"`,
	}
	if got := strings.Join(told, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("told\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
	if cfg.LogLevel != "debug" {
		t.Errorf("loglevel = %q: what comes behind a mistake was not read", cfg.LogLevel)
	}
	for name, want := range map[string]int{"plugin.psk": 6, "loglevel": 7, "connector": 4, "logfile": 0, "plugin.nosuch": 0} {
		if file, line := cfg.Place(name); line != want || want > 0 && file != path {
			t.Errorf("Place(%s) = %s line %d, want line %d", name, file, line, want)
		}
	}
}

func TestWhatIsNotExcusedEndsTheLoading(t *testing.T) {
	path := write(t, "nosuch = 1\nttl = soon\n", nil)
	_, err := LoadWith(path, Options{Excuse: func(err error) bool { return strings.Contains(err.Error(), "nosuch") }})
	if err == nil || !strings.Contains(err.Error(), "'ttl'") {
		t.Errorf("error %v, want the one about ttl", err)
	}
}
