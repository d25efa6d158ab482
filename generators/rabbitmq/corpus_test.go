package rabbitmq

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/mco-go/mco-go/generators/erlang"
	"github.com/mco-go/mco-go/generators/target"
	"github.com/mco-go/mco-go/generators/validate"
	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/lab/estates"
)

// Each file says what its reference says, as RabbitMQ would read both.
func TestReferences(t *testing.T) {
	for _, r := range estates.References(t, "rabbitmq.conf", "rabbitmq.config", "rabbitmq-env.conf", "enabled_plugins", "definitions.json") {
		t.Run(r.File, func(t *testing.T) {
			e := r.Load(t)
			kind := filepath.Base(r.File)
			f := written(t, e, estates.Node(t, e, r.Node))[kind]
			r.CompareSettings(t, flat(t, kind, f.Content), flat(t, kind, r.Content(t)))
		})
	}
}

// flat takes a file apart into settings with paths of words.
func flat(t *testing.T, kind string, content []byte) map[string]string {
	t.Helper()
	m := make(map[string]string)
	var err error
	switch kind {
	case "rabbitmq.conf", "rabbitmq-env.conf":
		parse := ParseEnv
		if kind == "rabbitmq.conf" {
			parse = Dialect{}.Parse
		}
		var settings []Setting
		settings, err = parse(content)
		for _, s := range settings {
			m[s.Key] = s.Value
		}
	case "enabled_plugins":
		var plugins []erlang.Atom
		plugins, err = ParsePlugins(content)
		for _, p := range plugins {
			m[string(p)] = "enabled"
		}
	case "rabbitmq.config":
		var terms []erlang.Term
		terms, err = erlang.Parse(content)
		for _, app := range terms[0].(erlang.List) {
			app := app.(erlang.Tuple)
			for _, s := range app[1].(erlang.List) {
				s := s.(erlang.Tuple)
				m[fmt.Sprintf("%s.%s", app[0], s[0])], err = erlang.Inline(s[1])
			}
		}
	case "definitions.json":
		var d map[string][]map[string]any
		err = json.Unmarshal(content, &d)
		for list, items := range d {
			for _, item := range items {
				path := list
				for _, key := range []string{"vhost", "name", "user"} {
					if item[key] != nil {
						path += fmt.Sprintf(".%v", item[key])
					}
				}
				for key, value := range item {
					m[path+"."+key] = fmt.Sprint(value)
				}
			}
		}
	}
	if err != nil {
		t.Fatalf("%v in\n%s", err, content)
	}
	return m
}

// Every topology that must render gives files that read back, in the dialect that it names and in that of the installed version, whose
// programs take them too.
func TestTopologies(t *testing.T) {
	lab.Need(t, lab.RabbitMQServer, lab.Shellcheck)
	var judged atomic.Int64
	for _, r := range estates.Rendering(t) {
		t.Run(r.Named(), func(t *testing.T) {
			t.Parallel()
			e := r.Load(t)
			for _, n := range e.Nodes {
				if n.Broker == nil {
					continue
				}
				var files []target.File
				for _, f := range written(t, e, n) {
					files = append(files, f)
				}
				if r.Software == nil {
					continue // an older dialect, which the programs here do not speak
				}
				problems, err := validate.Files(t.Context(), t.TempDir(), n.Name, files, true)
				if err != nil || len(problems) > 0 {
					t.Errorf("%s: %v %v", n.Name, problems, err)
				}
				judged.Add(int64(len(files)))
			}
		})
	}
	t.Cleanup(func() { // after the parallel ones
		if judged.Load() == 0 {
			t.Error("no file was judged")
		}
	})
}
