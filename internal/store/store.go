// Package store keeps everything durable: reads with their pictures, the messages that leave the unit, and the hot lists.
// It keeps; it does not decide.
//
// What is committed together is one group of sealed records in a segment of its day, so that an alert without its record,
// or a record whose alert was lost, can't exist after any crash. Each day has a key of its own in the key ring; a purge
// destroys that key first and removes files afterwards. Messages lie in the same segments and so fall with their day.
// state.db only remembers what a scan of the segments would find again: which messages wait, and how far each segment is
// known. Losing it means that messages are sent again.
//
// A commit with Sync is durable when it returns. Others become durable within a second or a megabyte, whichever is first:
// that much can be lost when the power fails, and nothing when only the process dies.
package store

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"alprd/internal/alpr"
	"alprd/internal/clock"
	"alprd/internal/disk"
	"alprd/internal/seal"
)

// MaxRetention is the statute's ceiling: captured-plate data isn't kept longer (20-183.32(a)). No setting raises it (R2).
const MaxRetention = 90 * 24 * time.Hour

const minRetention = 24 * time.Hour

// Clock tells what time it is at least, and at most. *clock.Clock is one.
type Clock interface{ Span() clock.Span }

// Options are the store's settings. Zero values mean the default in brackets.
type Options struct {
	Retention   time.Duration // how long a record lives, 24 h to MaxRetention; no default
	Reserve     int64         // bytes of the file system below which evidence is shed [256 MiB, or a twentieth of the file system if that is less]
	SegmentSize int64         // bytes at which a new segment is begun [64 MiB]
	SyncEvery   time.Duration // how long a commit without Sync may stay volatile [1 s]
	SyncBytes   int64         // how much of them may [1 MB]
	FS          *disk.FS      // [the operating system]
}

func (o *Options) fill() error {
	if o.Retention < minRetention || o.Retention > MaxRetention {
		return fault{fmt.Errorf("store: a retention of %v is outside 24h to %v", o.Retention, MaxRetention),
			"set retention to 1 to 90 days, for example 720h; G.S. 20-183.32(a) allows no more than 90 days"}
	}
	for _, d := range []struct {
		v *int64
		n int64
	}{{&o.SegmentSize, 64 << 20}, {&o.SyncBytes, 1 << 20}, {(*int64)(&o.SyncEvery), int64(time.Second)}} {
		if *d.v <= 0 {
			*d.v = d.n
		}
	}
	return nil
}

// Store is an open state directory. Its methods may be called from several goroutines.
type Store struct {
	dir   string
	fs    *disk.FS
	ring  *seal.Ring
	clock Clock
	o     Options

	// syncing is held by the one commit that makes everything written so far durable, on behalf of all that wait.
	// It is taken before mu.
	syncing sync.Mutex

	// saving is held while state.db is written. It is taken after syncing and before mu.
	saving sync.Mutex
	state  *state

	mu     sync.Mutex // guards everything below
	failed error      // ErrDiskState or ErrClosed once nothing more is taken
	days   map[string]*day
	open   map[string]*segment // being written, by day
	dirty  []*segment          // written and not yet durable, in order
	wait   []waiting           // messages that are written and not yet durable, in order of seq

	written uint64 // counts groups written
	synced  uint64 // of them, durable
	loose   int64  // bytes written and not yet durable
	timer   *time.Timer

	nextSeq uint64 // of the next message
	ceiling uint64 // what the ring has reserved: no seq above it was ever used

	queues [2]queue
	topics map[string]string
	found  map[string]Ref // where recent reads lie, by ID
	delta  delta

	leaving  map[string]bool // days whose keys are gone and whose files are being removed
	leftover map[string]bool // days whose keys are gone and whose files couldn't be removed
	savedAt  time.Time       // of the last checkpoint

	room    room
	stats   Stats
	buf     []byte
	scratch []byte
}

