package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
)

// refusal says what an error of a broker, or on the way to it, means and what to do about it.
func refusal(err error, m Member) (check, mend string) {
	text := strings.ToLower(err.Error())
	says := func(parts ...string) bool {
		for _, p := range parts {
			if !strings.Contains(text, p) {
				return false
			}
		}
		return true
	}
	switch {
	// RabbitMQ and ActiveMQ, in the words of their ERROR frames.
	case says("access refused for user"), says("user name", "password is invalid"), says("bad connect", "authentication"):
		return "broker-login", fmt.Sprintf("compare user '%s' and its password in the cfg file with the broker's (rabbitmqctl authenticate_user)", m.User)
	case says("virtual host", "access denied"):
		return "broker-vhost", fmt.Sprintf("make the vhost and let user '%s' in (rabbitmqctl add_vhost, set_permissions), or correct plugin.rabbitmq.vhost", m.User)
	case says("no exchange"):
		return "broker-exchange", "declare the exchange: COLLECTIVE_broadcast is a topic exchange, COLLECTIVE_directed a direct one, both durable"
	case says("access to", "refused"), says("access_refused"), says("not authorized"):
		return "broker-permission", fmt.Sprintf("give user '%s' the right that the broker names (rabbitmqctl set_permissions; authorizationEntry of ActiveMQ)", m.User)
	case isTLS(err):
		return "broker-tls", "look at ca, cert and key of the member, at the names in the broker's certificate, and that the port is the broker's TLS port"
	}
	return onTheWay(err, m)
}

// onTheWay judges errors that are no broker's words.
func onTheWay(err error, m Member) (check, mend string) {
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return "broker-name", "correct the host of the member, or make its name known (DNS, /etc/hosts)"
	}
	timeout, ok := errors.AsType[net.Error](err)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "broker-refused", fmt.Sprintf("nobody listens on port %d: start the broker, or correct host and port (STOMP is 61613, with TLS 61614)", m.Port)
	case errors.Is(err, errNoAnswer), errors.Is(err, context.DeadlineExceeded), ok && timeout.Timeout():
		return "broker-timeout", "look at firewalls on the way, and at whether the broker hangs"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "broker-unreachable", "look at routes and firewalls on the way"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		if m.TLS {
			return "broker-tls", "look whether the port speaks TLS at all (STOMP with TLS is 61614), and at the broker's log"
		}
		return "broker-hung-up", "look at the broker's log; a port that wants TLS needs pool.N.ssl = 1"
	}
	return "broker-protocol", "look whether the port is the one for STOMP; one that wants TLS needs pool.N.ssl = 1"
}

// isTLS tells whether an error came of a TLS handshake.
func isTLS(err error) bool {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return true
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return true
	}
	return strings.Contains(err.Error(), "tls: ") || strings.Contains(err.Error(), "x509: ")
}
