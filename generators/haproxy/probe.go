package haproxy

import (
	"encoding/hex"

	"github.com/mco-go/mco-go/generators/block"
	"github.com/mco-go/mco-go/generators/estate"
)

const (
	// amqpHeader is what an AMQP 0-9-1 client says first.
	amqpHeader = "AMQP\x00\x00\x09\x01"
	// amqpStart begins the frame that a broker answers with: a method, on channel 0, shorter than 2^24 bytes. One that speaks another
	// version answers with a header of its own.
	amqpStart = "\x01\x00\x00\x00"
	// stompHello asks for a session without credentials. A broker answers CONNECTED or, when it wants some, ERROR; both mean that it
	// lives.
	stompHello = "CONNECT\naccept-version:1.0,1.1,1.2\nhost:/\n\n\x00"
)

// serverCheck returns how a server of the balancer is checked, and on which port where that is not the one that is balanced. A kind of
// check that its broker has no port for, or that HAProxy is too old for, becomes what HAProxy does by itself: a TCP connection.
func (c config) serverCheck(b *estate.Balancer, p estate.BalancedPort) (lines []block.Statement, port int) {
	listen := estate.Listen{}
	if b.Group != nil {
		listen = b.Group.Listen
	}
	v := c.node.Software.HAProxy
	switch {
	case b.Check.Kind == "amqp" && v.AtLeast(1, 5) && listen.AMQP != 0:
		expect := block.Line("tcp-check", "expect", "binary", hex.EncodeToString([]byte(amqpStart)))
		if v.AtLeast(2, 2) { // regular expressions for binary answers
			expect = block.Line("tcp-check", "expect", "rbinary", "^"+hex.EncodeToString([]byte(amqpStart)))
		}
		return []block.Statement{
			block.Line("option", "tcp-check"),
			block.Line("tcp-check", "send-binary", hex.EncodeToString([]byte(amqpHeader))),
			expect,
		}, listen.AMQP
	case b.Check.Kind == "stomp" && v.AtLeast(1, 5) && listen.STOMP != 0:
		return []block.Statement{
			block.Line("option", "tcp-check"),
			block.Line("tcp-check", "send-binary", hex.EncodeToString([]byte(stompHello))),
			block.Line("tcp-check", "expect", "rstring", "^(CONNECTED|ERROR)"),
		}, listen.STOMP
	case b.Check.Kind == "http" && listen.Management != 0:
		// The page itself needs no credentials; what lies behind it does.
		return []block.Statement{
			block.Line("option", "httpchk", "GET", "/"),
			block.Line("http-check", "expect", "status", "200"),
		}, listen.Management
	}
	return nil, 0
}
