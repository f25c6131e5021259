package demo

import (
	"math"

	"alprd/internal/alpr"

	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/gomedium"
)

// body is the shape of a kind of vehicle, seen from behind. Heights over the road and depths before the rear face, m.
type body struct {
	name             string
	half             float64 // half its width
	bumper           float64 // lower edge of the rear face
	belt             float64 // top of the rear face
	deck             float64 // depth of the boot lid or bed before the glass begins
	glassTop, glassZ float64 // where the rear window ends
	roof             float64
	roofZ            float64 // where the roof ends, seen from behind
	cabin            float64 // half the width of the roof
	long             float64
	plateY           float64 // centre of the plate
	wheel            float64 // radius
}

var bodies = [...]body{
	{name: "sedan", half: .90, bumper: .27, belt: 1.03, deck: .48, glassTop: 1.38, glassZ: 1.12, roof: 1.44, roofZ: 2.5, cabin: .60, long: 4.7, plateY: .83, wheel: .32},
	{name: "hatchback", half: .88, bumper: .27, belt: .98, deck: .05, glassTop: 1.40, glassZ: .52, roof: 1.48, roofZ: 2.6, cabin: .62, long: 4.2, plateY: .76, wheel: .32},
	{name: "SUV", half: .95, bumper: .32, belt: 1.12, deck: .03, glassTop: 1.58, glassZ: .26, roof: 1.70, roofZ: 3.3, cabin: .70, long: 4.8, plateY: .92, wheel: .37},
	{name: "van", half: .97, bumper: .30, belt: 1.10, deck: .02, glassTop: 1.70, glassZ: .14, roof: 1.86, roofZ: 3.6, cabin: .80, long: 5.0, plateY: .80, wheel: .35},
	{name: "pickup", half: .98, bumper: .38, belt: 1.16, deck: 1.75, glassTop: 1.66, glassZ: 2.0, roof: 1.78, roofZ: 3.2, cabin: .70, long: 5.6, plateY: .60, wheel: .40},
}

// colour of a vehicle, with the name a hot list would give it.
type colour struct {
	name string
	c    rgba
}

var colours = [...]colour{
	{"white", hex(0xe4e6e6)}, {"silver", hex(0xaeb3b7)}, {"grey", hex(0x6d737a)}, {"black", hex(0x26292e)},
	{"blue", hex(0x2f5591)}, {"red", hex(0x9b2a2c)}, {"green", hex(0x3c5c4a)}, {"tan", hex(0xb4a283)}, {"orange", hex(0xc46a2b)},
}

// Makes that don't exist, for hot lists and badges.
var makes = [...][2]string{{"TARVIN", "LX"}, {"CORVO", "GT"}, {"MESA", "300"}, {"HALDEN", "TREK"}, {"PIERA", "EV"}, {"NORVIK", "V6"}}

var stickers = [...]string{"OBX", "", "MY OTHER CAR IS A BOAT", "", "LIFE IS BETTER AT THE LAKE", "", "GO TAR RIVER 12", "", "HOW AM I DRIVING? 555-0142", "BLUE RIDGE 5K", "", ""}

const facePixels = 360 // texture pixels a metre of the rear face

// car is a drawn vehicle: what is the same in every frame.
type car struct {
	body
	paint  rgba
	front  bool
	bands  []band
	shadow band
}

// garage draws cars.
type garage struct {
	bold, medium *lettering
	shadow       *texture
}

func newGarage() *garage {
	c := newCanvas(-1, 0, 1, 1, 48, true)
	for y := range c.h {
		for x := range c.w {
			u, v := math.Abs(float64(x)/float64(c.w)*2-1), float64(y)/float64(c.h)
			a := min(1, max(0, (1-u)/.22)) * min(1, max(0, (1-v)/.06)) * min(1, v/.08)
			c.pix[4*(y*c.w+x)+3] = float32(185 * a * a * (3 - 2*a))
		}
	}
	return &garage{newLettering(gobold.TTF), newLettering(gomedium.TTF), c.texture()}
}

