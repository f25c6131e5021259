package alpr

import (
	"fmt"
	"image"
	"math"
)

// Zone is the part of a camera's picture in which vehicles are looked for: a polygon with corners in fractions of the
// picture's width and height, 0..1, so that it holds at every resolution. The empty zone is the whole picture.
type Zone [][2]float64

// Check says what is wrong with the zone, in words for whoever wrote it; nil: nothing.
func (z Zone) Check() error {
	if n := len(z); n == 1 || n == 2 {
		return fmt.Errorf("has %d corners; it needs three", n)
	}
	var area float64
	for i, p := range z {
		if !(p[0] >= 0 && p[0] <= 1 && p[1] >= 0 && p[1] <= 1) { // not a number, too
			return fmt.Errorf("has a corner at %v, %v; corners are fractions of the picture's width and height, 0 to 1", p[0], p[1])
		}
		q := z[(i+1)%len(z)]
		area += (p[0]*q[1] - q[0]*p[1]) / 2
	}
	if len(z) > 0 && math.Abs(area) < leastZone {
		return fmt.Errorf("covers %.2g %% of the picture; a lane covers more", 100*math.Abs(area))
	}
	return nil
}

// leastZone is the share of the picture below which a zone can only be a mistake.
const leastZone = 0.005

// Holds tells whether a point, in fractions, lies in the zone (even-odd rule).
func (z Zone) Holds(x, y float64) bool {
	if len(z) == 0 {
		return true
	}
	in := false
	for i, j := 0, len(z)-1; i < len(z); j, i = i, i+1 {
		a, b := z[i], z[j]
		if (a[1] > y) != (b[1] > y) && x < (b[0]-a[0])*(y-a[1])/(b[1]-a[1])+a[0] {
			in = !in
		}
	}
	return in
}

// Bounds is the smallest rectangle of a w×h picture that holds the zone.
func (z Zone) Bounds(w, h int) image.Rectangle {
	all := image.Rect(0, 0, w, h)
	if len(z) == 0 {
		return all
	}
	x0, y0, x1, y1 := 1.0, 1.0, 0.0, 0.0
	for _, p := range z {
		x0, x1 = min(x0, p[0]), max(x1, p[0])
		y0, y1 = min(y0, p[1]), max(y1, p[1])
	}
	return image.Rect(int(math.Floor(x0*float64(w))), int(math.Floor(y0*float64(h))), int(math.Ceil(x1*float64(w))), int(math.Ceil(y1*float64(h)))).Intersect(all)
}
