package store

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"alprd/internal/disk"
	"alprd/internal/seal"
)

// HotLists is lists.db: what came of hot lists, and for each list which version is current.
//
// Bucket "lists" holds for each list the head of its current version; "chunks/<list>" its chunks by name, as they came: whoever
// published them has sealed them, and the key to them stands in the head; "image/<list>/<version>" what was made of them to be searched, in blocks. A version's
// head and image are sealed under a key of its own in the key ring, with bucket and key as context. When the next version is current that key is
// destroyed: no copy of lists.db tells the old list any more. The highest version ever activated stands in the key ring, too, so that an older
// one stays refused although lists.db was deleted (R22).
type HotLists struct {
	path string
	fs   *disk.FS
	ring *seal.Ring

	mu     sync.Mutex
	db     *bbolt.DB
	failed error
	lost   bool
}

// List is one list's current version.
type List struct {
	Name        string    `json:"name"`
	Version     uint64    `json:"version"`
	Head        []byte    `json:"head"` // what it says of itself, opaque
	Blocks      int       `json:"blocks"`
	ActivatedAt time.Time `json:"activated_at"`
}

const (
	stageBytes = 4 << 20 // put into one transaction
	imageBlock = 1 << 20 // bytes of an image sealed together
	lastMark   = "list.version/"
	listKey    = "list.key/"
	// listPages makes pages of 16 KiB: checking a large lists.db at start costs by the page.
	listPages = 16 << 10
)

var bucketLists = []byte("lists")

// OpenHotLists opens the cache in the state directory dir. What is damaged of it is given up, the whole file moved aside if
// need be, and Lost reports it: lists are missing until newer versions come.
func OpenHotLists(dir string, ring *seal.Ring, fsys *disk.FS) (*HotLists, error) {
	h := &HotLists{path: filepath.Join(dir, "lists.db"), fs: fsys, ring: ring}
	var err error
	h.db, err = openBolt(h.path, listPages)
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
	if h.db, err = openBolt(h.path, listPages); err != nil {
		return err
	}
	return h.settle()
}

