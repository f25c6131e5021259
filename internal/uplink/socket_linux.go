package uplink

import (
	"net"
	"syscall"
)

// limitUnsent keeps at most 16 KiB in the kernel that TCP has not sent yet (TCP_NOTSENT_LOWAT), so that what waits, waits
// here, where it can still be overtaken or thrown away. Unlike a small send buffer it does not bound what is on its way.
func limitUnsent(conn net.Conn) {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return
	}
	const notSentLowat = 25 // linux/tcp.h; not in package syscall
	raw.Control(func(fd uintptr) { syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, notSentLowat, 16<<10) })
}
