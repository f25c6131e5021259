package store

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"alprd/internal/disk"
	"alprd/internal/seal"
)

// HotLists is lists.db: the chunks of each hot list's current version, sealed, as opaque as they came.
//
// lists.db: bucket "lists" holds for each list the head of its current version; bucket "chunks/<list>/<version>" its
// chunks by number. Every value is sealed with its bucket and key as context. The highest version ever activated stands in
// the key ring, so that an older one stays refused although lists.db was deleted (R22).
type HotLists struct {
	path string
	fs   *disk.FS
	ring *seal.Ring
	box  seal.Box

	mu     sync.Mutex
	db     *bbolt.DB
	failed error
	lost   bool
}

// List is one list's current version.
type List struct {
	Name        string    `json:"name"`
	Version     uint64    `json:"version"`
	Manifest    []byte    `json:"manifest"` // as it came
	Chunks      int       `json:"chunks"`
	Bytes       int64     `json:"bytes"` // of the chunks
	ActivatedAt time.Time `json:"activated_at"`
}

const (
	stageBytes = 4 << 20 // of chunks put into one transaction
	lastMark   = "list.version/"
)

var bucketLists = []byte("lists")

// OpenHotLists opens the cache in the state directory dir. What is damaged of it is given up, the whole file moved aside if
// need be, and Lost reports it: lists are missing until newer versions come.
func OpenHotLists(dir string, ring *seal.Ring, fsys *disk.FS) (*HotLists, error) {
	key, err := ring.Make("lists", nil)
	if err != nil {
		return nil, fmt.Errorf("open hot lists: %w", err)
	}
	h := &HotLists{path: filepath.Join(dir, "lists.db"), fs: fsys, ring: ring, box: key.Box()}
	h.db, err = openBolt(h.path)
	if err == nil {
		err = h.settle()
	}
	if errors.Is(err, errDamaged) {
		err = h.renew()
	}
	if err != nil {
		if h.db != nil {
			guard(h.db.Close)
		}
		return nil, fmt.Errorf("open hot lists: %w", err)
	}
	return h, nil
}

// renew begins an empty lists.db.
func (h *HotLists) renew() error {
	if h.db != nil {
		guard(h.db.Close)
		h.db = nil
	}
	h.lost = true
	if err := moveAside(h.fs, h.path); err != nil {
		return err
	}
	var err error
	if h.db, err = openBolt(h.path); err != nil {
		return err
	}
	return h.settle()
}

