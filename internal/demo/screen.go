package demo

import (
	"image"
	"math"

	"alprd/internal/alpr"

	"golang.org/x/image/vector"
)

// The view of the pole camera: a long lens, its axis level and its sensor shifted down, so that upright things stay
// upright. World metres: X to the right of the camera, Y up from the road, Z away from the camera.
const (
	Width  = 1280
	Height = 720

	near = 2.0 // nothing nearer is drawn, m
)

// lens is where the camera stands and how it looks.
type lens struct {
	focal              float64 // pixels
	eye                float64 // height over the road, m
	horizonX, horizonY float64 // where its axis would meet the horizon, pixels
}

// pole is the camera unless told otherwise, 18° across; gate stands low and near, and shows plates up to 200 pixels wide.
var (
	pole = lens{focal: 4000, eye: 2.25, horizonX: 668, horizonY: 96}
	gate = lens{focal: 3000, eye: 1.6, horizonX: 300, horizonY: 120}
)

// project is the pixel of a place in the world.
func (l lens) project(x, y, z float64) alpr.Point {
	return alpr.Point{X: l.horizonX + l.focal*x/z, Y: l.horizonY + l.focal*(l.eye-y)/z}
}

// screen is the picture being drawn.
type screen struct {
	*image.YCbCr
	lens
	raster vector.Rasterizer
	mask   image.Alpha
}

// over lays a premultiplied sample over a pixel of the full-size plane.
func over(dst *uint8, v, cover int) { *dst = uint8(v + (int(*dst)*(255-cover)+127)/255) }

func overChroma(dst *uint8, v, cover int) {
	*dst = uint8(max(0, min(255, v+128+((int(*dst)-128)*(255-cover))/255)))
}

// band is a flat strip of a car whose horizontal lines run square to the road: its lower edge at height y0 and depth z0
// behind the car's rear, its upper edge at y1, z1; across it reaches from -half to +half.
type band struct {
	tex            *texture
	half           float64
	y0, z0, y1, z1 float64
}

// drawBand lays a band over the picture for a car whose rear is at (x, z).
func (s *screen) drawBand(b band, x, z float64) {
	za, zb := z+b.z0, z+b.z1
	if max(za, zb) < near {
		return
	}
	dz, dy := b.z1-b.z0, b.y1-b.y0
	edge := func(t float64) float64 { return s.horizonY + s.focal*(s.eye-b.y0-t*dy)/max(near, za+t*dz) }
	top, bottom := math.Min(edge(1), edge(0)), math.Max(edge(1), edge(0))
	full := &b.tex.levels[0]
	for py := max(0, int(top)-1); py <= min(Height-1, int(bottom)+1); py++ {
		q := float64(py) + .5 - s.horizonY
		den := q*dz + s.focal*dy
		if math.Abs(den) < 1e-9 {
			continue
		}
		t := (s.focal*(s.eye-b.y0) - q*za) / den
		zz := za + t*dz
		if t < -.05 || t > 1.05 || zz < near {
			continue
		}
		scale := s.focal / zz // pixels a metre
		// How many texture pixels a screen pixel spans, across and along.
		across := float64(full.w) / (2 * b.half) / scale
		t2 := (s.focal*(s.eye-b.y0) - (q+1)*za) / ((q+1)*dz + s.focal*dy)
		along := math.Abs(t2-t) * float64(full.h)
		l, k := b.tex.level(max(across, along*.7))
		v := (1-t)*float64(full.h)*k - .5
		left := s.horizonX + (x-b.half)*scale
		s.bandRow(l, py, v, left, float64(l.w)/(2*b.half*scale))
	}
}

