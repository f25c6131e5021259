package store

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"time"

	"alprd/internal/alpr"
	"alprd/internal/seal"
)

// Day is what is kept of one UTC day.
type Day struct {
	Name                      string // 2026-11-22
	Reads, Pictures, Messages int
	Bytes                     int64 // on the disk
	OldestAt, NewestAt        time.Time
	ForgetAt                  time.Time // when its key is destroyed, if the clock is certain then; what is in it can't be read later
}

// Days lists what is kept, oldest first.
func (s *Store) Days() []Day {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Day
	for _, name := range slices.Sorted(maps.Keys(s.days)) {
		d := Day{Name: name, OldestAt: s.days[name].oldest()}
		for _, g := range s.days[name].segments {
			d.Reads += g.Reads
			d.Pictures += g.Pictures
			d.Messages += g.Messages
			d.Bytes += g.End
			if g.NewestAt.After(d.NewestAt) {
				d.NewestAt = g.NewestAt
			}
		}
		if !d.OldestAt.IsZero() {
			d.ForgetAt = d.OldestAt.Add(s.o.Retention)
			out = append(out, d)
		}
	}
	return out
}

// Reads calls fn for each read captured from from up to, not including, to, in the order they were kept. Best is nil in
// all of them. What is past its life is left out, and so is what damage made unreadable (Stats counts it). fn may stop it with an
// error, which Reads returns.
func (s *Store) Reads(ctx context.Context, from, to time.Time, fn func(alpr.Read) error) error {
	return s.walk(from, to, func(r *reader, id segID, g group) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if g[0].kind != kindRead {
			return nil
		}
		at, body, err := r.body(g[0])
		if err != nil {
			return err
		}
		if at.Before(from) || !at.Before(to) || s.locked(at) || !s.alive(id.Day) {
			return nil
		}
		read, err := decodeRead(body)
		if err != nil {
			return err
		}
		return fn(read)
	})
}

// walk calls fn for each group of the days between.
func (s *Store) walk(from, to time.Time, fn func(*reader, segID, group) error) error {
	type part struct {
		id  segID
		key seal.Key
		end int64
	}
	s.mu.Lock()
	if errors.Is(s.failed, ErrClosed) {
		s.mu.Unlock()
		return ErrClosed
	}
	var parts []part
	for _, name := range slices.Sorted(maps.Keys(s.days)) {
		if name < dayName(from) || name > dayName(to) {
			continue
		}
		d := s.days[name]
		for _, n := range slices.Sorted(maps.Keys(d.segments)) {
			parts = append(parts, part{segID{name, n}, d.key, d.segments[n].End})
		}
	}
	s.mu.Unlock()
	for _, p := range parts {
		r, close, err := s.openSegment(p.id, p.key)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errDamaged) { // purged meanwhile, or counted at opening
			continue
		}
		if err != nil {
			return fmt.Errorf("segment %v: %w", p.id, err)
		}
		r.size = min(r.size, p.end)
		_, _, err = r.groups(segHeader, r.size, func(r *reader, g group) error { return fn(r, p.id, g) })
		close()
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) alive(day string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.days[day] != nil
}

// Pictures returns the pictures of a read, of the latest revision that has any. alpr.ErrForgotten means that
// there is no such read, ErrLocked that it may be past its life.
func (s *Store) Pictures(id string) ([]Picture, error) {
	s.mu.Lock()
	ref, ok := s.found[id]
	s.mu.Unlock()
	if ok {
		if p, err := s.picturesAt(ref, id); err != nil || len(p) > 0 {
			return p, err
		}
	}
	raw, err := hex.DecodeString(id)
	if err != nil || len(raw) < 8 {
		return nil, alpr.ErrForgotten
	}
	var ms int64
	for _, b := range raw[:6] {
		ms = ms<<8 | int64(b)
	}
	near := time.UnixMilli(ms)
	var refs []Ref
	err = s.walk(near.Add(-24*time.Hour), near.Add(24*time.Hour), func(r *reader, seg segID, g group) error {
		if g[0].kind != kindRead {
			return nil
		}
		_, body, err := r.body(g[0])
		if err != nil {
			return err
		}
		read, err := decodeRead(body)
		if err == nil && read.ID == id {
			refs = append(refs, Ref{seg.Day, seg.N, g[0].off})
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, ref := range slices.Backward(refs) {
		if p, err := s.picturesAt(ref, id); err != nil || len(p) > 0 {
			return p, err
		}
	}
	if len(refs) == 0 {
		return nil, alpr.ErrForgotten
	}
	return nil, nil
}

var errStop = errors.New("stop")

// picturesAt opens the pictures of the group at ref.
func (s *Store) picturesAt(ref Ref, id string) ([]Picture, error) {
	s.mu.Lock()
	d := s.days[ref.Day]
	s.mu.Unlock()
	if d == nil {
		return nil, alpr.ErrForgotten
	}
	seg := segID{ref.Day, ref.Segment}
	r, close, err := s.openSegment(seg, d.key)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errDamaged) {
		return nil, alpr.ErrForgotten
	}
	if err != nil {
		return nil, err
	}
	defer close()
	var out []Picture
	_, _, err = r.groups(ref.Offset, r.size, func(r *reader, g group) error {
		at, body, err := r.body(g[0])
		if err != nil {
			return err
		}
		if read, err := decodeRead(body); err != nil || read.ID != id {
			return alpr.ErrForgotten
		}
		if s.locked(at) {
			return ErrLocked
		}
		for _, rec := range g[1:] {
			if rec.kind != kindPicture {
				continue
			}
			_, body, err := r.body(rec)
			if err != nil {
				return err
			}
			p, err := decodePicture(body)
			if err != nil {
				return err
			}
			out = append(out, p)
		}
		return errStop
	})
	if !errors.Is(err, errStop) {
		if err == nil {
			err = alpr.ErrForgotten
		}
		return nil, err
	}
	return out, nil
}