// build draws a car's strips. trim picks badge, sticker and lamps.
func (g *garage) build(b body, paint rgba, front bool, trim int) *car {
	k := &car{body: b, paint: paint, front: front}
	k.shadow = band{tex: g.shadow, half: b.half * 1.25, y0: 0, z0: -.35, y1: 0, z1: b.long + .3}
	k.bands = append(k.bands,
		band{tex: g.under(b), half: b.half + .02, y0: 0, z0: .22, y1: b.bumper + .2, z1: .22},
		band{tex: g.roof(b, paint), half: b.half, y0: b.glassTop, z0: b.glassZ, y1: b.roof, z1: b.roofZ},
		band{tex: g.glass(b, paint), half: b.half, y0: b.belt - .02, z0: b.deck, y1: b.glassTop, z1: b.glassZ},
	)
	if b.deck > .2 {
		k.bands = append(k.bands, band{tex: g.deck(b, paint), half: b.half, y0: b.belt - .02, z0: .01, y1: b.belt + .02, z1: b.deck + .02})
	}
	face := band{tex: g.face(b, paint, trim), half: b.half + .05, y0: b.bumper - .05, z0: 0, y1: b.belt + .03, z1: 0}
	if front {
		face.tex = g.nose(b, paint)
	}
	k.bands = append(k.bands, face)
	return k
}

// under is the tyres and the dark below the car.
func (g *garage) under(b body) *texture {
	top := b.bumper + .2
	c := newCanvas(-b.half-.02, 0, b.half+.02, top, 140, false)
	c.fill(line(-b.half+.12, .13, b.half-.12, .13, b.half-.12, top, -b.half+.12, top), flat(grey(.07).fade(.96)))
	for _, s := range []float64{-1, 1} {
		x0, x1 := s*(b.half-.27), s*(b.half-.04)
		c.fill(rounded(min(x0, x1), .0, max(x0, x1), top+.1, .05), func(x, y float64) rgba {
			return mix(grey(.05), grey(.17), .5+.5*math.Sin(x*120)*.4-(y-.1)*.8)
		})
	}
	c.stroke([][]point{line(b.half*.45, .2, b.half*.45+.1, .2)}, .055, flat(grey(.5)))
	return c.texture()
}

func (g *garage) roof(b body, paint rgba) *texture {
	c := newCanvas(-b.half, 0, b.half, 1, 150, false)
	c.fill(line(-b.cabin-.02, 0, b.cabin+.02, 0, b.cabin-.03, 1, -b.cabin+.03, 1), func(x, y float64) rgba {
		return mix(paint.times(.82), mix(paint, hex(0xdbe6ef), .45), .35+.5*y-.25*math.Abs(x/b.cabin))
	})
	c.fill(line(-b.cabin-.02, 0, b.cabin+.02, 0, b.cabin+.02, .05, -b.cabin-.02, .05), flat(paint.times(.5)))
	return c.texture()
}

func (g *garage) glass(b body, paint rgba) *texture {
	c := newCanvas(-b.half, 0, b.half, .6, 300, false)
	low, top := b.half-.05, b.cabin+.02
	frame := line(-low, 0, low, 0, top, .6, -top, .6)
	c.fill(frame, vertical([]float64{0, .6}, paint.times(.72), paint.times(.95)))
	in := .085
	window := join(arc(-low+in+.09, .10, .06, .06, 180, 90), arc(low-in-.09, .10, .06, .06, 90, 0))
	window = join(line(-low+in+.03, .045), line(low-in-.03, .045), line(top-in*.7, .53), line(-top+in*.7, .53))
	c.fill(window, func(x, y float64) rgba {
		sky := mix(hex(0x10161b), hex(0x55697a), math.Pow(y/.6, 1.6))
		streak := bump(x*.8+y*.9-.15, .13) * .22
		return mix(sky, hex(0xc9d6df), streak)
	})
	// Headrests, and the wiper.
	for _, x := range []float64{-.36, .36} {
		c.fill(rounded(x-.12, .12, x+.12, .38, .07), flat(grey(.03).fade(.55)))
	}
	if b.deck < .2 {
		c.stroke([][]point{line(.02, .07, .36, .2)}, .014, flat(grey(.03)))
	}
	c.stroke([][]point{line(-low+in+.03, .045, low-in-.03, .045, top-in*.7, .53, -top+in*.7, .53, -low+in+.03, .045)}, .014, flat(grey(.03).fade(.8)))
	if b.name != "pickup" {
		c.stroke([][]point{line(-.16, .55, .16, .55)}, .018, flat(hex(0x7a1216)))
	}
	return c.texture()
}