// bandRow draws one row: texture row v, from pixel left on, step texture pixels a pixel.
func (s *screen) bandRow(l *level, py int, v, left, step float64) {
	v0 := int(math.Floor(v))
	fv := int((v - float64(v0)) * 256)
	if v0 < -1 || v0 >= l.h {
		return
	}
	wa, wb := 256-fv, fv
	if v0 < 0 {
		wa = 0
		v0 = 0
	}
	v1 := v0 + 1
	if v1 >= l.h {
		wb = 0
		v1 = v0
	}
	if v < 0 {
		v1 = 0
	}
	ra, rb := l.pix[4*v0*l.w:4*(v0+1)*l.w], l.pix[4*v1*l.w:4*(v1+1)*l.w]
	x0 := max(0, int(math.Floor(left-1/step)))
	x1 := min(Width-1, int(math.Ceil(left+float64(l.w+1)/step)))
	if x1 < x0 {
		return
	}
	const one = 1 << 16
	u := int(((float64(x0)+.5-left)*step - .5) * one)
	du := int(step * one)
	ys := s.Y[py*s.YStride:]
	chroma := py&1 == 0
	ci := py / 2 * s.CStride
	for px := x0; px <= x1; px, u = px+1, u+du {
		i := u >> 16
		f := (u >> 8) & 255
		if i < -1 || i >= l.w {
			continue
		}
		fa, fb := 256-f, f
		j := i + 1
		if i < 0 {
			i, fa = 0, 0
		}
		if j >= l.w {
			j, fb = i, 0
		}
		a, b, c, d := wa*fa, wa*fb, wb*fa, wb*fb
		p, q, r, t := ra[4*i:4*i+4:4*i+4], ra[4*j:4*j+4:4*j+4], rb[4*i:4*i+4:4*i+4], rb[4*j:4*j+4:4*j+4]
		cover := (int(p[3])*a + int(q[3])*b + int(r[3])*c + int(t[3])*d + 1<<15) >> 16
		if cover == 0 {
			continue
		}
		lum := (int(p[0])*a + int(q[0])*b + int(r[0])*c + int(t[0])*d + 1<<15) >> 16
		if cover >= 254 {
			ys[px] = uint8(lum)
		} else {
			over(&ys[px], lum, cover)
		}
		if chroma && px&1 == 0 {
			sum := a + b + c + d
			cb := (int(p[1])*a + int(q[1])*b + int(r[1])*c + int(t[1])*d - 128*sum) >> 16
			cr := (int(p[2])*a + int(q[2])*b + int(r[2])*c + int(t[2])*d - 128*sum) >> 16
			overChroma(&s.Cb[ci+px/2], cb, cover)
			overChroma(&s.Cr[ci+px/2], cr, cover)
		}
	}
}

// polygon fills a shape given in pixels with one colour and cover (0..1).
func (s *screen) polygon(shape []alpr.Point, c rgba) {
	x0, y0, x1, y1 := Width, Height, 0, 0
	for _, p := range shape {
		x0, y0 = min(x0, int(math.Floor(p.X))), min(y0, int(math.Floor(p.Y)))
		x1, y1 = max(x1, int(math.Ceil(p.X))), max(y1, int(math.Ceil(p.Y)))
	}
	x0, y0, x1, y1 = max(0, x0)&^1, max(0, y0)&^1, min(Width, x1+1), min(Height, y1+1)
	if x1-x0 < 1 || y1-y0 < 1 || c.a <= 0 {
		return
	}
	w, h := x1-x0, y1-y0
	// Points far outside are kept near, so that the rasterizer isn't asked to walk to them.
	clampTo := func(v, lo, hi float64) float32 { return float32(min(hi, max(lo, v))) }
	s.raster.Reset(w, h)
	for i, p := range shape {
		px, py := clampTo(p.X-float64(x0), -2000, 4000), clampTo(p.Y-float64(y0), -2000, 4000)
		if i == 0 {
			s.raster.MoveTo(px, py)
		} else {
			s.raster.LineTo(px, py)
		}
	}
	s.raster.ClosePath()
	if cap(s.mask.Pix) < w*h {
		s.mask.Pix = make([]uint8, w*h)
	}
	s.mask.Pix, s.mask.Stride, s.mask.Rect = s.mask.Pix[:w*h], w, image.Rect(0, 0, w, h)
	clear(s.mask.Pix)
	s.raster.Draw(&s.mask, s.mask.Rect, image.Opaque, image.Point{})
	yy, cb, cr := yuv(c)
	alpha := int(c.a*255 + .5)
	for y := range h {
		row := s.mask.Pix[y*w : (y+1)*w]
		for x, m := range row {
			if m == 0 {
				continue
			}
			a := int(m) * alpha / 255
			d := &s.Y[(y0+y)*s.YStride+x0+x]
			*d = uint8((int(*d)*(255-a) + yy*a + 127) / 255)
			if (x|y)&1 == 0 {
				ci := (y0+y)/2*s.CStride + (x0+x)/2
				s.Cb[ci] = uint8((int(s.Cb[ci])*(255-a) + cb*a + 127) / 255)
				s.Cr[ci] = uint8((int(s.Cr[ci])*(255-a) + cr*a + 127) / 255)
			}
		}
	}
}

