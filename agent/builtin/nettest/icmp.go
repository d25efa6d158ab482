package nettest

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"
)

// Types of ICMP messages (RFC 792, RFC 4443).
const (
	echoRequest4, echoReply4 = 8, 0
	echoRequest6, echoReply6 = 128, 129
)

// echo sends one ICMP echo and returns how long the answer took. It needs the right to open raw sockets, as the original does.
func echo(ctx context.Context, addr netip.Addr) (time.Duration, error) {
	network, local, request, answer := "ip4:icmp", "0.0.0.0", byte(echoRequest4), byte(echoReply4)
	if addr.Is6() {
		network, local, request, answer = "ip6:ipv6-icmp", "::", echoRequest6, echoReply6
	}
	conn, err := net.ListenPacket(network, local)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	start := time.Now()
	if err := conn.SetDeadline(start.Add(echoTime)); err != nil {
		return 0, err
	}
	message := newEcho(request)
	if _, err := conn.WriteTo(message, &net.IPAddr{IP: addr.AsSlice(), Zone: addr.Zone()}); err != nil {
		return 0, err
	}
	buf := make([]byte, 1500)
	for {
		n, from, err := conn.ReadFrom(buf)
		if err != nil {
			return 0, err
		}
		ip, ok := from.(*net.IPAddr)
		if !ok {
			return 0, fmt.Errorf("answer from %s", from)
		}
		sender, _ := netip.AddrFromSlice(ip.IP)
		if sender.Unmap() == addr.WithZone("") && isAnswer(buf[:n], message, answer) {
			return time.Since(start), nil
		}
		if n == 0 {
			return 0, errors.New("an empty answer")
		}
	}
}

// newEcho makes a request: type, code, checksum, identifier, sequence number, 16 random bytes. Every raw socket of the machine sees
// every answer: what is in it tells ours.
func newEcho(kind byte) []byte {
	m := make([]byte, 24)
	_, _ = rand.Read(m[4:]) // it never fails
	m[0] = kind
	if kind == echoRequest4 { // of IPv6 the kernel makes the checksum, which covers addresses
		binary.BigEndian.PutUint16(m[2:], checksum(m))
	}
	return m
}

func isAnswer(m, request []byte, kind byte) bool {
	return len(m) == len(request) && m[0] == kind && m[1] == 0 && string(m[4:]) == string(request[4:])
}

// checksum is the Internet checksum of RFC 1071.
func checksum(m []byte) uint16 {
	var sum uint32
	for i := 0; i+1 < len(m); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(m[i:]))
	}
	if len(m)%2 == 1 {
		sum += uint32(m[len(m)-1]) << 8
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}
