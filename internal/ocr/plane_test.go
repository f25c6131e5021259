package ocr

import (
	"image"
	"math"
	"testing"

	"alprd/internal/alpr"
)

// paint makes a picture whose luma is f of the place of each pixel's centre.
func paint(w, h int, f func(x, y float64) float64) *image.YCbCr {
	img := image.NewYCbCr(image.Rect(0, 0, w, h), image.YCbCrSubsampleRatio420)
	for y := range h {
		for x := range w {
			img.Y[y*img.YStride+x] = uint8(math.Round(min(max(f(float64(x)+0.5, float64(y)+0.5), 0), 255)))
		}
	}
	return img
}

func TestHomographyMapsTheCorners(t *testing.T) {
	q := alpr.Quad{{X: 10, Y: 20}, {X: 110, Y: 35}, {X: 105, Y: 80}, {X: 15, Y: 60}}
	m := homography(q)
	for i, uv := range [4][2]float64{{0, 0}, {1, 0}, {1, 1}, {0, 1}} {
		if x, y := m.apply(uv[0], uv[1]); math.Abs(x-q[i].X) > 1e-9 || math.Abs(y-q[i].Y) > 1e-9 {
			t.Errorf("corner %d goes to %.3f,%.3f", i, x, y)
		}
	}
}

// A gradient that runs along the plate must come out straight, however the plate stands in the picture.
func TestRectifyStraightens(t *testing.T) {
	q := alpr.Quad{{X: 60, Y: 40}, {X: 150, Y: 70}, {X: 140, Y: 110}, {X: 50, Y: 80}} // a parallelogram
	// Luma grows by 200 from the plate's left edge to its right one.
	ax, ay := q[1].X-q[0].X, q[1].Y-q[0].Y
	bx, by := q[3].X-q[0].X, q[3].Y-q[0].Y
	det := ax*by - ay*bx
	img := paint(200, 150, func(x, y float64) float64 {
		return 20 + 200*((x-q[0].X)*by-(y-q[0].Y)*bx)/det
	})
	out := make([]float32, plateW*plateH)
	luma(img).rectify(q, 0, out)
	for _, x := range []int{0, 40, 80, 120, 159} {
		want := (20 + 200*(float64(x)+0.5)/plateW - 127.5) / 64
		for _, y := range []int{1, 32, 62} {
			if got := float64(out[y*plateW+x]); math.Abs(got-want) > 0.03 {
				t.Errorf("(%d,%d): %.3f, want %.3f", x, y, got, want)
			}
		}
	}
	// With a margin of a half the plate takes the middle half.
	luma(img).rectify(q, 0.5, out)
	if got, want := float64(out[32*plateW+80]), (20.0+200*0.5031-127.5)/64; math.Abs(got-want) > 0.03 {
		t.Errorf("the middle with a margin: %.3f, want %.3f", got, want)
	}
}

// A plate far larger than the recogniser's input must be averaged, not sampled: thin stripes become grey, not a pattern
// that isn't there.
func TestRectifyDoesNotAlias(t *testing.T) {
	img := paint(1280, 512, func(x, _ float64) float64 {
		if int(x)%4 < 2 {
			return 255
		}
		return 0
	})
	out := make([]float32, plateW*plateH)
	luma(img).rectify(alpr.Quad{{X: 0, Y: 0}, {X: 1280, Y: 0}, {X: 1280, Y: 512}, {X: 0, Y: 512}}, 0, out)
	for i, v := range out {
		if math.Abs(float64(v)) > 0.15 {
			t.Fatalf("value %d is %.2f; stripes finer than the input must be grey", i, v)
		}
	}
}

// A quad that reaches outside the picture goes on with the picture's edge, and nothing is read beyond it.
func TestRectifyOutsideThePicture(t *testing.T) {
	img := paint(40, 20, func(x, y float64) float64 { return 90 })
	out := make([]float32, plateW*plateH)
	luma(img).rectify(alpr.Quad{{X: -500, Y: -30}, {X: 90, Y: -30}, {X: 90, Y: 300}, {X: -500, Y: 300}}, 0.12, out)
	for _, v := range out {
		if math.Abs(float64(v)-(90-127.5)/64) > 1e-4 {
			t.Fatalf("%.4f", v)
		}
	}
}

func BenchmarkRectify(b *testing.B) {
	p := luma(paint(640, 480, func(x, y float64) float64 { return x + y }))
	out := make([]float32, plateW*plateH)
	q := alpr.Quad{{X: 200, Y: 200}, {X: 300, Y: 205}, {X: 300, Y: 255}, {X: 200, Y: 250}}
	for b.Loop() {
		p.rectify(q, 0.12, out)
	}
}
