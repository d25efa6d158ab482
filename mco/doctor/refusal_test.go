package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
)

// The brokers' words are those that internal/lab's TestBrokersRefuse and the acceptance tests get from real ones.
func TestRefusal(t *testing.T) {
	dial := func(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }
	tests := []struct {
		name  string
		err   error
		check string
	}{
		{"password", errors.New("the broker says: Bad CONNECT: Access refused for user 'mcollective'"), "broker-login"},
		{"password at ActiveMQ", errors.New("the broker says: User name [mcollective] or password is invalid."), "broker-login"},
		{"vhost", errors.New("the broker says: Bad CONNECT: Virtual host '/nosuch' access denied"), "broker-vhost"},
		{"exchange", errors.New("the broker says: not_found: no exchange 'mcollective_broadcast' in vhost '/bare'"), "broker-exchange"},
		{"write", errors.New("the broker says: access_refused: write access to exchange 'mcollective_broadcast' in vhost '/mcollective' refused for user 'reader'"), "broker-permission"},
		{"write at ActiveMQ", errors.New("the broker says: User reader is not authorized to write to: topic://mcollective.discovery.agent"), "broker-permission"},
		{"name", dial(&net.DNSError{Err: "no such host", Name: "mq9", IsNotFound: true}), "broker-name"},
		{"port", dial(os.NewSyscallError("connect", syscall.ECONNREFUSED)), "broker-refused"},
		{"route", dial(os.NewSyscallError("connect", syscall.EHOSTUNREACH)), "broker-unreachable"},
		{"dropped", fmt.Errorf("connect: %w", os.ErrDeadlineExceeded), "broker-timeout"},
		{"our limit", fmt.Errorf("%w 5s", errNoAnswer), "broker-timeout"},
		{"context", context.DeadlineExceeded, "broker-timeout"},
		{"authority", &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, "broker-tls"},
		{"no TLS there", tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}, "broker-tls"},
		{"alert", dial(errors.New("remote error: tls: certificate required")), "broker-tls"},
		{"hung up", fmt.Errorf("log in: %w", io.EOF), "broker-hung-up"},
		{"something else", errors.New("invalid command HTTP/1.1"), "broker-protocol"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			check, mend := refusal(tt.err, Member{Host: "mq1", Port: 61613, User: "mcollective"})
			if check != tt.check || mend == "" {
				t.Errorf("%q is %s, want %s; mend: %q", tt.err, check, tt.check, mend)
			}
		})
	}
	if _, mend := refusal(tests[0].err, Member{User: "mcollective"}); !strings.Contains(mend, "'mcollective'") {
		t.Errorf("the mend of a login names no user: %s", mend)
	}
}
