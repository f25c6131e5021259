//go:build !linux

package uplink

import "net"

// limitUnsent is for the unit, which is Linux; the agency's tools, which only listen, run without it.
func limitUnsent(net.Conn) {}
