package ocr

import (
	"fmt"
	"image"
	"math"
	"sort"

	"gocv.io/x/gocv"

	"alprd/internal/alpr"
)

const (
	stride = 8    // of the finder's maps, pixels of its input
	unit   = 32.0 // of the corners, pixels of its input
	grain  = 32   // the finder's sides are multiples of it

	wellSeen = 100.0 // pixels of a plate's width in the finder's input from which its corners get no better

	sameUnion = 0.3 // boxes that share this much of their union are one plate …
	samePart  = 0.5 // … or this much of the smaller one
)

// find is a plate the finder proposes: where, in pixels of the picture, and how sure it is, 0..1.
type find struct {
	quad  alpr.Quad
	score float64
	fine  float64 // how well the view showed it, 0..1: the same plate is best placed where it was seen largest
}

// view is one look of the finder at a picture: scaled by scale, with border pixels of grey around it.
type view struct {
	scale  float64
	border int
}

// finder looks for plates. It belongs to one goroutine.
type finder struct {
	net      network
	src, dst gocv.Mat // the picture and its scaled copy, kept between frames
	srcW     int
	srcH     int
	input    []float32
}

func newFinder(net network) *finder {
	return &finder{net: net, src: gocv.NewMat(), dst: gocv.NewMat()}
}

func (f *finder) close() {
	f.src.Close()
	f.dst.Close()
	f.net.close()
}

// load takes the picture the next looks are at.
func (f *finder) load(p plane) error {
	if f.srcW != p.w || f.srcH != p.h {
		f.src.Close()
		f.src, f.srcW, f.srcH = gocv.NewMatWithSize(p.h, p.w, gocv.MatTypeCV8U), p.w, p.h
	}
	pix, err := f.src.DataPtrUint8()
	if err != nil {
		return fmt.Errorf("finder picture: %w", err)
	}
	for y := range p.h {
		copy(pix[y*p.w:(y+1)*p.w], p.row(y))
	}
	return nil
}

// look finds the plates of the loaded picture whose score is at least least, best first.
func (f *finder) look(v view, least float64) ([]find, error) {
	w, h := max(1, int(math.Round(float64(f.srcW)*v.scale))), max(1, int(math.Round(float64(f.srcH)*v.scale)))
	small := f.src
	if w != f.srcW || h != f.srcH {
		how := gocv.InterpolationLinear
		if v.scale < 1 {
			how = gocv.InterpolationArea // every pixel of the picture counts: no aliasing
		}
		gocv.Resize(f.src, &f.dst, image.Pt(w, h), 0, 0, how)
		small = f.dst
	}
	pix, err := small.DataPtrUint8()
	if err != nil {
		return nil, fmt.Errorf("finder picture: %w", err)
	}
	W, H := upTo(w+2*v.border), upTo(h+2*v.border)
	x0, y0 := (W-w)/2, (H-h)/2
	found, err := f.run(pix, w, h, W, H, x0, y0, least)
	if err != nil {
		return nil, err
	}
	sx, sy := float64(f.srcW)/float64(w), float64(f.srcH)/float64(h)
	for i := range found {
		for k, c := range found[i].quad {
			found[i].quad[k] = alpr.Point{X: (c.X - float64(x0)) * sx, Y: (c.Y - float64(y0)) * sy}
		}
	}
	return found, nil
}

// run puts a w×h picture into the network's W×H input at x0, y0, with grey around it, and reads its maps. The quads are
// in pixels of the input.
func (f *finder) run(pix []uint8, w, h, W, H, x0, y0 int, least float64) ([]find, error) {
	if cap(f.input) < W*H {
		f.input = make([]float32, W*H)
	}
	in := f.input[:W*H]
	clear(in) // zero is the middle grey
	for y := range h {
		row := in[(y0+y)*W+x0:][:w]
		for x, g := range pix[y*w : (y+1)*w] {
			row[x] = (float32(g) - 127.5) / 64
		}
	}
	out, err := f.net.run(in, H, W)
	if err != nil {
		return nil, fmt.Errorf("find plates: %w", err)
	}
	found := peaks(out[0], out[1], W/stride, H/stride, least)
	for i := range found {
		wide, _ := sides(found[i].quad)
		found[i].fine = min(1, wide/wellSeen)
	}
	return found, nil
}

