package ocr

import (
	"math"
	"time"

	"alprd/internal/alpr"
)

// What a plate does between two frames, in its own widths and heights, so that it holds near and far.
const (
	// pushed is a standard deviation of acceleration, widths/s²: a car 12 m away that drives on at 10 m/s shows 8 of them.
	pushed = 5.0
	// swelling is one of the growth of the logarithm of its sides, 1/s².
	swelling = 1.5
	// atFirst and growing are how fast it may be when it is first seen: widths/s, and growth of the logarithm, 1/s.
	atFirst = 6.0
	growing = 1.2
	// placed and sized are the finder's errors: of the centre, in widths, and of the logarithm of the sides.
	placed = 0.05
	sized  = 0.07
	// shaped is how much of the shape the latest sight decides.
	shaped = 0.5
)

// axis is a Kalman filter of one coordinate that moves at a steady pace, pushed at random.
type axis struct {
	at, pace   float64
	pp, pv, vv float64 // covariance
}

func startAxis(at, noise, pace float64) axis {
	return axis{at: at, pp: noise * noise, vv: pace * pace}
}

// after is the axis dt seconds on; push is the deviation of its acceleration.
func (a axis) after(dt, push float64) axis {
	q := push * push
	a.at += a.pace * dt
	a.pp += 2*dt*a.pv + dt*dt*a.vv + q*dt*dt*dt*dt/4
	a.pv += dt*a.vv + q*dt*dt*dt/2
	a.vv += q * dt * dt
	return a
}

// seen takes a measurement in.
func (a *axis) seen(at, noise float64) {
	gain := 1 / (a.pp + noise*noise)
	kp, kv, d := a.pp*gain, a.pv*gain, at-a.at
	a.at += kp * d
	a.pace += kv * d
	a.vv -= kv * a.pv
	a.pv -= kp * a.pv
	a.pp -= kp * a.pp
}

// motion is where a plate is, how large, and how both change: a Kalman filter of its centre and of the logarithms of its sides,
// and the shape of its corners, smoothed.
type motion struct {
	x, y, wide, high axis
	shape            alpr.Quad // corners from the centre, in widths and heights
	at               time.Time
}

func startMotion(q alpr.Quad, at time.Time) motion {
	w, h, shape := normal(q)
	c := q.Centre()
	return motion{
		x: startAxis(c.X, placed*w+0.5, atFirst*w), y: startAxis(c.Y, placed*w+0.5, atFirst*w),
		wide: startAxis(math.Log(w), sized, growing), high: startAxis(math.Log(h), sized, growing), shape: shape, at: at,
	}
}

// normal splits a quad into its size and its shape.
func normal(q alpr.Quad) (w, h float64, shape alpr.Quad) {
	w, h = sides(q)
	w, h = max(w, 1), max(h, 1)
	c := q.Centre()
	for i, p := range q {
		shape[i] = alpr.Point{X: (p.X - c.X) / w, Y: (p.Y - c.Y) / h}
	}
	return w, h, shape
}

// to is the motion as it should be at a time. A clock that went back doesn't move it.
func (m motion) to(at time.Time) motion {
	dt := at.Sub(m.at).Seconds()
	if dt <= 0 {
		return m
	}
	w := math.Exp(m.wide.at)
	m.x, m.y = m.x.after(dt, pushed*w), m.y.after(dt, pushed*w)
	m.wide, m.high = m.wide.after(dt, swelling), m.high.after(dt, swelling)
	// What grows for long without being seen would soon fill the picture.
	m.wide.at, m.high.at = min(m.wide.at, 9), min(m.high.at, 9)
	m.at = at
	return m
}

// saw takes a sight in.
func (m *motion) saw(q alpr.Quad, at time.Time) {
	*m = m.to(at)
	w, h, shape := normal(q)
	c := q.Centre()
	noise := placed*w + 0.5
	m.x.seen(c.X, noise)
	m.y.seen(c.Y, noise)
	m.wide.seen(math.Log(w), sized)
	m.high.seen(math.Log(h), sized)
	for i := range shape {
		m.shape[i].X += shaped * (shape[i].X - m.shape[i].X)
		m.shape[i].Y += shaped * (shape[i].Y - m.shape[i].Y)
	}
}

// quad is where the corners should be.
func (m *motion) quad() alpr.Quad {
	var q alpr.Quad
	w, h := math.Exp(m.wide.at), math.Exp(m.high.at)
	for i, p := range m.shape {
		q[i] = alpr.Point{X: m.x.at + p.X*w, Y: m.y.at + p.Y*h}
	}
	return q
}

// fit is the log density of a sight at q, by place (1/pixel²) and by size, without the part of the size that doesn't
// depend on q: two plates of one picture are told apart by their places.
func (m *motion) fit(q alpr.Quad) float64 {
	w, h := sides(q)
	c := q.Centre()
	noise := placed*w + 0.5
	part := func(a axis, v, noise float64) (d2, variance float64) {
		variance = a.pp + noise*noise
		return (v - a.at) * (v - a.at) / variance, variance
	}
	dx, sx := part(m.x, c.X, noise)
	dy, sy := part(m.y, c.Y, noise)
	dw, _ := part(m.wide, math.Log(max(w, 1)), 2*sized)
	dh, _ := part(m.high, math.Log(max(h, 1)), 3*sized)
	return -(dx+dy)/2 - min(dw+dh, 40)/2 - math.Log(2*math.Pi*math.Sqrt(sx*sy))
}

// speed is how fast the plate moves in the picture, pixels a second.
func (m *motion) speed() float64 { return math.Hypot(m.x.pace, m.y.pace) }

const (
	// plateMetres is a US plate's width.
	plateMetres = 0.305
	// usualLens is the focal length of a plate camera in widths of its picture: 28° across.
	usualLens = 2.0
	// moved is how far a vehicle must have gone for its direction to be told, metres: more than the finder's errors make of a
	// plate that stands.
	moved = 0.9
	// grown is by how much of its logarithm a plate's size must have changed for it to have come nearer or gone farther.
	grown = 0.12
)

// direction tells from two places of a plate in a w pixels wide picture how its vehicle moved. How large a plate looks says how
// far away it is, and so what its way across the picture is in metres.
func direction(from, to alpr.Quad, w int) alpr.Direction {
	wide := func(q alpr.Quad) float64 {
		w, h := sides(q)
		return max(w, 2*h, 1) // a plate seen aslant is narrow, not far
	}
	focal := usualLens * float64(w)
	across := func(q alpr.Quad) float64 { return (q.Centre().X - float64(w)/2) * plateMetres / wide(q) }
	ahead := plateMetres * focal * (1/wide(to) - 1/wide(from))
	if math.Abs(math.Log(wide(to)/wide(from))) < grown {
		ahead = 0
	}
	aside := across(to) - across(from)
	switch {
	case math.Hypot(ahead, aside) < moved:
		return ""
	case math.Abs(ahead) >= math.Abs(aside) && ahead > 0:
		return alpr.Receding
	case math.Abs(ahead) >= math.Abs(aside):
		return alpr.Approaching
	case aside > 0:
		return alpr.Rightward
	}
	return alpr.Leftward
}
