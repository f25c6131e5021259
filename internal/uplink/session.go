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

// session is one connection's life. All its state ends with it: what it had in flight is listed by the outbox again.
type session struct {
	*lane
	pipe   pipe
	window *window
	settle *settler

	cursor  uint64          // the highest Seq taken from the outbox on this connection
	ready   []alpr.Outgoing // listed, not yet published
	flights []flight        // published and not acknowledged, oldest first: brokers acknowledge in order (MQTT-4.6.0-2)
	bytes   int             // in flight
	acked   int             // messages of the outbox
	forgot  int             // messages whose payload was gone
	ackedAt time.Time       // the last acknowledgement, or the beginning
	scanned time.Time       // when the queue was last read from its beginning
}

// flight is a published message. Announcements have no Seq: they are not in the outbox.
type flight struct {
	alpr.Outgoing
	ack   ack
	stamp stamp
}

func newSession(l *lane, p pipe) *session {
	now := time.Now()
	w := l.window()
	w.alone = l.stuck.count >= suspectAfter
	return &session{lane: l, pipe: p, window: w, settle: newSettler(l.u.box.Delivered), ackedAt: now, scanned: now}
}

// run publishes until the connection ends, which is its error, or ctx does, which is none.
func (s *session) run(ctx context.Context) (err error) {
	defer func() {
		s.pipe.Close()
		s.collect() // acknowledgements that came while it ended
		s.judge(ctx)
		if s.forgot > 0 {
			s.log.Warn("uplink messages were gone before they could leave", zap.Int("count", s.forgot))
		}
		if failed := s.settle.end(); failed != nil {
			err = &outboxError{failed}
		}
	}()
	prompt := s.class == alpr.Prompt
	if s.inbox != nil {
		defer s.u.fetch(ctx, s.pipe, s.inbox)()
	}
	var news <-chan struct{}
	health := time.NewTicker(s.u.cfg.HealthEvery)
	defer health.Stop()
	if prompt {
		news = s.u.news
		s.health()
		if err := s.announce(); err != nil {
			return s.broken(err)
		}
	}
	look := time.NewTicker(min(time.Second, s.u.cfg.AckTimeout/4))
	defer look.Stop()
	for {
		s.collect()
		if err := s.fill(ctx); err != nil {
			return err
		}
		var head <-chan struct{}
		if len(s.flights) > 0 {
			head = s.flights[0].ack.Done()
		}
		select {
		case <-head:
			if err := s.flights[0].ack.Error(); err != nil {
				return s.broken(err)
			}
		case <-s.u.box.Wake(s.class):
		case <-news:
			if err := s.announce(); err != nil {
				return s.broken(err)
			}
		case <-health.C:
			if prompt {
				s.health()
			}
		case now := <-look.C:
			if s.overdue(now) {
				return &Error{
					What: fmt.Sprintf("the broker acknowledged nothing for %v", s.u.cfg.AckTimeout),
					Mend: "the link may be dead, or the broker overloaded; a new connection is tried",
				}
			}
			s.rescan(now)
		case <-s.settle.failed():
			return nil // the deferred end has the error
		case <-s.pipe.Lost():
			return s.pipe.Err()
		case <-ctx.Done():
			if prompt {
				s.farewell()
			}
			return nil
		}
	}
}

// fill publishes what the window lets through.
func (s *session) fill(ctx context.Context) error {
	for ctx.Err() == nil && s.window.open(len(s.flights), s.bytes) {
		if len(s.ready) == 0 {
			var err error
			if s.ready, err = s.u.box.Pending(s.class, s.cursor, page); err != nil {
				return &outboxError{err}
			}
			if len(s.ready) == 0 {
				return nil
			}
		}
		o := s.ready[0]
		s.ready = s.ready[1:]
		s.cursor = max(s.cursor, o.Seq)
		if a, ok := s.asides[o.Seq]; ok && time.Now().Before(a.until) {
			continue
		}
		payload, err := s.u.box.Payload(o)
		switch {
		case errors.Is(err, alpr.ErrForgotten):
			// Its day was purged before the network came back. There is nothing left to send, by law.
			s.u.forgotten.Add(1)
			s.forgot++
			s.settle.add(o.Seq)
			delete(s.asides, o.Seq)
			if s.forgot == 1 { // there may be a day's worth
				s.log.Warn("uplink messages are gone before they could leave: the first of them", zap.Uint64("seq", o.Seq), zap.String("topic", o.Topic), zap.Error(err))
			}
			continue
		case err != nil:
			s.setAside(o, fmt.Errorf("read it: %w", err))
			continue
		}
		if o.Seq <= s.sent {
			s.u.resent.Add(1)
		}
		s.sent = max(s.sent, o.Seq)
		o.Size = len(payload)
		if err := s.publish(o, false, payload); err != nil {
			return s.broken(err)
		}
	}
	return nil
}

