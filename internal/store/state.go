package store

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"alprd/internal/alpr"
	"alprd/internal/disk"
	"alprd/internal/seal"
)

// checkpointEvery is how often state.db learns what is new when nothing was delivered: after a crash, at most the
// segments' growth since is scanned.
const checkpointEvery = 5 * time.Second

// state is state.db: which messages wait, and how far each segment is known. Each value is sealed with its bucket and key
// as context.
type state struct {
	path string
	db   *bbolt.DB
	box  seal.Box
}

// contents is what state.db held. segments is nil when it was missing or damaged.
type contents struct {
	segments map[segID]summary
	outbox   [2][]queued
}

var (
	bucketSegments = []byte("segments")
	bucketOutbox   = [2][]byte{[]byte("outbox/prompt"), []byte("outbox/bulk")}
)

// pointer is a queued message in state.db.
type pointer struct {
	Day        string    `json:"day"`
	Segment    int       `json:"segment"`
	Offset     int64     `json:"offset"`
	Length     int       `json:"length"`
	Size       int       `json:"size"`
	Topic      string    `json:"topic"`
	At         time.Time `json:"at"`
	RecordedAt time.Time `json:"recorded_at"`
}

// place is a value's context: where it belongs.
func place(bucket, key []byte) []byte { return fmt.Appendf(nil, "%s/%s", bucket, key) }

// openState opens state.db, or begins a new one where it is missing or damaged.
func openState(path string, key seal.Key) (*state, contents, error) {
	st := &state{path: path, box: key.Box()}
	there := exists(path)
	c, err := st.load()
	if errors.Is(err, errDamaged) {
		there = false
		if err := moveAside(nil, path); err != nil {
			return nil, contents{}, err
		}
		c, err = st.load()
	}
	if err != nil {
		return nil, contents{}, fmt.Errorf("state.db: %w", err)
	}
	if !there {
		c.segments = nil
	}
	return st, c, nil
}

func (st *state) load() (contents, error) {
	c := contents{segments: map[segID]summary{}}
	db, err := openBolt(st.path, 0)
	if err != nil {
		return c, err
	}
	err = guard(func() error {
		return db.Update(func(tx *bbolt.Tx) error {
			b, err := tx.CreateBucketIfNotExists(bucketSegments)
			if err != nil {
				return err
			}
			if err := b.ForEach(func(k, v []byte) error {
				var s summary
				day, n, ok := strings.Cut(string(k), "/")
				num, err := strconv.Atoi(n)
				if !ok || err != nil || st.open(bucketSegments, k, v, &s) != nil {
					return errDamaged
				}
				c.segments[segID{day, num}] = s
				return nil
			}); err != nil {
				return err
			}
			for class, name := range bucketOutbox {
				b, err := tx.CreateBucketIfNotExists(name)
				if err != nil {
					return err
				}
				if err := b.ForEach(func(k, v []byte) error {
					var p pointer
					if len(k) != 8 || st.open(name, k, v, &p) != nil {
						return errDamaged
					}
					c.outbox[class] = append(c.outbox[class], queued{seq: binary.BigEndian.Uint64(k), id: segID{p.Day, p.Segment}, off: p.Offset,
						n: p.Length, size: p.Size, topic: p.Topic, at: p.At, recorded: p.RecordedAt})
					return nil
				}); err != nil {
					return err
				}
			}
			return nil
		})
	})
	if err != nil {
		guard(db.Close)
		return contents{}, err
	}
	st.db = db
	return c, nil
}

func (st *state) open(bucket, key, sealed []byte, v any) error {
	plain, err := st.box.Open(nil, sealed, place(bucket, key))
	if err != nil {
		return err
	}
	return json.Unmarshal(plain, v)
}

func (st *state) close() error {
	if st.db == nil {
		return nil
	}
	return guard(st.db.Close)
}

// delta is what changed since the last checkpoint.
type delta struct {
	put      map[uint64]alpr.Class
	gone     map[uint64]alpr.Class
	segments map[segID]bool
}

func (d *delta) add(c alpr.Class, seq uint64) {
	if d.put == nil {
		d.put = map[uint64]alpr.Class{}
	}
	d.put[seq] = c
}

func (d *delta) drop(c alpr.Class, seq uint64) {
	if d.gone == nil {
		d.gone = map[uint64]alpr.Class{}
	}
	delete(d.put, seq)
	d.gone[seq] = c
}