// deck is a boot lid, or a pickup's open bed.
func (g *garage) deck(b body, paint rgba) *texture {
	c := newCanvas(-b.half, 0, b.half, .5, 150, false)
	c.fill(line(-b.half+.03, 0, b.half-.03, 0, b.half-.05, .5, -b.half+.05, .5), func(x, y float64) rgba {
		return mix(paint.times(.9), mix(paint, hex(0xe8f0f6), .5), .75-.9*y+.1*math.Cos(x*2))
	})
	if b.name == "pickup" {
		c.fill(line(-b.half+.14, .03, b.half-.14, .03, b.half-.14, .5, -b.half+.14, .5), vertical([]float64{0, .5}, grey(.08), grey(.2)))
	}
	return c.texture()
}

// shade is the light on a painted panel: bright at the shoulder, darker below, rolled off at the sides.
func shade(b body, paint rgba) paint {
	return func(x, y float64) rgba {
		t := (y - b.bumper) / (b.belt - b.bumper)
		k := .58 + .42*t - .30*math.Pow(math.Abs(x)/b.half, 5)
		c := paint.times(k)
		c = mix(c, hex(0xeef4f8), .30*bump(t-.965, .05)+.12*bump(t-.62, .06))
		c = mix(c, hex(0x30343a), .35*bump(t-.03, .05))
		return c
	}
}

// outline of the rear face.
func outline(b body) []point {
	lo, hi, w := b.bumper, b.belt, b.half
	return join(
		line(-w+.16, lo, w-.16, lo), arc(w-.12, lo+.12, .11, .11, -80, 0),
		line(w, lo+.35, w-.01, hi-.22), arc(w-.13, hi-.12, .12, .13, 10, 88),
		line(-w+.13, hi+.01), arc(-w+.13, hi-.12, .12, .13, 92, 170),
		line(-w+.01, hi-.22, -w, lo+.35), arc(-w+.12, lo+.12, .11, .11, 180, 260))
}

// face is the rear: panel, bumper, lamps, plate well, badge and sticker.
func (g *garage) face(b body, paint rgba, trim int) *texture {
	c := newCanvas(-b.half-.05, b.bumper-.05, b.half+.05, b.belt+.03, facePixels, false)
	lo, hi, w := b.bumper, b.belt, b.half
	c.fill(outline(b), shade(b, paint))
	// Bumper: a ledge, and dark plastic below.
	ledge := lo + .30
	if b.name == "pickup" {
		ledge = lo + .32
	}
	c.stroke([][]point{line(-w+.03, ledge, -w*.5, ledge-.015, w*.5, ledge-.015, w-.03, ledge)}, .012, flat(grey(.05).fade(.7)))
	c.stroke([][]point{line(-w+.03, ledge-.02, -w*.5, ledge-.034, w*.5, ledge-.034, w-.03, ledge-.02)}, .014, flat(hex(0xf2f6f8).fade(.28)))
	c.fill(join(line(-w+.14, lo, w-.14, lo), arc(w-.14, lo+.07, .06, .06, -60, 60), line(w-.3, lo+.13, -w+.3, lo+.13), arc(-w+.14, lo+.07, .06, .06, 120, 240)),
		vertical([]float64{lo, lo + .13}, grey(.06), grey(.15)))
	for _, x := range []float64{-w + .26, w - .26} {
		c.fill(rounded(x-.09, lo+.155, x+.09, lo+.19, .015), flat(hex(0x8c1a1c)))
	}
	if b.name == "pickup" { // a chrome bumper with the plate in it
		c.fill(rounded(-w+.02, lo+.02, w-.02, lo+.31, .06), vertical([]float64{lo, lo + .14, lo + .2, lo + .31}, grey(.3), grey(.78), grey(.5), grey(.92)))
	}
	g.lamps(c, b, trim)
	// Lid edges.
	lid := w - .30
	if b.name != "pickup" {
		c.stroke([][]point{line(-lid-.04, hi-.02, -lid, hi-.24, -lid+.03, ledge+.05, lid-.03, ledge+.05, lid, hi-.24, lid+.04, hi-.02)}, .008, flat(grey(.04).fade(.65)))
	} else {
		c.stroke([][]point{line(-lid-.06, hi-.03, -lid-.06, ledge+.05, lid+.06, ledge+.05, lid+.06, hi-.03)}, .01, flat(grey(.04).fade(.7)))
		c.fill(rounded(-.13, hi-.2, .13, hi-.12, .02), flat(grey(.06).fade(.8)))
	}
	// Plate well.
	c.fill(rounded(-.235, b.plateY-.115, .235, b.plateY+.125, .03), vertical([]float64{b.plateY - .115, b.plateY + .125}, paint.times(.52), mix(paint, grey(.03), .75)))
	c.stroke([][]point{line(-.2, b.plateY+.145, .2, b.plateY+.145)}, .02, flat(grey(.85).fade(.6)))
	g.words(c, b, paint, trim)
	return c.texture()
}

