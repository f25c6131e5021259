package demo

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"
)

// Broker is an MQTT broker inside this process, so that a demo needs none. It is reached through a Unix socket in the
// demo's own folder: no port is opened.
type Broker struct {
	path   string
	server *mqtt.Server
}

// NewBroker opens the socket; the folder it lies in decides who may reach it.
func NewBroker(socket string) (*Broker, error) {
	l, err := net.Listen("unix", socket)
	if err != nil {
		return nil, fmt.Errorf("demo broker: %w", err)
	}
	s := mqtt.New(&mqtt.Options{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err := s.AddHook(new(door), nil); err != nil {
		l.Close()
		return nil, fmt.Errorf("demo broker: %w", err)
	}
	if err := s.AddListener(listeners.NewNet("demo", l)); err != nil {
		l.Close()
		return nil, fmt.Errorf("demo broker: %w", err)
	}
	return &Broker{socket, s}, nil
}

// Dial connects to the broker.
func (b *Broker) Dial(ctx context.Context) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "unix", b.path)
}

// Run serves until ctx ends.
func (b *Broker) Run(ctx context.Context) error {
	if err := b.server.Serve(); err != nil {
		return fmt.Errorf("demo broker: %w", err)
	}
	<-ctx.Done()
	return b.server.Close()
}

// door lets in whoever reached the socket.
type door struct{ mqtt.HookBase }

func (*door) ID() string { return "door" }
func (*door) Provides(b byte) bool {
	return b == mqtt.OnConnectAuthenticate || b == mqtt.OnACLCheck
}
func (*door) OnConnectAuthenticate(*mqtt.Client, packets.Packet) bool { return true }
func (*door) OnACLCheck(*mqtt.Client, string, bool) bool              { return true }