// under takes in what an earlier delta said, where this one says nothing newer.
func (d *delta) under(earlier delta) {
	for seq, c := range earlier.put {
		if _, gone := d.gone[seq]; !gone {
			d.add(c, seq)
		}
	}
	for seq, c := range earlier.gone {
		d.drop(c, seq)
	}
	for id := range earlier.segments {
		d.touch(id)
	}
}

func (d *delta) touch(id segID) {
	if d.segments == nil {
		d.segments = map[segID]bool{}
	}
	d.segments[id] = true
}

// change is one key of state.db to put or, with a nil value, to delete.
type change struct{ bucket, key, value []byte }

// checkpoint brings state.db up to date, durably. A state.db that fails is moved aside and made anew from memory; on a full
// disk it stays behind, which costs a longer scan and repeated messages after a crash, and nothing else.
func (s *Store) checkpoint() error {
	s.saving.Lock()
	defer s.saving.Unlock()
	s.mu.Lock()
	d := s.delta
	s.delta = delta{}
	changes, err := s.changes(d)
	s.mu.Unlock()
	if err == nil {
		err = s.state.apply(changes)
	}
	if disk.IsFull(err) {
		s.mu.Lock()
		s.delta.under(d)
		s.mu.Unlock()
		return nil
	}
	if err != nil {
		if err := s.renewState(); err != nil {
			return fmt.Errorf("state.db: %w", err)
		}
	}
	s.mu.Lock()
	s.savedAt = time.Now()
	s.mu.Unlock()
	return nil
}

// renewState begins a new state.db with all that is in memory.
func (s *Store) renewState() error {
	s.state.close()
	s.state.db = nil
	if err := moveAside(s.fs, s.state.path); err != nil {
		return err
	}
	if _, err := s.state.load(); err != nil {
		return err
	}
	s.mu.Lock()
	s.stats.Rebuilt = true
	s.delta = delta{}
	for class := range s.queues {
		for _, m := range s.queues[class].items {
			if !m.gone {
				s.delta.add(alpr.Class(class), m.seq)
			}
		}
	}
	for name, d := range s.days {
		for n := range d.segments {
			s.delta.touch(segID{name, n})
		}
	}
	changes, err := s.changes(s.delta)
	s.delta = delta{}
	s.mu.Unlock()
	if err == nil {
		err = s.state.apply(changes)
	}
	return err
}

// changes seals what a delta says.
func (s *Store) changes(d delta) (out []change, err error) {
	put := func(bucket, key []byte, v any) {
		plain, e := json.Marshal(v)
		if e != nil {
			err = e
		}
		out = append(out, change{bucket, key, s.state.box.Seal(nil, plain, place(bucket, key))})
	}
	for seq, class := range d.put {
		if m := s.queues[class].find(seq); m != nil {
			put(bucketOutbox[class], binary.BigEndian.AppendUint64(nil, seq),
				pointer{m.id.Day, m.id.N, m.off, m.n, m.size, m.topic, m.at, m.recorded})
		}
	}
	for seq, class := range d.gone {
		out = append(out, change{bucketOutbox[class], binary.BigEndian.AppendUint64(nil, seq), nil})
	}
	for id := range d.segments {
		if sum, ok := s.durable(id); ok {
			put(bucketSegments, []byte(id.String()), sum)
		} else {
			out = append(out, change{bucketSegments, []byte(id.String()), nil})
		}
	}
	return out, err
}

// apply makes changes in one durable step.
func (st *state) apply(changes []change) error {
	if len(changes) == 0 {
		return nil
	}
	if st.db == nil {
		return errDamaged
	}
	return guard(func() error {
		return st.db.Update(func(tx *bbolt.Tx) (err error) {
			for _, c := range changes {
				if c.value == nil {
					err = tx.Bucket(c.bucket).Delete(c.key)
				} else {
					err = tx.Bucket(c.bucket).Put(c.key, c.value)
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// durable is what of a segment is known to be durable.
func (s *Store) durable(id segID) (summary, bool) {
	d := s.days[id.Day]
	if d == nil || d.segments[id.N] == nil {
		return summary{}, false
	}
	if g := s.open[id.Day]; g != nil && g.id == id {
		return g.safe, true
	}
	for _, g := range s.dirty {
		if g.id == id {
			return g.safe, true
		}
	}
	return *d.segments[id.N], true
}