// upTo rounds up to the finder's grain.
func upTo(n int) int { return (n + grain - 1) / grain * grain }

// peaks reads the finder's maps of w×h cells: heat, and corners as eight planes (x, y of top left, top right, bottom right,
// bottom left). The quads are in pixels of the finder's input. A peak is the largest of its 3×3 cells; its corners are the
// mean, weighted by squared heat, of what those cells say that have at least half its heat, which takes away part of
// their noise.
func peaks(heat, corners []float32, w, h int, least float64) []find {
	var found []find
	for y := range h {
		for x := range w {
			v := heat[y*w+x]
			if float64(v) < least {
				continue
			}
			top := true
			for dy := -1; dy <= 1 && top; dy++ {
				for dx := -1; dx <= 1; dx++ {
					i, j := x+dx, y+dy
					if i < 0 || j < 0 || i >= w || j >= h {
						continue
					}
					// Of equal neighbours the first one is the peak.
					if u := heat[j*w+i]; u > v || u == v && (dy < 0 || dy == 0 && dx < 0) {
						top = false
						break
					}
				}
			}
			if top {
				found = append(found, find{quad: cornersAt(heat, corners, w, h, x, y), score: float64(v)})
			}
		}
	}
	return distinct(found)
}

func cornersAt(heat, corners []float32, w, h, x, y int) alpr.Quad {
	var q alpr.Quad
	var total float64
	for j := max(0, y-1); j <= min(h-1, y+1); j++ {
		for i := max(0, x-1); i <= min(w-1, x+1); i++ {
			if heat[j*w+i] < heat[y*w+x]/2 {
				continue
			}
			weight := float64(heat[j*w+i]) * float64(heat[j*w+i])
			total += weight
			for k := range q {
				q[k].X += weight * (float64(corners[(2*k)*w*h+j*w+i])*unit + (float64(i)+0.5)*stride)
				q[k].Y += weight * (float64(corners[(2*k+1)*w*h+j*w+i])*unit + (float64(j)+0.5)*stride)
			}
		}
	}
	for k := range q {
		q[k].X /= total
		q[k].Y /= total
	}
	return q
}

// distinct sorts the finds best first and drops those that lie on a better one: overlapping boxes are one plate.
func distinct(found []find) []find {
	rank := func(f find) float64 { return f.score * (0.5 + 0.5*f.fine) }
	sort.SliceStable(found, func(i, j int) bool { return rank(found[i]) > rank(found[j]) })
	kept := found[:0:0]
	for _, f := range found {
		if !onOne(f.quad, kept) {
			kept = append(kept, f)
		}
	}
	return kept
}

func onOne(q alpr.Quad, kept []find) bool {
	for _, k := range kept {
		if samePlace(q, k.quad) {
			return true
		}
	}
	return false
}

// samePlace reports whether the boxes of two quads overlap so much that they are one plate.
func samePlace(a, b alpr.Quad) bool {
	union, part := overlap(a, b)
	return union >= sameUnion || part >= samePart
}

// overlap gives what the boxes of two quads share, as a part of their union and of the smaller one.
func overlap(a, b alpr.Quad) (union, part float64) {
	ax0, ay0, ax1, ay1 := a.Bounds()
	bx0, by0, bx1, by1 := b.Bounds()
	both := max(0, min(ax1, bx1)-max(ax0, bx0)) * max(0, min(ay1, by1)-max(ay0, by0))
	one, two := (ax1-ax0)*(ay1-ay0), (bx1-bx0)*(by1-by0)
	if both <= 0 {
		return 0, 0
	}
	return both / (one + two - both), both / min(one, two)
}
