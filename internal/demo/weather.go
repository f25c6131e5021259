package demo

import (
	"math"

	"alprd/internal/alpr"
)

// grain is the deviation of the sensor's noise, grey levels: gain is up where light is short.
func (o Options) grain() float64 {
	switch {
	case o.Night:
		return 4.5
	case o.Rain:
		return 2.6
	}
	return 1.7
}

// darkness is what is left of the scene's own light at a time.
func (o Options) darkness(at float64) float64 {
	switch {
	case o.Night:
		return .10 + .01*math.Sin(at*.05)
	case o.Dusk:
		return .36 + .03*math.Sin(at*.05)
	}
	return .97 + .06*math.Sin(at*.11) + .03*math.Sin(at*.031+1)
}

// lamplight is how bright the camera's lamp makes a plate at a distance: by night near ones bloom.
func (o Options) lamplight(z float64) float64 {
	if o.Night {
		return min(1.35, max(.45, 1.7-z/24))
	}
	return min(1.05, max(.5, 1.25-z/60))
}

// rain washes contrast out and draws streaks, other ones in each frame.
func (t *Traffic) rain(s *screen, n int) {
	if !t.opt.Rain {
		return
	}
	var lut [256]uint8
	for i := range lut {
		lut[i] = byteOf(float32(38 + .74*float64(i)))
	}
	for i, v := range s.Y {
		s.Y[i] = lut[v]
	}
	for k := range 260 {
		h := hash(n, k, t.seed+77)
		x, y, long := int(h%Width), int(h>>12%Height), 14+int(h>>24%30)
		bright := 14 + int(h>>32%26)
		for d := range long {
			px, py := x+d/6, y+d
			if px >= Width || py >= Height {
				break
			}
			p := &s.Y[py*s.YStride+px]
			*p = uint8(min(255, int(*p)+bright))
		}
	}
}

// drawHitch draws a ball hitch before the plate: a bar that reaches up to the lower edge of the serial, and a ball on it.
func (s *screen) drawHitch(m *mover, p pose) {
	const ahead = -.16
	at := func(right, up float64) alpr.Point { return p.project(s.lens, right, m.body.plateY+up, ahead) }
	s.polygon([]alpr.Point{at(-.03, -.13), at(.03, -.13), at(.03, -.075), at(-.03, -.075)}, grey(.08))
	ball := make([]alpr.Point, 20)
	for i := range ball {
		a := 2 * math.Pi * float64(i) / float64(len(ball))
		ball[i] = at(.025*math.Cos(a), -.06+.025*math.Sin(a))
	}
	s.polygon(ball, grey(.42))
}
