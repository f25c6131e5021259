package store

import (
	"encoding/binary"
	"fmt"
	"io"

	"go.etcd.io/bbolt"

	"alprd/internal/seal"
)

// imageWriter seals an image in blocks, several to a transaction. Its caller holds the lock.
type imageWriter struct {
	h      *HotLists
	box    seal.Box
	bucket []byte
	open   []byte
	sealed [][]byte
	blocks int
	err    error
}

func (w *imageWriter) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 && w.err == nil {
		k := min(len(p), imageBlock-len(w.open))
		w.open = append(w.open, p[:k]...)
		if p = p[k:]; len(w.open) == imageBlock {
			w.block()
		}
	}
	return n, w.err
}

func (w *imageWriter) block() {
	w.sealed = append(w.sealed, w.box.Seal(nil, w.open, place(w.bucket, blockKey(w.blocks+len(w.sealed)))))
	if w.open = w.open[:0]; len(w.sealed)*imageBlock >= stageBytes {
		w.flush()
	}
}

func (w *imageWriter) flush() {
	w.err = w.h.update(func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists(w.bucket)
		if err != nil {
			return err
		}
		b.FillPercent = 1 // keys only rise
		for i, s := range w.sealed {
			if err := b.Put(blockKey(w.blocks+i), s); err != nil {
				return err
			}
		}
		return nil
	})
	w.blocks += len(w.sealed)
	w.sealed = nil
}

func (w *imageWriter) end() error {
	if len(w.open) > 0 && w.err == nil {
		w.block()
	}
	if w.err == nil {
		w.flush()
	}
	return w.err
}

func blockKey(i int) []byte { return binary.BigEndian.AppendUint32(nil, uint32(i)) }

// Image reads what Activate was given for a current version. An error of reading other than io.EOF means that the image is damaged or superseded.
func (h *HotLists) Image(l List) io.Reader {
	key, _, ok := h.ring.Key(keyName(l.Name, l.Version))
	return &imageReader{h: h, l: l, box: key.Box(), gone: !ok}
}

// imageReader opens an image block by block.
type imageReader struct {
	h    *HotLists
	l    List
	box  seal.Box
	gone bool
	next int
	room []byte
	rest []byte
}

func (r *imageReader) Read(p []byte) (int, error) {
	for len(r.rest) == 0 {
		if r.next == r.l.Blocks {
			return 0, io.EOF
		}
		if err := r.block(); err != nil {
			return 0, fmt.Errorf("image of list %q version %d: %w", r.l.Name, r.l.Version, err)
		}
		r.next++
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func (r *imageReader) block() error {
	r.h.mu.Lock()
	defer r.h.mu.Unlock()
	if r.h.failed != nil {
		return r.h.failed
	}
	bucket, key := imageBucket(r.l.Name, r.l.Version), blockKey(r.next)
	return guard(func() error {
		return r.h.db.View(func(tx *bbolt.Tx) (err error) {
			b := tx.Bucket(bucket)
			if b == nil || r.gone {
				return ErrOldVersion // superseded while it was read
			}
			if r.room, err = r.box.Open(r.room[:0], b.Get(key), place(bucket, key)); err != nil {
				return errDamaged
			}
			r.rest = r.room
			return nil
		})
	})
}
