package uplink

import (
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// wire is a connection whose Write never blocks. paho writes on one goroutine and blocks its callers, for up to 30 s,
// while that goroutine waits for a stalled link; with a wire below it, a stalled link is ours to see and to end. What is
// written and not yet on its way is bounded by the window of whoever publishes.
type wire struct {
	net.Conn // TLS, or the plain one inside the process
	raw      net.Conn
	in       meter // belongs to whoever reads

	mu     sync.Mutex
	queue  []byte    // not yet taken by the kernel
	moved  time.Time // when the kernel last took something
	inErr  error     // the first error of reading
	outErr error     // the first error of writing
	closed bool

	poke chan struct{} // holds one: queue or closed changed
	deaf chan struct{} // closed when inErr is set
	done chan struct{} // closed when pump has ended and so has the connection
}

const (
	wireChunk = 16 << 10               // bytes handed to the kernel at a time
	wireStall = 30 * time.Second       // for a chunk: a link slower than 0.5 kB/s is as good as gone
	wireLast  = 100 * time.Millisecond // after a failed write, for reading why: a broker that refuses says so before it hangs up
	wireFlush = 250 * time.Millisecond // what is left at the end, a DISCONNECT above all, may take so long
)

// newWire starts the goroutine that writes; Close ends it.
func newWire(conn, raw net.Conn) *wire {
	w := &wire{Conn: conn, raw: raw, moved: time.Now(), poke: make(chan struct{}, 1), deaf: make(chan struct{}), done: make(chan struct{})}
	go w.pump()
	return w
}

// Write takes p and returns.
func (w *wire) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return 0, net.ErrClosed
	}
	if err := w.reason(); err != nil {
		return 0, err
	}
	w.queue = append(w.queue, p...)
	w.signal()
	return len(p), nil
}

func (w *wire) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	if strange := w.in.pass(p[:n]); strange != nil {
		n, err = 0, strange // not a byte of it: io.ReadFull would take those and forget the error
	}
	if err != nil {
		w.mu.Lock()
		if w.inErr == nil {
			w.inErr = err
			close(w.deaf)
		}
		w.mu.Unlock()
	}
	return n, err
}

// SetWriteDeadline is ours alone to set: paho's would count from when it queued.
func (w *wire) SetWriteDeadline(time.Time) error { return nil }

// SetDeadline bounds reading only.
func (w *wire) SetDeadline(t time.Time) error { return w.Conn.SetReadDeadline(t) }

// Moved is when the kernel last took bytes.
func (w *wire) Moved() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.moved
}

// Err is what ended the connection, nil while it lasts or when Close did.
func (w *wire) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.reason()
}

// reason prefers what was read: a write fails for want of a reader, and that one may have said why it left. The caller
// holds mu.
func (w *wire) reason() error {
	for _, err := range []error{w.inErr, w.outErr} {
		if err != nil && !errors.Is(err, net.ErrClosed) && !errors.Is(err, io.ErrClosedPipe) { // those are our own Close
			return err
		}
	}
	return nil
}

// Close gives what is queued a quarter of a second to leave and ends the connection.
func (w *wire) Close() error {
	w.mu.Lock()
	w.closed = true
	w.signal()
	w.mu.Unlock()
	end := time.AfterFunc(wireFlush, func() { w.raw.Close() })
	defer end.Stop()
	<-w.done
	return nil
}

// signal wakes the pump; the caller holds mu.
func (w *wire) signal() {
	select {
	case w.poke <- struct{}{}:
	default:
	}
}

// pump writes what is queued, until Close or an error.
func (w *wire) pump() {
	defer close(w.done)
	var chunk []byte
	for {
		w.mu.Lock()
		if len(chunk) == 0 {
			n := min(len(w.queue), wireChunk)
			chunk = append(chunk, w.queue[:n]...)
		}
		closed := w.closed
		if len(chunk) > 0 && !closed {
			w.raw.SetWriteDeadline(time.Now().Add(wireStall))
		}
		w.mu.Unlock()

		if len(chunk) == 0 {
			if closed {
				w.Conn.Close() // says goodbye in TLS, then closes
				return
			}
			<-w.poke
			continue
		}
		if _, err := w.Conn.Write(chunk); err != nil {
			w.mu.Lock()
			w.outErr = err
			w.mu.Unlock()
			select {
			case <-w.deaf:
			case <-time.After(wireLast):
			}
			w.raw.Close() // not w.Conn: TLS would wait for the link to take its goodbye
			return
		}
		w.mu.Lock()
		w.queue = w.queue[len(chunk):]
		if len(w.queue) == 0 {
			w.queue = nil
		}
		w.moved = time.Now()
		w.mu.Unlock()
		chunk = chunk[:0]
	}
}
