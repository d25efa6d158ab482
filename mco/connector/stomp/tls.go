package stomp

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/mco-go/mco-go/mco/config"
)

// TLS says how a member of the pool is spoken to in private. The files are read for each connection, so that new certificates are
// picked up without a restart.
type TLS struct {
	Cert, Key  string // ssl.cert, ssl.key: who we are
	CA         string // ssl.ca: files with a comma between them; who the broker may be certified by
	Ciphers    string // ssl.ciphers, in OpenSSL's names
	Unverified bool   // the broker may be anybody
}

// tls reads the settings of a member. Where they do not allow a verified connection, `ssl.fallback` made the original connect
// without any verification; that needs a second switch here.
func (r *reader) tls(n int, at string) *TLS {
	file := func(what, key string) string {
		if v, ok := r.Env(fmt.Sprintf("MCOLLECTIVE_%s_POOL%d_SSL_%s", strings.ToUpper(string(r.flavour)), n, what)); ok {
			return v
		}
		return r.text(at+key, "")
	}
	t := &TLS{Cert: file("CERT", "ssl.cert"), Key: file("KEY", "ssl.key"), CA: r.text(at+"ssl.ca", ""), Ciphers: r.text(at+"ssl.ciphers", "")}
	fallback := r.bool(at+"ssl.fallback", false)
	err := t.check()
	switch {
	case err == nil:
	case fallback && r.allowUnverified():
		r.notice(slog.LevelWarn, "Failed to set full SSL verified mode, falling back to unverified: RuntimeError: %s", err)
		return &TLS{Unverified: true}
	case fallback:
		r.fail(fmt.Errorf("%w; plugin.%s.%sssl.fallback would connect to whoever answers, which is done only with plugin.mco.tls.allow_unverified = 1 beside it", err, r.flavour, at))
	default:
		r.notice(slog.LevelError, "Failed to set full SSL verified mode: RuntimeError: %s", err)
		r.fail(err)
	}
	return t
}

func (r *reader) allowUnverified() bool {
	v, _ := r.Plugin("mco.tls.allow_unverified")
	ok, err := config.ParseBool(v)
	return ok && err == nil
}

// check tells what is missing, in the original's words.
func (t *TLS) check() error {
	if t.Cert == "" || t.Key == "" || t.CA == "" {
		return errors.New("cert, key and ca has to be supplied for verified SSL mode")
	}
	type needed struct{ what, name string }
	files := []needed{{"certificate", t.Cert}, {"key", t.Key}}
	for _, ca := range strings.Split(t.CA, ",") {
		files = append(files, needed{"CA", ca})
	}
	for _, f := range files {
		if _, err := os.Stat(f.name); err != nil {
			return words("Cannot find %s file %s", f.what, f.name)
		}
	}
	return nil
}

// expirySoon is how far ahead the end of a certificate is told.
const expirySoon = 30 * 24 * time.Hour

// ending tells when a certificate that ends soon does; "" where it does not, or is not there.
func ending(c *x509.Certificate, now time.Time) string {
	if c == nil || now.Add(expirySoon).Before(c.NotAfter) {
		return ""
	}
	return c.NotAfter.UTC().Format(time.RFC3339)
}

// config reads the files.
func (t *TLS) config(host string) (*tls.Config, error) {
	c := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if t.Unverified {
		c.InsecureSkipVerify = true
		return c, nil
	}
	if err := t.check(); err != nil {
		return nil, err
	}
	pair, err := tls.LoadX509KeyPair(t.Cert, t.Key)
	if err != nil {
		return nil, fmt.Errorf("read %s and %s: %w", t.Cert, t.Key, err)
	}
	c.Certificates = []tls.Certificate{pair}
	c.RootCAs = x509.NewCertPool()
	for _, name := range strings.Split(t.CA, ",") {
		pem, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read CA: %w", err)
		}
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("read CA: no certificate in %s", name)
		}
	}
	c.CipherSuites, _ = t.suites()
	return c, nil
}

// suites turns OpenSSL's names into Go's numbers; nil is Go's own choice. unknown are the names that it has no cipher for.
func (t *TLS) suites() (ids []uint16, unknown []string) {
	for _, name := range strings.FieldsFunc(t.Ciphers, func(r rune) bool { return r == ':' || r == ',' || r == ' ' }) {
		if id, ok := openSSLName(name); ok {
			ids = append(ids, id)
		} else {
			unknown = append(unknown, name)
		}
	}
	return ids, unknown
}

// openSSLName finds a cipher by OpenSSL's name, ECDHE-RSA-AES128-GCM-SHA256 for TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, or by its
// standard one.
func openSSLName(name string) (uint16, bool) {
	plain := func(s string) string {
		s = strings.TrimPrefix(strings.ReplaceAll(strings.ToUpper(s), "_", "-"), "TLS-")
		s = strings.TrimPrefix(strings.ReplaceAll(s, "-WITH-", "-"), "RSA-") // plain RSA key exchange has no name there
		s = strings.ReplaceAll(strings.ReplaceAll(s, "AES-128", "AES128"), "AES-256", "AES256")
		s = strings.ReplaceAll(s, "-CBC-", "-")
		return strings.TrimSuffix(strings.TrimSuffix(s, "-SHA256"), "-SHA384") // the GCM and CHACHA20 ones differ in nothing else
	}
	wanted := strings.ToUpper(name)
	if strings.HasSuffix(wanted, "CHACHA20-POLY1305") {
		wanted += "-SHA256" // OpenSSL leaves out what is always so
	}
	for _, suite := range tls.CipherSuites() {
		if strings.ReplaceAll(wanted, "-", "_") == suite.Name || plain(suite.Name) == plain(wanted) && strings.HasSuffix(suite.Name, "SHA256") == strings.HasSuffix(wanted, "SHA256") {
			return suite.ID, true
		}
	}
	return 0, false
}

// explain makes clear what a failed handshake means where Go is stricter than OpenSSL.
func explain(err error) error {
	bad, ok := errors.AsType[x509.HostnameError](err)
	if !ok {
		return err
	}
	c := bad.Certificate
	if len(c.DNSNames)+len(c.IPAddresses) == 0 {
		return fmt.Errorf("%w (the broker's certificate names %q as its common name alone, which the original accepts and Go does not: it needs a subject alternative name)", err, c.Subject.CommonName)
	}
	return err
}