// publish sends with QoS 1 and remembers the flight.
func (s *session) publish(o alpr.Outgoing, retained bool, payload []byte) error {
	at := s.window.sent(time.Now())
	ack := s.pipe.Publish(s.u.topic(o.Topic), 1, retained, payload)
	s.flights = append(s.flights, flight{o, ack, at})
	s.bytes += o.Size
	select {
	case <-ack.Done():
		return ack.Error()
	default:
		return nil
	}
}

// broken is why the connection ended, when the first to tell was a message that failed.
func (s *session) broken(err error) error {
	select {
	case <-s.pipe.Lost():
		return s.pipe.Err()
	case <-time.After(100 * time.Millisecond): // paho tells the messages first
		return err
	}
}

// collect takes the acknowledgements that have come, in order.
func (s *session) collect() {
	for len(s.flights) > 0 {
		f := s.flights[0]
		select {
		case <-f.ack.Done():
		default:
			return
		}
		if f.ack.Error() != nil {
			return // the connection is ending; the outbox still has it
		}
		now := time.Now()
		s.flights = s.flights[1:]
		s.bytes -= f.Size
		s.ackedAt = now
		s.window.acked(f.stamp, f.Size, now)
		if f.Seq != 0 {
			s.acked++
			s.window.alone = false
			s.u.delivered.Add(1)
			s.settle.add(f.Seq)
			delete(s.asides, f.Seq)
		}
	}
}

// overdue reports a connection on which something waits and nothing moves.
func (s *session) overdue(now time.Time) bool {
	if len(s.flights) == 0 {
		return false
	}
	last := s.flights[0].stamp.at
	for _, t := range []time.Time{s.ackedAt, s.pipe.Moved()} {
		if t.After(last) {
			last = t
		}
	}
	return now.Sub(last) > s.u.cfg.AckTimeout
}

// rescan starts from the beginning of an idle queue now and then, for messages that were set aside.
func (s *session) rescan(now time.Time) {
	if len(s.flights) == 0 && len(s.ready) == 0 && now.Sub(s.scanned) > rescanEvery && s.settle.idle() {
		s.cursor, s.scanned = 0, now
	}
}

// judge learns from how the session ended whether one message keeps ending them.
func (s *session) judge(ctx context.Context) {
	var head *flight
	for i := range s.flights {
		if s.flights[i].Seq != 0 {
			head = &s.flights[i]
			break
		}
	}
	switch {
	case s.acked > 0 || ctx.Err() != nil:
		s.stuck = stuck{}
	case head == nil: // it failed for another reason
	case head.Seq != s.stuck.seq:
		s.stuck = stuck{head.Seq, 1}
	default:
		s.stuck.count++
	}
	if s.stuck.count >= stuckLimit {
		s.stuck = stuck{}
		s.setAside(head.Outgoing, fmt.Errorf("%d connections ended while it was being sent", stuckLimit))
	}
}

// announce tells, retained, that the unit is there, what it runs and what it looks for.
func (s *session) announce() error {
	status, birth, lists := s.u.status(alpr.Connected), s.u.tell.Birth(), s.u.tell.Hotlists()
	birth.Cameras, birth.Lists, lists.Lists, lists.Refused = some(birth.Cameras), some(birth.Lists), some(lists.Lists), some(lists.Refused)
	status.Birth = &birth
	lists.Unit = status.Unit
	if lists.At.IsZero() {
		lists.At = status.At
	}
	return errors.Join(s.say(TopicStatus, status), s.say(TopicHotlist, lists))
}

func (s *session) say(name string, message any) error {
	payload, err := json.Marshal(message)
	if err != nil {
		s.log.Error("uplink cannot encode", zap.String("topic", name), zap.Error(err))
		return nil // another connection would not mend it
	}
	return s.publish(alpr.Outgoing{Topic: name, Size: len(payload)}, true, payload)
}

// health is worth something now or never: QoS 0, and nobody waits for it.
func (s *session) health() {
	h := s.u.tell.Health()
	h.Unit, h.Uplink = alpr.UnitName{ID: s.u.cfg.Unit, Site: s.u.cfg.Site}, s.u.State().UplinkHealth
	if h.At.IsZero() {
		h.At = alpr.Time{Time: time.Now()}
	}
	h.Cameras, h.Lists, h.Alarms = some(h.Cameras), some(h.Lists), some(h.Alarms)
	payload, err := json.Marshal(h)
	if err != nil {
		s.log.Error("uplink cannot encode", zap.String("topic", TopicHealth), zap.Error(err))
		return
	}
	s.pipe.Publish(s.u.topic(TopicHealth), 0, false, payload)
}

// some is a list that is empty rather than null.
func some[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// farewell says that the unit stops, instead of the last will, and waits half a second for that to arrive.
func (s *session) farewell() {
	if s.say(TopicStatus, s.u.status(alpr.Stopped)) != nil {
		return
	}
	late := time.After(500 * time.Millisecond)
	for len(s.flights) > 0 {
		select {
		case <-s.flights[0].ack.Done():
			if s.flights[0].ack.Error() != nil {
				return
			}
			s.collect()
		case <-s.pipe.Lost():
			return
		case <-late:
			return
		}
	}
}
