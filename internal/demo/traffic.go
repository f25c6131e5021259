package demo

import (
	"image"
	"math"
	"math/rand/v2"
	"sort"
	"sync"

	"alprd/internal/alpr"
)

// Options of rendered traffic. The zero value is a bright day at 15 frames a second with a vehicle every 2.6 seconds.
type Options struct {
	FPS    float64 // frames a second; 15 when zero
	Every  float64 // mean seconds between vehicles; 2.6 when zero
	Dusk   bool    // little light; plates shine in the camera's lamp
	Parked bool    // a car stands at the roadside all the time
	Clean  bool    // every vehicle has a plate, for measuring accuracy
	Alone  bool    // nobody comes the other way

	Scene   Scene // what the vehicles do; FreeFlow when zero
	Near    bool  // a low camera at the kerb: plates up to 200 pixels wide
	Night   bool  // the camera's infrared lamp is the only light: a grey picture, black but for plates and lamps
	Rain    bool
	Hitches bool // every vehicle has a ball hitch before its plate
}

// Legible is the width of a plate, in pixels, from which a pass counts as one that should be read: at 44 pixels the
// characters are about 9 pixels high.
const Legible = 44.0

// Vehicle is one vehicle of the traffic, and when its plate can be read.
type Vehicle struct {
	ID int // from 1, in the order of coming
	Registration
	Make, Model, Colour, Body string
	Lane                      string // "right", "left"; "roadside" for the parked one

	// First and Last are the frames in which the plate is wholly in the picture, at least Legible wide and not hidden;
	// both -1 when there is no such frame, Count how many there are.
	First, Last, Count int
}

// Truth is what stands in one frame.
type Truth struct {
	Vehicle int // its ID
	Registration
	Corners alpr.Quad // outer edge of the plate
	Width   float64   // of the plate, pixels
	Hidden  float64   // part of it that a nearer vehicle covers, 0..1
}

// Legible tells whether a reader is expected to read the plate in this frame: it is wide enough, not hidden, and seen from
// no more than 45° aside.
func (t Truth) Legible() bool {
	high := math.Hypot(t.Corners[3].X-t.Corners[0].X, t.Corners[3].Y-t.Corners[0].Y)
	return t.Width >= Legible && t.Width >= 1.4*high && t.Hidden < .05
}

// mover is a vehicle with everything needed to draw it.
type mover struct {
	Vehicle
	body  body
	paint rgba
	trim  int
	front bool // seen from the front, without an entry in the truth
	x     float64
	inAt  float64 // seconds: its plate is at zIn
	zIn   float64
	speed float64 // away from the camera, m/s; negative towards it
	tilt  float64 // of the plate, radians
	phase float64
	seed  uint64

	course func(since float64) pose // from inAt on; nil: straight away at speed
	stays  float64                  // seconds for which it has a course
	hitch  bool                     // a ball hitch stands before its plate
}

// Traffic is rendered traffic. Frame n of a seed and options is always the same. It may be used by several goroutines,
// one at a time draws.
type Traffic struct {
	opt  Options
	lens lens
	seed uint64
	bare bool // tests: draw everything but the plates

	mu        sync.Mutex
	press     *press
	garage    *garage
	scene     *image.YCbCr
	noise     []int8
	cars      map[carKey]*car
	plates    map[int]*texture
	movers    []mover // in the order of coming
	until     float64 // seconds for which movers is complete
	arrivals  *rand.Rand
	laneFree  map[float64]float64
	parkedCar *mover // nil: none
	oncoming  []mover
	opposite  *rand.Rand
	oppositeT float64
}

type carKey struct {
	body, colour, trim int
	front              bool
}

