package uplink

import "fmt"

// maxInbound is the largest packet we take from a broker: paho would make room for what a packet's header claims, up to
// 256 MB, before it has come.
const maxInbound = 8 << 20

// meter follows the packets of an incoming MQTT stream by their headers (MQTT 3.1.1, section 2.2).
type meter struct {
	body   int  // bytes of the current packet that are still to come
	length int  // of the current packet, as far as its header was read
	shift  uint // of the next length byte
	header bool // in the middle of a header
}

// pass looks at the next bytes, and refuses a packet that is too large.
func (m *meter) pass(p []byte) error {
	for len(p) > 0 {
		if m.body > 0 {
			n := min(m.body, len(p))
			m.body -= n
			p = p[n:]
			continue
		}
		b := p[0]
		p = p[1:]
		if !m.header { // type and flags
			m.header, m.length, m.shift = true, 0, 0
			continue
		}
		m.length |= int(b&0x7f) << m.shift
		m.shift += 7
		switch {
		case m.length > maxInbound, b&0x80 != 0 && m.shift > 21:
			return fmt.Errorf("the broker sends a packet that is larger than %d bytes, or not MQTT", maxInbound)
		case b&0x80 == 0:
			m.header, m.body = false, m.length
		}
	}
	return nil
}
