package ocr

import (
	"image"
	"testing"

	"alprd/internal/alpr"
)

// bright is a finder's network that takes the bright rectangle in its input for the one plate, hot where it is large
// enough to be made out.
type bright struct {
	sizes []image.Point // of the inputs it was given
	heat  func(width float64) float64
}

func (*bright) close() {}

func (b *bright) run(in []float32, h, w int) ([]tensor, error) {
	b.sizes = append(b.sizes, image.Pt(w, h))
	// Coverage of the outermost rows and columns places the edges within the pixel.
	sumX, sumY := make([]float64, w), make([]float64, h)
	for y := range h {
		for x := range w {
			v := max(0, float64(in[y*w+x])/2)
			sumX[x] += v
			sumY[y] += v
		}
	}
	x0, x1, okX := span(sumX)
	y0, y1, okY := span(sumY)
	if !okX || !okY {
		heat, corners := maps(w/stride, h/stride)
		return []tensor{heat, corners}, nil
	}
	heat, corners := maps(w/stride, h/stride, find{quad: upright((x0+x1)/2, (y0+y1)/2, x1-x0, y1-y0), score: b.heat(x1 - x0)})
	return []tensor{heat, corners}, nil
}

// span gives where a profile begins and ends, its first and last value being what share of a pixel they cover.
func span(sum []float64) (from, to float64, ok bool) {
	full := 0.0
	for _, v := range sum {
		full = max(full, v)
	}
	first, last := -1, -1
	for i, v := range sum {
		if v > 0.02*full && v > 0 {
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	if first < 0 || last <= first {
		return 0, 0, false
	}
	return float64(first) + 1 - sum[first]/full, float64(last) + sum[last]/full, true
}

func explorer(b *bright) *Engine {
	return &Engine{finder: newFinder(b), least: leastHeat}
}

// A bright plate of w×h around cx, cy in a grey picture.
func plateAt(W, H int, cx, cy, w, h float64) plane {
	return luma(paint(W, H, func(x, y float64) float64 {
		if x >= cx-w/2 && x < cx+w/2 && y >= cy-h/2 && y < cy+h/2 {
			return 255
		}
		return 127
	}))
}

// Whatever the picture's size and wherever the plate, its corners come back in the picture's own pixels through both looks.
func TestExploreGivesThePicturesCorners(t *testing.T) {
	for _, c := range []struct {
		name         string
		W, H         int
		cx, cy, w, h float64
	}{
		{"in the middle", 1280, 720, 640, 360, 120, 60},
		{"small, off centre", 1280, 720, 301, 511, 60, 30},
		{"near the left edge", 1280, 720, 44, 300, 80, 40},
		{"in the lower right corner", 1280, 720, 1224, 690, 100, 50},
		{"nearly all of a frame", 1280, 720, 640, 380, 900, 420},
		{"tall picture", 720, 1280, 300, 1100, 140, 66},
		{"a parking area", 640, 480, 333, 207, 75, 36},
		{"twelve million pixels", 4000, 3000, 1800, 2300, 500, 250},
		{"a close-up", 320, 160, 160, 80, 280, 140},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := explorer(&bright{heat: func(float64) float64 { return 0.9 }})
			defer e.finder.close()
			found := e.explore(plateAt(c.W, c.H, c.cx, c.cy, c.w, c.h))
			if len(found) != 1 {
				t.Fatalf("%d plates", len(found))
			}
			// A pixel of the coarser look, which is averaged with the finer one.
			limit := max(1, float64(max(c.W, c.H))/wide)
			for k, want := range upright(c.cx, c.cy, c.w, c.h) {
				if d := distance(found[0].quad[k], want); d > limit {
					t.Errorf("corner %d at %.1f, %.1f, want %.1f, %.1f", k, found[0].quad[k].X, found[0].quad[k].Y, want.X, want.Y)
				}
			}
		})
	}
}

// An ordinary picture with a plate that is plain to see costs one look at the whole and one closer look at the plate.
func TestExploreStopsWhenItIsSure(t *testing.T) {
	b := &bright{heat: func(float64) float64 { return 0.8 }}
	e := explorer(b)
	defer e.finder.close()
	e.explore(plateAt(1280, 720, 640, 360, 120, 60))
	want := []image.Point{{wide, upTo(wide * 9 / 16)}, {closerW, closerH}}
	if len(b.sizes) != 2 || b.sizes[0] != want[0] || b.sizes[1] != want[1] {
		t.Errorf("looked at %v, want %v", b.sizes, want)
	}
}

// What one look takes for a plate and the closer one doesn't is none.
func TestCloserLookRefuses(t *testing.T) {
	b := &bright{heat: func(w float64) float64 {
		if w > 80 { // as the closer look shows it
			return 0.05
		}
		return 0.6
	}}
	e := explorer(b)
	defer e.finder.close()
	if found := e.search(plateAt(1280, 720, 640, 360, 120, 60), []view{{scale: 0.5}}); len(found) != 0 {
		t.Errorf("found %v", found)
	}
}

// A plate that a look at the whole only suspects is found when the closer look is sure of it.
func TestCloserLookConfirms(t *testing.T) {
	b := &bright{heat: func(w float64) float64 {
		if w > 80 {
			return 0.9
		}
		return 0.3
	}}
	e := explorer(b)
	defer e.finder.close()
	found := e.search(plateAt(1280, 720, 640, 360, 120, 60), []view{{scale: 0.5}})
	if len(found) != 1 || found[0].score < 0.55 {
		t.Errorf("found %v", found)
	}
}

// Where the look at the whole finds nothing, a large picture is searched at full size.
func TestExploreGoesOnWhereItFoundNothing(t *testing.T) {
	b := &bright{heat: func(w float64) float64 {
		if w < 35 {
			return 0.1
		}
		return 0.7
	}}
	e := explorer(b)
	defer e.finder.close()
	found := e.explore(plateAt(1280, 720, 640, 360, 60, 30))
	if len(found) != 1 || distance(found[0].quad.Centre(), alpr.Point{X: 640, Y: 360}) > 1 {
		t.Errorf("found %v", found)
	}
	if b.sizes[1].X != 1280 {
		t.Errorf("looked at %v", b.sizes)
	}
}