// NewTraffic readies the traffic of a seed. The first frame takes some tenths of a second more: the empty road is drawn.
func NewTraffic(seed uint64, opt Options) *Traffic {
	if opt.FPS <= 0 {
		opt.FPS = 15
	}
	if opt.Every <= 0 {
		opt.Every = 2.6
	}
	opt.Dusk = opt.Dusk || opt.Night
	t := &Traffic{opt: opt, lens: pole, seed: seed, press: newPress(), garage: newGarage(),
		cars: map[carKey]*car{}, plates: map[int]*texture{}, laneFree: map[float64]float64{},
		arrivals: rand.New(rand.NewPCG(seed, 1)), opposite: rand.New(rand.NewPCG(seed, 2)), until: .2, oppositeT: -20}
	if opt.Near {
		t.lens = gate
	}
	r := rand.New(rand.NewPCG(seed, 3))
	t.noise = make([]int8, 1<<17)
	for i := range t.noise {
		t.noise[i] = int8(math.Round(max(-20, min(20, r.NormFloat64()*t.opt.grain()))))
	}
	if opt.Parked {
		m := t.vehicle(r)
		m.Lane, m.x, m.zIn, m.inAt, m.speed = "roadside", 4.12, 34, 0, 0
		t.add(m)
		parked := t.movers[0]
		t.parkedCar = &parked
	}
	return t
}

// FPS is the traffic's frame rate.
func (t *Traffic) FPS() float64 { return t.opt.FPS }

// vehicle draws lots for a vehicle's looks.
func (t *Traffic) vehicle(r *rand.Rand) mover {
	b := [...]int{0, 0, 1, 2, 2, 2, 3, 4, 4}[r.IntN(9)]
	c := [...]int{0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 6, 7, 8}[r.IntN(14)]
	region := [...]string{"us-nc", "us-nc", "us-nc", "us-nc", "us-nc", "us-nc", "us-nc", "us-va", "us-ga"}[r.IntN(9)]
	m := mover{body: bodies[b], paint: colours[c].c, trim: r.IntN(60), seed: r.Uint64(), phase: r.Float64() * 2 * math.Pi}
	m.Registration = invent(r, region)
	if none := r.IntN(14) == 0; none && !t.opt.Clean {
		m.Registration = Registration{}
	}
	m.tilt = r.NormFloat64() * .011
	m.hitch = t.opt.Hitches
	m.Body, m.Colour = bodies[b].name, colours[c].name
	m.Make, m.Model = makes[m.trim%len(makes)][0], makes[m.trim%len(makes)][1]
	return m
}

// extend makes the traffic known up to a time.
func (t *Traffic) extend(until float64) {
	for t.until < until {
		r := t.arrivals
		if act := t.opt.Scene.act(); act != nil {
			t.until += act(t, r, t.until)
			continue
		}
		gap := t.opt.Every * (.45 + 1.1*r.Float64())
		if r.IntN(7) == 0 {
			gap = .15 + .3*r.Float64() // two at once
		}
		t.until += gap
		m := t.vehicle(r)
		m.x, m.Lane, m.speed = slowLane, "right", 10.2+r.Float64()*.5
		if r.IntN(5) < 2 {
			m.x, m.Lane, m.speed = fastLane, "left", 12.6+r.Float64()*.5
		}
		if t.laneFree[m.x] > t.until {
			// The other lane, or later.
			other := slowLane
			if m.x == slowLane {
				other = fastLane
			}
			if t.laneFree[other] <= t.until {
				m.x = other
				if m.Lane = "right"; other == fastLane {
					m.Lane = "left"
				}
				m.speed = map[float64]float64{slowLane: 10.4, fastLane: 12.8}[other]
			} else {
				t.until = t.laneFree[m.x]
			}
		}
		t.laneFree[m.x] = t.until + 2.4
		m.x += r.NormFloat64() * .1
		m.inAt = t.until
		m.zIn = m.enters(t.lens)
		t.add(m)
	}
}

// add numbers a vehicle.
func (t *Traffic) add(m mover) {
	m.ID = len(t.movers) + 1
	t.movers = append(t.movers, m)
}

// enters is the depth at which the whole plate is first in the picture.
func (m *mover) enters(l lens) float64 {
	z := l.focal * (l.eye - m.body.plateY + plateHigh/2 + .02) / (Height - 4 - l.horizonY)
	side := (math.Abs(m.x) + plateWide/2 + .02) * l.focal
	if m.x < 0 {
		return max(z, side/(l.horizonX-4))
	}
	return max(z, side/(Width-4-l.horizonX))
}

