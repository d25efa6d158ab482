package stomp

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// acknowledged tells how many bytes the other machine has acknowledged, and whether it owes it for more: some were sent, and it has room
// for them. What is no TCP connection owes nothing, and on a kernel that does not tell of the window (before 5.4) neither does one
// (TCP_INFO, tcp(7)).
func acknowledged(c net.Conn) (bytes uint64, owes bool) {
	if secure, ok := c.(interface{ NetConn() net.Conn }); ok {
		c = secure.NetConn()
	}
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		return 0, false
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return 0, false
	}
	var info *unix.TCPInfo
	err = raw.Control(func(fd uintptr) { info, err = unix.GetsockoptTCPInfo(int(fd), syscall.IPPROTO_TCP, syscall.TCP_INFO) })
	if err != nil || info == nil {
		return 0, false
	}
	return info.Bytes_acked, info.Unacked > 0 && info.Snd_wnd > 0
}
