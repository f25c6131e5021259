package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sort"
	"time"

	"alprd/internal/alpr"
)

// queued is a message that waits: where it lies, and not a copy of it.
type queued struct {
	seq      uint64
	id       segID
	off      int64 // of its record
	n        int   // length of the sealed body
	size     int   // of the payload
	topic    string
	at       time.Time // of its item: the beginning of its life
	recorded time.Time
	gone     bool
}

// queue is one class of the outbox, in order of seq.
type queue struct {
	items []queued
	gone  int // of items, delivered or forgotten
	wake  chan struct{}
}

func (q *queue) poke() {
	select {
	case q.wake <- struct{}{}:
	default: // a poke is waiting already
	}
}

// from is the index of the first message above seq.
func (q *queue) from(seq uint64) int {
	return sort.Search(len(q.items), func(i int) bool { return q.items[i].seq > seq })
}

func (q *queue) find(seq uint64) *queued {
	i := q.from(seq - 1)
	if i < len(q.items) && q.items[i].seq == seq && !q.items[i].gone {
		return &q.items[i]
	}
	return nil
}

func (q *queue) drop(item *queued) {
	item.gone = true
	q.gone++
}

// tidy forgets what is gone once it is the greater part.
func (q *queue) tidy() {
	if q.gone > 64 && q.gone > len(q.items)/2 {
		q.items = slices.DeleteFunc(slices.Clone(q.items), func(i queued) bool { return i.gone })
		q.gone = 0
	}
}

// Pending lists up to max messages of a class with a greater seq than after, in order. They are durable.
func (s *Store) Pending(class alpr.Class, after uint64, max int) ([]alpr.Outgoing, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if errors.Is(s.failed, ErrClosed) {
		return nil, ErrClosed
	}
	q := &s.queues[class]
	var out []alpr.Outgoing
	for i := q.from(after); i < len(q.items) && len(out) < max; i++ {
		if m := q.items[i]; !m.gone {
			out = append(out, alpr.Outgoing{Seq: m.seq, Class: class, Topic: m.topic, Size: m.size, RecordedAt: m.recorded})
		}
	}
	return out, nil
}

// Payload reads a message's bytes. alpr.ErrForgotten means that it can never leave: its day was purged, or it can't be
// read any more. ErrLocked means that it may not leave now: try later.
func (s *Store) Payload(o alpr.Outgoing) ([]byte, error) {
	s.mu.Lock()
	if errors.Is(s.failed, ErrClosed) {
		s.mu.Unlock()
		return nil, ErrClosed
	}
	p := s.queues[o.Class].find(o.Seq)
	if p == nil {
		s.mu.Unlock()
		return nil, alpr.ErrForgotten
	}
	m := *p
	key := s.days[m.id.Day].key
	s.mu.Unlock()
	if s.locked(m.at) {
		return nil, ErrLocked
	}
	r, close, err := s.openSegment(m.id, key)
	if err == nil {
		defer close()
		var body []byte
		if _, body, err = r.body(record{off: m.off, n: m.n}); err == nil {
			head, payload, e := decodeMessage(body)
			if e == nil && head.seq == m.seq {
				return payload, nil
			}
			err = errDamaged
		}
	}
	if errors.Is(err, errDamaged) || errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w (its record can't be read)", alpr.ErrForgotten)
	}
	return nil, fmt.Errorf("message %d: %w", o.Seq, err)
}

// Delivered removes messages for good, whatever crashes; losing state.db alone brings them back. Unknown ones are fine.
func (s *Store) Delivered(seqs []uint64) error {
	s.mu.Lock()
	if s.failed != nil {
		defer s.mu.Unlock()
		return s.failed
	}
	for _, seq := range seqs {
		for class := range s.queues {
			q := &s.queues[class]
			if m := q.find(seq); m != nil {
				q.drop(m)
				s.delta.drop(alpr.Class(class), seq)
			}
		}
	}
	for i := range s.queues {
		s.queues[i].tidy()
	}
	s.mu.Unlock()
	return s.checkpoint()
}

// Wake pokes whoever waits for messages of a class: once for any number of them.
func (s *Store) Wake(class alpr.Class) <-chan struct{} { return s.queues[class].wake }

// Depth is how much waits in a class.
func (s *Store) Depth(class alpr.Class) alpr.Depth {
	s.mu.Lock()
	defer s.mu.Unlock()
	var d alpr.Depth
	for _, m := range s.queues[class].items {
		if m.gone {
			continue
		}
		d.Count++
		d.Bytes += int64(m.size)
		if d.OldestAt.IsZero() || m.recorded.Before(d.OldestAt) {
			d.OldestAt = m.recorded
		}
	}
	return d
}

// openSegment opens a segment for reading.
func (s *Store) openSegment(id segID, key [32]byte) (*reader, func() error, error) {
	f, err := s.fs.Open("read segment", s.segPath(id), os.O_RDONLY)
	if err != nil {
		return nil, nil, err
	}
	size, err := f.Size()
	if err == nil {
		var r *reader
		if r, err = newReader(f, size, id, key); err == nil {
			return r, f.Close, nil
		}
	}
	f.Close()
	return nil, nil, err
}
