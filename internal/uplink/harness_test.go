package uplink

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"

	"alprd/internal/alpr"
	"alprd/internal/uplink/brokertest"
)

// deadline is how long a test waits for what must come; how soon it comes is not what is tested.
const deadline = 60 * time.Second

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(deadline); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within %v", what, deadline)
		}
	}
}

// client is a Broker with a fresh certificate of the broker's CA, reached at address.
func client(t testing.TB, m *brokertest.Mosquitto, name, address string) Broker {
	t.Helper()
	return broker(address, m.Client(t, name))
}

func broker(address string, f brokertest.Files) Broker {
	return Broker{URL: "ssl://" + address, CA: f.CA, Cert: f.Cert, Key: f.Key}
}

func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// box is an outbox in memory: these tests don't kill the process that has it.
type box struct {
	mu        sync.Mutex
	next      uint64
	items     [2][]alpr.Outgoing
	payloads  map[uint64][]byte
	forgotten map[uint64]bool
	broken    map[uint64]error
	failure   error // of Delivered
	commits   int
	wake      [2]chan struct{}
}

func newBox() *box {
	return &box{payloads: map[uint64][]byte{}, forgotten: map[uint64]bool{}, broken: map[uint64]error{},
		wake: [2]chan struct{}{make(chan struct{}, 1), make(chan struct{}, 1)}}
}

func (b *box) put(class alpr.Class, topic string, payload func(seq uint64) []byte) uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.next++
	p := payload(b.next)
	b.items[class] = append(b.items[class], alpr.Outgoing{Seq: b.next, Class: class, Topic: topic, Size: len(p), RecordedAt: time.Now()})
	b.payloads[b.next] = p
	select {
	case b.wake[class] <- struct{}{}:
	default:
	}
	return b.next
}

func (b *box) Pending(class alpr.Class, after uint64, max int) ([]alpr.Outgoing, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	at, _ := slices.BinarySearchFunc(b.items[class], after+1, func(o alpr.Outgoing, seq uint64) int {
		return int(int64(o.Seq) - int64(seq))
	})
	rest := b.items[class][at:]
	return slices.Clone(rest[:min(max, len(rest))]), nil
}

func (b *box) Payload(o alpr.Outgoing) ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.forgotten[o.Seq] {
		return nil, fmt.Errorf("seq %d: %w", o.Seq, alpr.ErrForgotten)
	}
	return b.payloads[o.Seq], b.broken[o.Seq]
}

func (b *box) Delivered(seqs []uint64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.commits++
	if b.failure != nil {
		return b.failure
	}
	gone := map[uint64]bool{}
	for _, s := range seqs {
		gone[s] = true
		delete(b.payloads, s)
	}
	for class := range b.items {
		b.items[class] = slices.DeleteFunc(b.items[class], func(o alpr.Outgoing) bool { return gone[o.Seq] })
	}
	return nil
}

func (b *box) Wake(class alpr.Class) <-chan struct{} { return b.wake[class] }

func (b *box) left() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.items[0]) + len(b.items[1])
}

// proxy is a link that can be cut, be slow and be far.
type proxy struct {
	t      testing.TB
	listen net.Listener
	target string
	delay  time.Duration // one way
	rate   int           // bytes a second towards the broker, shared by all connections; 0 unlimited

	mu      sync.Mutex
	open    bool
	conns   map[net.Conn]struct{}
	made    int       // connections so far
	shaping time.Time // when the shared link is free again
}

func startProxy(t testing.TB, target string, delay time.Duration, rate int) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{t: t, listen: l, target: target, delay: delay, rate: rate, open: true, conns: map[net.Conn]struct{}{}}
	t.Cleanup(func() { l.Close(); p.cut() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go p.carry(c)
		}
	}()
	return p
}

func (p *proxy) address() string { return p.listen.Addr().String() }

func (p *proxy) connections() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.made
}

// cut ends every connection at once, as a lost radio link seen from both ends.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		c.(*net.TCPConn).SetLinger(0)
		c.Close()
	}
	clear(p.conns)
}

// bar closes the link for new connections too, or opens it again.
func (p *proxy) bar(closed bool) {
	p.mu.Lock()
	p.open = !closed
	p.mu.Unlock()
	if closed {
		p.cut()
	}
}

func (p *proxy) carry(c net.Conn) {
	up, err := net.Dial("tcp", p.target)
	if err != nil {
		c.Close()
		return
	}
	for _, x := range []net.Conn{c, up} {
		x.(*net.TCPConn).SetReadBuffer(32 << 10)
		x.(*net.TCPConn).SetWriteBuffer(32 << 10)
	}
	p.mu.Lock()
	open := p.open
	if open {
		p.conns[c], p.conns[up] = struct{}{}, struct{}{}
		p.made++
	}
	p.mu.Unlock()
	if !open {
		c.Close()
		up.Close()
		return
	}
	go p.copy(up, c, p.rate)
	p.copy(c, up, 0)
	p.mu.Lock()
	delete(p.conns, c)
	delete(p.conns, up)
	p.mu.Unlock()
}

