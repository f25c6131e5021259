// Package alpr is the vocabulary of a plate reader: what a camera gives (Frame), what the recogniser is sure of
// (Posterior, Evidence, Lattice), what was read (Plate, Read), what is looked for (Entry), and what is told (Hit, Alert).
// It knows no hardware, no file and no network, and imports the standard library only.
package alpr

import (
	"image"
	"time"
)

// Frame is one picture as a camera gave it.
type Frame struct {
	Camera string    // the camera's configured name
	Seq    uint64    // counts the camera's frames from 1; a gap means frames were dropped, or still ones left out
	At     time.Time // when it was captured, UTC
	Clock  Clock     // how far At can be trusted

	// Image is full-range BT.601 (the JPEG convention). Its Y plane is what the networks see, without a conversion.
	// Whoever receives a frame owns it: nobody writes to the planes again.
	Image *image.YCbCr

	// Still says that nothing moves in the camera's zone. Image may then be nil: such a frame says that time has passed.
	Still bool
}

// Clock says how far a time can be trusted (R51).
type Clock struct {
	Quality ClockQuality
	Error   time.Duration // estimated maximum error; zero when unknown
}

// ClockQuality names where a time comes from.
type ClockQuality string

const (
	Synchronised   ClockQuality = "synchronised"   // the kernel's clock is disciplined (NTP, PTP)
	Unsynchronised ClockQuality = "unsynchronised" // a free-running clock
)

// Point is a place in a picture, in pixels from its top left corner.
type Point struct{ X, Y float64 }

// Quad is a plate's outer edge: top left, top right, bottom right, bottom left as seen by a reader of the plate.
type Quad [4]Point

// Bounds is the smallest upright rectangle that holds the quad.
func (q Quad) Bounds() (x0, y0, x1, y1 float64) {
	x0, y0, x1, y1 = q[0].X, q[0].Y, q[0].X, q[0].Y
	for _, p := range q[1:] {
		x0, y0 = min(x0, p.X), min(y0, p.Y)
		x1, y1 = max(x1, p.X), max(y1, p.Y)
	}
	return
}

// Centre is the mean of the four corners.
func (q Quad) Centre() Point {
	var c Point
	for _, p := range q {
		c.X += p.X / 4
		c.Y += p.Y / 4
	}
	return c
}
