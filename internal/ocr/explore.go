package ocr

import (
	"fmt"
	"image"
	"math"

	"gocv.io/x/gocv"

	"alprd/internal/alpr"
)

const (
	// wide is the long side at which a picture is looked at as a whole: plates from 40 pixels of 1280 on are found, and the
	// second look makes up for what it lacks (docs/decisions/0080).
	wide = 640
	// faint is the share of the heat asked for from which a place is worth a second look.
	faint = 0.6
	// looksCloser is how many places of a picture get one at most, hottest first.
	looksCloser = 8

	closerW, closerH = 224, 128 // the second look's input
	closerPlate      = 110.0    // pixels of a plate's width in it
	closerMost       = 2.0      // how far it enlarges
	closerShare      = 0.75     // of the input that a plate may fill
	sameThing        = 0.2      // union that both looks' boxes share at least
)

// search looks at the picture in every view, and closer at what might be a plate. It gives what it finds, best first, one
// find a plate.
func (e *Engine) search(p plane, views []view) []find { return e.searchAgain(p, views, nil) }

// searchAgain is search of a camera's frame, of whose earlier frames known remembers what was nothing.
func (e *Engine) searchAgain(p plane, views []view, known *duds) []find {
	if p.w == 0 || p.h == 0 {
		return nil
	}
	if e.failed(e.finder.load(p)) {
		return nil
	}
	var found []find
	for _, v := range views {
		f, err := e.finder.look(v, e.least*faint)
		if e.failed(err) {
			return nil
		}
		found = append(found, f...)
	}
	return e.closer(known.without(distinct(found)), known)
}

// closer gives those of the finds, best first, that a second look confirms.
func (e *Engine) closer(found []find, known *duds) []find {
	var sure []find
	for _, raw := range found[:min(len(found), looksCloser)] {
		f, err := e.finder.closer(raw)
		if e.failed(err) {
			return nil
		}
		if f.score >= e.least {
			sure = append(sure, f)
		} else {
			known.add(raw)
		}
	}
	return distinct(sure)
}

// closer looks at a find again, in a cut around it at the size that the network knows plates best. Its heat and its corners
// are the mean of both looks; they err independently enough that the mean is better than either.
func (f *finder) closer(c find) (find, error) {
	x0, y0, x1, y1 := c.quad.Bounds()
	w, _ := sides(c.quad)
	if w < 1 || x1 <= x0 || y1 <= y0 {
		return find{}, nil
	}
	k := min(closerPlate/w, closerMost, closerW*closerShare/(x1-x0), closerH*closerShare/(y1-y0))
	across, down := int(math.Ceil(closerW/k)), int(math.Ceil(closerH/k))
	left, top := int(math.Floor((x0+x1)/2-closerW/k/2)), int(math.Floor((y0+y1)/2-closerH/k/2))
	cut := image.Rect(left, top, left+across, top+down).Intersect(image.Rect(0, 0, f.srcW, f.srcH))
	if cut.Dx() < 2 || cut.Dy() < 2 {
		return find{}, nil
	}
	cw, ch := min(closerW, max(1, int(math.Round(float64(cut.Dx())*k)))), min(closerH, max(1, int(math.Round(float64(cut.Dy())*k))))
	part := f.src.Region(cut)
	how := gocv.InterpolationLinear
	if k < 1 {
		how = gocv.InterpolationArea
	}
	gocv.Resize(part, &f.dst, image.Pt(cw, ch), 0, 0, how)
	part.Close()
	pix, err := f.dst.DataPtrUint8()
	if err != nil {
		return find{}, fmt.Errorf("finder picture: %w", err)
	}
	// What the picture's edge cuts off the window is grey.
	sx, sy := float64(cut.Dx())/float64(cw), float64(cut.Dy())/float64(ch)
	ox, oy := min(closerW-cw, int(math.Round(float64(cut.Min.X-left)/sx))), min(closerH-ch, int(math.Round(float64(cut.Min.Y-top)/sy)))
	seen, err := f.run(pix, cw, ch, closerW, closerH, ox, oy, 0.02)
	if err != nil {
		return find{}, err
	}
	var best find
	for _, s := range seen {
		for k, c := range s.quad {
			s.quad[k] = alpr.Point{X: (c.X-float64(ox))*sx + float64(cut.Min.X), Y: (c.Y-float64(oy))*sy + float64(cut.Min.Y)}
		}
		if union, _ := overlap(s.quad, c.quad); union >= sameThing && s.score > best.score {
			best = s
		}
	}
	c.score = (c.score + best.score) / 2
	if best.score > 0 {
		for k, b := range best.quad {
			c.quad[k] = alpr.Point{X: (c.quad[k].X + b.X) / 2, Y: (c.quad[k].Y + b.Y) / 2}
		}
		c.fine = max(c.fine, best.fine)
	}
	return c, nil
}

// explore searches a still of unknown origin at the scales it may need.
func (e *Engine) explore(p plane) []find {
	side := float64(max(p.w, p.h))
	if side > 480 {
		found := e.search(p, []view{{scale: min(1, wide/side)}})
		if len(found) > 0 && found[0].score >= sureHeat || side <= wide {
			return found
		}
		return e.search(p, []view{{scale: min(1, 1280/side)}, {scale: wide / side}})
	}
	// A small picture is mostly a close-up: the finder knows plates best when they are 100 to 200 pixels wide and have
	// something around them.
	closeUp := view{scale: min(1, 160/side), border: 32}
	found := e.search(p, []view{closeUp})
	for _, f := range found {
		if w, _ := sides(f.quad); w > 0.4*side {
			return found
		}
	}
	return e.search(p, []view{closeUp, {scale: 1}})
}

// laneView is the finder's look at a camera's frame, its long side scaled down to size.
func laneView(w, h, size int) view {
	return view{scale: math.Min(1, float64(size)/float64(max(w, h)))}
}
