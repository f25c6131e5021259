package uplink

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"alprd/internal/alpr"
)

// lane delivers one class of messages over its own connection. Its fields belong to the goroutine that runs it.
type lane struct {
	u       *Uplink
	class   alpr.Class
	log     *zap.Logger
	connect func(ctx context.Context) (pipe, error)

	backoff backoff
	sent    uint64           // the highest Seq that was ever published: up to it, publishing is resending
	asides  map[uint64]aside // messages that others overtake for a while
	stuck   stuck
	inbox   *inbox // of this connection, on the lane that hot lists come on
}

// aside is a message that can't be sent now and must not block the others. It stays in the outbox.
type aside struct {
	tries int
	until time.Time
}

// stuck counts connections in a row that ended with the same message at their head and nothing acknowledged: it may be
// a message that ends them, too large for the broker or to a topic that it denies us (MQTT 3.1.1 has no other way to
// say so). From the second on, that message is sent alone, so that no other is blamed for what follows it.
type stuck struct {
	seq   uint64
	count int
}

const (
	suspectAfter = 2           // connections
	stuckLimit   = 5           // connections
	asideFirst   = time.Minute // then twice as long each time
	asideMost    = time.Hour
	rescanEvery  = time.Minute // look at the queue from its beginning, when idle
	page         = 64          // messages listed at a time
)

func newLane(u *Uplink, class alpr.Class) *lane {
	l := &lane{
		u: u, class: class,
		log:     u.log.With(zap.Stringer("lane", class), zap.String("broker", u.cfg.Broker.name())),
		backoff: backoff{least: u.cfg.MinBackoff, most: u.cfg.MaxBackoff},
		asides:  map[uint64]aside{},
	}
	l.connect = func(ctx context.Context) (pipe, error) {
		p, err := dialPaho(ctx, u.cfg.Broker, l.login())
		if err != nil {
			return nil, err
		}
		return p, p.Connect(ctx)
	}
	return l
}

// login names the lane at the broker. The prompt lane carries the last will: it stands for the unit.
func (l *lane) login() login {
	if l.class == alpr.Bulk {
		if l.u.lists == nil {
			return login{client: l.u.cfg.Unit + "-bulk"}
		}
		l.inbox = newInbox()
		return login{client: l.u.cfg.Unit + "-bulk", ordered: true, received: l.inbox.put}
	}
	will, _ := json.Marshal(l.u.status(alpr.Lost)) // of strings and times: can't fail
	return login{client: l.u.cfg.Unit, willTopic: l.u.topic(TopicStatus), will: will}
}

func (u *Uplink) topic(name string) string { return Topic(u.cfg.Prefix, u.cfg.Unit, name) }

func (u *Uplink) status(why alpr.StatusReason) alpr.Status {
	return alpr.Status{
		Unit: alpr.UnitName{ID: u.cfg.Unit, Site: u.cfg.Site}, Online: why == alpr.Connected, Reason: why,
		At: alpr.Time{Time: time.Now()},
	}
}

// window is for a new connection: alerts are small and many, bulk is large and must leave room.
func (l *lane) window() *window {
	if l.class == alpr.Bulk {
		return &window{messages: 64, floor: 16 << 10, ceiling: 1 << 20}
	}
	return &window{messages: 128, floor: 32 << 10, ceiling: 512 << 10}
}

// run connects, delivers, and connects again, until ctx ends (nil) or the outbox fails.
func (l *lane) run(ctx context.Context) error {
	var told string // the last failure that was logged: a broker that is away for a day is one line, not a thousand
	tries := 0
	for {
		began := time.Now()
		p, err := l.connect(ctx)
		if err == nil {
			l.log.Info("uplink connected", zap.Int("tries", tries+1))
			l.u.setLink(l.class, true, nil)
			told, tries = "", 0
			s := newSession(l, p)
			err = s.run(ctx)
			if broken := new(outboxError); errors.As(err, &broken) {
				l.u.setLink(l.class, false, err)
				return fmt.Errorf("deliver the outbox: %w", err)
			}
			if s.acked > 0 || time.Since(began) > l.backoff.most {
				l.backoff.reset()
			}
			if ctx.Err() == nil {
				l.u.reconnects.Add(1)
			}
		}
		if ctx.Err() != nil {
			l.u.setLink(l.class, false, nil)
			return nil
		}
		tries++
		l.u.setLink(l.class, false, err)
		wait := l.backoff.wait()
		what, hint := err.Error(), ""
		if e := new(Error); errors.As(err, &e) {
			what, hint = e.What, e.Mend // without what is below: that names another port each time
		}
		if what != told {
			told = what
			fields := []zap.Field{zap.Error(err), zap.Duration("next_try_in", wait)}
			if hint != "" {
				fields = append(fields, zap.String("hint", hint))
			}
			l.log.Warn("uplink not connected", fields...)
		}
		select {
		case <-ctx.Done():
			l.u.setLink(l.class, false, nil)
			return nil
		case <-time.After(wait):
		}
	}
}

// setAside lets others pass a message for a while.
func (l *lane) setAside(o alpr.Outgoing, why error) {
	a := l.asides[o.Seq]
	wait := min(asideFirst<<min(a.tries, 10), asideMost)
	l.asides[o.Seq] = aside{a.tries + 1, time.Now().Add(wait)}
	l.u.setAside.Add(1)
	l.log.Error("uplink message set aside", zap.Uint64("seq", o.Seq), zap.String("topic", o.Topic), zap.Int("bytes", o.Size),
		zap.Error(why), zap.Duration("next_try_in", wait),
		zap.String("hint", "look into the broker's log: its size limit must be above the message's size, and its access list must allow the topic"))
}

// outboxError is a failure of the store, not of the network.
type outboxError struct{ err error }

func (e *outboxError) Error() string { return e.err.Error() }
func (e *outboxError) Unwrap() error { return e.err }