// settle finishes what a crash left: it removes versions that aren't current, heads that don't open, and lifts marks that lag
// behind.
func (h *HotLists) settle() error {
	lists, bad, err := h.current()
	if err != nil {
		return err
	}
	h.lost = h.lost || len(bad) > 0
	keep := map[string]bool{string(bucketLists): true}
	for _, l := range lists {
		keep[string(chunkBucket(l.Name, l.Version))] = true
		if err := h.ring.Raise(lastMark+l.Name, l.Version); err != nil {
			return err
		}
	}
	return guard(func() error {
		return h.db.Update(func(tx *bbolt.Tx) error {
			b, err := tx.CreateBucketIfNotExists(bucketLists)
			if err != nil {
				return err
			}
			for _, name := range bad {
				if err := b.Delete(name); err != nil {
					return err
				}
			}
			var old [][]byte
			if err := tx.ForEach(func(name []byte, _ *bbolt.Bucket) error {
				if !keep[string(name)] {
					old = append(old, append([]byte(nil), name...))
				}
				return nil
			}); err != nil {
				return err
			}
			for _, name := range old {
				if err := tx.DeleteBucket(name); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

func chunkBucket(name string, version uint64) []byte {
	return fmt.Appendf(nil, "chunks/%s/%020d", name, version)
}

// Close gives lists.db back.
func (h *HotLists) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failed = ErrClosed
	if h.db == nil {
		return nil
	}
	return guard(h.db.Close)
}

// Lost reports that something of the cache was found damaged and given up: lists are missing.
func (h *HotLists) Lost() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.lost
}

// Highest is the highest version of a list that was ever active; zero for none.
func (h *HotLists) Highest(name string) uint64 { return h.ring.Mark(lastMark + name) }

// Activate makes a version of a list the current one, in one step: after any crash exactly the former version or this one
// is current (R21). The version must be higher than any that was active before, or ErrOldVersion is returned (R22). Chunks
// are taken one by one; an error among them, which is returned, leaves the former version.
func (h *HotLists) Activate(name string, version uint64, manifest []byte, at time.Time, chunks iter.Seq2[[]byte, error]) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.failed != nil {
		return h.failed
	}
	if name == "" || len(name) > 128 {
		return fmt.Errorf("store: a list's name has 1 to 128 bytes, not %d", len(name))
	}
	if err := h.settle(); err != nil {
		return fmt.Errorf("activate list: %w", err)
	}
	if highest := h.ring.Mark(lastMark + name); version <= highest {
		return fault{fmt.Errorf("%w: list %q version %d, version %d was active", ErrOldVersion, name, version, highest),
			"publish the list anew with a higher version"}
	}
	l := List{Name: name, Version: version, Manifest: manifest, ActivatedAt: at.UTC()}
	if err := h.stage(&l, chunks); err != nil {
		h.settle()
		return fmt.Errorf("activate list: %w", err)
	}
	// At this point the chunks are durable and nothing refers to them: a crash leaves the former version.
	head, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("activate list: %w", err)
	}
	err = guard(func() error {
		return h.db.Update(func(tx *bbolt.Tx) error {
			return tx.Bucket(bucketLists).Put([]byte(name), h.box.Seal(nil, head, place(bucketLists, []byte(name))))
		})
	})
	if err != nil {
		return fmt.Errorf("activate list: %w", err)
	}
	// At this point the new version is current. A crash before the mark is lifted is made up for by settle.
	if err := h.settle(); err != nil {
		return fmt.Errorf("list is active, but its version can't be marked: %w", err)
	}
	return nil
}

// stage writes the chunks of a version that nothing refers to yet.
func (h *HotLists) stage(l *List, chunks iter.Seq2[[]byte, error]) error {
	bucket := chunkBucket(l.Name, l.Version)
	var batch [][]byte
	size := 0
	flush := func() error {
		return guard(func() error {
			return h.db.Update(func(tx *bbolt.Tx) error {
				b, err := tx.CreateBucketIfNotExists(bucket)
				if err != nil {
					return err
				}
				b.FillPercent = 1 // keys only rise
				for _, c := range batch {
					key := binary.BigEndian.AppendUint32(nil, uint32(l.Chunks))
					if err := b.Put(key, h.box.Seal(nil, c, place(bucket, key))); err != nil {
						return err
					}
					l.Chunks++
				}
				batch, size = nil, 0
				return nil
			})
		})
	}
	for c, err := range chunks {
		if err != nil {
			return err
		}
		batch = append(batch, append([]byte(nil), c...))
		size += len(c)
		l.Bytes += int64(len(c))
		if size >= stageBytes {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// Current lists what is active.
func (h *HotLists) Current() ([]List, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.failed != nil {
		return nil, h.failed
	}
	out, _, err := h.current()
	return out, err
}

// current lists the heads that open, and the names of those that don't.
func (h *HotLists) current() (out []List, bad [][]byte, err error) {
	err = guard(func() error {
		return h.db.View(func(tx *bbolt.Tx) error {
			b := tx.Bucket(bucketLists)
			if b == nil {
				return nil
			}
			return b.ForEach(func(k, v []byte) error {
				var l List
				plain, err := h.box.Open(nil, v, place(bucketLists, k))
				if err != nil || json.Unmarshal(plain, &l) != nil {
					bad = append(bad, bytes.Clone(k))
					return nil
				}
				out = append(out, l)
				return nil
			})
		})
	})
	return out, bad, err
}

// Chunks reads the chunks of a list's current version, in order. A chunk that can't be read any more ends it with an error,
// and the list is given up: it is missing until a newer version comes.
func (h *HotLists) Chunks(l List) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for i := range l.Chunks {
			c, err := h.Chunk(l, i)
			if !yield(c, err) || err != nil {
				return
			}
		}
	}
}

// Chunk reads one chunk, as Chunks does.
func (h *HotLists) Chunk(l List, i int) (plain []byte, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.failed != nil {
		return nil, h.failed
	}
	bucket, key := chunkBucket(l.Name, l.Version), binary.BigEndian.AppendUint32(nil, uint32(i))
	err = guard(func() error {
		return h.db.View(func(tx *bbolt.Tx) (err error) {
			b := tx.Bucket(bucket)
			if b == nil {
				return ErrOldVersion // superseded while it was read
			}
			if plain, err = h.box.Open(nil, b.Get(key), place(bucket, key)); err != nil {
				return errDamaged
			}
			return nil
		})
	})
	if errors.Is(err, errDamaged) {
		h.lost = true
		e := guard(func() error {
			return h.db.Update(func(tx *bbolt.Tx) error { return tx.Bucket(bucketLists).Delete([]byte(l.Name)) })
		})
		if e == nil {
			e = h.settle()
		}
		if e != nil { // it isn't that list alone
			e = h.renew()
		}
		if e != nil {
			h.failed = e
		}
		return nil, fmt.Errorf("list %q version %d: %w", l.Name, l.Version, err)
	}
	if err != nil {
		return nil, fmt.Errorf("list %q version %d: %w", l.Name, l.Version, err)
	}
	return plain, nil
}
