package estate

import "testing"

func TestPattern(t *testing.T) {
	for s, fine := range map[string]bool{
		"^": true, "": true, ".*": true, `^mcollective_(broadcast|directed)$`: true, `^amq\.`: true, `(?i)^a`: true, "^日志": true,
		"^(": false, "[": false, "*a": false, `(?<=a)b`: false, `(a)\1`: false, `a++`: false, `\Qa\E`: false, "(?P<n>a)": false, "a\nb": false, "\xff": false,
		"[a&&b]": false,
	} {
		if err := pattern(s); (err == nil) != fine {
			t.Errorf("%q: %v, want it to be taken: %v", s, err, fine)
		}
	}
}

func TestConfKeys(t *testing.T) {
	for key, want := range map[string]string{
		"heartbeat": "int", "channel_max": "int", "log.file": "text",
		"tcp_listen_options.nodelay": "bool", "listeners.tcp.1": "text", "vm_memory_high_watermark.relative": "float", "num_acceptors.tcp": "int",
		"collect_statistics": "one of none coarse fine", "management.rates_mode": "one of basic detailed none",
	} {
		if got, ok := confType(key); !ok || got != want {
			t.Errorf("%s: got %q (%v), want %q", key, got, ok, want)
		}
	}
	for _, key := range []string{"tcp_listerners", "heartbeats", "log", "log.", ".log", "heartbeat.x", "", "$name", "# Keys"} {
		if kind, ok := confType(key); ok {
			t.Errorf("%q is known as %s", key, kind)
		}
	}
}

func TestConfValue(t *testing.T) {
	for _, c := range []struct {
		kind, value string
		fine        bool
	}{
		{"int", "5", true}, {"int", "five", false}, {"int", "-1", false}, {"bool", "true", true}, {"bool", "yes", false},
		{"float", "0.4", true}, {"float", "", false}, {"size", "8200MB", true}, {"size", "8G", true}, {"size", "8TB", false}, {"size", "MB", false},
		{"one of none coarse fine", "fine", true}, {"one of none coarse fine", "finer", false}, {"text", "anything", true},
	} {
		if got := confValue(c.kind, c.value); got != c.fine {
			t.Errorf("%s %q: %v, want %v", c.kind, c.value, got, c.fine)
		}
	}
}
