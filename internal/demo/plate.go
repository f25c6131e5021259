package demo

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/gobolditalic"
	"golang.org/x/image/font/gofont/gomedium"
)

// A US plate is 12 by 6 inches.
const (
	plateWide = .305 // m
	plateHigh = .152
	plateUnit = 12.0 // drawing units across a plate; 6 down

	platePixels = 48 // texture pixels a unit
)

// Registration is what stands on an invented plate.
type Registration struct {
	Text   string // A–Z and 0–9
	Region string // "us-nc"
}

// letters of a serial: North Carolina's serials skip those that look like figures.
const serialLetters = "ABCDEFGHJKLMNPRSTVWXYZ"

// invent draws a random serial. First letters V to Z have not been issued by North Carolina in its present series, which
// began with AAA-1000 and has not come that far; all the same any likeness is chance.
func invent(r *rand.Rand, region string) Registration {
	letter := func() byte { return serialLetters[r.IntN(len(serialLetters))] }
	text := []byte{"VWXYZ"[r.IntN(5)], letter(), letter()}
	return Registration{fmt.Sprintf("%s%04d", text, 1000+r.IntN(9000)), region}
}

// livery is how a state's plate looks.
type livery struct {
	die                die
	ink, ground, low   rgba // ground at the top and at the bottom
	name, slogan       string
	nameTop            bool
	nameInk, sloganInk rgba
	serial             float64 // height of the serial's characters, units
	flyer, hills, dash bool
	serialX0, serialX1 float64
	serialY            float64 // centre, units from the top
}

func liveries() map[string][]livery {
	white := hex(0xeef0f0)
	return map[string][]livery{
		"us-nc": {
			{die: carolina(), ink: hex(0x21347e), ground: white, low: hex(0xd9e6f2), name: "NORTH CAROLINA", slogan: "First in Flight",
				nameInk: hex(0xb02a35), sloganInk: hex(0xb02a35), serial: 2.72, flyer: true, dash: true, serialX0: .55, serialX1: 11.45, serialY: 3.08},
			{die: carolina(), ink: hex(0x1d2c6b), ground: white, low: white, name: "NORTH CAROLINA", slogan: "IN GOD WE TRUST",
				nameInk: hex(0x1d2c6b), sloganInk: hex(0x1d2c6b), serial: 2.72, dash: true, serialX0: .55, serialX1: 11.45, serialY: 3.05},
		},
		"us-va": {{die: virginia(), ink: hex(0x1e2a5c), ground: white, low: white, name: "VIRGINIA", nameTop: true,
			nameInk: hex(0x1e2a5c), serial: 2.8, dash: true, serialX0: .6, serialX1: 11.4, serialY: 3.35}},
		"us-ga": {{die: virginia(), ink: hex(0x262a33), ground: hex(0xf1efe6), low: hex(0xf0d9b8), name: "GEORGIA", nameTop: true,
			nameInk: hex(0x2f5d3a), serial: 2.75, hills: true, serialX0: .7, serialX1: 11.3, serialY: 3.3}},
	}
}

// press is what plates are made with.
type press struct {
	bold, script, medium *lettering
	liveries             map[string][]livery
}

func newPress() *press {
	return &press{newLettering(gobold.TTF), newLettering(gobolditalic.TTF), newLettering(gomedium.TTF), liveries()}
}

var frameNames = [...]string{"PIEDMONT AUTO", "CAPE FEAR MOTORS", "BLUE RIDGE IMPORTS", "SANDHILLS CARS", "TAR RIVER TRUCKS", "OUTER BANKS AUTO"}