// day is one UTC day that has a key.
type day struct {
	key      seal.Key
	note     note
	steps    int              // the clock's when the key was made; negative when that was before the store was opened
	segments map[int]*summary // of those not open for writing, what is known; of the others, what is written
}

type waiting struct {
	group uint64
	class alpr.Class
	queued
}

// Stats is what the store counts since it was opened.
type Stats struct {
	Commits      uint64 // items kept
	Syncs        uint64 // times the disk was asked to make data durable
	ShedPictures uint64 // reads kept without their pictures for want of room
	ShedReads    uint64 // reads without a hit turned away for want of room
	ShedHits     uint64 // items with messages turned away because the disk was full
	Lost         int    // places in segments where damage was skipped
	Torn         int    // segments whose torn end was cut at opening
	Leftover     int    // destroyed days whose files couldn't be removed yet; nothing in them can be read
	Orphans      int    // day directories without a key in the ring: nothing in them can be read
	Rebuilt      bool   // state.db was missing or damaged, and made anew from the segments
	Resent       int    // messages found by the scan at opening: not known to state.db, they are sent (again)
	FreeBytes    int64  // of the file system
	TotalBytes   int64
	Shedding     Shed // what is being shed for want of room
}

func (s *Store) dayDir(d string) string  { return filepath.Join(s.dir, "days", d) }
func (s *Store) segPath(id segID) string { return filepath.Join(s.dir, "days", id.String()+".seg") }
func dayKey(d string) string             { return "day/" + d }
func dayName(t time.Time) string         { return t.UTC().Format(time.DateOnly) }
func isDay(name string) bool {
	t, err := time.Parse(time.DateOnly, name)
	return err == nil && dayName(t) == name
}
func dayNumber(name string) (n uint64) {
	n, _ = strconv.ParseUint(strings.ReplaceAll(name, "-", ""), 10, 64)
	return
}
func segNumber(file string) (n int, ok bool) {
	n, err := strconv.Atoi(strings.TrimSuffix(file, ".seg"))
	return n, err == nil && n > 0 && strings.HasSuffix(file, ".seg")
}

// Marks in the ring.
const (
	markFloor     = "seq.floor"     // the highest seq of any day that was destroyed
	markCeiling   = "seq.ceiling"   // no seq above it was ever used
	markDestroyed = "day.destroyed" // the latest day that was destroyed, 20261122
	seqBlock      = 1 << 16
)

// mostTorn is how much a crash may leave of what wasn't durable.
const mostTorn = 32 << 20

// Open opens the store in dir, recovers what was committed, and purges what is due. The ring must lie in the same
// directory: its lock keeps a second process out. The caller closes the ring after the store.
func Open(dir string, ring *seal.Ring, clk Clock, o Options) (*Store, error) {
	if err := o.fill(); err != nil {
		return nil, err
	}
	s := &Store{dir: dir, fs: o.FS, ring: ring, clock: clk, o: o, days: map[string]*day{}, open: map[string]*segment{},
		topics: map[string]string{}, found: map[string]Ref{}, leaving: map[string]bool{}, leftover: map[string]bool{}}
	for i := range s.queues {
		s.queues[i].wake = make(chan struct{}, 1) // a poke: one is as good as many
	}
	if err := s.fs.Mkdir("days", filepath.Join(dir, "days"), 0o700); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	if err := s.fs.SyncDir("days", dir); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	if err := s.recover(); err != nil {
		if s.state != nil {
			s.state.close()
		}
		return nil, fmt.Errorf("open store: %w", err)
	}
	if _, err := s.Purge(); err != nil && !errors.Is(err, ErrFull) { // a full disk holds up forgetting, not alerting
		s.Close()
		return nil, fmt.Errorf("open store: %w", err)
	}
	return s, nil
}

