// Package uri writes the URIs by which programs reach a broker, with every part percent-encoded, so that a part holds any text and
// never becomes another part. Sources: RabbitMQ's URI specification, oslo.messaging's TransportURL.
package uri

import (
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/mco-go/mco-go/generators/estate"
)

// AMQP is the URI of one broker. A user that has no name is left out, and so is its password where it has none.
func AMQP(user estate.User, e estate.Endpoint, vhost string) string {
	return "amqp://" + authority(user, e) + "/" + Escape(vhost)
}

// Transport is oslo.messaging's URL of several brokers; each has the credentials.
func Transport(user estate.User, endpoints []estate.Endpoint, vhost string) string {
	all := make([]string, len(endpoints))
	for i, e := range endpoints {
		all[i] = authority(user, e)
	}
	return "rabbit://" + strings.Join(all, ",") + "/" + Escape(vhost)
}

func authority(user estate.User, e estate.Endpoint) string {
	at := net.JoinHostPort(e.Host, strconv.Itoa(e.Port))
	if user.Name == "" {
		return at
	}
	name := Escape(user.Name)
	if user.Secret.Set() {
		name += ":" + Escape(user.Secret.Reveal())
	}
	return name + "@" + at
}

// Escape percent-encodes all but RFC 3986's unreserved characters.
func Escape(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || strings.IndexByte("-._~", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		fmt.Fprintf(&b, "%%%02X", c)
	}
	return b.String()
}