// yuv is a colour as full-range BT.601.
func yuv(c rgba) (y, cb, cr int) {
	r, g, b := c.r*255, c.g*255, c.b*255
	return int(byteOf(float32(.299*r + .587*g + .114*b))), int(byteOf(float32(-.168736*r - .331264*g + .5*b + 128))),
		int(byteOf(float32(.5*r - .418688*g - .081312*b + 128)))
}

// drawQuad lays a texture over a four-cornered place, with light as a factor on it and a soft lens: four samples a
// pixel, a little apart.
func (s *screen) drawQuad(t *texture, q alpr.Quad, light float64) {
	h, ok := homography(q)
	if !ok {
		return
	}
	bx0, by0, bx1, by1 := q.Bounds()
	full := &t.levels[0]
	wide := (math.Hypot(q[1].X-q[0].X, q[1].Y-q[0].Y) + math.Hypot(q[2].X-q[3].X, q[2].Y-q[3].Y)) / 2
	l, _ := t.level(float64(full.w) / max(wide, 1) * .8)
	fw, fh := float64(l.w), float64(l.h)
	const spread = .27 // px: with the level's own softness, about the blur of a well-focused lens
	for py := max(0, int(by0)-1); py <= min(Height-1, int(by1)+1); py++ {
		for px := max(0, int(bx0)-1); px <= min(Width-1, int(bx1)+1); px++ {
			var v [4]float64
			for k := range 4 {
				x, y := float64(px)+.5-spread+2*spread*float64(k&1), float64(py)+.5-spread+2*spread*float64(k>>1)
				w := h[6]*x + h[7]*y + 1
				u := l.sample((h[0]*x+h[1]*y+h[2])/w*fw, (h[3]*x+h[4]*y+h[5])/w*fh)
				for i := range v {
					v[i] += u[i] / 4
				}
			}
			if v[3] < 1 {
				continue
			}
			cover := int(v[3] + .5)
			d := &s.Y[py*s.YStride+px]
			*d = uint8(min(255, v[0]*light+float64(*d)*(255-v[3])/255+.5))
			if (px|py)&1 == 0 {
				ci := py/2*s.CStride + px/2
				overChroma(&s.Cb[ci], int(math.Round(v[1]*light)), cover)
				overChroma(&s.Cr[ci], int(math.Round(v[2]*light)), cover)
			}
		}
	}
}

// homography maps the quad's pixels to the unit square (u to the right, v down).
func homography(q alpr.Quad) ([8]float64, bool) {
	dst := [4][2]float64{{0, 0}, {1, 0}, {1, 1}, {0, 1}}
	var m [8][9]float64
	for i := range 4 {
		x, y, u, v := q[i].X, q[i].Y, dst[i][0], dst[i][1]
		m[2*i] = [9]float64{x, y, 1, 0, 0, 0, -u * x, -u * y, u}
		m[2*i+1] = [9]float64{0, 0, 0, x, y, 1, -v * x, -v * y, v}
	}
	for c := range 8 {
		p := c
		for r := c + 1; r < 8; r++ {
			if math.Abs(m[r][c]) > math.Abs(m[p][c]) {
				p = r
			}
		}
		m[c], m[p] = m[p], m[c]
		if math.Abs(m[c][c]) < 1e-12 {
			return [8]float64{}, false
		}
		for r := range 8 {
			if r == c {
				continue
			}
			k := m[r][c] / m[c][c]
			for j := c; j < 9; j++ {
				m[r][j] -= k * m[c][j]
			}
		}
	}
	var h [8]float64
	for i := range 8 {
		h[i] = m[i][8] / m[i][i]
	}
	return h, true
}
