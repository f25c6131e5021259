// Package uplink delivers the outbox. It walks durable records and gives each to the broker, alerts on one connection
// and bulk on another, strictly in order in each; what the broker has acknowledged leaves the outbox. The queue is the
// store: nothing waits here, so a cut, a crash or a stop at any moment loses nothing and, at worst, sends what was in
// flight again. Receivers tell repeats by unit and seq.
//
// uplink.go is the table of contents; lane.go walks one class of messages; window.go says how much may be in flight;
// broker.go reaches the broker over mutual TLS, and explain.go says what to mend when it can't; wire.go and paho.go are
// the pipe. fetch.go brings hot lists. listen.go and desk.go are the other end, for the agency's tools.
package uplink

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"alprd/internal/alpr"
)

// Outbox is the store's durable queue. Each class is a queue of its own, ordered by Seq.
type Outbox interface {
	// Pending lists up to max messages of the class with a greater Seq than after, in order.
	Pending(class alpr.Class, after uint64, max int) ([]alpr.Outgoing, error)
	// Payload is the message's bytes. It returns alpr.ErrForgotten when their day was purged.
	Payload(alpr.Outgoing) ([]byte, error)
	// Delivered removes messages: once it has returned, they are never listed again, whatever crashes.
	Delivered(seqs []uint64) error
	// Wake receives, soon after a message was committed, unless a value waits there already.
	Wake(alpr.Class) <-chan struct{}
}

// Config is what the uplink needs to know. Zero durations mean the default in brackets.
type Config struct {
	Broker      Broker
	Unit        string        // client id of the first connection; the second is Unit-bulk
	Site        string        // where the unit stands, in words; part of the last will
	Prefix      string        // of all topics ["alpr/v1"]
	HealthEvery time.Duration // [60 s]
	AckTimeout  time.Duration // neither an acknowledgement nor a byte sent for so long: the connection is dead [30 s]
	MinBackoff  time.Duration // before the second try to connect; doubles [1 s]
	MaxBackoff  time.Duration // [60 s]
}

// Telling is what the unit says about itself; uplink calls these from its own goroutines, whenever it has a connection.
// It fills in Unit and Uplink itself, and At where that is zero.
type Telling struct {
	Birth    func() alpr.Birth
	Hotlists func() alpr.Hotlists
	Health   func() alpr.Health
}

// State is how the connections do, for `alprd status` and for health.
type State struct {
	Prompt, Bulk Link
	alpr.UplinkHealth
}

// Link is one connection.
type Link struct {
	Connected bool
	Since     time.Time // connected or disconnected since; zero before the first try
	Err       error     // why it is not connected; nil while it is
}

// Uplink delivers one unit's outbox.
type Uplink struct {
	cfg   Config
	box   Outbox
	tell  Telling
	lists Lists // nil: none are fetched
	log   *zap.Logger

	news chan struct{} // holds one poke to tell status and hotlist again; further ones are the same poke

	delivered, resent, forgotten, setAside, reconnects atomic.Uint64

	mu    sync.Mutex
	links [2]Link
}

var nameRule = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// New checks the settings. It opens nothing and starts nothing.
func New(cfg Config, box Outbox, tell Telling, log *zap.Logger) (*Uplink, error) {
	if !nameRule.MatchString(cfg.Unit) {
		return nil, &Error{What: fmt.Sprintf("%q does not name a unit", cfg.Unit), Mend: "use letters, digits, - and _"}
	}
	if err := cfg.Broker.checkAddress(); err != nil {
		return nil, err
	}
	if cfg.Prefix == "" {
		cfg.Prefix = DefaultPrefix
	}
	if strings.ContainsAny(cfg.Prefix, "+#\x00") {
		return nil, &Error{What: fmt.Sprintf("%q is no topic prefix", cfg.Prefix), Mend: "write " + DefaultPrefix}
	}
	cfg.Broker.Unit = cfg.Unit
	for _, d := range []struct {
		value    *time.Duration
		standard time.Duration
	}{
		{&cfg.HealthEvery, time.Minute}, {&cfg.AckTimeout, 30 * time.Second},
		{&cfg.MinBackoff, time.Second}, {&cfg.MaxBackoff, time.Minute},
	} {
		if *d.value <= 0 {
			*d.value = d.standard
		}
	}
	return &Uplink{cfg: cfg, box: box, tell: tell, log: log, news: make(chan struct{}, 1)}, nil
}

// Run delivers until ctx ends, and then returns nil within about half a second: it says that the unit stops, and drops
// its connections. A network or broker that fails never ends it; a failing outbox does.
func (u *Uplink) Run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 2) // one for each lane: neither ever waits to end
	for _, class := range []alpr.Class{alpr.Prompt, alpr.Bulk} {
		l := newLane(u, class)
		go func() { ended <- l.run(ctx) }()
	}
	first := <-ended // at ctx's end, or the outbox failed
	stop()
	return errors.Join(first, <-ended)
}

// Fetch has hot lists fetched from the broker, from the next connection on. It is called before Run.
func (u *Uplink) Fetch(l Lists) { u.lists = l }

// Refresh has status and hotlist told again, soon: a list was activated, a setting changed.
func (u *Uplink) Refresh() {
	select {
	case u.news <- struct{}{}:
	default:
	}
}

// State is safe to call at any time.
func (u *Uplink) State() State {
	u.mu.Lock()
	defer u.mu.Unlock()
	return State{
		Prompt: u.links[alpr.Prompt], Bulk: u.links[alpr.Bulk],
		UplinkHealth: alpr.UplinkHealth{
			Reconnects: u.reconnects.Load(), Delivered: u.delivered.Load(), Resent: u.resent.Load(),
			Forgotten: u.forgotten.Load(), SetAside: u.setAside.Load(),
		},
	}
}

func (u *Uplink) setLink(class alpr.Class, connected bool, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	l := &u.links[class]
	if l.Connected != connected || l.Since.IsZero() {
		l.Since = time.Now()
	}
	l.Connected, l.Err = connected, err
}
