package capture

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"alprd/internal/alpr"

	"go.uber.org/zap"
)

// Keeper keeps a camera going: it runs the source into a ring, opens a live camera again for as long as it takes, and
// knows how the camera is.
type Keeper struct {
	cam  Camera
	src  Source
	ring *Ring
	log  *zap.Logger

	mu sync.Mutex // guards the rest
	h  Health     // what Health doesn't work out when it is asked

	arrivals [64]time.Time // of the latest frames, for the rate
	arrived  int           // frames of the current run
	still    time.Time     // since when the picture stands still; zero: not known
	frozen   bool          // has been logged
	last     uint64        // last sequence number handed out
	base     uint64        // added to the source's numbers in the current run
	freeze   freeze
}

// The pauses between two tries double from the first to the longest, each with a jitter of ±25 %, so that many units
// don't come back to one recorder at once. There is no limit on tries.
const (
	firstPause   = 500 * time.Millisecond
	longestPause = 30 * time.Second
	// healthy is how long frames must have come before the next pause is the first again.
	healthy = 10 * time.Second
)

// State says how a camera is.
type State string

const (
	Starting State = "starting" // opened; no frame yet
	Running  State = "running"
	Silent   State = "silent" // no frame for Camera.Silence; it will be opened again
	Retrying State = "retrying"
	Ended    State = "ended" // the end of a clip or folder, or of the unit
)

// Health is how a camera is. It holds no plate and no secret.
type Health struct {
	Camera     string    `json:"camera"`
	State      State     `json:"state"`
	Since      time.Time `json:"since"` // of the state
	FPS        float64   `json:"fps"`   // frames a second, over the latest 64
	Width      int       `json:"width"`
	Height     int       `json:"height"`
	Frames     uint64    `json:"frames"`     // given to the ring
	Dropped    uint64    `json:"dropped"`    // lost because the reader, or the pipe, was busy
	Damaged    uint64    `json:"damaged"`    // arrived broken and were not used
	Reconnects uint64    `json:"reconnects"` // tries after the first
	LastError  string    `json:"last_error,omitempty"`
	LastFrame  time.Time `json:"last_frame,omitzero"`
	Frozen     bool      `json:"frozen"`                // the picture has stood still for Camera.Frozen
	FrozenAt   time.Time `json:"frozen_since,omitzero"` // since when; zero unless Frozen
}

// NewKeeper wires a camera's source to a ring, which Run closes when it ends. log may be nil.
func NewKeeper(cam Camera, src Source, ring *Ring, log *zap.Logger) *Keeper {
	if log == nil {
		log = zap.NewNop()
	}
	return &Keeper{cam: cam, src: src, ring: ring, log: log.With(zap.String("camera", cam.Name)),
		h: Health{Camera: cam.Name, State: Starting, Since: time.Now().UTC()}}
}

// Run ends when the context does, or at the end of a clip or folder: both with nil. A live camera's troubles never end it;
// a clip or folder that can't be read does, with its error. Frames of a live camera, and of whatever is paced, are pushed
// into the ring and may push others out; everything else waits for room there.
func (k *Keeper) Run(ctx context.Context) error {
	defer k.ring.Close()
	defer k.enter(Ended, nil)
	pause := firstPause
	for {
		k.begin()
		began := time.Now()
		err := k.src.Run(ctx, func(f alpr.Frame) { k.take(ctx, f) })
		if ctx.Err() != nil {
			return nil
		}
		if !k.cam.Kind().Live() {
			if err != nil {
				k.enter(Ended, err)
			}
			return err
		}
		if err == nil {
			err = fmt.Errorf("camera %q: the stream ended", k.cam.Name)
		}
		if k.ran() && time.Since(began) >= healthy {
			pause = firstPause
		}
		wait := pause*3/4 + rand.N(pause/2)
		k.log.Warn("camera lost, will try again", zap.Error(err), zap.Duration("in", wait))
		k.enter(Retrying, err)
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			t.Stop()
			return nil
		case <-t.C:
		}
		pause = min(2*pause, longestPause)
	}
}

