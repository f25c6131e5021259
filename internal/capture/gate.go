package capture

import (
	"context"
	"encoding/binary"
	"fmt"
	"image"
	"math"
	"slices"

	"alprd/internal/alpr"
)

// Gate tells whether something moves before a camera, so that an empty road costs next to nothing. It is made to err on
// the open side: it is open for its first frames, after any change of light or size, and for a while after motion ends.
//
// The picture is divided into cells; each cell's mean luma is compared with a slow background and the cell's own unrest
// (leaves, shaking edges, noise). What the whole picture does at once is taken out first, as exposure and clouds do that, and
// a jump of it opens the gate. docs/decisions/0013 has the figures that speak for this and against MOG2.
//
// A Gate serves one camera and one goroutine, and needs no Close.
type Gate struct {
	zone alpr.Zone // where motion counts
	hold int       // frames for which the gate stays open after motion

	size  image.Point
	cell  int // pixels a side
	nx    int // cells across
	watch []int32
	mean  []float32 // of each cell now
	back  []float32 // background
	rest  []float32 // mean absolute deviation from the background
	diff  []float32
	sort  []float32
	moved []int32 // cells that moved, not one alone, indices into watch
	hot   []bool  // cells that moved, of all cells

	age    int // frames since the background began
	open   int // frames the gate stays open
	region image.Rectangle
}

const (
	gateCells  = 80   // cells across the picture
	gateWarm   = 25   // frames for which the gate stays open while the background forms
	gateHold   = 12   // frames for which it stays open after motion, about a second at the rates of plate cameras
	gateFloor  = 3.0  // levels by which a cell must differ at least
	gateCeil   = 20.0 // levels that are motion in any case: where traffic never ends it must not pass for the usual unrest
	gateUnrest = 4.0  // times its usual unrest by which a cell must differ
	gateMany   = 5    // cells, none of them alone, that must move for motion; a plate 75 pixels wide at 1280, alone in the dark, covers about ten
	gateJump   = 6.0  // levels by which the whole picture may change from one frame to the next
	gateSlow   = 0.02 // share of a frame in the background
	gateFast   = 0.2  // while the background forms
)

// NewGate makes a gate. An error tells what is wrong with the zone.
func NewGate(zone alpr.Zone) (*Gate, error) {
	if err := zone.Check(); err != nil {
		return nil, fmt.Errorf("the zone %w", err)
	}
	return &Gate{zone: slices.Clone(zone), hold: gateHold}, nil
}

// Moving takes the next frame and reports whether it is worth reading.
func (g *Gate) Moving(m *image.YCbCr) bool { return g.moving(m, 1) }

// moving is Moving of a picture whose levels count gain times: of limited range, say.
func (g *Gate) moving(m *image.YCbCr, gain float32) bool {
	if size := m.Rect.Size(); size != g.size {
		g.reset(size)
	}
	g.measure(m, gain)
	g.age++
	if g.age == 1 {
		copy(g.back, g.mean)
		for i := range g.rest {
			g.rest[i] = 1
		}
		g.open, g.region = gateWarm, m.Rect
		return true
	}
	shift, jumped := g.light()
	many := g.compare(shift)
	g.learn(shift)
	switch {
	case jumped:
		// A light that goes on or an exposure step: nothing can be told from this frame, so it is let through, and the
		// background takes the new light on at once.
		copy(g.back, g.mean)
		g.open, g.region = max(g.open, g.hold), m.Rect
	case many >= gateMany:
		g.open, g.region = max(g.open, g.hold+1), g.bounds(m.Rect)
	}
	if g.open > 0 {
		g.open--
		return true
	}
	g.region = image.Rectangle{}
	return false
}

// sees is Moving of a picture that still lies in its decoder's memory, and stays there where its layout allows that.
func (g *Gate) sees(p *planes, r *ranges) bool {
	m := &image.YCbCr{Y: p.pix[0], YStride: p.stride[0], Rect: image.Rect(0, 0, p.width, p.height)}
	switch {
	case p.wide > 0 || p.pixel[0] > 1:
		m.Y, m.YStride = make([]byte, p.width*p.height), p.width
		p.plane(m.Y, 0, p.width, p.height, &r.luma)
	case p.limited:
		return g.moving(m, limitedGain)
	}
	return g.moving(m, 1)
}

// limitedGain is how much wider full range is than limited range.
const limitedGain = 255. / 219

// Gated puts the camera's gate, if it has one, behind a source that has none. All of its frames keep their pictures.
func Gated(cam Camera, src Source) (Source, error) {
	if !cam.Gate || cam.Kind() == Stills {
		return src, nil
	}
	g, err := NewGate(cam.Zone)
	return &gated{src, g}, err
}

type gated struct {
	src  Source
	gate *Gate
}

func (g *gated) Run(ctx context.Context, emit func(alpr.Frame)) error {
	return g.src.Run(ctx, func(f alpr.Frame) {
		f.Still = !g.gate.Moving(f.Image)
		emit(f)
	})
}

// Region is where the latest motion was, in pixels, with a cell's margin; empty while the gate is closed. It is a hint for
// where to look first.
func (g *Gate) Region() image.Rectangle { return g.region }