// recover finds out what is on the disk.
func (s *Store) recover() error {
	key, err := s.ring.Make("state", nil)
	if err != nil {
		return err
	}
	var known contents
	s.state, known, err = openState(filepath.Join(s.dir, "state.db"), key)
	if err != nil {
		return err
	}
	for _, k := range s.ring.Names() {
		if name, ok := strings.CutPrefix(k, "day/"); ok {
			key, n, _ := s.ring.Key(k)
			s.days[name] = &day{key, parseNote(n), -1, map[int]*summary{}}
		}
	}
	s.stats.Rebuilt = known.segments == nil && len(s.days) > 0
	for class, list := range known.outbox {
		for _, q := range list {
			if d := s.days[q.id.Day]; d != nil {
				s.queues[class].items = append(s.queues[class].items, q)
			} else {
				s.delta.drop(alpr.Class(class), q.seq)
			}
		}
	}
	clean := true
	entries, err := s.fs.ReadDir("days", filepath.Join(s.dir, "days"))
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !e.IsDir() || !isDay(e.Name()) {
			continue
		}
		if s.days[e.Name()] == nil {
			s.orphan(e.Name())
			continue
		}
		ok, err := s.recoverDay(e.Name(), known.segments)
		if err != nil {
			return err
		}
		clean = clean && ok
	}
	for class := range s.queues {
		q := &s.queues[class]
		slices.SortFunc(q.items, func(a, b queued) int { return cmp.Compare(a.seq, b.seq) })
		q.items = slices.CompactFunc(q.items, func(a, b queued) bool { return a.seq == b.seq })
	}
	s.ceiling = s.ring.Mark(markCeiling)
	last := s.ring.Mark(markFloor)
	for _, d := range s.days {
		for _, seg := range d.segments {
			last = max(last, seg.MaxSeq)
		}
	}
	if !clean || s.stats.Orphans > 0 {
		// A message may have been in what can't be read: never use its seq again.
		last = max(last, s.ceiling)
		if err := s.ring.Raise(markFloor, last); err != nil {
			return err
		}
	}
	s.nextSeq = last + 1
	return s.checkpoint()
}

// orphan is a day whose key is gone: destroyed, and its files left by a crash, or the ring was lost.
func (s *Store) orphan(name string) {
	switch {
	case dayNumber(name) > s.ring.Mark(markDestroyed):
		s.stats.Orphans++
	case s.unlink(name) != nil:
		s.leftover[name] = true // the next Purge tries again
	}
}

// recoverDay looks at those segments of a day that grew since state.db was written. It reports whether all was read.
func (s *Store) recoverDay(name string, known map[segID]summary) (clean bool, err error) {
	d := s.days[name]
	files, err := s.fs.ReadDir("day", s.dayDir(name))
	if err != nil {
		return false, err
	}
	clean = true
	for _, f := range files {
		n, ok := segNumber(f.Name())
		if !ok {
			continue
		}
		id := segID{name, n}
		sum, torn, err := s.scan(id, d.key, known[id])
		if err != nil {
			return false, fmt.Errorf("segment %v: %w", id, err)
		}
		d.segments[n] = &sum
		s.stats.Lost += sum.Lost
		if torn {
			s.stats.Torn++
		}
		if sum != known[id] {
			s.delta.touch(id)
		}
		clean = clean && sum.Lost == known[id].Lost
	}
	for id := range known {
		if id.Day == name && d.segments[id.N] == nil {
			s.delta.touch(id)
			clean = false
		}
	}
	return clean, nil
}

