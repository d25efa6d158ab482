package failover

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Page returns the fleet as Prometheus' node exporter reads it from a text file. s is nil where nobody could be asked.
//
// Source of the facts: Prometheus' text exposition format, version 0.0.4.
func Page(s *Status, state State, now time.Time) []byte {
	var p bytes.Buffer
	gauge := func(name, help string) {
		fmt.Fprintf(&p, "# HELP mco_failover_%s %s\n# TYPE mco_failover_%[1]s gauge\n", name, help)
	}
	one := func(name, help string, value float64) {
		gauge(name, help)
		fmt.Fprintf(&p, "mco_failover_%s %s\n", name, decimal(value))
	}
	one("state", "What mco failover check made of the fleet: 0 ok, 1 warning, 2 critical, 3 unknown.", float64(state))
	one("check_timestamp_seconds", "When that was.", float64(now.Unix()))
	if s == nil {
		return p.Bytes()
	}
	one("nodes", "Nodes that are known.", float64(len(s.Nodes)))
	one("nodes_answering", "Nodes that answer over some broker.", float64(s.Answering()))
	for _, m := range s.measures() {
		name, value := m.Name, m.value(s)
		if m.Unit == "%" {
			name, value = name+"_ratio", value/100
		}
		one(name, strings.ToUpper(m.About[:1])+m.About[1:]+".", value)
	}
	label := strings.NewReplacer("\\", "\\\\", "\"", "\\\"", "\n", "\\n") // what the format gives a meaning to
	each := func(name, help string, value func(Broker) int) {
		gauge(name, help)
		for _, b := range s.Brokers {
			fmt.Fprintf(&p, "mco_failover_%s{broker=\"%s\"} %d\n", name, label.Replace(b.Addr), value(b))
		}
	}
	each("broker_up", "1: the broker could be asked.", func(b Broker) int {
		if b.Error != "" {
			return 0
		}
		return 1
	})
	each("broker_nodes", "Nodes that are on the broker, as far as known.", func(b Broker) int { return b.Nodes })
	each("broker_nodes_reached", "Nodes that answer over the broker.", func(b Broker) int { return b.Over })
	return p.Bytes()
}

// WriteFile replaces a file as a whole, for everybody to read: whoever reads it sees the old or the new one.
func WriteFile(path string, content []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // the exporter reads what ends with .prom
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(content)
	if err == nil {
		err = f.Chmod(0o644)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	return err
}
