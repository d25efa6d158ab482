package stomp

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
)

// authority signs the certificates of these tests.
type authority struct {
	t    *testing.T
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	a := &authority{t: t, dir: t.TempDir()}
	a.cert = &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	a.file, a.key = a.issue(name, a.cert, nil)
	return a
}

// issue writes a certificate, and its key beside it.
func (a *authority) issue(name string, template *x509.Certificate, signer *ecdsa.PrivateKey) (file string, key *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	if signer == nil {
		signer = key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, signer)
	if err != nil {
		a.t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	file = filepath.Join(a.dir, name+".pem")
	for path, block := range map[string]*pem.Block{file: {Type: "CERTIFICATE", Bytes: der}, file + ".key": {Type: "PRIVATE KEY", Bytes: keyDER}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			a.t.Fatal(err)
		}
	}
	return file, key
}

// member issues a certificate for a broker or a client.
func (a *authority) member(name string, change func(*x509.Certificate)) string {
	c := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		DNSNames: []string{name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	if change != nil {
		change(c)
	}
	file, _ := a.issue(name, c, a.key)
	return file
}

// tlsBroker welcomes whoever has a certificate of the authority.
func tlsBroker(t *testing.T, a *authority, cert string) Host {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(cert, cert+".key")
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	text, err := os.ReadFile(a.file)
	if err != nil {
		t.Fatal(err)
	}
	pool.AppendCertsFromPEM(text)
	c := &tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: pool, ClientAuth: tls.VerifyClientCertIfGiven}
	return script(t, func(conn net.Conn) { welcomeAll("")(tls.Server(conn, c)) })
}

func TestTLS(t *testing.T) {
	ours, foreign := newAuthority(t, "ours"), newAuthority(t, "foreign")
	good := ours.member("localhost", nil)
	client := ours.member("client", nil)
	both := ours.file + "," + foreign.file
	tests := []struct {
		name   string
		server string
		tls    TLS
		want   string // in the error; empty: it works
	}{
		{"verified", good, TLS{Cert: client, Key: client + ".key", CA: ours.file}, ""},
		{"several authorities", good, TLS{Cert: client, Key: client + ".key", CA: both}, ""},
		{"foreign authority", good, TLS{Cert: client, Key: client + ".key", CA: foreign.file}, "certificate signed by unknown authority"},
		{"expired", ours.member("expired", func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }), TLS{Cert: client, Key: client + ".key", CA: ours.file}, "expired"},
		{"another host", ours.member("elsewhere", func(c *x509.Certificate) { c.IPAddresses = nil }), TLS{Cert: client, Key: client + ".key", CA: ours.file}, "127.0.0.1"},
		{"a common name alone", ours.member("old", func(c *x509.Certificate) { c.DNSNames, c.IPAddresses = nil, nil }), TLS{Cert: client, Key: client + ".key", CA: ours.file}, `names "old" as its common name alone, which the original accepts and Go does not`},
		{"unverified", ours.member("whoever", func(c *x509.Certificate) { c.DNSNames, c.IPAddresses = nil, nil }), TLS{Unverified: true}, ""},
		{"a file went away", good, TLS{Cert: client, Key: client + ".key", CA: ours.file + ".gone"}, "Cannot find CA file"},
		{"a file that holds none", good, TLS{Cert: client, Key: client + ".key", CA: client + ".key"}, "no certificate in"},
		{"a key of another certificate", good, TLS{Cert: client, Key: good + ".key", CA: ours.file}, "does not match"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			lab.Leaks(t)
			h := tlsBroker(t, ours, test.server)
			h.TLS = &test.tls
			l, err := openOne(t, h)
			if test.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				poke(t, l)
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
	t.Run("no TLS at all", func(t *testing.T) {
		h := script(t, welcomeAll(""))
		h.TLS = &TLS{Cert: client, Key: client + ".key", CA: ours.file}
		tr, err := newTransport(options(RabbitMQ, "n", true, h))
		if err != nil {
			t.Fatal(err)
		}
		tr.DialTime = 200 * time.Millisecond
		if err := tr.Probe(t.Context(), 0); err == nil {
			t.Error("a broker without TLS was taken for one with")
		}
	})
}

// The end of a certificate is told a month ahead.
func TestTLSExpiryIsTold(t *testing.T) {
	ours := newAuthority(t, "ours") // what it signs ends in an hour
	client := ours.member("client", nil)
	h := tlsBroker(t, ours, ours.member("localhost", nil))
	h.TLS = &TLS{Cert: client, Key: client + ".key", CA: ours.file}
	var log strings.Builder
	o := options(RabbitMQ, "n", true, h)
	o.Log = slog.New(slog.NewTextHandler(&log, nil))
	tr, err := newTransport(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.Probe(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Our certificate " + client + " ends at", "The certificate of 127.0.0.1 ends at"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %q:\n%s", want, log.String())
		}
	}
	log.Reset()
	tr.now = func() time.Time { return time.Now().AddDate(-1, 0, 0) }
	if err := tr.Probe(t.Context(), 0); err != nil || strings.Contains(log.String(), "ends at") {
		t.Errorf("a year before, %v:\n%s", err, log.String())
	}
}