func (g *garage) lamps(c *canvas, b body, trim int) {
	lo, hi, w := b.bumper, b.belt, b.half
	red := func(x, y float64) rgba {
		n := .5 + .10*math.Sin(y*170) + .06*math.Sin(x*150) + (y-hi)*.5
		return mix(hex(0x6b0f12), hex(0xd2332f), n)
	}
	for _, s := range []float64{-1, 1} {
		at := func(xy ...float64) []point {
			p := line(xy...)
			for i := range p {
				p[i].x *= s
			}
			return p
		}
		var lamp, white []point
		switch {
		case b.name == "SUV" || b.name == "van":
			lamp = at(w-.02, hi-.03, w-.17, hi-.04, w-.19, lo+.40, w-.04, lo+.38)
			white = at(w-.045, lo+.52, w-.165, lo+.52, w-.175, lo+.44, w-.05, lo+.43)
		case b.name == "pickup":
			lamp = at(w-.02, hi-.05, w-.17, hi-.05, w-.17, lo+.37, w-.02, lo+.37)
			white = at(w-.03, hi-.29, w-.16, hi-.29, w-.16, hi-.38, w-.03, hi-.38)
		case trim%2 == 0:
			lamp = at(w-.02, hi-.16, w-.16, hi-.12, w-.47, hi-.15, w-.47, hi-.26, w-.2, hi-.34, w-.03, hi-.33)
			white = at(w-.33, hi-.165, w-.455, hi-.165, w-.455, hi-.25, w-.35, hi-.27)
		default:
			lamp = at(w-.02, hi-.14, w-.27, hi-.12, w-.30, hi-.38, w-.03, hi-.38)
			white = at(w-.06, hi-.29, w-.26, hi-.28, w-.27, hi-.34, w-.06, hi-.345)
		}
		c.fill(lamp, red)
		c.fill(white, flat(hex(0xe6dfd6).fade(.85)))
		c.stroke([][]point{join(lamp, lamp[:1])}, .008, flat(grey(.05).fade(.7)))
		// A glint along the top.
		c.stroke([][]point{{{(lamp[0].x*3 + lamp[1].x) / 4, lamp[0].y - .03}, {(lamp[0].x + lamp[1].x*3) / 4, lamp[1].y - .03}}}, .012, flat(grey(1).fade(.4)))
	}
}

func (g *garage) words(c *canvas, b body, paint rgba, trim int) {
	lo, hi, w := b.bumper, b.belt, b.half
	chrome, top := grey(.86), hi-.10
	if paint.r > .6 && paint.b > .55 {
		chrome = grey(.35)
	}
	mk := makes[trim%len(makes)]
	if b.plateY+.2 > top-.03 {
		top = b.plateY + .2
	}
	if top < hi {
		c.text(g.bold, mk[0], -w+.50, hi-.075, .032, .3, flat(chrome))
		c.text(g.bold, mk[1], w-.46, hi-.075, .032, .2, flat(chrome))
	}
	c.fill(circle(0, hi-.055, .034), flat(chrome))
	c.fill(circle(0, hi-.055, .02), flat(paint.times(.5)))
	switch s := stickers[trim%len(stickers)]; {
	case s == "":
	case s == "OBX":
		c.fill(ellipse(w-.36, lo+.37+.03, .095, .06), flat(grey(.08)))
		c.fill(ellipse(w-.36, lo+.37+.03, .088, .054), flat(grey(.95)))
		c.text(g.bold, s, w-.36, lo+.4, .055, .13, flat(grey(.08)))
	default:
		x := -w + .42
		c.fill(rounded(x-.2, lo+.2, x+.2, lo+.27, .01), flat([...]rgba{hex(0xe8d44a), hex(0x2b4d80), hex(0xe9e9e4)}[trim%3]))
		ink := [...]rgba{grey(.1), grey(.95), hex(0x8c1a1c)}[trim%3]
		c.text(g.medium, s, x, lo+.235, .03, .37, flat(ink))
	}
}

