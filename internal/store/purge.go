package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"alprd/internal/alpr"
	"alprd/internal/clock"
	"alprd/internal/disk"
	"alprd/internal/seal"
)

// note is what a day's key carries in the ring: how the clock stood when it was made.
type note struct {
	powered time.Duration // the unit's powered time then
	settled bool          // the wall clock could be relied on
}

func (n note) bytes() []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(n.powered/time.Second)+1) // rounded up: never too early
	if n.settled {
		return append(b, 1)
	}
	return append(b, 0)
}

func parseNote(b []byte) note {
	d := decoder{b}
	n := note{powered: time.Duration(d.uint64()) * time.Second, settled: d.byte() == 1}
	if d.b == nil {
		return note{powered: 1 << 62}
	}
	return n
}

// oldest is the oldest thing kept in the day; zero when nothing is.
func (d *day) oldest() (t time.Time) {
	for _, s := range d.segments {
		if !s.OldestAt.IsZero() && (t.IsZero() || s.OldestAt.Before(t)) {
			t = s.OldestAt
		}
	}
	return t
}

// due reports whether the oldest of the day is certainly at its limit: by a clock that could be relied on both when the day
// began and now, or by powered time alone. A wall clock by itself decides nothing (R49).
func (s *Store) due(name string, d *day, now clock.Span) bool {
	if now.Powered >= d.note.powered+s.o.Retention {
		return true
	}
	oldest := d.oldest()
	if oldest.IsZero() { // a key without records
		end, err := time.Parse(time.DateOnly, name)
		oldest = end.Add(24 * time.Hour)
		if err != nil {
			return false
		}
	}
	return d.note.settled && !now.Earliest.Before(oldest.Add(s.o.Retention))
}

// confirm notes of the days that began before the clock had settled that it was right then: it has settled now, and no
// step came in between.
func (s *Store) confirm(now clock.Span) error {
	if !now.Settled {
		return nil
	}
	var names []string
	for name, d := range s.days {
		if !d.note.settled && d.steps == now.Steps {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	err := s.ring.Update(func(e *seal.Edit) {
		for _, name := range names {
			n := s.days[name].note
			n.settled, n.powered = true, n.powered-time.Second // which bytes rounds up again
			e.Note(dayKey(name), n.bytes())
		}
	})
	if err != nil {
		return s.ringFailed(err)
	}
	for _, name := range names {
		s.days[name].note.settled = true
	}
	return nil
}

// locked reports whether something captured at at may have reached its limit: then it isn't read, though its key may
// still have to wait for certainty (R1).
func (s *Store) locked(at time.Time) bool {
	return !s.clock.Span().Latest.Before(at.Add(s.o.Retention))
}

// Destroyed is a day that was purged.
type Destroyed struct {
	Day                          string
	Reads, Pictures, Undelivered int
	OldestAt                     time.Time
	Bytes                        int64
}

// Purge destroys the days whose oldest record is certainly at the limit: their keys first, in one step, then what waits of
// them in the outbox, then their files; those that can't be removed are counted in Stats, and the next Purge tries
// again. Call it every minute; that bounds how long after its moment a key is destroyed. (What is past its life
// can't be read from that moment on, purged or not.)
func (s *Store) Purge() ([]Destroyed, error) {
	names, out, err := s.destroy(s.clock.Span())
	if err == nil && len(names) > 0 {
		err = s.checkpoint()
	}
	s.mu.Lock()
	for name := range s.leftover {
		if s.days[name] == nil { // or a wrong clock has led us back to that day
			s.leaving[name] = true
		}
	}
	clear(s.leftover)
	names = slices.Sorted(maps.Keys(s.leaving))
	s.mu.Unlock()
	// Removing a gigabyte takes a quarter of a second: commits go on meanwhile.
	for _, name := range names {
		e := s.unlink(name)
		s.mu.Lock()
		delete(s.leaving, name)
		if e != nil {
			s.leftover[name] = true
		}
		s.mu.Unlock()
	}
	return out, err
}

// destroy destroys the keys that are due and forgets their days, whose names it returns.
func (s *Store) destroy(now clock.Span) (names []string, out []Destroyed, err error) {
	s.syncing.Lock() // no sync is under way on what we close
	defer s.syncing.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed != nil {
		return nil, nil, s.failed
	}
	if err := s.confirm(now); err != nil {
		return nil, nil, err
	}
	for name, d := range s.days {
		if s.due(name, d, now) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil, nil, nil
	}
	slices.Sort(names)
	floor := s.ring.Mark(markFloor)
	for _, name := range names {
		for _, seg := range s.days[name].segments {
			floor = max(floor, seg.MaxSeq)
		}
	}
	update := func() error {
		return s.ring.Update(func(e *seal.Edit) {
			for _, name := range names {
				e.Destroy(dayKey(name))
			}
			e.Raise(markDestroyed, dayNumber(names[len(names)-1]))
			e.Raise(markFloor, floor)
		})
	}
	err = update()
	if disk.IsFull(err) {
		// The ring key's new file needs a block: what is due anyway makes room for it.
		for _, name := range names {
			s.unlink(name)
		}
		err = update()
	}
	if errors.Is(err, seal.ErrDiskState) {
		return nil, nil, s.poison(err)
	}
	if disk.IsFull(err) {
		return nil, nil, fmt.Errorf("%w: purge: %w", ErrFull, err)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("purge: %w", err)
	}
	// At this point nothing of these days can be read by anyone, whatever copies of the files were taken (R1, R11).
	for _, name := range names {
		out = append(out, s.forget(name))
		s.leaving[name] = true
	}
	return names, out, nil
}

// forget drops what is known of a day.
func (s *Store) forget(name string) Destroyed {
	d := s.days[name]
	r := Destroyed{Day: name, OldestAt: d.oldest()}
	for n, seg := range d.segments {
		r.Reads += seg.Reads
		r.Pictures += seg.Pictures
		r.Bytes += seg.End
		s.delta.touch(segID{name, n})
	}
	of := func(g *segment) bool { return g.id.Day == name }
	for _, g := range s.dirty {
		if of(g) {
			g.file.Close()
		}
	}
	if g := s.open[name]; g != nil && !slices.Contains(s.dirty, g) {
		g.file.Close()
	}
	delete(s.open, name)
	s.dirty = slices.DeleteFunc(s.dirty, of)
	s.wait = slices.DeleteFunc(s.wait, func(w waiting) bool { return w.id.Day == name })
	for class := range s.queues {
		q := &s.queues[class]
		for i := range q.items {
			if m := &q.items[i]; m.id.Day == name && !m.gone {
				q.drop(m)
				s.delta.drop(alpr.Class(class), m.seq)
				r.Undelivered++
			}
		}
		q.tidy()
	}
	for id, ref := range s.found {
		if ref.Day == name {
			delete(s.found, id)
		}
	}
	delete(s.days, name)
	return r
}
