package demo

import (
	"context"
	"time"

	"alprd/internal/alpr"
)

// Camera plays traffic in real time. Where drawing is slower than the traffic, frames are left out, as a camera would.
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
	start := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for n := 0; ; n++ {
		// Draw ahead of the hour at which the frame is due.
		n = max(n, int(time.Since(start)/period))
		img, truth := c.Traffic.Frame(n)
		due := start.Add(time.Duration(n) * period)
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
	}
}
