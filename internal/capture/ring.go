package capture

import (
	"context"
	"iter"
	"sync"

	"alprd/internal/alpr"
)

// Ring stands between a camera, which can't wait, and its reader. When it is full the oldest frame is dropped, so that
// the reader always sees the newest, and every drop is counted; the gap shows in Seq.
type Ring struct {
	mu      sync.Mutex
	change  sync.Cond
	buf     []alpr.Frame
	head, n int
	closed  bool
	dropped uint64
}

// NewRing makes a ring of the given number of frames, at least one.
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
	if r.n == len(r.buf) {
		r.take()
		r.dropped++
	}
	r.put(f)
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
	for r.n == len(r.buf) && !r.closed {
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

// Frames is the reader's end: it waits for frames and ends once the ring is closed and empty.
func (r *Ring) Frames() iter.Seq[alpr.Frame] {
	return func(yield func(alpr.Frame) bool) {
		for {
			f, ok := r.next()
			if !ok || !yield(f) {
				return
			}
		}
	}
}

func (r *Ring) next() (alpr.Frame, bool) {
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

// Close ends Frames once what is in the ring has been taken. It may be called more than once.
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
	r.change.Broadcast()
}

func (r *Ring) take() alpr.Frame {
	f := r.buf[r.head]
	r.buf[r.head] = alpr.Frame{} // let the picture go
	r.head = (r.head + 1) % len(r.buf)
	r.n--
	return f
}
