// Package management sees RabbitMQ through its management API: connections, alarms, members of a cluster and what parts them, where
// queues have their leaders, and links to other brokers. It closes connections, and changes nothing else.
//
// Every call ends, at the latest after [Options.Timeout]; answers beyond a size are refused; redirects are not followed, so that the
// credentials go to the configured address alone. They come from the cfg file ([FromConfig]) and stand in no error.
//
// Source of the facts: RabbitMQ's HTTP API reference (priv/www/api/index.html of rabbitmq_management) and the answers of 3.10.
package management

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"
)

// DefaultTimeout is what [Options] has where it says nothing.
const DefaultTimeout = 5 * time.Second

// Options says where an API is and who asks. URL and User must be set.
type Options struct {
	Member   int    // the number of the pool's member whose broker this is, from 1
	URL      string // http://HOST:15672 or https://HOST:15671, without credentials
	User     string // with the tag monitoring; administrator where connections are to be closed
	Password string
	CA       string        // file with the authorities of an https server; empty: the system's
	Timeout  time.Duration // for each call; 0: [DefaultTimeout]
}

// String names the API. It keeps the password out of whatever prints options.
func (o Options) String() string { return o.User + " at " + o.URL }

// GoString is as String.
func (o Options) GoString() string { return o.String() }

// API is the management API of one broker, which answers for all of its cluster. It is safe for concurrent use, and holds no connection
// between calls.
type API struct {
	Options
	transport http.RoundTripper
}

// Bounds of one request.
const (
	headerTime     = 5 * time.Second
	maxHeaderBytes = 64 << 10
)

// New returns an API. Nothing is sent before it is asked.
func New(o Options) (*API, error) {
	u, err := url.Parse(o.URL)
	switch {
	case err != nil: // the text may hold a password
		return nil, errors.New("the management URL cannot be read")
	case u.User != nil:
		return nil, errors.New("the management URL holds a user or a password: they have settings of their own")
	case u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("the management URL is not http://HOST:PORT or https://HOST:PORT")
	case o.User == "":
		return nil, fmt.Errorf("no user for %s", o.URL)
	}
	for len(u.Path) > 0 && u.Path[len(u.Path)-1] == '/' {
		u.Path = u.Path[:len(u.Path)-1]
	}
	o.URL = u.String()
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	secure := &tls.Config{MinVersion: tls.VersionTLS12}
	if o.CA != "" {
		raw, err := os.ReadFile(o.CA)
		if err != nil {
			return nil, err
		}
		secure.RootCAs = x509.NewCertPool()
		if !secure.RootCAs.AppendCertsFromPEM(raw) {
			return nil, fmt.Errorf("%s holds no certificate", o.CA)
		}
	}
	return &API{Options: o, transport: &http.Transport{
		DialContext:            (&net.Dialer{Timeout: o.Timeout}).DialContext,
		TLSClientConfig:        secure,
		TLSHandshakeTimeout:    o.Timeout,
		ResponseHeaderTimeout:  max(headerTime, o.Timeout),
		MaxResponseHeaderBytes: maxHeaderBytes,
		DisableKeepAlives:      true,
	}}, nil
}
