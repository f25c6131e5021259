package uplink

import (
	"context"
	"errors"
	"net"
	"net/url"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/eclipse/paho.mqtt.golang/packets"
)

// pipe is one connection to a broker, from CONNECT to its end. It is never revived: the next connection is another pipe.
type pipe interface {
	// Connect logs in. A pipe that it fails for is closed.
	Connect(ctx context.Context) error
	// Publish sends, and returns at once. The message was acknowledged when Done is closed and Error nil, and only then.
	Publish(topic string, qos byte, retained bool, payload []byte) ack
	// Lost is closed when the connection has ended by itself; then Err says why.
	Lost() <-chan struct{}
	Err() error
	// Moved is when the link last took bytes.
	Moved() time.Time
	// Subscribe returns when the broker has granted the filters, or refused one.
	Subscribe(ctx context.Context, filters ...string) error
	// Ask subscribes and Unsubscribe ends that; neither waits: the broker's consent may stand behind a megabyte of messages.
	Ask(filters ...string)
	Unsubscribe(filters ...string)
	// Close says goodbye, if the link takes it within a quarter of a second.
	Close()
}

// ack is the fate of a published message.
type ack interface {
	Done() <-chan struct{}
	Error() error
}

// login is what a connection says of itself.
type login struct {
	client    string
	willTopic string // no last will when empty
	will      []byte // retained, QoS 1
	ordered   bool   // hand messages to received one by one; it may block
	received  func(topic string, retained bool, payload []byte)
}

// dumb is paho.mqtt.golang as a dumb pipe. With its own reconnecting on, it completes tokens without an error for
// messages that were never acknowledged, and with its stores it keeps what is not durable (measured; decision 0050). So:
// no reconnecting, a clean session, a client for each connection, nothing stored.
type dumb struct {
	broker Broker
	client mqtt.Client
	wire   *wire
	lost   chan struct{}
	err    error // set before lost is closed
}

// keepAlive and pingTimeout find a dead link that carries nothing, within a minute.
const (
	keepAlive   = 30 * time.Second
	pingTimeout = 30 * time.Second
)

// dialPaho reaches the broker; Connect has to follow.
func dialPaho(ctx context.Context, b Broker, as login) (pipe, error) {
	w, err := b.dial(ctx)
	if err != nil {
		return nil, err
	}
	d := &dumb{broker: b, wire: w, lost: make(chan struct{})}
	o := mqtt.NewClientOptions().
		AddBroker("tcp://" + b.name()). // a label only: the connection is made
		SetCustomOpenConnectionFn(func(*url.URL, mqtt.ClientOptions) (net.Conn, error) { return w, nil }).
		SetClientID(as.client).
		SetProtocolVersion(4). // 3.1.1; without it a refusal is tried again as 3.1
		SetCleanSession(true).
		SetAutoReconnect(false).
		SetConnectRetry(false).
		SetResumeSubs(false).
		SetOrderMatters(as.ordered).
		SetStore(nothing{}).
		SetConnectTimeout(dialTimeout).
		SetWriteTimeout(time.Second). // of handing over to the writer, which a wire never blocks
		SetKeepAlive(keepAlive).
		SetPingTimeout(pingTimeout).
		SetConnectionLostHandler(func(_ mqtt.Client, err error) {
			d.err = err
			close(d.lost)
		})
	if as.willTopic != "" {
		o.SetBinaryWill(as.willTopic, as.will, 1, true)
	}
	if as.received != nil {
		o.SetDefaultPublishHandler(func(_ mqtt.Client, m mqtt.Message) { as.received(m.Topic(), m.Retained(), m.Payload()) })
	}
	d.client = mqtt.NewClient(o)
	return d, nil
}

func (d *dumb) Connect(ctx context.Context) error {
	token := d.client.Connect()
	select {
	case <-token.Done():
	case <-ctx.Done():
		d.wire.Close()
		<-token.Done() // a closed connection ends it
	}
	err := token.Error()
	if err == nil && ctx.Err() == nil {
		return nil
	}
	if err == nil {
		d.Close()
		return ctx.Err()
	}
	d.wire.Close()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	// What the wire met says more than paho's words for it, except where the broker spoke MQTT.
	if below := d.wire.Err(); below != nil && errors.Is(err, packets.ErrorNetworkError) {
		err = below
	}
	return d.broker.explain(d.broker.name(), err)
}

func (d *dumb) Publish(topic string, qos byte, retained bool, payload []byte) ack {
	return d.client.Publish(topic, qos, retained, payload)
}

func (d *dumb) Lost() <-chan struct{} { return d.lost }

func (d *dumb) Err() error {
	var err error
	select {
	case <-d.lost:
		err = d.err
	default:
	}
	if below := d.wire.Err(); below != nil {
		err = below
	}
	return d.broker.explain(d.broker.name(), err)
}

func (d *dumb) Moved() time.Time { return d.wire.Moved() }

func (d *dumb) Close() {
	d.client.Disconnect(uint(wireFlush / time.Millisecond))
	d.wire.Close()
}

func (d *dumb) Unsubscribe(filters ...string) { d.client.Unsubscribe(filters...) }

func (d *dumb) Ask(filters ...string) { d.client.SubscribeMultiple(atLeastOnce(filters), nil) }

func atLeastOnce(filters []string) map[string]byte {
	want := map[string]byte{}
	for _, f := range filters {
		want[f] = 1
	}
	return want
}

func (d *dumb) Subscribe(ctx context.Context, filters ...string) error {
	token := d.client.SubscribeMultiple(atLeastOnce(filters), nil)
	select {
	case <-token.Done():
	case <-d.lost:
		return d.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := token.Error(); err != nil {
		return err
	}
	if t, ok := token.(*mqtt.SubscribeToken); ok {
		for filter, granted := range t.Result() {
			if granted > 2 {
				return &Error{What: "the broker does not let this client listen to " + filter, Mend: "its access list must allow that to the name in the certificate of " + d.broker.setting("cert")}
			}
		}
	}
	return nil
}

// Try makes one connection, logs in and hangs up: for `alprd check`. Its error says what to mend. The client id must not be
// the unit's own, or the broker ends the daemon's connection.
func (b Broker) Try(ctx context.Context, client string) error {
	p, err := dialPaho(ctx, b, login{client: client})
	if err != nil {
		return err
	}
	if err := p.Connect(ctx); err != nil {
		return err
	}
	p.Close()
	return nil
}

// name is the broker for people: its host and port.
func (b Broker) name() string {
	if b.inside != nil {
		return "inside"
	}
	address, err := b.address()
	if err != nil {
		return b.URL
	}
	return address
}

// nothing is a paho store that keeps nothing: what is not acknowledged stays in the outbox.
type nothing struct{}

func (nothing) Open()                             {}
func (nothing) Put(string, packets.ControlPacket) {}
func (nothing) Get(string) packets.ControlPacket  { return nil }
func (nothing) All() []string                     { return nil }
func (nothing) Del(string)                        {}
func (nothing) Close()                            {}
func (nothing) Reset()                            {}