// nose is the front of those who come towards us: no plate, as North Carolina asks for none there.
func (g *garage) nose(b body, paint rgba) *texture {
	c := newCanvas(-b.half-.05, b.bumper-.05, b.half+.05, b.belt+.03, 120, false)
	lo, hi, w := b.bumper, b.belt, b.half
	c.fill(outline(b), shade(b, paint))
	c.fill(rounded(-w*.52, lo+.12, w*.52, lo+.34, .06), flat(grey(.06)))
	for _, s := range []float64{-1, 1} {
		c.fill(ellipse(s*(w-.25), hi-.27, .17, .07), flat(hex(0xf6f3e4)))
		c.fill(ellipse(s*(w-.25), hi-.27, .07, .05), flat(grey(1)))
	}
	c.fill(line(-w*.45, hi-.3, w*.45, hi-.3, w*.4, hi-.2, -w*.4, hi-.2), flat(grey(.1)))
	return c.texture()
}

// drawCar lays the car over the picture.
func (s *screen) drawCar(k *car, p pose) {
	s.drawStrip(k.shadow, p)
	s.drawSide(k, p)
	for _, b := range k.bands {
		s.drawStrip(b, p)
	}
}

// drawStrip draws a band of a car wherever the car heads.
func (s *screen) drawStrip(b band, p pose) {
	if p.yaw == 0 {
		s.drawBand(b, p.x, p.z)
		return
	}
	q := alpr.Quad{p.project(s.lens, -b.half, b.y1, b.z1), p.project(s.lens, b.half, b.y1, b.z1), p.project(s.lens, b.half, b.y0, b.z0), p.project(s.lens, -b.half, b.y0, b.z0)}
	s.drawQuad(b.tex, q, 1)
}

// drawSide draws the flank that faces the camera.
func (s *screen) drawSide(k *car, p pose) {
	x, z := p.x, p.z
	sign := 1.0
	if p.yaw == 0 && x > 0 || p.yaw != 0 && p.faces() < 0 {
		sign = -1
	}
	edge := x + sign*k.half
	if p.yaw == 0 && edge*sign > -.02 || z+k.long < near+1 { // it faces away
		return
	}
	z0, z1 := max(near, z+.02), z+k.long
	at := func(X, Y, Z float64) alpr.Point { return p.project(s.lens, X-x, Y, max(near, Z)-z) }
	inset := x + sign*(k.half-.05)
	roofEdge := x + sign*k.cabin
	// Body in three tones, low to high.
	lo, mid, hi := k.bumper, (k.bumper+k.belt)/2, k.belt-.03
	bonnet := max(near, z+k.roofZ+.9) // from here to the front it falls
	if k.name == "van" || bonnet > z1-.3 {
		bonnet = z1 - .6
	}
	strip := func(a, b float64, c rgba) {
		s.polygon([]alpr.Point{at(edge, a, z0), at(edge, b, z0), at(edge, b, bonnet), at(edge, b-.16, z1-.2), at(edge, b-.24, z1), at(edge, min(a, b-.3), z1)}, c)
	}
	// The cabin leans in from the belt to the roof.
	glassA, glassB := max(near, z+max(k.deck, .1)), z+k.long*.70
	s.polygon([]alpr.Point{at(inset, k.belt-.05, max(near, z+k.deck*.6)), at(roofEdge, k.glassTop+.01, max(near, z+k.glassZ)), at(roofEdge, k.roof, max(near, z+k.glassZ+.5)),
		at(roofEdge, k.roof, z+k.roofZ), at(inset, k.belt-.05, z+k.roofZ+.9)}, k.paint.times(.72))
	s.polygon([]alpr.Point{at(inset, k.belt, glassA+.35), at((roofEdge*.85 + inset*.15), k.glassTop-.02, max(near, z+k.glassZ+.25)), at((roofEdge*.85 + inset*.15), k.roof-.10, z+k.roofZ-.1), at(inset, k.belt, glassB)}, hex(0x1d252c))
	s.polygon([]alpr.Point{at(edge, hi, z0), at(inset, k.belt, z0), at(inset, k.belt, bonnet), at(edge, hi, bonnet)}, mix(k.paint, grey(1), .12).times(.9))
	strip(lo+.02, hi, k.paint.times(.66))
	strip(lo+.02, mid, k.paint.times(.46))
	for _, wheel := range []float64{z + .85, z + k.long - .9} {
		if wheel-k.wheel < near {
			continue
		}
		ring := func(r float64, c rgba) {
			p := make([]alpr.Point, 24)
			for i := range p {
				a := 2 * math.Pi * float64(i) / float64(len(p))
				p[i] = at(edge, k.wheel+r*math.Sin(a), wheel+r*math.Cos(a))
			}
			s.polygon(p, c)
		}
		ring(k.wheel*1.12, grey(.05))
		ring(k.wheel*.95, grey(.09))
		ring(k.wheel*.6, grey(.5))
	}
}
