package demo

import (
	"image"
	"math"
	"runtime"
	"sync"

	"golang.org/x/image/font/gofont/gobold"
)

// The road: two lanes away from the camera, a yellow line, and the lane of those who come towards it. Metres from the
// camera, to the right.
const (
	shoulderX = 5.1
	edgeX     = 3.15
	divideX   = -.45
	yellowX   = -4.05
	kerbX     = -7.7

	slowLane     = 1.25
	fastLane     = -2.2
	oncomingLane = -5.85
	parkedX      = 4.35
)

// road draws the scene without traffic.
func road(l lens, seed uint64) *image.YCbCr {
	const w, h = Width, Height
	pix := make([]float32, 4*w*h)
	// Skyline heights once a column.
	var far, trees, feet [w]float64
	for x := range w {
		fx := float64(x)
		side := math.Abs(fx-l.horizonX) / 640
		far[x] = l.horizonY - 8 - 26*cloud(fx/230, 3, seed+11, 3)
		trees[x] = l.horizonY - 9 - 60*math.Pow(side, .8)*(.5+.6*cloud(fx/60, 7, seed+12, 4)) - 13*cloud(fx/13, 2, seed+13, 3)
		// The wood stands nearer at the sides than at the end of the road.
		feet[x] = l.horizonY + 1 + 46*max(0, side-.14) + 3*cloud(fx/9, 4, seed+14, 2)
	}
	rows := func(y int) {
		for x := range w {
			c := l.roadPixel(x, y, far[x], trees[x], feet[x], seed)
			p := pix[4*(y*w+x):]
			p[0], p[1], p[2], p[3] = float32(c.r*255), float32(c.g*255), float32(c.b*255), 255
		}
	}
	var wg sync.WaitGroup
	for first := range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for y := first; y < h; y += runtime.GOMAXPROCS(0) {
				rows(y)
			}
		})
	}
	wg.Wait()
	l.furnish(pix)
	img := image.NewYCbCr(image.Rect(0, 0, w, h), image.YCbCrSubsampleRatio420)
	half := newTexture(w, h, pix).levels
	for y := range h {
		for x := range w {
			img.Y[y*img.YStride+x] = half[0].pix[4*(y*w+x)]
		}
	}
	for y := range h / 2 {
		for x := range w / 2 {
			img.Cb[y*img.CStride+x] = half[1].pix[4*(y*w/2+x)+1]
			img.Cr[y*img.CStride+x] = half[1].pix[4*(y*w/2+x)+2]
		}
	}
	return img
}

// furnish puts up poles, a wire and a sign.
func (l lens) furnish(pix []float32) {
	c := newCanvas(0, 0, Width, Height, 1, true)
	c.pix = pix
	at := func(x, y, z float64) point { p := l.project(x, y, z); return point{p.X, p.Y} }
	wood := flat(hex(0x4d4a45))
	var before point
	for i, z := range []float64{250, 170, 118, 84, 60, 43} {
		const x = -9.6
		foot, top, arm := at(x, 0, z), at(x, 7.5, z), at(x, 3.1, z)
		wide := .22 * l.focal / z
		c.fill([]point{{foot.x - wide/2, foot.y}, {foot.x + wide/2, foot.y}, {top.x + wide/2, top.y}, {top.x - wide/2, top.y}}, wood)
		c.stroke([][]point{{{arm.x - 3*wide, arm.y}, {arm.x + 3*wide, arm.y}}}, max(1, wide*.5), wood)
		if i > 0 {
			sag := point{(before.x + arm.x) / 2, (before.y+arm.y)/2 + 5}
			c.stroke([][]point{{before, sag, arm}}, 1, flat(hex(0x2f3336).fade(.7)))
		}
		before = arm
	}
	const z = 62
	k := l.focal / z
	foot, sign := at(7.1, 0, z), at(7.1, 1.95, z)
	c.fill([]point{{foot.x - 2, foot.y}, {foot.x + 2, foot.y}, {sign.x + 2, sign.y}, {sign.x - 2, sign.y}}, flat(hex(0x8b8f92)))
	c.fill(rounded(sign.x-.32*k, sign.y-.40*k, sign.x+.32*k, sign.y+.40*k, 3), flat(hex(0x2a2d30)))
	c.fill(rounded(sign.x-.305*k, sign.y-.385*k, sign.x+.305*k, sign.y+.385*k, 2.5), flat(hex(0xe9ebe8)))
	bold := newLettering(gobold.TTF)
	c.text(bold, "SPEED", sign.x, sign.y-.27*k, 6.5, .5*k, flat(grey(.1)))
	c.text(bold, "LIMIT", sign.x, sign.y-.12*k, 6.5, .5*k, flat(grey(.1)))
	c.text(bold, "35", sign.x, sign.y+.15*k, 19, .5*k, flat(grey(.1)))
}