// copy carries one direction: what arrives waits its turn on the shared link, then travels for the delay.
func (p *proxy) copy(to, from net.Conn, rate int) {
	type parcel struct {
		data []byte
		at   time.Time
	}
	onTheWay := make(chan parcel, 1024) // when full, the sender waits: the link's own buffer
	go func() {
		defer to.Close()
		for x := range onTheWay {
			time.Sleep(time.Until(x.at))
			if _, err := to.Write(x.data); err != nil {
				from.Close()
				for range onTheWay {
				}
				return
			}
		}
	}()
	defer close(onTheWay)
	buf := make([]byte, 4<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			p.mu.Lock()
			free := time.Now()
			if rate > 0 {
				if p.shaping.After(free) {
					free = p.shaping
				}
				free = free.Add(time.Duration(n) * time.Second / time.Duration(rate))
				p.shaping = free
			}
			p.mu.Unlock()
			onTheWay <- parcel{slices.Clone(buf[:n]), free.Add(p.delay)}
			time.Sleep(time.Until(free)) // nobody can send ahead of the link
		}
		if err != nil {
			return
		}
	}
}

// seen collects what a subscriber receives.
type seen struct {
	mu       sync.Mutex
	messages []Message
	online   int
	errs     []error
}

// listen subscribes through a connection of its own and returns when the broker has granted it.
func listen(t testing.TB, m *brokertest.Mosquitto, filters ...string) *seen {
	t.Helper()
	return listenAs(t, client(t, m, "listener", m.Address), filters...)
}

func listenAs(t testing.TB, b Broker, filters ...string) *seen {
	t.Helper()
	s := &seen{}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	l := &Listener{
		Broker: b, Client: fmt.Sprintf("listener-%p", s), Filters: filters, MinBackoff: 10 * time.Millisecond, MaxBackoff: 50 * time.Millisecond,
		Connected: func(err error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			if err == nil {
				s.online++
			} else {
				s.errs = append(s.errs, err)
			}
		},
		Received: func(m Message) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.messages = append(s.messages, m)
		},
	}
	go func() { l.Run(ctx); close(done) }()
	t.Cleanup(func() { cancel(); <-done })
	s.waitOnline(t, 1)
	return s
}

func (s *seen) waitOnline(t testing.TB, times int) {
	t.Helper()
	eventually(t, "the listener listens", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.online >= times
	})
}

func (s *seen) all() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages)
}

// on is what came on one topic.
func (s *seen) on(topic string) [][]byte {
	var out [][]byte
	for _, m := range s.all() {
		if m.Topic == topic {
			out = append(out, m.Payload)
		}
	}
	return out
}

// telling is a unit's account of itself.
func telling() Telling {
	lists := []alpr.ListStatus{{Name: "state", Source: "NC SBI", Version: 12, BuiltAt: alpr.Time{Time: time.Now().Add(-time.Hour)}, AgeS: 3600, Entries: 20}}
	return Telling{
		Birth: func() alpr.Birth {
			return alpr.Birth{Version: "0.1.0", Profile: "kinston", StartedAt: alpr.Time{Time: time.Now()}, Cameras: []string{"north"}, Lists: lists,
				Clock: alpr.AlertClock{Quality: "synchronised", ErrorS: 0.01}, Security: alpr.Security{Level: "reduced", Ring: "file", Custody: "broker"}}
		},
		Hotlists: func() alpr.Hotlists { return alpr.Hotlists{Lists: lists} },
		Health: func() alpr.Health {
			return alpr.Health{Clock: alpr.AlertClock{Quality: "synchronised"}, Disk: alpr.DiskHealth{State: "ok"},
				Cameras: []alpr.CameraHealth{{Name: "north", State: "streaming", FPS: 15}}}
		},
	}
}

// running is an uplink that runs.
type running struct {
	*Uplink
	stop func() error // ends Run and returns what it returned
}

func start(t testing.TB, cfg Config, outbox Outbox) running {
	t.Helper()
	if cfg.Unit == "" {
		cfg.Unit = "unit-7"
	}
	if cfg.MinBackoff == 0 {
		cfg.MinBackoff, cfg.MaxBackoff = 10*time.Millisecond, 100*time.Millisecond
	}
	u, err := New(cfg, outbox, telling(), zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- u.Run(ctx) }()
	var once sync.Once
	var result error
	stop := func() error {
		once.Do(func() {
			cancel()
			select {
			case result = <-ended:
			case <-time.After(deadline):
				buf := make([]byte, 1<<20)
				t.Errorf("Run does not end:\n%s", buf[:runtime.Stack(buf, true)])
			}
		})
		return result
	}
	t.Cleanup(func() { stop() })
	return running{u, stop}
}
