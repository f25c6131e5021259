package demo

import (
	"context"
	"time"

	"alprd/internal/alpr"
)

// mostSkipped is how many of the traffic's frames are left out at most between two that are drawn: so every vehicle is
// seen several times while its plate is legible, however slow the machine.
const mostSkipped = 3

// Camera plays traffic in real time. Where drawing is slower than that, frames are left out, as a camera would; where it
// is much slower, the traffic slows down.
type Camera struct {
	Name    string
	Clock   alpr.Clock
	Traffic *Traffic

	// Shown, when set, is told what stands in a frame just before it is emitted.
	Shown func(alpr.Frame, []Truth)
}

// Run emits frames until ctx ends; its error is then ctx's. A frame's Seq is the number of the traffic's frame, plus one.
func (c *Camera) Run(ctx context.Context, emit func(alpr.Frame)) error {
	period := time.Duration(float64(time.Second) / c.Traffic.FPS())
	due := time.Now() // when frame n is
	timer := time.NewTimer(0)
	defer timer.Stop()
	for n := 0; ; {
		img, truth := c.Traffic.Frame(n)
		timer.Reset(max(0, time.Until(due)))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
		}
		f := alpr.Frame{Camera: c.Name, Seq: uint64(n) + 1, At: time.Now().UTC(), Clock: c.Clock, Image: img}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if c.Shown != nil {
			c.Shown(f, truth)
		}
		emit(f)

		late := time.Since(due)
		step := min(1+max(0, int(late/period)), 1+mostSkipped)
		n += step
		due = due.Add(time.Duration(step) * period)
		if now := time.Now(); due.Before(now) {
			due = now
		}
	}
}
