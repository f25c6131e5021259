package uplink

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// FuzzBroker lets a broker send anything, first instead of its CONNACK and then after a good one. Whatever it is, it costs the connection at
// most: a panic in one of paho's goroutines would be the end of the daemon.
func FuzzBroker(f *testing.F) {
	for _, seed := range [][]byte{
		{}, {0x20, 2, 0, 0}, {0x20, 2, 0, 5}, {0xd0, 0}, {0x40, 2, 0, 1}, {0x40, 0}, {0x40, 1, 0}, {0x90, 3, 0, 1, 0x80}, {0x90, 0}, {0xb0, 2, 0, 1},
		{0x30, 5, 0, 1, 'a', 'x', 'y'}, {0x32, 7, 0, 1, 'a', 0, 9, 'x', 'y'}, {0x34, 7, 0, 1, 'a', 0, 9, 'x', 'y', 0x62, 2, 0, 9},
		{0x32, 3, 0, 1, 'a'}, {0x30, 1, 0}, {0x30, 3, 0xff, 0xff, 'a'}, {0x50, 2, 0, 1}, {0x62, 2, 0, 1}, {0x70, 2, 0, 1}, {0xe0, 0},
		{0x30, 0xff, 0xff, 0xff, 0x7f}, {0x30, 0xff, 0xff, 0xff, 0xff, 0x7f}, {0x10, 12, 0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 30, 0, 0}, {0xc0, 0}, {0x82, 5, 0, 1, 0, 0, 1}, {0xf0, 0}, {0x00, 0},
	} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	f.Fuzz(func(t *testing.T, stream []byte, greet bool) {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		b := Broker{}.Inside(func(context.Context) (net.Conn, error) {
			here, there := net.Pipe()
			go func() {
				defer there.Close()
				there.SetDeadline(time.Now().Add(2 * time.Second))
				if _, err := packets.ReadPacket(there); err != nil {
					return
				}
				if greet && packets.NewControlPacket(packets.Connack).Write(there) != nil {
					return
				}
				drained := make(chan struct{})
				go func() { // what the client says is of no interest, but it must not block
					defer close(drained)
					buf := make([]byte, 1024)
					for {
						if _, err := there.Read(buf); err != nil {
							return
						}
					}
				}()
				there.Write(stream)
				there.Close()
				<-drained
			}()
			return here, nil
		})
		p, err := dialPaho(ctx, b, login{client: "unit-7", ordered: true, received: func(string, bool, []byte) {}})
		if err != nil {
			t.Fatal(err)
		}
		if p.Connect(ctx) != nil {
			return
		}
		a := p.Publish("x", 1, false, []byte("y"))
		p.(*dumb).client.SubscribeMultiple(map[string]byte{"a": 1}, nil)
		select {
		case <-p.Lost():
		case <-ctx.Done():
			t.Error("the connection outlives its broker")
		}
		p.Close()
		<-a.Done()
	})
}
