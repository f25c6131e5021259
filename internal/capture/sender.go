package capture

import (
	"encoding/json"
	"hash/crc32"
	"io"
	"sync"
	"time"
)

// sender is the child's end of the pipe. A clip's frames are sent and waited for; a live camera's are offered: while the
// pipe is busy the newest one waits, and takes the place of the one that waited before it.
type sender struct {
	w     io.Writer
	table *crc32.Table
	tones *ranges
	rate  rate

	gate     *Gate     // nil: every picture is sent
	pictured time.Time // when the last picture was captured that was sent

	mu      sync.Mutex
	change  sync.Cond
	pending []byte   // a finished message, nil when none waits
	free    [][]byte // buffers to build messages in
	broken  error    // the pipe's; the unit is gone or has had enough
	closed  bool

	writing sync.Mutex // held while a message goes out

	seq, dropped, damaged uint64 // guarded by mu
}

func newSender(w io.Writer, fps float64) *sender {
	s := &sender{w: w, table: castagnoli(), tones: newRanges(), rate: rate{fps: fps}}
	s.change.L = &s.mu
	return s
}

// glimpse is how often a picture is sent although nothing moves: whoever watches the camera itself wants to see it, and so
// does a reader that looks after what stands there.
const glimpse = time.Second

// build makes a frame's message; it counts the frame. Where nothing moves, most are without their picture: packing it, two
// checksums and the pipe cost as much as a third of decoding it.
func (s *sender) build(p *planes, at time.Time) []byte {
	m := message{kind: msgFrame, at: at.UnixNano(), still: s.gate != nil && !s.gate.sees(p, s.tones)}
	if m.still && at.Sub(s.pictured).Abs() < glimpse { // Abs: clocks are set
		m.kind = msgStill
	} else {
		m.ratio, m.width, m.height, m.length = p.ratio, p.width, p.height, planesSize(p.width, p.height, p.ratio)
		s.pictured = at
	}
	b := s.buffer(headerSize + m.length)
	if m.length > 0 {
		p.pack(b[headerSize:], s.tones)
	}
	s.mu.Lock()
	s.seq++
	m.seq, m.dropped, m.damaged = s.seq, s.dropped, s.damaged
	s.mu.Unlock()
	m.sum = crc32.Checksum(b[headerSize:], s.table)
	m.put(b, s.table)
	return b
}

func (s *sender) buffer(n int) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.free) > 0 {
		b := s.free[len(s.free)-1]
		s.free = s.free[:len(s.free)-1]
		if cap(b) >= n {
			return b[:n]
		}
	}
	return make([]byte, n)
}

// send writes a frame and waits until it is on its way.
func (s *sender) send(p *planes, at time.Time) error {
	if !s.rate.keep(at) {
		return nil
	}
	b := s.build(p, at)
	err := s.write(b)
	s.mu.Lock()
	s.free = append(s.free[:0], b)
	s.mu.Unlock()
	return err
}

// offer leaves a frame for pump and returns at once. Its error is the pipe's.
func (s *sender) offer(p *planes, at time.Time) error {
	if !s.rate.keep(at) {
		return nil
	}
	b := s.build(p, at)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pending != nil && len(s.pending) > headerSize {
		if len(b) == headerSize { // a still frame isn't worth a picture
			s.free = append(s.free, b)
			return s.broken
		}
		s.dropped++
	}
	if s.pending != nil {
		s.free = append(s.free, s.pending)
	}
	s.pending = b
	s.change.Signal()
	return s.broken
}

// pump writes what is offered until stop is called or the pipe breaks.
func (s *sender) pump() {
	for {
		s.mu.Lock()
		for s.pending == nil && !s.closed {
			s.change.Wait()
		}
		b := s.pending
		s.pending = nil
		s.mu.Unlock()
		if b == nil {
			return
		}
		err := s.write(b)
		s.mu.Lock()
		s.free = append(s.free, b)
		s.broken = err
		s.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// stop ends pump once what is pending is written.
func (s *sender) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.change.Signal()
}

// hurt counts a frame that was damaged and is not sent.
func (s *sender) hurt() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.damaged++
}

func (s *sender) say(kind byte, v any) error {
	var text []byte
	if v != nil {
		var err error
		if text, err = json.Marshal(v); err != nil {
			return err
		}
	}
	b := make([]byte, headerSize+len(text))
	copy(b[headerSize:], text)
	s.mu.Lock()
	m := message{kind: kind, seq: s.seq, dropped: s.dropped, damaged: s.damaged, length: len(text)}
	s.mu.Unlock()
	m.sum = crc32.Checksum(text, s.table)
	m.put(b, s.table)
	return s.write(b)
}

func (s *sender) write(b []byte) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	_, err := s.w.Write(b)
	return err
}

// rate lets at most so many frames a second through, evenly. It forgives a quarter of an interval, so that a camera
// whose frames come a little early isn't halved.
type rate struct {
	fps  float64
	next time.Time
}

func (r *rate) keep(at time.Time) bool {
	if r.fps <= 0 {
		return true
	}
	interval := time.Duration(float64(time.Second) / r.fps)
	switch late := at.Sub(r.next); {
	case r.next.IsZero(), late > interval, late < -4*interval: // the first, or time has jumped
		r.next = at.Add(interval)
	case late < -interval/4:
		return false
	default:
		r.next = r.next.Add(interval)
	}
	return true
}
