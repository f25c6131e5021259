package ocr

import (
	"image"
	"math"

	"alprd/internal/alpr"
)

// plane is a grey picture: the luma of a frame, never copied.
type plane struct {
	pix          []uint8
	stride, w, h int
}

func luma(img *image.YCbCr) plane {
	r := img.Rect
	return plane{pix: img.Y[img.YOffset(r.Min.X, r.Min.Y):], stride: img.YStride, w: r.Dx(), h: r.Dy()}
}

// window is the picture within r, which lies in it.
func (p plane) window(r image.Rectangle) plane {
	return plane{pix: p.pix[r.Min.Y*p.stride+r.Min.X:], stride: p.stride, w: r.Dx(), h: r.Dy()}
}

func (p plane) row(y int) []uint8 { return p.pix[y*p.stride : y*p.stride+p.w] }

// at samples between pixels, whose centres lie at halves. Beyond the edge the edge goes on.
func (p plane) at(x, y float64) float64 {
	x, y = x-0.5, y-0.5
	x, y = min(max(x, 0), float64(p.w-1)), min(max(y, 0), float64(p.h-1))
	x0, y0 := int(x), int(y)
	x1, y1 := min(x0+1, p.w-1), min(y0+1, p.h-1)
	fx, fy := x-float64(x0), y-float64(y0)
	a, b := p.pix[y0*p.stride:], p.pix[y1*p.stride:]
	return (float64(a[x0])*(1-fx)+float64(a[x1])*fx)*(1-fy) + (float64(b[x0])*(1-fx)+float64(b[x1])*fx)*fy
}

const (
	plateW = 160 // the recogniser's input
	plateH = 64
)

// rectify straightens the plate in quad, widened by margin of its width and height on each side, to 160×64 values of
// (grey - 127.5) / 64, written to out. Where the plate is larger than that, all of its pixels count.
func (p plane) rectify(q alpr.Quad, margin float64, out []float32) {
	m := homography(q)
	// Samples a side for each output pixel, so that they lie at most a pixel of the picture apart.
	nx := samples(max(distance(q[0], q[1]), distance(q[3], q[2])) * (1 + 2*margin) / plateW)
	ny := samples(max(distance(q[0], q[3]), distance(q[1], q[2])) * (1 + 2*margin) / plateH)
	for y := range plateH {
		for x := range plateW {
			var sum float64
			for j := range ny {
				v := ((float64(y)+(float64(j)+0.5)/float64(ny))/plateH)*(1+2*margin) - margin
				for i := range nx {
					u := ((float64(x)+(float64(i)+0.5)/float64(nx))/plateW)*(1+2*margin) - margin
					sum += p.at(m.apply(u, v))
				}
			}
			out[y*plateW+x] = float32((sum/float64(nx*ny) - 127.5) / 64)
		}
	}
}

// samples is how many are needed for so many pixels; a plate that fills a large picture is sampled no denser than 8×8.
func samples(pixels float64) int { return min(max(int(math.Ceil(pixels)), 1), 8) }

func distance(a, b alpr.Point) float64 { return math.Hypot(a.X-b.X, a.Y-b.Y) }

// projection maps the unit square onto a quad.
type projection [8]float64

// apply maps (u, v).
func (m *projection) apply(u, v float64) (x, y float64) {
	d := m[6]*u + m[7]*v + 1
	return (m[0]*u + m[1]*v + m[2]) / d, (m[3]*u + m[4]*v + m[5]) / d
}

// homography maps (0,0), (1,0), (1,1), (0,1) onto the quad's corners (Heckbert, "Fundamentals of Texture Mapping and Image
// Warping", 1989, section 2.2.3). A quad without area gives the affine map of its first three usable corners.
func homography(q alpr.Quad) *projection {
	x0, y0, x1, y1, x2, y2, x3, y3 := q[0].X, q[0].Y, q[1].X, q[1].Y, q[2].X, q[2].Y, q[3].X, q[3].Y
	sx, sy := x0-x1+x2-x3, y0-y1+y2-y3
	dx1, dx2, dy1, dy2 := x1-x2, x3-x2, y1-y2, y3-y2
	var g, h float64
	if det := dx1*dy2 - dx2*dy1; math.Abs(det) > 1e-9 {
		g, h = (sx*dy2-dx2*sy)/det, (dx1*sy-sx*dy1)/det
	}
	return &projection{x1 - x0 + g*x1, x3 - x0 + h*x3, x0, y1 - y0 + g*y1, y3 - y0 + h*y3, y0, g, h}
}

// sides are a plate's mean width and height.
func sides(q alpr.Quad) (w, h float64) {
	return (distance(q[0], q[1]) + distance(q[3], q[2])) / 2, (distance(q[0], q[3]) + distance(q[1], q[2])) / 2
}