func (l lens) roadPixel(x, y int, far, trees, feet float64, seed uint64) rgba {
	fx, fy := float64(x), float64(y)
	if fy < max(feet, l.horizonY+1) {
		return l.backdrop(fx, fy, far, trees, feet, seed)
	}
	z := l.focal * l.eye / (fy + .5 - l.horizonY)
	X := (fx + .5 - l.horizonX) * z / l.focal
	c := l.ground(X, z, seed)
	// Width of a pixel on the road, for soft edges.
	px := z / l.focal
	py := z * z / (l.focal * l.eye)
	mark := func(centre, width float64, colour rgba, on float64) {
		cover := min(1, max(0, (width/2+px/2-math.Abs(X-centre))/px)) * on
		if cover <= 0 {
			return
		}
		worn := .72 + .28*cloud(X*9, z*2.2, seed+31, 2)
		c = mix(c, colour, cover*worn*.9)
	}
	white, yellow := hex(0xdadcd6), hex(0xd6a83a)
	mark(edgeX, .12, white, 1)
	mark(kerbX+.35, .12, white, 1)
	mark(yellowX-.12, .11, yellow, 1)
	mark(yellowX+.12, .11, yellow, 1)
	// Dashes of 3 m every 9 m, fading into grey where they are finer than a pixel.
	phase := math.Mod(z, 9)
	soft := max(py, .02)
	dash := min(1, max(0, (1.5+soft/2-math.Abs(phase-4.5))/soft))
	if py > 4 {
		dash = .33
	}
	mark(divideX, .12, white, dash)
	// Haze.
	return mix(c, hex(0xb4c2cc), min(.45, max(0, (z-70)/900)))
}

func (l lens) backdrop(x, y, far, trees, feet float64, seed uint64) rgba {
	t := y / l.horizonY
	c := mix(hex(0x7fa3c6), hex(0xd3dfe6), t*t*.9+.1)
	k := cloud(x/260+5, y/60, seed+21, 5)
	c = mix(c, hex(0xf4f5f4), min(.85, max(0, (k-.46)*4)))
	if y > far {
		c = mix(hex(0x8ca3a6), hex(0x7d958f), cloud(x/40, y/16, seed+22, 3))
	}
	if cover := min(1, max(0, y-trees)); cover > 0 {
		n := cloud(x/13, y/9, seed+23, 4)
		leaf := mix(hex(0x2c4331), hex(0x74905a), min(1, max(0, (n-.28)*1.9)))
		leaf = mix(leaf, hex(0x1b2a22), min(.85, max(0, 1-(feet-y)/34)))
		c = mix(c, mix(leaf, hex(0x9fb0ac), .3-.2*min(1, (feet-l.horizonY)/30)), cover)
	}
	return c
}

func (l lens) ground(X, z float64, seed uint64) rgba {
	py := z * z / (l.focal * l.eye)
	fine := min(1, .05/py) // detail finer than a pixel averages out
	switch {
	case X > shoulderX+.25*cloud(z/3, 1, seed+41, 2) || X < kerbX-.5+.3*cloud(z/3, 2, seed+42, 2):
		n := cloud(X*1.6, z*.55, seed+43, 4)
		blades := cloud(X*16, z*3, seed+44, 3)
		c := mix(hex(0x57703f), hex(0x93a365), n)
		c = mix(c, hex(0xb0a878), max(0, cloud(X*.5, z*.12, seed+45, 3)-.55)*1.6)
		return c.times(1 + (blades-.5)*.7*max(.25, fine))
	default:
		n := cloud(X*.8, z*.09, seed+51, 4)
		grain := unit(int(X*110), int(z*38), seed+52) - .5
		rough := cloud(X*22, z*5, seed+53, 2) - .5
		c := mix(hex(0x66696d), hex(0x7e8082), n)
		// Wheel tracks are darker and smoother, and each lane's middle carries oil.
		for _, lane := range [...]float64{slowLane, fastLane, oncomingLane} {
			d := math.Abs(X - lane)
			if d > 1.4 {
				continue
			}
			c = c.times(1 - .07*bump(d-.78, .28))
			c = c.times(1 - .10*bump(d, .32)*(.4+smooth(1, z*.2, seed+54)))
		}
		if X > edgeX+.15 {
			c = mix(c, hex(0x8b8981), .4)
		}
		// Cracks and patches.
		if z > 14 && z < 17.5 && X > 2.1 && X < 3 {
			c = c.times(.84)
		}
		if d := math.Abs(X - divideX - .25); d < .3 {
			crack := math.Abs(X - divideX - .25 + .12*(cloud(3, z*.8, seed+55, 3)-.5))
			c = c.times(1 - .3*bump(crack, .014+.3*z/l.focal)*min(1, .3*fine+.2))
		}
		return c.times(1 + (grain*.16+rough*.16)*max(.12, fine))
	}
}

// bump is 1 at 0 and falls to nothing at about twice the width.
func bump(d, width float64) float64 { return math.Exp(-d * d / (width * width)) }