// settle finishes what a crash left: it removes images that aren't current, and heads that don't open; destroys the keys of
// versions that aren't current, and lifts marks that lag behind. Chunks stay: a transfer may be under way.
func (h *HotLists) settle() error {
	lists, bad, err := h.current()
	if err != nil {
		return err
	}
	h.lost = h.lost || len(bad) > 0
	keep, keys := map[string]bool{}, map[string]bool{}
	for _, l := range lists {
		keep[string(imageBucket(l.Name, l.Version))] = true
		keys[keyName(l.Name, l.Version)] = true
	}
	err = h.update(func(tx *bbolt.Tx) error {
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
			if bytes.HasPrefix(name, []byte("image/")) && !keep[string(name)] {
				old = append(old, bytes.Clone(name))
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
	if err != nil {
		return err
	}
	names := h.ring.Names()
	return h.ring.Update(func(e *seal.Edit) {
		for _, l := range lists {
			e.Raise(lastMark+l.Name, l.Version)
		}
		for _, name := range names {
			if strings.HasPrefix(name, listKey) && !keys[name] {
				e.Destroy(name)
			}
		}
	})
}

func (h *HotLists) update(f func(*bbolt.Tx) error) error {
	return guard(func() error { return h.db.Update(f) })
}

func keyName(name string, version uint64) string {
	return fmt.Sprintf("%s%s/%020d", listKey, name, version)
}

func imageBucket(name string, version uint64) []byte {
	return fmt.Appendf(nil, "image/%s/%020d", name, version)
}

func chunkBucket(name string) []byte { return []byte("chunks/" + name) }

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

// Keep makes chunks of a list durable, by their names, before a version that needs them is active. They must be sealed. It takes them in batches; an
// error among them ends it, and what was kept before stays.
func (h *HotLists) Keep(list string, chunks iter.Seq2[string, []byte]) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.failed != nil {
		return h.failed
	}
	if err := goodList(list); err != nil {
		return err
	}
	type chunk struct {
		name string
		b    []byte
	}
	var batch []chunk
	size := 0
	flush := func() error {
		err := h.update(func(tx *bbolt.Tx) error {
			b, err := tx.CreateBucketIfNotExists(chunkBucket(list))
			if err != nil {
				return err
			}
			for _, c := range batch {
				if err := b.Put([]byte(c.name), c.b); err != nil {
					return err
				}
			}
			return nil
		})
		batch, size = nil, 0
		return err
	}
	for name, b := range chunks {
		batch = append(batch, chunk{name, b})
		if size += len(b); size >= stageBytes {
			if err := flush(); err != nil {
				return fmt.Errorf("keep chunks of a list: %w", err)
			}
		}
	}
	if err := flush(); err != nil {
		return fmt.Errorf("keep chunks of a list: %w", err)
	}
	return nil
}

func goodList(name string) error {
	if name == "" || len(name) > 128 {
		return fmt.Errorf("store: a list's name has 1 to 128 bytes, not %d", len(name))
	}
	return nil
}

// Chunk reads a chunk that was kept; fs.ErrNotExist when there is none of this name. Whether its bytes are still what they were is for its reader to
// see: their name is their hash.
func (h *HotLists) Chunk(list, name string) (b []byte, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.failed != nil {
		return nil, h.failed
	}
	err = guard(func() error {
		return h.db.View(func(tx *bbolt.Tx) error {
			c := tx.Bucket(chunkBucket(list))
			if c == nil {
				return fs.ErrNotExist
			}
			if b = bytes.Clone(c.Get([]byte(name))); b == nil {
				return fs.ErrNotExist
			}
			return nil
		})
	})
	return b, err
}

// Prune removes the chunks of a list but those named.
func (h *HotLists) Prune(list string, but []string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.failed != nil {
		return h.failed
	}
	keep := map[string]bool{}
	for _, name := range but {
		keep[name] = true
	}
	err := h.update(func(tx *bbolt.Tx) error {
		b := tx.Bucket(chunkBucket(list))
		if b == nil {
			return nil
		}
		var old [][]byte
		c := b.Cursor()
		for k, _ := c.First(); k != nil; k, _ = c.Next() {
			if !keep[string(k)] {
				old = append(old, bytes.Clone(k))
			}
		}
		if len(keep) == 0 {
			return tx.DeleteBucket(chunkBucket(list))
		}
		for _, k := range old {
			if err := b.Delete(k); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("prune a list's chunks: %w", err)
	}
	return nil
}

// Activate makes a version of a list the current one, in one step: after any crash exactly the former version or this one
// is current (R21). The version must be higher than any that was active before, or ErrOldVersion is returned (R22). image
// writes what Image reads again; its error, which is returned, leaves the former version.
func (h *HotLists) Activate(l List, image func(io.Writer) error) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.failed != nil {
		return h.failed
	}
	if err := goodList(l.Name); err != nil {
		return err
	}
	if err := h.settle(); err != nil {
		return fmt.Errorf("activate list: %w", err)
	}
	if highest := h.ring.Mark(lastMark + l.Name); l.Version <= highest {
		return fault{fmt.Errorf("%w: list %q version %d, version %d was active", ErrOldVersion, l.Name, l.Version, highest),
			"publish the list anew with a higher version"}
	}
	key, err := h.ring.Make(keyName(l.Name, l.Version), nil)
	if err != nil {
		return fmt.Errorf("activate list: %w", err)
	}
	box := key.Box()
	w := &imageWriter{h: h, box: box, bucket: imageBucket(l.Name, l.Version)}
	if err := image(w); err == nil {
		err = w.end()
	} else {
		w.err = err
	}
	if w.err != nil {
		h.settle()
		return fmt.Errorf("activate list: %w", w.err)
	}
	// At this point the image is durable and nothing refers to it: a crash leaves the former version.
	l.Blocks, l.ActivatedAt = w.blocks, l.ActivatedAt.UTC()
	head, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("activate list: %w", err)
	}
	err = h.update(func(tx *bbolt.Tx) error {
		k := []byte(l.Name)
		return tx.Bucket(bucketLists).Put(k, box.Seal(binary.BigEndian.AppendUint64(nil, l.Version), head, place(bucketLists, k)))
	})
	if err != nil {
		return fmt.Errorf("activate list: %w", err)
	}
	// At this point the new version is current. A crash before the old one's key is destroyed and the mark lifted is made up for
	// by settle.
	if err := h.settle(); err != nil {
		return fmt.Errorf("list is active, but its version can't be marked: %w", err)
	}
	return nil
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
				l, ok := h.head(k, v)
				if !ok {
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

func (h *HotLists) head(k, v []byte) (l List, ok bool) {
	if len(v) < 8 {
		return l, false
	}
	key, _, ok := h.ring.Key(keyName(string(k), binary.BigEndian.Uint64(v)))
	if !ok {
		return l, false
	}
	plain, err := key.Box().Open(nil, v[8:], place(bucketLists, k))
	return l, err == nil && json.Unmarshal(plain, &l) == nil
}

// Forget gives a list up whose chunks or image turned out damaged: it is missing until a newer version comes, and Lost reports it.
func (h *HotLists) Forget(list string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.failed != nil {
		return h.failed
	}
	h.lost = true
	err := h.update(func(tx *bbolt.Tx) error {
		if err := tx.Bucket(bucketLists).Delete([]byte(list)); err != nil {
			return err
		}
		if tx.Bucket(chunkBucket(list)) == nil {
			return nil
		}
		return tx.DeleteBucket(chunkBucket(list))
	})
	if err == nil {
		err = h.settle()
	}
	if err != nil { // it isn't that list alone
		err = h.renew()
	}
	if err != nil {
		h.failed = err
	}
	return err
}