func (g *Gate) reset(size image.Point) {
	g.size = size
	g.cell = max((size.X+gateCells-1)/gateCells, 4)
	g.cell = (g.cell + 7) &^ 7 // whole words
	g.nx = (size.X + g.cell - 1) / g.cell
	ny := (size.Y + g.cell - 1) / g.cell
	g.watch = g.watch[:0]
	for i := range g.nx * ny {
		x := (float64(i%g.nx) + 0.5) * float64(g.cell) / float64(size.X)
		y := (float64(i/g.nx) + 0.5) * float64(g.cell) / float64(size.Y)
		if g.zone.Holds(x, y) {
			g.watch = append(g.watch, int32(i))
		}
	}
	g.hot = make([]bool, g.nx*ny)
	n := len(g.watch)
	g.mean, g.back, g.rest = make([]float32, n), make([]float32, n), make([]float32, n)
	g.diff, g.sort = make([]float32, n), make([]float32, 0, n)
	g.age, g.open = 0, 0
}

// measure takes the mean of every watched cell, over four of its lines: noise is averaged out well enough, and most of the
// picture is never touched.
func (g *Gate) measure(m *image.YCbCr, gain float32) {
	step := g.cell / 4
	for k, i := range g.watch {
		x0, y0 := int(i)%g.nx*g.cell, int(i)/g.nx*g.cell
		g.mean[k] = gain * blockMean(m, x0, y0, min(g.cell, g.size.X-x0), min(g.cell, g.size.Y-y0), step)
	}
}

// blockMean is the mean luma of a block over every step-th line, from half a step on; at least one line is taken.
func blockMean(m *image.YCbCr, x0, y0, w, h, step int) float32 {
	// Eight bytes are added at a time, in four lanes of 16 bits, which overflow after 128 times.
	const even, full = 0x00ff00ff00ff00ff, 128
	var acc uint64
	sum, n, words := 0, 0, 0
	flush := func() {
		sum += int(acc&0xffff + acc>>16&0xffff + acc>>32&0xffff + acc>>48)
		acc, words = 0, 0
	}
	for y := min(step/2, h-1); y < h; y += step {
		at := (y0+y)*m.YStride + x0
		row := m.Y[at : at+w]
		n += w
		for len(row) >= 8 {
			v := binary.LittleEndian.Uint64(row)
			acc += v&even + v>>8&even
			if words++; words == full {
				flush()
			}
			row = row[8:]
		}
		for _, v := range row {
			sum += int(v)
		}
	}
	flush()
	return float32(sum) / float32(n)
}

// light is what the whole picture did since the background: the median of the differences. It has jumped when that is
// much more than what the background can follow.
func (g *Gate) light() (shift float32, jumped bool) {
	for i, v := range g.mean {
		g.diff[i] = v - g.back[i]
	}
	// Every eighth cell tells the median well enough.
	g.sort = g.sort[:0]
	for i := 0; i < len(g.diff); i += 8 {
		g.sort = append(g.sort, g.diff[i])
	}
	if len(g.sort) == 0 {
		return 0, false
	}
	slices.Sort(g.sort)
	shift = g.sort[len(g.sort)/2]
	return shift, math.Abs(float64(shift)) > gateJump
}

// compare counts the cells that differ from their background by more than they use to, and lie beside another one that
// does: key frames make single cells of rich texture jump, and nothing that drives is as small as one.
func (g *Gate) compare(shift float32) int {
	g.moved = g.moved[:0]
	clear(g.hot)
	for i, d := range g.diff {
		if d = d - shift; d < 0 {
			d = -d
		}
		if d > min(max(gateUnrest*g.rest[i], gateFloor), gateCeil) {
			g.moved = append(g.moved, int32(i))
			g.hot[g.watch[i]] = true
		}
	}
	g.moved = slices.DeleteFunc(g.moved, func(k int32) bool { return g.alone(int(g.watch[k])) })
	return len(g.moved)
}

// alone reports whether none of a cell's eight neighbours moved.
func (g *Gate) alone(cell int) bool {
	x, y := cell%g.nx, cell/g.nx
	for v := max(y-1, 0); v <= y+1 && v*g.nx < len(g.hot); v++ {
		for u := max(x-1, 0); u <= min(x+1, g.nx-1); u++ {
			if n := v*g.nx + u; n != cell && g.hot[n] {
				return false
			}
		}
	}
	return true
}

// learn moves background and unrest towards the frame. What moves much teaches unrest slowly, or a passing vehicle would
// blind the gate for the next one.
func (g *Gate) learn(shift float32) {
	rate := float32(gateSlow)
	if g.age < gateWarm {
		rate = gateFast
	}
	for i, d := range g.diff {
		g.back[i] += rate * d
		if d = d - shift; d < 0 {
			d = -d
		}
		if limit := 2*g.rest[i] + 1; d > limit {
			d = limit
		}
		g.rest[i] += rate * (d - g.rest[i])
	}
}

// bounds is the rectangle around the cells that moved.
func (g *Gate) bounds(all image.Rectangle) image.Rectangle {
	var r image.Rectangle
	for _, k := range g.moved {
		i := int(g.watch[k])
		x, y := i%g.nx*g.cell, i/g.nx*g.cell
		r = r.Union(image.Rect(x, y, x+g.cell, y+g.cell))
	}
	return r.Inset(-g.cell).Intersect(all)
}
