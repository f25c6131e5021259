package demo

import (
	"image"
	"math"

	"alprd/internal/alpr"
)

// Frame draws frame n (from 0) and tells what stands in it. The picture is full-range BT.601 4:2:0, 1280×720, and the
// caller's own.
func (t *Traffic) Frame(n int) (*image.YCbCr, []Truth) {
	t.mu.Lock()
	defer t.mu.Unlock()
	at := float64(n) / t.opt.FPS
	if t.scene == nil {
		t.scene = road(t.lens, t.seed)
	}
	s := screen{YCbCr: image.NewYCbCr(t.scene.Rect, t.scene.SubsampleRatio), lens: t.lens}
	copy(s.Y, t.scene.Y)
	copy(s.Cb, t.scene.Cb)
	copy(s.Cr, t.scene.Cr)
	here := t.present(at)
	for _, m := range here {
		if p := m.place(at); p.z > 3 || p.z+m.body.roofZ > near {
			s.drawCar(t.car(m), p)
		}
		if !t.opt.Dusk {
			t.drawPlate(&s, m, at, .93+.05*math.Sin(at*.11))
		}
	}
	t.light(&s, at)
	if t.opt.Dusk {
		for i, m := range here {
			t.glow(&s, m, here[i+1:], at)
			if m.Text != "" && t.seen(here[i+1:], m, at) {
				t.drawPlate(&s, m, at, t.opt.lamplight(m.place(at).z))
			}
		}
	}
	t.rain(&s, n)
	t.grain(&s, n)
	t.sweep(here)
	return s.YCbCr, t.truths(n, false)
}

// seen tells whether nothing stands before the plate.
func (t *Traffic) seen(nearer []*mover, m *mover, at float64) bool {
	p := m.place(at)
	if p.z < near {
		return false
	}
	x0, y0, x1, y1 := m.quad(t.lens, p).Bounds()
	for _, o := range nearer {
		if o.covers(t.lens, at, x0, y0, x1, y1) > 0 {
			return false
		}
	}
	return true
}

func (t *Traffic) drawPlate(s *screen, m *mover, at, light float64) {
	if m.Text == "" || t.bare {
		return
	}
	p := m.place(at)
	if p.z < near+.5 || p.facesAway() {
		return
	}
	tex := t.plates[m.ID]
	if tex == nil {
		tex = t.press.plate(m.Registration, m.seed)
		t.plates[m.ID] = tex
	}
	// The texture has a clear margin around the plate.
	q := m.quad(t.lens, p)
	grow := .12 / plateUnit
	lerp := func(a, b alpr.Point, k float64) alpr.Point {
		return alpr.Point{X: a.X + (b.X-a.X)*k, Y: a.Y + (b.Y-a.Y)*k}
	}
	in := func(u, v float64) alpr.Point { return lerp(lerp(q[0], q[1], u), lerp(q[3], q[2], u), v) }
	s.drawQuad(tex, alpr.Quad{in(-grow, -2*grow), in(1+grow, -2*grow), in(1+grow, 1+2*grow), in(-grow, 1+2*grow)}, light)
	if m.hitch {
		s.drawHitch(m, p)
	}
}

func (t *Traffic) car(m *mover) *car {
	key := carKey{trim: m.trim, front: m.front}
	for i := range bodies {
		if bodies[i].name == m.Body {
			key.body = i
		}
	}
	for i := range colours {
		if colours[i].name == m.Colour {
			key.colour = i
		}
	}
	c := t.cars[key]
	if c == nil {
		c = t.garage.build(m.body, m.paint, m.front, m.trim)
		t.cars[key] = c
	}
	return c
}

// sweep forgets what isn't needed any more, once enough has gathered.
func (t *Traffic) sweep(here []*mover) {
	if len(t.cars) > 40 {
		clear(t.cars)
	}
	if len(t.plates) > 60 {
		keep := map[int]*texture{}
		for _, m := range here {
			if p := t.plates[m.ID]; p != nil {
				keep[m.ID] = p
			}
		}
		t.plates = keep
	}
}

// light lays the time of day over the picture.
func (t *Traffic) light(s *screen, at float64) {
	gain, blue, colourful := t.opt.darkness(at), 5, 5
	if t.opt.Night {
		blue, colourful = 0, 0
	}
	var lut [256]uint8
	for i := range lut {
		v := float64(i) / 255
		if t.opt.Dusk {
			v = math.Pow(v, 1.15)
		}
		lut[i] = byteOf(float32(v * gain * 255))
	}
	for i, v := range s.Y {
		s.Y[i] = lut[v]
	}
	if t.opt.Dusk {
		for i := range s.Cb {
			s.Cb[i] = uint8(128 + (int(s.Cb[i])-128)*colourful/10 + blue)
			s.Cr[i] = uint8(128 + (int(s.Cr[i])-128)*colourful/10)
		}
	}
}

// glow is a vehicle's lamps at dusk.
func (t *Traffic) glow(s *screen, m *mover, nearer []*mover, at float64) {
	pose := m.place(at)
	z := pose.z
	if z < 4 {
		return
	}
	y := m.body.belt - .25
lamps:
	for _, side := range []float64{-1, 1} {
		p := pose.project(s.lens, side*(m.body.half-.14), y, 0)
		for _, o := range nearer {
			if o.covers(t.lens, at, p.X-2, p.Y-2, p.X+2, p.Y+2) > 0 {
				continue lamps
			}
		}
		r := .55 * s.focal / z
		lum, red := 105.0, 46.0
		if t.opt.Night {
			red = 0
		}
		if m.front {
			r, lum, red = max(7, .9*s.focal/z), 190, min(red, 4)
		}
		core := r * .22
		for py := max(0, int(p.Y-r)); py < min(Height, int(p.Y+r)+1); py++ {
			for px := max(0, int(p.X-r)); px < min(Width, int(p.X+r)+1); px++ {
				d := math.Hypot(float64(px)-p.X, float64(py)-p.Y)
				if d > r {
					continue
				}
				k := (1-d/r)*(1-d/r)*.4 + .6*math.Exp(-d*d/(core*core))
				dst := &s.Y[py*s.YStride+px]
				*dst = uint8(min(255, float64(*dst)+lum*k))
				if (px|py)&1 == 0 && !t.opt.Night {
					c := py/2*s.CStride + px/2
					s.Cr[c] = uint8(min(255, float64(s.Cr[c])+red*k))
					s.Cb[c] = uint8(max(0, float64(s.Cb[c])-red*.35*k))
				}
			}
		}
	}
}

// grain is the sensor's noise.
func (t *Traffic) grain(s *screen, n int) {
	const mask = 1<<17 - 1
	for y := range Height {
		o := int(hash(n, y, t.seed)) & mask
		row := s.Y[y*s.YStride : y*s.YStride+Width]
		first := min(len(row), len(t.noise)-o)
		addNoise(row[:first], t.noise[o:])
		addNoise(row[first:], t.noise)
	}
}

func addNoise(row []uint8, noise []int8) {
	noise = noise[:len(row)]
	for i, v := range row {
		w := int(v) + int(noise[i])
		if uint(w) > 255 {
			w = max(0, min(255, w))
		}
		row[i] = uint8(w)
	}
}
