package store

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"alprd/internal/alpr"
	"alprd/internal/disk"
)

// Ref says where a read lies.
type Ref struct {
	Day     string
	Segment int
	Offset  int64
}

// Receipt tells what became of an item.
type Receipt struct {
	Ref  Ref
	Seqs []uint64 // of its messages, in their order
	Shed Shed     // what was left out for want of room
}

// Commit keeps an item. With Sync it is durable when Commit returns nil, and its messages can be sent; without, within
// Options.SyncEvery. ErrFull means that it isn't kept and the store goes on; after ErrDiskState the store must be opened
// anew, and the item committed again. Several cameras may commit at once: those that wait for the disk share one sync.
func (s *Store) Commit(it Item) (Receipt, error) {
	if err := it.check(); err != nil {
		return Receipt{}, err
	}
	s.mu.Lock()
	r, err := s.keep(&it)
	group, due := s.written, it.Sync || s.loose >= s.o.SyncBytes
	if err == nil && s.timer == nil {
		s.timer = time.AfterFunc(s.o.SyncEvery, s.flush)
	}
	s.mu.Unlock()
	if err != nil || !due {
		return r, err
	}
	return r, s.sync(group)
}

// keep writes an item, leaving out what there is no room for.
func (s *Store) keep(it *Item) (Receipt, error) {
	if s.failed != nil {
		return Receipt{}, s.failed
	}
	var r Receipt
	hit := len(it.Messages) > 0
	s.look(int64(it.size()))
	for {
		r.Shed = s.shed(it, hit, r.Shed)
		if r.Shed == ShedItem {
			if hit {
				s.stats.ShedHits++
			} else {
				s.stats.ShedReads++
			}
			return r, ErrFull
		}
		ref, seqs, err := s.write(it)
		if disk.IsFull(err) && s.failed == nil {
			// What the file system said was free isn't: shed one step more.
			if r.Shed == 0 {
				r.Shed = ShedPictures
			} else {
				r.Shed = ShedItem
			}
			s.room.free = 0
			continue
		}
		if err != nil {
			return Receipt{}, err
		}
		if r.Shed == ShedPictures {
			s.stats.ShedPictures++
		}
		s.stats.Commits++
		r.Ref, r.Seqs = ref, seqs
		return r, nil
	}
}

// size is about what an item takes on the disk, its messages' payloads not known yet.
func (it *Item) size() int {
	n := 2048
	for _, p := range it.Pictures {
		n += len(p.JPEG) + 128
	}
	return n + 16<<10*len(it.Messages)
}

// write appends an item's group to its day's segment. An error leaves nothing of it.
func (s *Store) write(it *Item) (Ref, []uint64, error) {
	at := it.at()
	g, err := s.segment(dayName(at), it.size())
	if err != nil {
		return Ref{}, nil, err
	}
	if err := s.reserve(len(it.Messages)); err != nil {
		return Ref{}, nil, err
	}
	var read []byte
	if it.Read.ID != "" {
		if read, err = encodeRead(&it.Read); err != nil {
			return Ref{}, nil, err
		}
	}
	start, first := g.sum.End, g.number
	undo := func() { g.number = first }
	sum, last := g.sum, len(it.Messages)+len(it.Pictures)
	if read == nil {
		last--
	}
	buf, n := s.buf[:0], 0
	add := func(k kind, parts ...[]byte) record {
		var flags byte
		if n == 0 {
			flags |= flagFirst
		}
		if n == last {
			flags |= flagLast
		}
		n++
		rec := record{off: start + int64(len(buf)), kind: k}
		buf = g.appendRecord(buf, k, flags, at, &s.scratch, parts...)
		rec.n = int(start+int64(len(buf))-rec.off) - recHeader
		return rec
	}
	if read != nil {
		add(kindRead, read)
		sum.Reads++
	}
	for _, p := range it.Pictures {
		add(kindPicture, name(p.Name), p.JPEG)
		sum.Pictures++
	}
	now := time.Now().UTC()
	wait, seqs := []waiting(nil), []uint64(nil)
	for i, m := range it.Messages {
		seq := s.nextSeq + uint64(i)
		payload, err := m.Build(seq)
		if err != nil {
			undo()
			return Ref{}, nil, fmt.Errorf("build message: %w", err)
		}
		head := message{seq, m.Class, m.Topic, now}
		rec := add(kindMessage, head.head(), payload)
		if rec.n > maxRecord {
			undo()
			return Ref{}, nil, fmt.Errorf("store: a message of %d bytes", len(payload))
		}
		sum.Messages++
		sum.MaxSeq = max(sum.MaxSeq, seq)
		wait = append(wait, waiting{s.written + 1, m.Class, s.queued(head, g.id, rec, at, len(payload))})
		seqs = append(seqs, seq)
	}
	s.buf = buf
	if cap(s.buf) > 4<<20 {
		s.buf, s.scratch = nil, nil
	}
	if err := g.file.WriteAt(buf, start); err != nil {
		undo()
		if e := g.file.Truncate(start); e != nil || !disk.IsFull(err) {
			return Ref{}, nil, s.poison(fmt.Errorf("write segment: %w", err))
		}
		return Ref{}, nil, fmt.Errorf("write segment: %w", err)
	}
	// At this point the group is in the page cache: it survives us, and not yet the power.
	sum.End += int64(len(buf))
	sum.see(at)
	g.sum = sum
	*s.days[g.id.Day].segments[g.id.N] = sum
	if !slices.Contains(s.dirty, g) {
		s.dirty = append(s.dirty, g)
	}
	s.written++
	s.loose += int64(len(buf))
	s.room.free -= int64(len(buf))
	s.nextSeq += uint64(len(it.Messages))
	s.wait = append(s.wait, wait...)
	ref := Ref{g.id.Day, g.id.N, start}
	if read != nil {
		s.remember(it.Read.ID, ref)
	}
	return ref, seqs, nil
}

