package drbd_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mco-go/mco-go/generators/drbd"
	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/problem"
	"github.com/mco-go/mco-go/generators/secret"
	"github.com/mco-go/mco-go/generators/version"
	"github.com/mco-go/mco-go/internal/lab/estates"
)

func TestHostileStringsStayWords(t *testing.T) { estates.Hostilities(t, drbd.Files) }

// resource is the file of the first member of the full estate's pair, after change.
func resource(t *testing.T, change func(*estate.BrokerGroup)) (string, problem.List) {
	t.Helper()
	e := estates.Full()
	g := e.Brokers[1]
	if change != nil {
		change(g)
	}
	var texts []string
	var all problem.List
	for _, m := range g.Members {
		written, problems := estates.Writer(drbd.Files).Written(t, e, m.Node)
		all.Add(problems...)
		texts = append(texts, written["drbd.res"])
	}
	if all.Failed() {
		return strings.Join(texts, ""), all
	}
	for _, text := range texts[1:] {
		if diff := cmp.Diff(texts[0], text); diff != "" {
			t.Error("members differ:", diff)
		}
	}
	return texts[0], all
}

func TestFile(t *testing.T) {
	text, problems := resource(t, nil)
	if len(problems) > 0 {
		t.Error(problems)
	}
	const want = `# Managed file: written by mco generate, local edits are lost.
resource rabbitmq {
  net {
    protocol C;
    cram-hmac-alg sha1;
    shared-secret "s3cret-drbd";
    after-sb-0pri discard-zero-changes;
    after-sb-1pri discard-secondary;
    after-sb-2pri disconnect;
  }
  device minor 1;
  disk "/dev/mapper/vg_rabbit-rabbit";
  meta-disk internal;
  on ap1 {
    address ipv4 192.0.2.11:7701;
    node-id 0;
  }
  on ap2 {
    address ipv4 192.0.2.12:7701;
    node-id 1;
  }
}
`
	if diff := cmp.Diff(want, text); diff != "" {
		t.Error(diff)
	}
}

func TestLines(t *testing.T) {
	rows := []struct {
		name     string
		change   func(*estate.BrokerGroup)
		has, not []string
	}{
		{"8.4 has no ids", func(g *estate.BrokerGroup) {
			for _, m := range g.Members {
				m.Node.Software.DRBD = version.Version{8, 4}
			}
		}, nil, []string{"node-id"}},
		{"no secret", func(g *estate.BrokerGroup) { g.Storage.Secret = secret.Value{} }, []string{"protocol C"}, []string{"cram", "shared"}},
		{"IPv6", func(g *estate.BrokerGroup) {
			g.Members[0].IPv4, g.Members[0].IPv6 = netip.Prefix{}, netip.MustParsePrefix("2001:db8::1/64")
		}, []string{"address ipv6 [2001:db8::1]:7701;"}, nil},
		{"three", func(g *estate.BrokerGroup) { g.Members = append(g.Members, estates.Full().Brokers[0].Members[0]) },
			[]string{"connection-mesh {\n    hosts ap1 ap2 mq1;\n  }"}, nil},
		{"a secret with what looks like more", func(g *estate.BrokerGroup) { g.Storage.Secret = secret.New("s", "a;} # b") }, []string{`shared-secret "a;} # b";`}, nil},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			e := estates.Full()
			r.change(e.Brokers[1])
			written, problems := estates.Writer(drbd.Files).Written(t, e, e.Nodes[0])
			if problems.Failed() {
				t.Fatal(problems)
			}
			estates.WantParts(t, written["drbd.res"], r.has, r.not)
		})
	}
}

func TestRefusals(t *testing.T) {
	rows := []struct {
		name   string
		change func(*estate.BrokerGroup)
		class  problem.Class
	}{
		{"a name that leaves the folder", func(g *estate.BrokerGroup) { g.Storage.Resource = "../x" }, "fact.unsafe"},
		{"a secret of 65 bytes", func(g *estate.BrokerGroup) { g.Storage.Secret = secret.New("s", strings.Repeat("x", 65)) }, "secret.unrepresentable"},
		{"a quote in the secret", func(g *estate.BrokerGroup) { g.Storage.Secret = secret.New("s", `a"b`) }, "secret.unrepresentable"},
		{"a quote in the disk's path", func(g *estate.BrokerGroup) { g.Storage.Disk = `/dev/"` }, "fact.unsafe"},
		{"three under 8.4", func(g *estate.BrokerGroup) {
			g.Members = append(g.Members, estates.Full().Brokers[0].Members[0])
			g.Members[0].Node.Software.DRBD = version.Version{8, 4}
		}, "version.unsupported"},
		{"too old", func(g *estate.BrokerGroup) { g.Members[0].Node.Software.DRBD = version.Version{8, 3} }, "version.unsupported"},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			_, problems := resource(t, r.change)
			if !problems.Failed() || problems[0].Class != r.class {
				t.Errorf("%v, want %s", problems, r.class)
			}
		})
	}
}

// drbdadm does not notice that the last brace is missing.
func TestAMissingBraceIsSeen(t *testing.T) {
	e := estates.Full()
	set, _ := drbd.Files(e, e.Nodes[0])
	f := set.Files[0]
	if err := f.Check(f.Content[:len(f.Content)-2]); err == nil {
		t.Error("it is not")
	}
}

func FuzzParse(f *testing.F) {
	f.Add("resource a {\n  disk \"/dev/x\";\n  net {\n    protocol C;\n  }\n}\n")
	f.Fuzz(func(t *testing.T, text string) {
		estates.Reread(t, drbd.Language(), text)
	})
}
