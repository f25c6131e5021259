package uplink

import (
	"context"
	"time"
)

// Message is what a listener receives. The broker may deliver one twice.
type Message struct {
	Topic    string
	Retained bool // kept by the broker from before this connection
	Payload  []byte
}

// Listener is the agency's end: it subscribes, and subscribes again after every loss of the connection. What is published
// meanwhile it does not see: a server that must not miss an alert keeps a session at the broker.
type Listener struct {
	Broker  Broker
	Client  string   // id, unique at the broker
	Filters []string // of topics

	// Connected is told of each connection (nil) and of each failure, with a hint where there is one.
	Connected func(err error)
	// Received gets messages one after another; while it blocks, the broker waits.
	Received func(Message)

	MinBackoff, MaxBackoff time.Duration // [1 s, 30 s]
}

// Run listens until ctx ends.
func (l *Listener) Run(ctx context.Context) {
	wait := backoff{least: l.MinBackoff, most: l.MaxBackoff}
	if wait.least <= 0 {
		wait.least = time.Second
	}
	if wait.most <= 0 {
		wait.most = 30 * time.Second
	}
	for ctx.Err() == nil {
		err := l.once(ctx, func() {
			wait.reset()
			l.Connected(nil)
		})
		if ctx.Err() != nil {
			return
		}
		l.Connected(err)
		select {
		case <-ctx.Done():
		case <-time.After(wait.wait()):
		}
	}
}

// once listens for the life of one connection.
func (l *Listener) once(ctx context.Context, listening func()) error {
	p, err := dialPaho(ctx, l.Broker, login{
		client:  l.Client,
		ordered: true,
		received: func(topic string, retained bool, payload []byte) {
			l.Received(Message{topic, retained, payload})
		},
	})
	if err != nil {
		return err
	}
	if err := p.Connect(ctx); err != nil {
		return err
	}
	defer p.Close()
	if err := p.Subscribe(ctx, l.Filters...); err != nil {
		return err
	}
	listening()
	select {
	case <-ctx.Done():
		return nil
	case <-p.Lost():
		return p.Err()
	}
}
