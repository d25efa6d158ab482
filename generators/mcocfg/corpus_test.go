package mcocfg

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mco-go/mco-go/generators/target"
	"github.com/mco-go/mco-go/generators/validate"
	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/lab/estates"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/config"
)

// Each file says what its reference says: the same settings once defaults are in their places, and the same hash for the STOMP library.
func TestReferences(t *testing.T) {
	lab.Need(t, lab.Ruby)
	for _, r := range estates.References(t, "server.cfg", "client.cfg") {
		t.Run(r.File, func(t *testing.T) {
			e := r.Load(t)
			f, _ := written(t, estates.Node(t, e, r.Node), filepath.Base(r.File))
			wanted := f
			wanted.Content, wanted.Path = r.Content(t), "/reference/"+f.Kind
			scratch := t.TempDir()
			if err := validate.Write(scratch, []target.File{f, wanted}); err != nil {
				t.Fatal(err)
			}
			r.CompareSettings(t, settings(t, scratch, f), settings(t, scratch, wanted))
		})
	}
}

// settings are what our programs hold after they have read the file, and what the original's connector makes of it.
func settings(t *testing.T, scratch string, f target.File) map[string]string {
	t.Helper()
	c, err := config.Load(validate.At(scratch, f), config.Server)
	if err != nil {
		t.Fatal(err)
	}
	m := make(map[string]string)
	for _, k := range config.Keys() {
		if v, ok := c.Item(k.Name); ok {
			m[k.Name] = told(v)
		}
	}
	for key, value := range c.Plugins() {
		m["plugin."+key] = value
	}
	hash, result := validate.ConnectHash(t.Context(), scratch, f)
	if result.Status != validate.Accepted {
		t.Fatalf("%s: %s", result.Status, result.Text)
	}
	var connect map[string]any
	if err := json.Unmarshal([]byte(hash), &connect); err != nil {
		t.Fatalf("%v: %s", err, hash)
	}
	if len(connect["hosts"].([]any)) == 0 {
		t.Error("no hosts")
	}
	for key, value := range connect {
		m["connect."+key] = fmt.Sprint(value)
	}
	return m
}

// told is a value as text, a list item by item.
func told(v mco.Value) string {
	items, ok := v.AsList()
	if !ok {
		return fmt.Sprint(v)
	}
	var all []string
	for _, item := range items {
		all = append(all, fmt.Sprint(item))
	}
	return strings.Join(all, " ")
}

// Every topology that must render gives files that read back and that the original loads without a remark.
func TestTopologies(t *testing.T) {
	lab.Need(t, lab.Ruby)
	judged := 0
	for _, r := range estates.Rendering(t) {
		t.Run(r.Named(), func(t *testing.T) {
			for _, n := range r.Load(t).Nodes {
				set, problems := Files(nil, n)
				if problems.Failed() {
					t.Errorf("%s: %v", n.Name, problems)
				}
				for _, f := range set.Files {
					if err := f.Check(f.Content); err != nil {
						t.Errorf("%s: %s: %v", n.Name, f.Kind, err)
					}
				}
				if len(set.Files) == 0 || r.Software == nil {
					continue
				}
				refused, err := validate.Files(t.Context(), t.TempDir(), n.Name, set.Files, true)
				if err != nil || len(refused) > 0 {
					t.Errorf("%s: %v %v", n.Name, refused, err)
				}
				judged += len(set.Files)
			}
		})
	}
	if judged == 0 {
		t.Error("no file was judged")
	}
}