// plate draws a plate with its stickers, bolts, wear and, for some, a dealer's frame. The same seed gives the same plate.
func (f *press) plate(reg Registration, seed uint64) *texture {
	r := rand.New(rand.NewPCG(seed, 0x706c617465))
	styles := f.liveries[reg.Region]
	l := styles[r.IntN(len(styles))]
	c := newCanvas(-.12, -.12, plateUnit+.12, 6.12, platePixels, true)
	soft := r.Float64()*.05 + .93 // an older plate is duller
	plain := vertical([]float64{.8, 5.4}, l.ground.times(soft), l.low.times(soft*.99))
	c.fill(rounded(0, 0, plateUnit, 6, .38), flat(grey(.55)))
	c.fill(rounded(.05, .05, plateUnit-.05, 5.95, .34), plain)
	if l.flyer {
		f.flyer(c)
	}
	if l.hills {
		c.fill(append(line(.05, 5.6), append(wave(.05, plateUnit-.05, 4.9, .35, 5), point{plateUnit - .05, 5.6}, point{plateUnit - .4, 5.95}, point{.4, 5.95})...),
			flat(hex(0x7fa06c).fade(.45)))
	}
	f.words(c, l)
	f.serial(c, l, reg.Text, r)
	f.stickers(c, l, r)
	for _, x := range []float64{2.5, plateUnit - 2.5} {
		for _, y := range []float64{.42, 5.58} {
			if y > 3 && (!l.nameTop || r.IntN(3) > 0) {
				continue
			}
			c.fill(circle(x+.03, y+.05, .23), flat(grey(.12).fade(.5)))
			c.fill(circle(x, y, .2), flat(grey(.35+.4*r.Float64())))
			c.fill(circle(x-.05, y-.06, .08), flat(grey(.92).fade(.7)))
		}
	}
	if r.IntN(4) == 0 {
		f.frame(c, r)
	}
	f.wear(c, r)
	return c.texture()
}

func (f *press) words(c *canvas, l livery) {
	if l.nameTop {
		c.text(f.bold, l.name, plateUnit/2, .95, .72, 5.2, flat(l.nameInk))
		return
	}
	c.text(f.bold, l.name, plateUnit/2, 5.28, .66, 7.4, flat(l.nameInk))
	face := f.script
	if strings.ToUpper(l.slogan) == l.slogan {
		face = f.medium
	}
	c.text(face, l.slogan, plateUnit/2, .85, .56, 4.9, flat(l.sloganInk))
}

// serial presses the characters: a shade below and to the right, a light edge above, then the ink.
func (f *press) serial(c *canvas, l livery, text string, r *rand.Rand) {
	h := l.serial
	var total float64
	gap, dash := .15*h, 0.0
	if l.dash {
		dash = .34 * h
	} else {
		dash = .22 * h
	}
	for i := range len(text) {
		total += l.die.advance(text[i])*h + gap
	}
	total += dash
	squeeze := min(1, (l.serialX1-l.serialX0)/total)
	x := plateUnit/2 - (total-gap)*squeeze/2
	y := l.serialY - h/2
	th := l.die.thickness * h
	var strokes [][]point
	for i := range len(text) {
		if i == 3 {
			if l.dash {
				mid := x + (dash-gap)*squeeze/2
				strokes = append(strokes, line(mid-.1*h, l.serialY, mid+.1*h, l.serialY))
			}
			x += dash * squeeze
		}
		adv := l.die.advance(text[i]) * h * squeeze
		var lines [][]point
		lo, hi := math.Inf(1), math.Inf(-1)
		for _, s := range l.die.strokes(text[i]) {
			for _, p := range s {
				lo, hi = min(lo, p.x), max(hi, p.x)
			}
			lines = append(lines, s)
		}
		// The stroke box is fitted between the outer edges, so that thickness stays what it is.
		natural := hi - lo
		room := adv - th
		k := 0.0
		if natural > 0 {
			k = min(room/natural, h*squeeze*1.02)
		}
		left := x + adv/2 - natural*k/2
		for _, s := range lines {
			out := make([]point, len(s))
			for j, p := range s {
				out[j] = point{left + (p.x-lo)*k, y + th/2 + p.y*(h-th)}
			}
			strokes = append(strokes, out)
		}
		x += adv + gap*squeeze
	}
	shift := func(dx, dy float64) [][]point {
		out := make([][]point, len(strokes))
		for i, s := range strokes {
			out[i] = make([]point, len(s))
			for j, p := range s {
				out[i][j] = point{p.x + dx, p.y + dy}
			}
		}
		return out
	}
	c.stroke(shift(.05, .07), th*1.1, flat(grey(.25).fade(.33)))
	c.stroke(shift(-.04, -.05), th*1.06, flat(grey(1).fade(.5)))
	c.stroke(strokes, th, flat(l.ink.times(.95+.15*r.Float64())))
	c.stroke(shift(-.03, -.04), th*.22, flat(grey(1).fade(.1)))
}

