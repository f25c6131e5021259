package uplink

import (
	"context"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"alprd/internal/alpr"
)

// fake is a broker that does what no good broker does. It runs in this process.
type fake struct {
	acks atomic.Bool // acknowledge what is published

	mu        sync.Mutex
	connects  int
	published []string // payloads that arrived, in order, on the prompt connection
}

func (f *fake) broker() Broker {
	return Broker{}.Inside(func(context.Context) (net.Conn, error) {
		here, there := net.Pipe()
		go f.serve(there)
		return here, nil
	})
}

func (f *fake) serve(c net.Conn) {
	defer c.Close()
	for {
		p, err := packets.ReadPacket(c)
		if err != nil {
			return
		}
		var answer packets.ControlPacket
		switch p := p.(type) {
		case *packets.ConnectPacket:
			f.mu.Lock()
			f.connects++
			f.mu.Unlock()
			answer = packets.NewControlPacket(packets.Connack)
		case *packets.PingreqPacket:
			answer = packets.NewControlPacket(packets.Pingresp)
		case *packets.PublishPacket:
			f.mu.Lock()
			f.published = append(f.published, string(p.Payload))
			f.mu.Unlock()
			if p.Qos == 1 && f.acks.Load() {
				ack := packets.NewControlPacket(packets.Puback).(*packets.PubackPacket)
				ack.MessageID = p.MessageID
				answer = ack
			}
		case *packets.DisconnectPacket:
			return
		}
		if answer != nil && answer.Write(c) != nil {
			return
		}
	}
}

// A server that never acknowledges: nothing leaves the outbox, however often the connection is made anew. (paho with its
// own reconnecting completes such tokens without an error: 100 of 100, measured.)
func TestWithheldAcknowledgements(t *testing.T) {
	f := &fake{}
	b := newBox()
	const n = 20
	for range n {
		b.put(alpr.Prompt, TopicAlert, text("alert"))
		b.put(alpr.Bulk, TopicScene, text("scene"))
	}
	u := start(t, Config{Broker: f.broker(), AckTimeout: 100 * time.Millisecond}, b)
	eventually(t, "several connections", func() bool { return u.State().Reconnects >= 12 })
	if s := u.State(); b.left() != 2*n || s.Delivered != 0 {
		t.Fatalf("%d of %d left in the outbox, state %+v", b.left(), 2*n, s)
	}
	f.mu.Lock()
	arrived := len(f.published)
	f.mu.Unlock()
	if arrived < 2*n {
		t.Fatalf("only %d messages reached the server: its silence proves nothing", arrived)
	}
	f.acks.Store(true)
	// What was set aside on suspicion (the head of each lane) waits its minute; the rest goes.
	eventually(t, "the rest is delivered", func() bool { return b.left() <= int(u.State().SetAside) })
}

// A link that takes nothing more is noticed without anybody's acknowledgement.
func TestStalledLinkIsGivenUp(t *testing.T) {
	stalled := Broker{}.Inside(func(context.Context) (net.Conn, error) {
		here, there := net.Pipe()
		go func() {
			defer there.Close()
			if _, err := packets.ReadPacket(there); err != nil {
				return
			}
			packets.NewControlPacket(packets.Connack).Write(there)
			time.Sleep(deadline) // reads no more
		}()
		return here, nil
	})
	b := newBox()
	b.put(alpr.Bulk, TopicScene, func(uint64) []byte { return make([]byte, 1<<20) })
	u := start(t, Config{Broker: stalled, AckTimeout: 100 * time.Millisecond}, b)
	eventually(t, "given up twice", func() bool { return u.State().Reconnects >= 4 })
	if b.left() != 1 {
		t.Error("the picture is gone")
	}
}

// A header that claims 256 MB makes nobody make room for it.
func TestHugePacketIsRefused(t *testing.T) {
	b := Broker{}.Inside(func(context.Context) (net.Conn, error) {
		here, there := net.Pipe()
		go func() {
			packets.ReadPacket(there)
			packets.NewControlPacket(packets.Connack).Write(there)
			there.Write([]byte{0x30, 0xff, 0xff, 0xff, 0x7f})
			there.Read(make([]byte, 1)) // until the other end is closed
			there.Close()
		}()
		return here, nil
	})
	p, err := dialPaho(t.Context(), b, login{client: "unit-7"})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	select {
	case <-p.Lost():
		if err := p.Err(); !strings.Contains(err.Error(), "larger than") {
			t.Errorf("the connection ended with: %v", err)
		}
	case <-time.After(deadline):
		t.Error("the connection goes on")
	}
	for name, c := range map[string]struct {
		stream []byte
		fine   bool
	}{
		"256 MB":              {[]byte{0x30, 0xff, 0xff, 0xff, 0x7f}, false},
		"a fifth length byte": {[]byte{0x30, 0xff, 0xff, 0xff, 0xff, 0x01}, false},
		"8 MB":                {[]byte{0x30, 0x80, 0x80, 0x80, 0x04, 'x'}, true},
		"after a good packet": {[]byte{0xd0, 0, 0x40, 2, 0, 1, 0x30, 0xff, 0xff, 0xff, 0x7f}, false},
		"good packets":        {[]byte{0xd0, 0, 0x40, 2, 0xff, 0xff, 0x30, 4, 0xff, 0xff, 0xff, 0xff, 0xd0, 0}, true},
	} {
		whole, single := &meter{}, &meter{}
		err := whole.pass(c.stream)
		var err2 error
		for i := range c.stream { // however the bytes come
			if err2 = single.pass(c.stream[i : i+1]); err2 != nil {
				break
			}
		}
		if (err == nil) != c.fine || (err2 == nil) != c.fine {
			t.Errorf("%s: %v, byte by byte %v", name, err, err2)
		}
	}
}