// reserve makes sure that the ring knows of every seq before it is used.
func (s *Store) reserve(n int) error {
	if s.nextSeq+uint64(n) <= s.ceiling {
		return nil
	}
	to := s.nextSeq + uint64(n) + seqBlock
	if err := s.ring.Raise(markCeiling, to); err != nil {
		return s.ringFailed(err)
	}
	s.ceiling = to
	return nil
}

// segment returns the segment to write to, a new one if need be.
func (s *Store) segment(name string, size int) (*segment, error) {
	g := s.open[name]
	if g != nil && (g.sum.End == segHeader || g.sum.End+int64(size) <= s.o.SegmentSize) {
		return g, nil
	}
	if s.leaving[name] {
		return nil, fmt.Errorf("store: %s was destroyed just now: %w", name, alpr.ErrForgotten)
	}
	d := s.days[name]
	if d == nil {
		now := s.clock.Span()
		n := parseNote(note{now.Powered, now.Settled}.bytes())
		k, err := s.ring.Make(dayKey(name), n.bytes())
		if err != nil {
			return nil, s.ringFailed(err)
		}
		d = &day{k, n, now.Steps, map[int]*summary{}}
		s.days[name] = d
	}
	if err := s.fs.Mkdir("day", s.dayDir(name), 0o700); err != nil {
		return nil, fmt.Errorf("make day: %w", err)
	}
	if len(d.segments) == 0 {
		if err := s.fs.SyncDir("days", s.dayDir("")); err != nil {
			return nil, s.poison(fmt.Errorf("make day: %w", err))
		}
	}
	id := segID{name, 1}
	for n := range d.segments {
		id.N = max(id.N, n+1)
	}
	h := append([]byte(segMagic), make([]byte, segHeader-len(segMagic))...)
	rand.Read(h[len(segMagic):])
	f, err := s.fs.Create("segment", s.segPath(id), 0o600)
	for errors.Is(err, fs.ErrExist) { // left by an error
		id.N++
		f, err = s.fs.Create("segment", s.segPath(id), 0o600)
	}
	if err != nil {
		return nil, fmt.Errorf("make segment: %w", err)
	}
	err = f.WriteAt(h, 0)
	if err == nil {
		if err = f.Sync(); err == nil {
			err = s.fs.SyncDir("segment", s.dayDir(name))
		}
		if err != nil {
			err = s.poison(fmt.Errorf("make segment: %w", err))
		}
	}
	if err != nil {
		f.Close()
		s.fs.Remove("segment undo", s.segPath(id))
		return nil, fmt.Errorf("make segment: %w", err)
	}
	// At this point the segment's name and salt are durable: what is synced in it from now on is found.
	s.retire(g)
	if len(s.open) > 1 { // a day's last reads come after midnight; more days than two at once do not
		for other, o := range s.open {
			if other != name {
				delete(s.open, other)
				s.retire(o)
			}
		}
	}
	g = &segment{id: id, file: f, box: id.box(d.key, h[len(segMagic):]), sum: summary{End: segHeader}, safe: summary{End: segHeader}}
	s.open[name] = g
	sum := g.sum
	d.segments[id.N] = &sum
	s.delta.touch(id)
	return g, nil
}