// stickers are the month at the left and the year at the right.
func (f *press) stickers(c *canvas, l livery, r *rand.Rand) {
	month := [...]string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}[r.IntN(12)]
	year := fmt.Sprint(26 + r.IntN(2))
	ground := [...]rgba{hex(0xc33b2f), hex(0x2d6fb5), hex(0x2f8f57), hex(0xd9a520)}[r.IntN(4)]
	y := .3
	if !l.nameTop && r.IntN(2) == 0 {
		y = 4.85
	}
	for i, s := range []string{month, year} {
		x := .35 + float64(i)*(plateUnit-.7-1.35)
		c.fill(rounded(x, y, x+1.35, y+.85, .06), flat(mix(grey(.95), ground, float64(i))))
		ink := grey(.97)
		if i == 0 {
			ink = grey(.1)
		}
		c.text(f.bold, s, x+.675, y+.43, .5, 1.2, flat(ink))
	}
}

// flyer hints at an aeroplane and grass, pale, behind the serial.
func (f *press) flyer(c *canvas) {
	blue := hex(0x7ea6d8).fade(.38)
	var lines [][]point
	for _, y := range []float64{1.05, 1.5} {
		lines = append(lines, line(6.2, y, 10.2, y-.25))
	}
	for x := 6.4; x < 10.1; x += .72 {
		d := (x - 6.2) / 4 * .25
		lines = append(lines, line(x, 1.05-d, x, 1.5-d))
	}
	lines = append(lines, line(8, 1.3, 5.2, 1.55), line(10.2, 1.1, 10.9, 1.0))
	c.stroke(lines, .05, flat(blue))
	grass := make([][]point, 0, 60)
	r := rand.New(rand.NewPCG(5, 5))
	for range 70 {
		x := .3 + r.Float64()*(plateUnit-.6)
		grass = append(grass, line(x, 4.95, x+(r.Float64()-.5)*.5, 4.95-.15-r.Float64()*.45))
	}
	c.stroke(grass, .035, flat(hex(0x6f93c0).fade(.35)))
}

func (f *press) frame(c *canvas, r *rand.Rand) {
	dark := hex([...]uint32{0x17181a, 0x202733, 0xb9bcc0}[r.IntN(3)])
	c.begin()
	c.trace(rounded(-.1, -.1, plateUnit+.1, 6.1, .4))
	c.trace(reversed(rounded(.26, .36, plateUnit-.26, 5.62, .25)))
	c.end(flat(dark))
	ink := grey(.9)
	if dark.r > .5 {
		ink = grey(.15)
	}
	c.text(f.medium, frameNames[r.IntN(len(frameNames))], plateUnit/2, 5.87, .25, 8, flat(ink))
}

// wear is dust along the lower edge and a shade of the car above.
func (f *press) wear(c *canvas, r *rand.Rand) {
	dust := r.Float64() * .22
	shade := r.Float64() * .28
	c.fill(rounded(0, 0, plateUnit, 6, .38), func(x, y float64) rgba {
		if y < 1.2 {
			return grey(.05).fade(shade * (1 - y/1.2))
		}
		n := .5 + .5*math.Sin(x*2.1+3*math.Sin(y*1.7))
		return hex(0x8a7a63).fade(dust * n * max(0, (y-2.5)/3.5))
	})
}

func circle(x, y, r float64) []point { return ellipse(x, y, r, r) }

func ellipse(x, y, rx, ry float64) []point {
	out := make([]point, 28)
	for i := range out {
		a := 2 * math.Pi * float64(i) / float64(len(out))
		out[i] = point{x + rx*math.Cos(a), y + ry*math.Sin(a)}
	}
	return out
}

// rounded is a rectangle with round corners.
func rounded(x0, y0, x1, y1, r float64) []point {
	r = min(r, (x1-x0)/2, (y1-y0)/2)
	return join(arc(x0+r, y0+r, r, r, 180, 270), arc(x1-r, y0+r, r, r, 270, 360), arc(x1-r, y1-r, r, r, 0, 90), arc(x0+r, y1-r, r, r, 90, 180))
}

// wave is a line of hills from x0 to x1 around y.
func wave(x0, x1, y, swing, turns float64) []point {
	out := make([]point, 0, 41)
	for i := range 41 {
		t := float64(i) / 40
		out = append(out, point{x0 + (x1-x0)*t, y - swing*math.Abs(math.Sin(t*turns))})
	}
	return out
}
