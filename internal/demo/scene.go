package demo

import (
	"math"
	"math/rand/v2"
)

// Scene is what the vehicles of a traffic do.
type Scene int

const (
	FreeFlow Scene = iota
	Pairs          // two side by side, level with each other
	Hidden         // a slow one that another, nearer, drives before for a second or so
	Queue          // stop and go in both lanes
	Standing       // a car that stops in view for most of a minute while others pass, and drives on
	Turning        // cars that turn off, to the right or to the left
	Backing        // cars that come backwards, stop, and drive away
	Meeting        // cars that come towards the camera, with a plate in front
	Crossing       // cars that cross the picture aslant and leave it by its edge
)

// act makes the vehicles of a scene that come at a time, and says after how many seconds the next may come; nil for free flow.
// Vehicles are added in the order of coming.
func (s Scene) act() func(t *Traffic, r *rand.Rand, at float64) float64 {
	switch s {
	case Pairs:
		return (*Traffic).pair
	case Hidden:
		return (*Traffic).hide
	case Queue:
		return (*Traffic).queue
	case Standing:
		return (*Traffic).stand
	case Turning:
		return (*Traffic).turn
	case Backing:
		return (*Traffic).back
	case Meeting:
		return (*Traffic).come
	case Crossing:
		return (*Traffic).cross
	}
	return nil
}

// enter adds a vehicle with a course.
func (t *Traffic) enter(m mover, at, stays float64, course func(since float64) pose) {
	m.inAt, m.stays, m.course = at, stays, course
	p := course(0)
	m.x, m.zIn = p.x, p.z
	t.add(m)
}

// plated is a vehicle that surely has a plate.
func (t *Traffic) plated(r *rand.Rand) mover {
	for {
		if m := t.vehicle(r); m.Text != "" {
			return m
		}
	}
}

func (t *Traffic) pair(r *rand.Rand, at float64) float64 {
	a, b := t.plated(r), t.plated(r)
	a.x, a.Lane, b.x, b.Lane = slowLane+r.NormFloat64()*.1, "right", fastLane+r.NormFloat64()*.1, "left"
	z := max(a.enters(t.lens), b.enters(t.lens))
	speed := 8.5 + 2*r.Float64()
	for _, m := range []mover{a, b} {
		m.speed, m.inAt, m.zIn = speed+.4*(r.Float64()-.5), at, z+.8*(r.Float64()-.5)
		t.add(m)
	}
	return 4.5 + r.Float64()
}

func (t *Traffic) hide(r *rand.Rand, at float64) float64 {
	a, b := t.plated(r), t.plated(r)
	a.Lane, b.Lane = "left", "right"
	x, z, speed := -.9+.4*r.Float64(), 15.5+r.Float64(), 1.1+.4*r.Float64()
	t.enter(a, at, 9, func(s float64) pose { return pose{x: x, z: z + speed*s} })
	side, pace, late := 2.0, 1.5+.4*r.Float64(), 1.2+.6*r.Float64()
	t.enter(b, at+.2, 8.8, func(s float64) pose {
		s -= late
		k := smoothstep(s / 3.6)
		ahead := 3.2 * max(0, s-2.6) // and away
		return pose{x: side - 4.6*k, z: 8.2 + pace*s + ahead, yaw: -.22 * math.Sin(math.Pi*min(1, max(0, s/3.6)))}
	})
	return 10
}

// smoothstep goes from 0 at 0 to 1 at 1, starting and ending gently.
func smoothstep(v float64) float64 {
	v = min(1, max(0, v))
	return v * v * (3 - 2*v)
}

// queue lets one vehicle after the other into a lane; all of a lane move and stand together.
func (t *Traffic) queue(r *rand.Rand, at float64) float64 {
	const cycle, length = 5.0, 8.0 // s, m: how far a lane moves in one cycle
	gone := func(clock float64) float64 {
		n := math.Floor(clock / cycle)
		return length * (n + smoothstep((clock-n*cycle)/(.55*cycle)))
	}
	m := t.plated(r)
	m.x, m.Lane = slowLane, "right"
	shift := 0.0
	if r.IntN(2) == 0 {
		m.x, m.Lane, shift = fastLane, "left", 2.1
	}
	x := m.x + r.NormFloat64()*.15
	// It comes into view as its lane moves.
	clock := at + shift
	n := math.Floor(clock / cycle)
	in := n*cycle + .5
	if in < clock {
		in += cycle
	}
	in -= shift
	if t.laneFree[m.x] > in {
		return max(.3, t.laneFree[m.x]-at-cycle)
	}
	t.laneFree[m.x] = in + cycle - .1
	z := m.enters(t.lens) - 1 + r.Float64()
	from := gone(in + shift)
	if k := len(t.movers); k > 0 && t.movers[k-1].inAt > in {
		in = t.movers[k-1].inAt
	}
	t.enter(m, in, 60, func(s float64) pose { return pose{x: x, z: z + gone(in+shift+s) - from} })
	return .3
}

