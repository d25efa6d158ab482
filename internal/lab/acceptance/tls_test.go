package acceptance

import (
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
)

// TestTLS lets both programs speak to a broker that asks for certificates, and ours refuse one whose authority it does not know.
func TestTLS(t *testing.T) {
	t.Parallel()
	b := peers.Broker(t, lab.RabbitMQKind)
	over := func(c lab.Certificates) lab.Cfg {
		return lab.Cfg{VHost: b.VHost, Pool: []lab.Member{{Host: "localhost", Port: b.TLSPort, User: b.User, Password: b.Password, TLS: &c}}}
	}
	for _, program := range []string{ruby, golang} {
		t.Run(program, func(t *testing.T) {
			node, client := lab.GoNode, lab.GoMco
			if program == ruby {
				lab.Need(t, lab.Ruby)
				node, client = lab.RubyNode, lab.RubyMco
			}
			n := node(t, lab.ServerCfg{Cfg: over(*b.TLS), Identity: "tls.example.net"})
			n.WaitReady(t, b, 30*time.Second)
			out := client(t, lab.ClientCfg{Cfg: over(*b.TLS)}).Run(t, "ping")
			if out.Exit != 0 || !strings.Contains(out.Stdout, "tls.example.net") {
				t.Errorf("mco ping over TLS: exit %d\n%s", out.Exit, out.All())
			}
		})
	}
	t.Run("unknown authority", func(t *testing.T) {
		foreign := *b.TLS
		foreign.CA = foreign.ForeignCA
		cfg := over(foreign)
		cfg.Connector = lab.RabbitMQKind
		complains(t, cfg, "certificate")
	})
}
