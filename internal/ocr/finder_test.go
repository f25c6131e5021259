package ocr

import (
	"math"
	"testing"

	"alprd/internal/alpr"
)

// upright is a plate of w×h around a centre.
func upright(cx, cy, w, h float64) alpr.Quad {
	return alpr.Quad{{X: cx - w/2, Y: cy - h/2}, {X: cx + w/2, Y: cy - h/2}, {X: cx + w/2, Y: cy + h/2}, {X: cx - w/2, Y: cy + h/2}}
}

// maps writes the finder's outputs of w×h cells as it would for the plates: a peak at each centre, and beside it cells
// that say the same corners.
func maps(w, h int, plates ...find) (heat, corners []float32) {
	heat, corners = make([]float32, w*h), make([]float32, 8*w*h)
	for _, p := range plates {
		c := p.quad.Centre()
		cx, cy := int(c.X/stride), int(c.Y/stride)
		for y := max(0, cy-1); y <= min(h-1, cy+1); y++ {
			for x := max(0, cx-1); x <= min(w-1, cx+1); x++ {
				heat[y*w+x] = float32(p.score * math.Pow(0.8, math.Abs(float64(x-cx))+math.Abs(float64(y-cy))))
				for k, q := range p.quad {
					corners[(2*k)*w*h+y*w+x] = float32((q.X - (float64(x)+0.5)*stride) / unit)
					corners[(2*k+1)*w*h+y*w+x] = float32((q.Y - (float64(y)+0.5)*stride) / unit)
				}
			}
		}
	}
	return heat, corners
}

func TestPeaksGiveThePlates(t *testing.T) {
	want := []find{
		{quad: upright(200, 100, 100, 50), score: 0.9},
		{quad: alpr.Quad{{X: 20, Y: 30}, {X: 90, Y: 40}, {X: 92, Y: 70}, {X: 22, Y: 60}}, score: 0.7}, // slanted
		{quad: upright(316, 156, 60, 30), score: 0.5},                                                 // in the last cells
	}
	heat, corners := maps(40, 20, want...)
	got := peaks(heat, corners, 40, 20, 0.3)
	if len(got) != len(want) {
		t.Fatalf("%d plates, want %d", len(got), len(want))
	}
	for i := range want {
		for k := range want[i].quad {
			if distance(got[i].quad[k], want[i].quad[k]) > 0.01 {
				t.Errorf("plate %d corner %d at %v, want %v", i, k, got[i].quad[k], want[i].quad[k])
			}
		}
		if math.Abs(got[i].score-want[i].score) > 1e-6 {
			t.Errorf("plate %d scores %.2f, want %.2f", i, got[i].score, want[i].score)
		}
	}
}

// Two equal cells side by side are one peak.
func TestPeaksOfAPlateau(t *testing.T) {
	heat, corners := maps(20, 10, find{quad: upright(80, 40, 60, 30), score: 0.8})
	heat[5*20+9] = heat[5*20+10]
	if got := peaks(heat, corners, 20, 10, 0.3); len(got) != 1 {
		t.Errorf("%d plates", len(got))
	}
}

func TestOverlappingBoxesAreOnePlate(t *testing.T) {
	for name, c := range map[string]struct {
		a, b alpr.Quad
		want int
	}{
		"the same plate, seen at two scales": {upright(100, 100, 80, 40), upright(103, 102, 84, 41), 1},
		"the serial inside its plate":        {upright(100, 100, 80, 40), upright(100, 102, 60, 20), 1},
		"two plates side by side":            {upright(100, 100, 80, 40), upright(185, 100, 80, 40), 2},
		"one above the other":                {upright(100, 100, 80, 40), upright(100, 135, 80, 40), 2},
	} {
		if got := distinct([]find{{quad: c.a, score: 0.6}, {quad: c.b, score: 0.8}}); len(got) != c.want || got[0].score != 0.8 {
			t.Errorf("%s: %d plates, first scores %.1f", name, len(got), got[0].score)
		}
	}
}

// A plate the picture cuts off is not reported as whole; a close-up cut at all sides is.
func TestWhole(t *testing.T) {
	for name, c := range map[string]struct {
		q    alpr.Quad
		want bool
	}{
		"inside":                     {upright(320, 240, 100, 50), true},
		"touching the edge":          {upright(51, 240, 100, 50), true},
		"corners a little off":       {upright(47, 240, 100, 50), true},
		"its first character is off": {upright(38, 240, 100, 50), false},
		"half off to the right":      {upright(630, 240, 100, 50), false},
		"half off below":             {upright(320, 475, 100, 50), false},
		"a close-up":                 {upright(320, 240, 740, 470), true},
	} {
		if got := whole(c.q, 640, 480); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