// scan reads a segment from where its summary ends, queues the messages it finds, and cuts off what a crash tore.
func (s *Store) scan(id segID, key seal.Key, sum summary) (_ summary, torn bool, err error) {
	f, err := s.fs.Open("segment", s.segPath(id), os.O_RDWR)
	if err != nil {
		return sum, false, err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return sum, false, err
	}
	if size == sum.End {
		return sum, false, nil
	}
	if size < sum.End { // shorter than it was: nothing known of it holds
		sum = summary{Lost: 1}
	}
	// A killed process leaves data here that the disk doesn't have yet: it must be there before a message of it leaves.
	if err := f.Sync(); err != nil {
		return sum, false, fmt.Errorf("%w: %w", ErrDiskState, err)
	}
	r, err := newReader(f, size, id, key)
	if errors.Is(err, errDamaged) {
		if size > segHeader {
			sum.Lost++
		}
		sum.End = size
		return sum, false, nil
	}
	if err != nil {
		return sum, false, err
	}
	// What isn't durable is the last that was written: a megabyte, and what came while that was being synced.
	end, lost, err := r.groups(sum.End, max(size-8*s.o.SyncBytes, sum.End), func(r *reader, g group) error { return s.take(r, id, g, &sum) })
	if err != nil {
		return sum, false, err
	}
	sum.Lost += lost
	sum.End = end
	if size-end > mostTorn {
		// So much was never waiting for the disk: it is damage, and stays for whoever can make sense of it.
		sum.Lost++
		sum.End = size
		return sum, false, nil
	}
	if end < size {
		// Behind the last whole group lies what was never acknowledged.
		if err := f.Truncate(end); err != nil {
			return sum, false, err
		}
		if err := f.Sync(); err != nil {
			return sum, false, fmt.Errorf("%w: %w", ErrDiskState, err)
		}
	}
	return sum, end < size, nil
}

// take enters a group that the scan found.
func (s *Store) take(r *reader, id segID, g group, sum *summary) error {
	next := *sum
	var found []waiting
	for _, rec := range g {
		if rec.kind == kindPicture { // its time is that of the others of its group
			next.Pictures++
			continue
		}
		at, body, err := r.body(rec)
		if err != nil {
			return err
		}
		next.see(at)
		switch rec.kind {
		case kindRead:
			next.Reads++
		case kindMessage:
			m, payload, err := decodeMessage(body)
			if err != nil {
				return err
			}
			next.Messages++
			next.MaxSeq = max(next.MaxSeq, m.seq)
			found = append(found, waiting{class: m.class, queued: s.queued(m, id, rec, at, len(payload))})
		}
	}
	*sum = next
	for _, w := range found {
		s.queues[w.class].items = append(s.queues[w.class].items, w.queued)
		s.delta.add(w.class, w.seq)
		s.stats.Resent++
	}
	return nil
}

// Close makes everything durable and ends the store. The ring stays open.
func (s *Store) Close() error {
	s.mu.Lock()
	if errors.Is(s.failed, ErrClosed) {
		s.mu.Unlock()
		return nil
	}
	target, failed := s.written, s.failed
	if s.timer != nil {
		s.timer.Stop()
	}
	s.mu.Unlock()
	var err error
	if failed == nil {
		err = s.sync(target)
	}
	s.syncing.Lock() // a flush that was under way has ended
	defer s.syncing.Unlock()
	if err == nil && failed == nil {
		err = s.checkpoint()
	}
	s.saving.Lock()
	defer s.saving.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failed = ErrClosed
	for _, g := range slices.Concat(s.dirty, slices.Collect(maps.Values(s.open))) {
		g.file.Close() // twice for some: harmless
	}
	return errors.Join(err, s.state.close())
}

// Stats returns the counts since opening.
func (s *Store) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.look(math.MaxInt64)
	st := s.stats
	st.Leftover = len(s.leftover)
	st.FreeBytes, st.TotalBytes, st.Shedding = s.room.free, s.room.total, s.shedding()
	return st
}

// unlink removes a day's files. Its key is gone already, or never was.
func (s *Store) unlink(name string) error {
	dir := s.dayDir(name)
	files, err := s.fs.ReadDir("forgotten day", dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := s.fs.Remove("forgotten segment", filepath.Join(dir, f.Name())); err != nil {
			return err
		}
	}
	if err := s.fs.Remove("forgotten day", dir); err != nil {
		return err
	}
	return s.fs.SyncDir("forgotten day", filepath.Dir(dir))
}