// pose is where a vehicle's rear is and where it heads.
type pose struct {
	x, z   float64 // m to the right of the camera, and away from it
	yaw    float64 // radians to the right of straight away from the camera
	bounce float64 // m
}

// project is the pixel of a place on the vehicle: m to the right of its rear's middle, over the road, and towards its front.
func (p pose) project(l lens, right, up, ahead float64) alpr.Point {
	c, s := math.Cos(p.yaw), math.Sin(p.yaw)
	return l.project(p.x+right*c+ahead*s, up, max(near, p.z-right*s+ahead*c))
}

// faces is above zero where the vehicle's right flank faces the camera, and below where the left one does.
func (p pose) faces() float64 { return -p.x*math.Cos(p.yaw) + p.z*math.Sin(p.yaw) }

// facesAway reports whether the camera can't see the vehicle's rear.
func (p pose) facesAway() bool { return p.x*math.Sin(p.yaw)+p.z*math.Cos(p.yaw) <= 0 }

// place is the vehicle's pose at a time.
func (m *mover) place(at float64) pose {
	sway := func(p pose, k float64) pose {
		p.x += k * .07 * math.Sin(at*.9+m.phase)
		p.bounce = k * (.006*math.Sin(at*9.5+m.phase) + .004*math.Sin(at*17+2*m.phase))
		return p
	}
	switch {
	case m.course != nil:
		p := m.course(at - m.inAt)
		q := m.course(at - m.inAt + .1)
		return sway(p, min(1, math.Hypot(q.x-p.x, q.z-p.z)/.4))
	case m.speed == 0:
		return pose{x: m.x, z: m.zIn}
	}
	return sway(pose{x: m.x, z: m.zIn + m.speed*(at-m.inAt)}, 1)
}

// quad is the plate's outer edge in the picture.
func (m *mover) quad(l lens, p pose) alpr.Quad {
	c, s := math.Cos(m.tilt), math.Sin(m.tilt)
	lean := .02 // the plate's top stands back a little
	corner := func(u, v float64) alpr.Point {
		return p.project(l, u*c-v*s, m.body.plateY+p.bounce+u*s+v*c, -.02+lean*(v/plateHigh+.5))
	}
	w, h := plateWide/2, plateHigh/2
	return alpr.Quad{corner(-w, h), corner(w, h), corner(w, -h), corner(-w, -h)}
}

const (
	vanish = 420.0 // m: a vehicle is gone
	stay   = 200.0 // s: after that even a slow one is
)

// since is the index of the first of movers, in the order of coming, that may still be on the road.
func since(movers []mover, at float64) int {
	return sort.Search(len(movers), func(i int) bool { return movers[i].inAt > at-stay })
}

// present are the vehicles on the road at a time, farthest first.
func (t *Traffic) present(at float64) []*mover {
	t.extend(at + 12)
	var out []*mover
	if t.parkedCar != nil {
		out = append(out, t.parkedCar)
	}
	for i := since(t.movers, at); i < len(t.movers) && t.movers[i].inAt < at+12; i++ {
		if m := &t.movers[i]; m.onRoad(at) {
			out = append(out, m)
		}
	}
	t.meet(at)
	for i := since(t.oncoming, at); i < len(t.oncoming); i++ {
		m := &t.oncoming[i]
		if z := m.place(at).z; z < vanish && z > 20 {
			out = append(out, m)
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].place(at).z > out[j].place(at).z })
	return out
}

// onRoad reports whether a vehicle that isn't the parked one may be in the picture.
func (m *mover) onRoad(at float64) bool {
	if m.course != nil && (at < m.inAt || at > m.inAt+m.stays) || m.course == nil && m.speed == 0 {
		return false
	}
	z := m.place(at).z
	return z < vanish && z+m.body.long > near
}

// meet makes the oncoming traffic known up to a time.
func (t *Traffic) meet(at float64) {
	for t.oppositeT < at && !t.opt.Alone {
		r := t.opposite
		t.oppositeT += 2.5 + 7*r.Float64()
		m := t.vehicle(r)
		m.front, m.Registration = true, Registration{}
		m.x, m.speed, m.inAt, m.zIn = oncomingLane+r.NormFloat64()*.12, -13.5, t.oppositeT, vanish-1
		t.oncoming = append(t.oncoming, m)
	}
}