// New files are picked up by the next connection.
func TestTLSFilesAreReadAgain(t *testing.T) {
	ours := newAuthority(t, "ours")
	client := ours.member("client", nil)
	h := tlsBroker(t, ours, ours.member("localhost", nil))
	h.TLS = &TLS{Cert: client, Key: client + ".key", CA: newAuthority(t, "old").file}
	tr, err := newTransport(options(RabbitMQ, "n", true, h))
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.Probe(t.Context(), 0); err == nil {
		t.Fatal("the old authority did not sign this")
	}
	text, err := os.ReadFile(ours.file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(h.TLS.CA, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := tr.Probe(t.Context(), 0); err != nil {
		t.Errorf("with the new authority: %v", err)
	}
}

func TestTLSAtRabbitMQ(t *testing.T) {
	b := peers.Broker(t, lab.RabbitMQKind)
	for _, test := range []struct{ name, ca, want string }{
		{"verified", b.TLS.CA, ""},
		{"foreign authority", b.TLS.ForeignCA, "certificate"},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := real(b, "n", true)
			o.Hosts[0].Port = b.TLSPort
			o.Hosts[0].TLS = &TLS{Cert: b.TLS.ClientCert, Key: b.TLS.ClientKey, CA: test.ca}
			tr, err := newTransport(o)
			if err != nil {
				t.Fatal(err)
			}
			if err := tr.Probe(t.Context(), 0); (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
}

func TestCipherNames(t *testing.T) {
	tests := []struct {
		list    string
		ids     []uint16
		unknown int
	}{
		{"", nil, 0},
		{"ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384", []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384}, 0},
		{"ECDHE-RSA-AES128-SHA", []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA}, 0},
		{"ECDHE-ECDSA-AES256-SHA", []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA}, 0},
		{"ECDHE-RSA-CHACHA20-POLY1305", []uint16{tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256}, 0},
		{"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", []uint16{tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384}, 0},
		{"HIGH:!aNULL, RC4-MD5", nil, 3},
	}
	for _, test := range tests {
		t.Run(test.list, func(t *testing.T) {
			ids, unknown := (&TLS{Ciphers: test.list}).suites()
			if len(ids) != len(test.ids) || len(unknown) != test.unknown {
				t.Fatalf("suites %v, unknown %v", ids, unknown)
			}
			for i := range ids {
				if ids[i] != test.ids[i] {
					t.Errorf("suite %d is %s, want %s", i, tls.CipherSuiteName(ids[i]), tls.CipherSuiteName(test.ids[i]))
				}
			}
		})
	}
}