func (t *Traffic) stand(r *rand.Rand, at float64) float64 {
	m := t.plated(r)
	m.Lane = "roadside"
	length := 35 + 20*r.Float64()
	x, z := 2.75+.2*r.Float64(), 21+2*r.Float64()
	t.enter(m, at, length+8, func(s float64) pose {
		return pose{x: x, z: z - 11 + 11*smoothstep(s/4) + 5*math.Pow(max(0, s-length), 2)}
	})
	for s := 3 + 2*r.Float64(); s < length+1; s += 3 + 4*r.Float64() {
		o := t.vehicle(r)
		o.x, o.Lane, o.speed = fastLane+.3, "left", 9+3*r.Float64()
		if r.IntN(3) == 0 {
			o.x, o.Lane = slowLane-.2, "right"
		}
		o.inAt, o.zIn = at+s, o.enters(t.lens)
		t.add(o)
	}
	return length + 9
}

func (t *Traffic) turn(r *rand.Rand, at float64) float64 {
	m := t.plated(r)
	m.x, m.Lane = slowLane-.4, "right"
	sign := 1.0
	if r.IntN(2) == 0 {
		sign, m.x, m.Lane = -1, fastLane+.6, "left"
	}
	x, z, speed, radius := m.x, max(9, m.enters(t.lens)), 3.5+1.5*r.Float64(), 7+3*r.Float64()
	straight := 2 + 3*r.Float64()
	t.enter(m, at, 7, func(s float64) pose {
		d := speed * s
		if d < straight {
			return pose{x: x, z: z + d}
		}
		a := min((d-straight)/radius, 1.35)
		rest := d - straight - a*radius
		return pose{x: x + sign*(radius*(1-math.Cos(a))+rest*math.Sin(a)), z: z + straight + radius*math.Sin(a) + rest*math.Cos(a), yaw: sign * a}
	})
	return 6 + r.Float64()
}

func (t *Traffic) back(r *rand.Rand, at float64) float64 {
	m := t.plated(r)
	m.x, m.Lane = slowLane-.3, "right"
	near, far, speed, wait := max(9.5, m.enters(t.lens))+1.5*r.Float64(), 26+3*r.Float64(), 3+1.5*r.Float64(), .5+2*r.Float64()
	x := m.x
	there := (far - near) / speed
	t.enter(m, at, there+wait+5, func(s float64) pose {
		if s < there+wait {
			k := min(1, s/there)
			return pose{x: x + .25*math.Sin(s*.7), z: far - (far-near)*k*(2-k)}
		}
		return pose{x: x + .25*math.Sin((there+wait)*.7), z: near + 1.5*(s-there-wait)*(s-there-wait)}
	})
	return there + wait + 6
}

func (t *Traffic) come(r *rand.Rand, at float64) float64 {
	m := t.plated(r)
	m.front = true
	m.Registration = invent(r, [...]string{"us-va", "us-va", "us-ga"}[r.IntN(3)])
	m.x, m.Lane = slowLane, "right"
	if r.IntN(2) == 0 {
		m.x, m.Lane = fastLane, "left"
	}
	x, speed := m.x, 9+3*r.Float64()
	t.enter(m, at, 5, func(s float64) pose { return pose{x: x, z: max(near+1, 40-speed*s)} })
	return 3.5 + r.Float64()
}

func (t *Traffic) cross(r *rand.Rand, at float64) float64 {
	m := t.plated(r)
	sign := float64(2*r.IntN(2) - 1)
	yaw, speed, z := sign*(.35+.4*r.Float64()), 4.5+2*r.Float64(), 10.5+2.5*r.Float64()
	if m.Lane = "rightward"; sign < 0 {
		m.Lane = "leftward"
	}
	// It begins just outside the picture.
	x := (0 - t.lens.horizonX - 150) * z / t.lens.focal
	if sign < 0 {
		x = (Width - t.lens.horizonX + 150) * z / t.lens.focal
	}
	t.enter(m, at, 8, func(s float64) pose {
		return pose{x: x + speed*s*math.Sin(yaw), z: z + speed*s*math.Cos(yaw), yaw: yaw}
	})
	return 5 + r.Float64()
}