func (k *Keeper) paced() bool {
	return k.cam.Kind().Live() || k.cam.RealTime || k.cam.Kind() == Stills && k.cam.FPS > 0
}

// begin opens a run: its frames are numbered on from the last one's.
func (k *Keeper) begin() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.h.State == Retrying {
		k.h.Reconnects++
	}
	k.base, k.arrived, k.still, k.frozen = k.last, 0, time.Time{}, false
	k.freeze = freeze{}
	if k.h.State != Starting {
		k.h.State, k.h.Since = Starting, time.Now().UTC()
	}
}

func (k *Keeper) ran() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.arrived > 0
}

func (k *Keeper) enter(s State, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err != nil {
		k.h.LastError = scrub(err.Error(), k.cam.URL)
	}
	if k.h.State != s {
		k.h.State, k.h.Since = s, time.Now().UTC()
	}
}

// take passes a frame on and notes what it says of the camera.
func (k *Keeper) take(ctx context.Context, f alpr.Frame) {
	now := time.Now()
	k.mu.Lock()
	f.Seq += k.base
	k.last = f.Seq
	if k.h.State != Running {
		k.h.State, k.h.Since = Running, now.UTC()
		if k.h.Reconnects > 0 {
			k.log.Info("camera is back", zap.Uint64("reconnects", k.h.Reconnects))
		}
	}
	k.arrivals[k.arrived%len(k.arrivals)] = now
	k.arrived++
	k.h.Frames++
	k.h.LastFrame = now.UTC()
	if f.Image != nil {
		k.h.Width, k.h.Height = f.Image.Rect.Dx(), f.Image.Rect.Dy()
	}
	k.mu.Unlock()

	if k.cam.Kind().Live() && f.Image != nil {
		since := k.freeze.see(f.Image, now)
		k.mu.Lock()
		k.still = since
		frozen := now.Sub(since) >= k.cam.frozen()
		changed := frozen != k.frozen
		k.frozen = frozen
		k.mu.Unlock()
		if changed && frozen {
			k.log.Warn("camera picture is frozen", zap.Time("since", since.UTC()))
		} else if changed {
			k.log.Info("camera picture moves again")
		}
	}

	if k.paced() {
		k.ring.Push(f)
	} else {
		_ = k.ring.Put(ctx, f) // its error is the context's, which ends the source too
	}
}

// Health is how the camera is at the given time.
func (k *Keeper) Health(now time.Time) Health {
	k.mu.Lock()
	defer k.mu.Unlock()
	h := k.h
	h.Dropped = k.ring.Dropped()
	if c, ok := k.src.(interface {
		counts() (dropped, damaged uint64)
	}); ok {
		dropped, damaged := c.counts()
		h.Dropped += dropped
		h.Damaged = damaged
	}
	if n := min(k.arrived, len(k.arrivals)); h.State == Running && n > 1 {
		newest := k.arrivals[(k.arrived-1)%len(k.arrivals)]
		oldest := k.arrivals[(k.arrived-n)%len(k.arrivals)]
		// While frames come, their own span; when they stop, the rate falls with the time that passes.
		span := newest.Sub(oldest)
		mean := span / time.Duration(n-1)
		if gap := now.Sub(newest); gap > 2*mean {
			span += gap
		}
		if span > 0 {
			h.FPS = float64(n-1) / span.Seconds()
		}
	}
	if h.State == Running && k.cam.Kind().Live() {
		if now.Sub(h.LastFrame) >= k.cam.silence() {
			h.State, h.Since = Silent, h.LastFrame
		} else if now.Sub(k.still) >= k.cam.frozen() && !k.still.IsZero() {
			h.Frozen, h.FrozenAt = true, k.still.UTC()
		}
	}
	return h
}
