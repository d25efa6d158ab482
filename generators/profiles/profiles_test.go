package profiles_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mco-go/mco-go/generators/profiles"
	"github.com/mco-go/mco-go/internal/lab/estates"
)

func TestHostileStringsStayWords(t *testing.T) { estates.Hostilities(t, profiles.Files) }

func TestFiles(t *testing.T) {
	e := estates.Full()
	want := map[string]string{
		"/etc/mco/clients/shop.json": `{
  "name": "shop",
  "vhost": "shop",
  "endpoints": [
    {
      "host": "192.0.2.110",
      "port": 5672
    },
    {
      "host": "2001:db8::1",
      "port": 5672
    }
  ],
  "uris": [
    "amqp://openstack:change-me@192.0.2.110:5672/shop",
    "amqp://openstack:change-me@[2001:db8::1]:5672/shop"
  ],
  "transport_url": "rabbit://openstack:change-me@192.0.2.110:5672,openstack:change-me@[2001:db8::1]:5672/shop"
}
`,
		"/etc/mco/clients/shop.uris": `# Managed file: written by mco generate, local edits are lost.
amqp://openstack:change-me@192.0.2.110:5672/shop
amqp://openstack:change-me@[2001:db8::1]:5672/shop
`,
	}
	for _, n := range e.Nodes {
		set, problems := profiles.Files(e, n)
		if len(problems) > 0 {
			t.Error(problems)
		}
		got := make(map[string]string)
		for _, f := range set.Files {
			if err := f.Check(f.Content); err != nil {
				t.Errorf("%s: %v", f.Path, err)
			}
			if f.Mode != 0o600 {
				t.Errorf("%s: mode %v", f.Path, f.Mode)
			}
			got[f.Path] = string(f.Content)
		}
		if n.Broker == nil && len(got) > 0 {
			t.Errorf("%s is no broker and has %d profiles", n.Name, len(got))
		}
		if n.Broker != nil {
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		}
	}
}

func TestAnotherNameIsRefused(t *testing.T) {
	for _, name := range []string{"", "../x", "a b", "-x"} {
		e := estates.Full()
		e.Clients[0].Name = name
		for _, n := range e.Nodes {
			if set, problems := profiles.Files(e, n); n.Broker != nil && (!problems.Failed() || len(set.Files) > 0) {
				t.Errorf("%q: %v", name, problems)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"name":"a","uris":["x"]}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		p, err := profiles.Parse(content)
		if err != nil {
			return
		}
		again, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		q, err := profiles.Parse(again)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(p, q); diff != "" {
			t.Error(diff)
		}
	})
}