// retire lets a segment go, at once or when it is durable.
func (s *Store) retire(g *segment) {
	switch {
	case g == nil:
	case slices.Contains(s.dirty, g):
		g.full = true
	default:
		g.file.Close()
	}
}

// sync makes group and all before it durable, unless another call does.
func (s *Store) sync(group uint64) error {
	s.syncing.Lock()
	defer s.syncing.Unlock()
	s.mu.Lock()
	if s.failed != nil || s.synced >= group {
		defer s.mu.Unlock()
		if s.synced >= group {
			return nil
		}
		return s.failed
	}
	target, dirty := s.written, slices.Clone(s.dirty)
	sums := make([]summary, len(dirty))
	for i, g := range dirty {
		sums[i] = g.sum
	}
	s.loose = 0
	s.mu.Unlock()

	var err error // others go on writing
	for _, g := range dirty {
		if err = g.file.Sync(); err != nil {
			break
		}
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.Syncs++
	if err != nil {
		return s.poison(fmt.Errorf("sync segment: %w", err))
	}
	if s.failed != nil { // another write failed meanwhile, and cut the segments
		return s.failed
	}
	// At this point everything up to target is durable; its messages may leave.
	s.synced = target
	for i, g := range dirty {
		g.safe = sums[i]
		s.delta.touch(g.id)
	}
	s.dirty = slices.DeleteFunc(s.dirty, func(g *segment) bool {
		done := g.safe.End == g.sum.End
		if done && g.full {
			g.file.Close()
		}
		return done
	})
	s.release(target)
	return nil
}

// flush is what the timer does: it makes the last commits durable, and notes what is known now and then.
func (s *Store) flush() {
	s.mu.Lock()
	s.timer = nil
	group, failed := s.written, s.failed
	s.mu.Unlock()
	if failed != nil || s.sync(group) != nil {
		return // the next Commit tells
	}
	s.mu.Lock()
	due := s.failed == nil && time.Since(s.savedAt) > checkpointEvery
	s.mu.Unlock()
	if due {
		s.checkpoint() // what fails here is done by the next
	}
}

// poison ends the store after an error that leaves the disk's state unknown. What isn't known to be durable is cut off: the
// page cache may show what the disk doesn't have.
func (s *Store) poison(cause error) error {
	if s.failed == nil {
		s.failed = fmt.Errorf("%w: %w", ErrDiskState, cause)
		for _, g := range s.dirty {
			g.file.Truncate(g.safe.End)
		}
		s.wait = nil
	}
	return s.failed
}

// ringFailed tells a full disk, on which the ring's slots still can be written, from a ring that must be opened anew.
func (s *Store) ringFailed(err error) error {
	if disk.IsFull(err) {
		return err
	}
	return s.poison(err)
}

// rememberMost bounds for how many reads it is remembered where they lie.
const rememberMost = 4096

func (s *Store) remember(id string, ref Ref) {
	if len(s.found) >= rememberMost {
		clear(s.found)
	}
	s.found[id] = ref
}

// queued is how the outbox remembers a message.
func (s *Store) queued(m message, id segID, rec record, at time.Time, size int) queued {
	topic, ok := s.topics[m.topic]
	if !ok {
		topic = m.topic
		s.topics[topic] = topic
	}
	return queued{seq: m.seq, id: id, off: rec.off, n: rec.n, size: size, topic: topic, at: at, recorded: m.recorded}
}

// release hands durable messages to the outbox.
func (s *Store) release(group uint64) {
	n := 0
	var poke [2]bool
	for ; n < len(s.wait) && s.wait[n].group <= group; n++ {
		w := s.wait[n]
		s.queues[w.class].items = append(s.queues[w.class].items, w.queued)
		s.delta.add(w.class, w.seq)
		poke[w.class] = true
	}
	s.wait = slices.Clone(s.wait[n:])
	for class, yes := range poke {
		if yes {
			s.queues[class].poke()
		}
	}
}