// truths are the plates in frame n whose box is wholly in the picture, or, with cut, those whose middle is.
func (t *Traffic) truths(n int, cut bool) []Truth {
	at := float64(n) / t.opt.FPS
	here := t.present(at)
	var out []Truth
	for i, m := range here {
		p := m.place(at)
		if m.Text == "" || p.z < near+.5 || p.facesAway() {
			continue
		}
		q := m.quad(t.lens, p)
		x0, y0, x1, y1 := q.Bounds()
		if !cut && (x0 < 0 || y0 < 0 || x1 > Width || y1 > Height) {
			continue
		}
		if c := q.Centre(); c.X < 0 || c.Y < 0 || c.X > Width || c.Y > Height {
			continue
		}
		w := math.Hypot(q[1].X-q[0].X, q[1].Y-q[0].Y)
		if w < 12 {
			continue
		}
		tr := Truth{Vehicle: m.ID, Registration: m.Registration, Corners: q, Width: w}
		for _, o := range here[i+1:] {
			tr.Hidden = max(tr.Hidden, o.covers(t.lens, at, x0, y0, x1, y1))
		}
		out = append(out, tr)
	}
	return out
}

// covers is the part of a box that the vehicle stands before.
func (m *mover) covers(l lens, at, x0, y0, x1, y1 float64) float64 {
	p := m.place(at)
	z, half := max(p.z, near), m.body.half
	// The rear face up to the belt, and the cabin up to the highest of its edges.
	hide := func(half, top, bottom, z float64) float64 {
		a, b := p.project(l, -half, top, z-p.z), p.project(l, half, bottom, z-p.z)
		w, h := min(x1, max(a.X, b.X))-max(x0, min(a.X, b.X)), min(y1, b.Y)-max(y0, a.Y)
		if w <= 0 || h <= 0 {
			return 0
		}
		return w * h / ((x1 - x0) * (y1 - y0))
	}
	return max(hide(half, m.body.belt, 0, z), hide(half, m.body.roof, 0, z+m.body.roofZ), hide(half, m.body.glassTop, m.body.belt, z+m.body.glassZ))
}

// Truth is what stands in frame n, without drawing it.
func (t *Traffic) Truth(n int) []Truth {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.truths(n, false)
}

// Present is what stands in frame n, plates that the picture's edge cuts off included, without drawing it.
func (t *Traffic) Present(n int) []Truth {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.truths(n, true)
}

// Vehicles are those whose plate can first be read, or, of those without a plate, who come in view, in frames from..to-1, in the order of coming.
func (t *Traffic) Vehicles(from, to int) []Vehicle {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.extend(float64(to)/t.opt.FPS + 12)
	var out []Vehicle
	for _, m := range t.movers {
		v := m.Vehicle
		v.First, v.Last = -1, -1
		if m.speed == 0 && m.course == nil {
			if from == 0 {
				out = append(out, v)
			}
			continue
		}
		if m.inAt*t.opt.FPS >= float64(to) {
			break // they come in the order of their number
		}
		start := int(math.Ceil(m.inAt * t.opt.FPS))
		if start < from || start >= to {
			continue
		}
		t.readable(&m, &v)
		out = append(out, v)
	}
	return out
}

// readable fills in when a vehicle's plate can be read.
func (t *Traffic) readable(m *mover, v *Vehicle) {
	start := int(math.Ceil(m.inAt * t.opt.FPS))
	gone := start + int(m.stays*t.opt.FPS)
	if m.course == nil {
		gone = start + int((t.lens.focal*plateWide/Legible-m.zIn)/m.speed*t.opt.FPS) + 2
	}
	v.First, v.Last, v.Count = -1, -1, 0
	for n := start; n <= gone && v.Text != ""; n++ {
		for _, tr := range t.truths(n, false) {
			if tr.Vehicle == v.ID && tr.Legible() {
				if v.First < 0 {
					v.First = n
				}
				v.Last = n
				v.Count++
			}
		}
	}
}
