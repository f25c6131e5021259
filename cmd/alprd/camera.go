package main

import (
	"errors"
	"fmt"
	"image"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"alprd/internal/alpr"
	"alprd/internal/capture"
	"alprd/internal/store"
)

// ringFrames is how many frames wait for the reader, where they aren't large: two seconds at 15 frames a second. What a slow unit is
// behind with when a vehicle has passed, it reads while the road is empty (capture.Ring); when the ring is full the oldest is dropped
// and counted.
const ringFrames = 30

// silence is how long a live camera may say nothing before the vehicles that were in view are told: it may be dead.
const silence = 3 * time.Second

// reader follows one camera's vehicles. *ocr.Lane is one.
type reader interface {
	See(f alpr.Frame, regions ...image.Rectangle) []alpr.Read
	Pause() []alpr.Read
	Flush() []alpr.Read
}

// watcher looks over the loop's shoulder: the demo's page. It may not keep anything up.
type watcher interface {
	Saw(f alpr.Frame, reads []alpr.Read)
	Told(read alpr.Read, hits []alpr.Hit)
}

// matcher tells which entries a read hits.
type matcher interface {
	Match(read alpr.Read, at time.Time) []alpr.Hit
}

// camera is one camera's loop: read, match, record.
type camera struct {
	cfg      cameraConfig
	keeper   *capture.Keeper
	ring     *capture.Ring
	reader   reader
	failed   func() error                   // of the reader's networks
	now      func() (time.Time, alpr.Clock) // nil where frames carry a clip's own time
	lists    matcher
	recorder *recorder
	watcher  watcher // nil: nobody looks
	log      *zap.Logger

	apart     bool          // each frame is a picture of its own, with no motion between them
	begun     time.Time     // when the loop began; busySince counts from it, so that a clock step hides nothing
	busySince atomic.Int64  // ns from begun to the frame being worked on, 0 between frames
	shed      atomic.Uint64 // reads that the full disk turned away
	unkept    atomic.Uint64 // reads that could not be kept for another reason
	latency   latency
}

// watch reads the camera's frames until its ring is closed and empty; so the last frame is committed, too. The error is
// one that the unit can't go on with.
func (c *camera) watch() error {
	var failed error
	for failed == nil {
		f, late, ok := c.next()
		if !ok {
			break
		}
		if late {
			failed = c.tellAll(c.reader.Pause())
			continue
		}
		start := time.Now()
		c.busySince.Store(max(1, int64(start.Sub(c.begun))))
		if failed = c.look(f); failed != nil {
			break
		}
		c.latency.add(time.Since(start))
		c.busySince.Store(0)
	}
	// What was seen of vehicles still in view is told, whatever ended the loop.
	return errors.Join(failed, c.tellAll(c.reader.Flush()))
}

// next waits for a frame; late says that a live camera has been silent for too long.
func (c *camera) next() (f alpr.Frame, late, ok bool) {
	if c.now == nil { // a clip's time stands still while nothing comes
		f, ok = c.ring.Next()
		return f, false, ok
	}
	return c.ring.Within(silence)
}

func (c *camera) tellAll(reads []alpr.Read) error {
	for _, read := range reads {
		if err := c.tell(read); err != nil {
			return err
		}
	}
	return nil
}

func (c *camera) look(f alpr.Frame) error {
	if c.now != nil {
		// A wall clock that fell behind what time it is at least would put the read into a day long gone.
		if t, q := c.now(); f.At.Before(t.Add(-time.Minute)) {
			f.At, f.Clock = t, q
		}
	}
	reads := c.reader.See(f)
	if c.apart {
		reads = append(reads, c.reader.Flush()...)
	}
	if c.watcher != nil && f.Image != nil {
		c.watcher.Saw(f, reads)
	}
	if err := c.tellAll(reads); err != nil {
		return err
	}
	if err := c.failed(); err != nil {
		return fmt.Errorf("camera %s: %w", c.cfg.Name, err)
	}
	return nil
}

// tell matches and records one read.
func (c *camera) tell(read alpr.Read) error {
	hits := c.lists.Match(read, read.At)
	err := c.recorder.record(read, hits)
	switch {
	case errors.Is(err, store.ErrFull):
		// The store keeps room for alerts and says in health what it sheds; the camera goes on.
		if c.shed.Add(1) == 1 {
			c.log.Error("the disk is full: reads are not kept", zap.String("camera", c.cfg.Name), zap.Error(err))
		}
	case errors.Is(err, store.ErrDiskState), errors.Is(err, store.ErrClosed):
		return fmt.Errorf("camera %s: %w", c.cfg.Name, err)
	case err != nil: // one read that can't be kept is an alarm, not the end of the others
		c.unkept.Add(1)
		c.log.Error("a read could not be kept", zap.String("camera", c.cfg.Name), zap.Error(err))
	}
	if c.watcher != nil {
		c.watcher.Told(read, hits)
	}
	return nil
}

// stuck reports whether one frame has kept the loop for longer than limit.
func (c *camera) stuck(now time.Time, limit time.Duration) bool {
	since := c.busySince.Load()
	return since != 0 && now.Sub(c.begun)-time.Duration(since) > limit
}

// latency keeps the last 256 durations.
type latency struct {
	mu   sync.Mutex
	last [256]time.Duration
	n    int
}

func (l *latency) add(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last[l.n%len(l.last)] = d
	l.n++
}

// quantiles gives the median and the 95th percentile in milliseconds; nil before the first.
func (l *latency) quantiles() (p50, p95 *float64) {
	l.mu.Lock()
	d := slices.Clone(l.last[:min(l.n, len(l.last))])
	l.mu.Unlock()
	if len(d) == 0 {
		return nil, nil
	}
	slices.Sort(d)
	ms := func(q int) *float64 {
		v := float64(d[(q*len(d)+99)/100-1].Microseconds()) / 1e3 // nearest rank
		return &v
	}
	return ms(50), ms(95)
}
