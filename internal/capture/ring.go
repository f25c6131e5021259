package capture

import (
	"context"
	"sync"
	"time"

	"alprd/internal/alpr"
)

// Ring stands between a camera, which can't wait, and its reader. When it is full the oldest frame is dropped, so that
// the reader always sees the newest, and every drop is counted; the gap shows in Seq. Frames in which nothing moves never push out
// others: those in a row wait as one, the last; so a slow reader works off what it is behind with while the road is empty.
type Ring struct {
	mu      sync.Mutex
	change  sync.Cond
	buf     []alpr.Frame
	head, n int
	bytes   int // of the pictures in buf
	closed  bool
	dropped uint64
}

// mostHeld is how many bytes of pictures a ring holds at most, as long as it is more than one: 30 frames of 1280×720, 13 of
// 1920×1080.
const mostHeld = 42 << 20

// NewRing makes a ring of the given number of frames, at least one; of large pictures it holds fewer.
func NewRing(size int) *Ring {
	r := &Ring{buf: make([]alpr.Frame, max(size, 1))}
	r.change.L = &r.mu
	return r
}

// Push adds a frame and never waits. A frame pushed after Close is forgotten.
func (r *Ring) Push(f alpr.Frame) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	newest := (r.head + r.n - 1) % len(r.buf)
	switch {
	case f.Still && r.n > 0 && r.buf[newest].Still:
		r.bytes += size(f) - size(r.buf[newest])
		r.buf[newest] = f
		return
	case r.full(f) && f.Still:
		return
	}
	for r.full(f) {
		r.take()
		r.dropped++
	}
	r.put(f)
}

// full reports whether there is no room for f.
func (r *Ring) full(f alpr.Frame) bool {
	return r.n == len(r.buf) || r.n > 0 && r.bytes+size(f) > mostHeld
}

// size is the bytes of a frame's picture.
func size(f alpr.Frame) int {
	if f.Image == nil {
		return 0
	}
	return len(f.Image.Y) + len(f.Image.Cb) + len(f.Image.Cr)
}

// Put adds a frame as soon as there is room: for sources that can wait. It returns the context's cause when that ends first,
// and forgets the frame after Close.
func (r *Ring) Put(ctx context.Context, f alpr.Frame) error {
	defer context.AfterFunc(ctx, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.change.Broadcast()
	})()
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.full(f) && !r.closed {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		r.change.Wait()
	}
	if !r.closed {
		r.put(f)
	}
	return nil
}

// Within is Next for a reader that has something to do when the camera falls silent: late says that no frame came in the given
// time.
func (r *Ring) Within(wait time.Duration) (f alpr.Frame, late, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.n == 0 && !r.closed {
		over := false
		timer := time.AfterFunc(wait, func() {
			r.mu.Lock()
			defer r.mu.Unlock()
			over = true
			r.change.Broadcast()
		})
		defer timer.Stop()
		for r.n == 0 && !r.closed && !over {
			r.change.Wait()
		}
	}
	switch {
	case r.n > 0:
		f = r.take()
		r.change.Broadcast()
		return f, false, true
	case r.closed:
		return f, false, false
	}
	return f, true, true
}

// Next waits for a frame; it is false once the ring is closed and empty.
func (r *Ring) Next() (alpr.Frame, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.n == 0 {
		if r.closed {
			return alpr.Frame{}, false
		}
		r.change.Wait()
	}
	f := r.take()
	r.change.Broadcast()
	return f, true
}

// Close ends the reader's waiting once what is in the ring has been taken. It may be called more than once.
func (r *Ring) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	r.change.Broadcast()
}

// Dropped counts the frames that were pushed out unseen.
func (r *Ring) Dropped() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.dropped
}

func (r *Ring) put(f alpr.Frame) {
	r.buf[(r.head+r.n)%len(r.buf)] = f
	r.n++
	r.bytes += size(f)
	r.change.Broadcast()
}

func (r *Ring) take() alpr.Frame {
	f := r.buf[r.head]
	r.buf[r.head] = alpr.Frame{} // let the picture go
	r.head = (r.head + 1) % len(r.buf)
	r.n--
	r.bytes -= size(f)
	return f
}
