package demo

import "math"

// texture is a picture with cover, in levels of half the size each, so that it can be drawn small without sparkle.
// Colours are full-range BT.601 and premultiplied with their cover.
type texture struct{ levels []level }

type level struct {
	w, h int
	pix  []uint8 // w×h of Y, Cb, Cr, cover; Cb and Cr are (value-128)·cover+128, so that 128 stays neutral
}

// newTexture takes w×h premultiplied RGBA of 0..255.
func newTexture(w, h int, pix []float32) *texture {
	cur := make([]float32, len(pix))
	for i := 0; i < len(pix); i += 4 {
		r, g, b := pix[i], pix[i+1], pix[i+2]
		cur[i] = .299*r + .587*g + .114*b
		cur[i+1] = -.168736*r - .331264*g + .5*b
		cur[i+2] = .5*r - .418688*g - .081312*b
		cur[i+3] = pix[i+3]
	}
	t := &texture{}
	for {
		l := level{w, h, make([]uint8, len(cur))}
		for i := 0; i < len(cur); i += 4 {
			l.pix[i] = byteOf(cur[i])
			l.pix[i+1] = byteOf(cur[i+1] + 128)
			l.pix[i+2] = byteOf(cur[i+2] + 128)
			l.pix[i+3] = byteOf(cur[i+3])
		}
		t.levels = append(t.levels, l)
		if w <= 2 || h <= 2 {
			return t
		}
		nw, nh := (w+1)/2, (h+1)/2
		next := make([]float32, 4*nw*nh)
		for y := range nh {
			y0, y1 := 2*y, min(2*y+1, h-1)
			for x := range nw {
				x0, x1 := 2*x, min(2*x+1, w-1)
				for k := range 4 {
					next[4*(y*nw+x)+k] = (cur[4*(y0*w+x0)+k] + cur[4*(y0*w+x1)+k] + cur[4*(y1*w+x0)+k] + cur[4*(y1*w+x1)+k]) / 4
				}
			}
		}
		w, h, cur = nw, nh, next
	}
}

func byteOf(v float32) uint8 { return uint8(min(255, max(0, v+.5))) }

// level picks the finest level whose pixels are at least about one screen pixel: texels is how many of the full
// texture's pixels fall on one of the screen.
func (t *texture) level(texels float64) (*level, float64) {
	i := 0
	if texels > 1 {
		i = int(math.Log2(texels) + .4)
	}
	i = min(i, len(t.levels)-1)
	return &t.levels[i], math.Exp2(float64(-i))
}

// sample is the bilinear value at (x, y) in the level's pixels, 0..255; outside it is clear.
func (l *level) sample(x, y float64) (v [4]float64) {
	x, y = x-.5, y-.5
	x0, y0 := int(math.Floor(x)), int(math.Floor(y))
	fx, fy := x-float64(x0), y-float64(y0)
	v[1], v[2] = 0, 0
	for k := range 4 {
		cx, cy := x0+k&1, y0+k>>1
		if cx < 0 || cy < 0 || cx >= l.w || cy >= l.h {
			continue
		}
		w := fx
		if k&1 == 0 {
			w = 1 - fx
		}
		if k>>1 == 0 {
			w *= 1 - fy
		} else {
			w *= fy
		}
		p := l.pix[4*(cy*l.w+cx):]
		v[0] += w * float64(p[0])
		v[1] += w * (float64(p[1]) - 128)
		v[2] += w * (float64(p[2]) - 128)
		v[3] += w * float64(p[3])
	}
	return v
}
