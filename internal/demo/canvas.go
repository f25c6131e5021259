package demo

import (
	"image"
	"image/color"
	"math"

	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// rgba is a straight (not premultiplied) colour, each part 0..1.
type rgba struct{ r, g, b, a float64 }

func grey(v float64) rgba { return rgba{v, v, v, 1} }

func hex(v uint32) rgba {
	return rgba{float64(v>>16&255) / 255, float64(v>>8&255) / 255, float64(v&255) / 255, 1}
}

func (c rgba) fade(a float64) rgba { c.a *= a; return c }

func (c rgba) times(k float64) rgba { return rgba{min(1, c.r*k), min(1, c.g*k), min(1, c.b*k), c.a} }

func mix(a, b rgba, t float64) rgba {
	t = min(1, max(0, t))
	return rgba{a.r + (b.r-a.r)*t, a.g + (b.g-a.g)*t, a.b + (b.b-a.b)*t, a.a + (b.a-a.a)*t}
}

// paint is the colour at a place, in the canvas's own units.
type paint func(x, y float64) rgba

func flat(c rgba) paint { return func(_, _ float64) rgba { return c } }

// vertical blends colours between given heights, in the canvas's own units; stops rise.
func vertical(stops []float64, colours ...rgba) paint {
	return func(_, y float64) rgba {
		if y <= stops[0] {
			return colours[0]
		}
		for i := 1; i < len(stops); i++ {
			if y <= stops[i] {
				return mix(colours[i-1], colours[i], (y-stops[i-1])/(stops[i]-stops[i-1]))
			}
		}
		return colours[len(colours)-1]
	}
}

// canvas is a small drawing surface with premultiplied RGBA floats (0..255), in user units: x to the right from x0, y up
// from y0 when scale of y is negative.
type canvas struct {
	w, h   int
	pix    []float32 // w×h×4
	kx, ky float64   // pixels a unit
	ox, oy float64   // pixel of the user's origin
	raster vector.Rasterizer
	mask   *image.Alpha
	dirty  image.Rectangle // of what was traced
}

// newCanvas covers x0..x1 and y0..y1 (y up) at scale pixels a unit; with down set, y runs down.
func newCanvas(x0, y0, x1, y1, scale float64, down bool) *canvas {
	w, h := int(math.Ceil((x1-x0)*scale)), int(math.Ceil((y1-y0)*scale))
	c := &canvas{w: w, h: h, pix: make([]float32, 4*w*h), kx: scale, ky: -scale, ox: -x0 * scale, oy: y1 * scale}
	if down {
		c.ky, c.oy = scale, -y0*scale
	}
	c.mask = image.NewAlpha(image.Rect(0, 0, w, h))
	return c
}

func (c *canvas) at(p point) (float32, float32) {
	return float32(p.x*c.kx + c.ox), float32(p.y*c.ky + c.oy)
}

// begin readies the rasterizer.
func (c *canvas) begin() {
	c.raster.Reset(c.w, c.h)
	c.dirty = image.Rectangle{Min: image.Point{c.w, c.h}}
}

func (c *canvas) trace(p []point) {
	if len(p) < 3 {
		return
	}
	for i, q := range p {
		x, y := c.at(q)
		if i == 0 {
			c.raster.MoveTo(x, y)
		} else {
			c.raster.LineTo(x, y)
		}
		px, py := int(x), int(y)
		c.dirty.Min.X, c.dirty.Min.Y = min(c.dirty.Min.X, px-1), min(c.dirty.Min.Y, py-1)
		c.dirty.Max.X, c.dirty.Max.Y = max(c.dirty.Max.X, px+2), max(c.dirty.Max.Y, py+2)
	}
	c.raster.ClosePath()
}

// end blends what was traced, in the given paint.
func (c *canvas) end(p paint) {
	clear(c.mask.Pix)
	c.raster.Draw(c.mask, c.mask.Rect, image.Opaque, image.Point{})
	c.blend(p)
}

func (c *canvas) blend(p paint) {
	d := c.dirty.Intersect(c.mask.Rect)
	for y := d.Min.Y; y < d.Max.Y; y++ {
		row := c.mask.Pix[y*c.mask.Stride : y*c.mask.Stride+c.w]
		uy := (float64(y) + .5 - c.oy) / c.ky
		for x := d.Min.X; x < d.Max.X; x++ {
			m := row[x]
			if m == 0 {
				continue
			}
			k := p((float64(x)+.5-c.ox)/c.kx, uy)
			a := float32(k.a) * float32(m) / 255
			q := c.pix[4*(y*c.w+x):]
			q[0] += a * (float32(k.r)*255 - q[0])
			q[1] += a * (float32(k.g)*255 - q[1])
			q[2] += a * (float32(k.b)*255 - q[2])
			q[3] += a * (255 - q[3])
		}
	}
}

// fill paints a closed shape.
func (c *canvas) fill(shape []point, p paint) {
	c.begin()
	c.trace(shape)
	c.end(p)
}

// stroke paints round-ended lines; width in user units.
func (c *canvas) stroke(lines [][]point, width float64, p paint) {
	c.begin()
	for _, l := range lines {
		c.traceStroke(l, width)
	}
	c.end(p)
}

// traceStroke adds a disc at each point and a bar along each segment, all turning the same way, so that overlaps add up
// to full cover.
func (c *canvas) traceStroke(l []point, width float64) {
	r := width / 2
	for i, p := range l {
		disc := make([]point, 14)
		for k := range disc {
			a := 2 * math.Pi * float64(k) / float64(len(disc))
			disc[k] = point{p.x + r*math.Cos(a), p.y + r*math.Sin(a)}
		}
		c.trace(disc)
		if i == 0 {
			continue
		}
		q := l[i-1]
		dx, dy := p.x-q.x, p.y-q.y
		n := math.Hypot(dx, dy)
		if n == 0 {
			continue
		}
		nx, ny := -dy/n*r, dx/n*r
		c.trace([]point{{q.x - nx, q.y - ny}, {p.x - nx, p.y - ny}, {p.x + nx, p.y + ny}, {q.x + nx, q.y + ny}})
	}
}

// text writes s centred on (x, y), its capitals as high as given, squeezed to at most width, all in user units.
func (c *canvas) text(face *lettering, s string, x, y, height, width float64, p paint) {
	mask := face.mask(s, height*math.Abs(c.ky))
	natural := float64(mask.Rect.Dx()) / c.kx
	squeeze := 1.0
	if width > 0 && natural > width {
		squeeze = width / natural
	}
	cx, cy := x*c.kx+c.ox, y*c.ky+c.oy
	w := float64(mask.Rect.Dx()) * squeeze
	clear(c.mask.Pix)
	c.dirty = c.mask.Rect
	for py := range mask.Rect.Dy() {
		ty := int(cy - float64(mask.Rect.Dy())/2 + float64(py) + .5)
		if ty < 0 || ty >= c.h {
			continue
		}
		for tx := max(0, int(cx-w/2)); tx < min(c.w, int(cx+w/2)+1); tx++ {
			a, b := (float64(tx)-(cx-w/2))/squeeze, (float64(tx)+1-(cx-w/2))/squeeze
			var sum, n float64
			for q := int(math.Floor(a)); float64(q) < b; q++ {
				part := min(b, float64(q+1)) - max(a, float64(q))
				n += part
				if q >= 0 && q < mask.Rect.Dx() {
					sum += part * float64(mask.Pix[py*mask.Stride+q])
				}
			}
			c.mask.Pix[ty*c.mask.Stride+tx] = uint8(sum / n)
		}
	}
	c.blend(p)
}

// texture turns the drawing into one that can be looked at from any distance.
func (c *canvas) texture() *texture { return newTexture(c.w, c.h, c.pix) }

// lettering is an outline font.
type lettering struct{ font *opentype.Font }

func newLettering(ttf []byte) *lettering {
	f, err := opentype.Parse(ttf)
	if err != nil {
		panic("demo: a font that is compiled in doesn't parse: " + err.Error())
	}
	return &lettering{f}
}

// mask draws s with capitals of the given height in pixels, tightly cut.
func (l *lettering) mask(s string, height float64) *image.Alpha {
	// Capitals of the Go fonts are 0.72 em high.
	face, err := opentype.NewFace(l.font, &opentype.FaceOptions{Size: height / .72, DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		panic("demo: font face: " + err.Error())
	}
	defer face.Close()
	bounds, _ := font.BoundString(face, s)
	w, h := (bounds.Max.X-bounds.Min.X).Ceil()+2, (bounds.Max.Y-bounds.Min.Y).Ceil()+2
	m := image.NewAlpha(image.Rect(0, 0, w, h))
	d := font.Drawer{Dst: m, Src: image.NewUniform(color.Opaque), Face: face,
		Dot: fixed.Point26_6{X: fixed.I(1) - bounds.Min.X, Y: fixed.I(1) - bounds.Min.Y}}
	d.DrawString(s)
	return m
}
