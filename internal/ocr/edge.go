package ocr

import (
	"math"
	"slices"
	"strings"

	"alprd/internal/alpr"
)

// ends says which ends of a plate the picture's edge takes away.
type ends struct{ left, right bool }

func (c ends) any() bool { return c.left || c.right }

// Whether an end is cut is told from these signs together: their sum is the log odds (docs/decisions/0100 has the fit and how well it
// tells). Lengths along the plate are in pitches, from one character's middle to the next.
const (
	nearEdge = 0.09 // how far inside the picture, as a part of the plate's width, the finder lets a cut plate end at most

	cutBias   = 56.5
	cutRoom   = -7.6  // a pitch between the outermost character's middle and the picture's edge, between -.5 and 2
	cutAspect = -27.2 // width by height, between 1.5 and 2.1: a cut plate is narrower
	cutOver   = 80.0  // widths that the plate's end lies beyond the picture's edge, at most .06

	// Of a plate that fills its picture somebody chose the edges. Of others these count, too: that it is one, and how many
	// characters, at most one, the recogniser sees between the outermost it spelt and the edge; elsewhere that may be an emblem.
	cutStreet = 3.9
	cutInk    = 25.0

	// halved is how near to the edge a character's middle may lie to be read; what lies nearer is a half of it and guessed.
	halved = 0.27

	// leastVisible is how many characters a cut plate must show to be reported.
	leastVisible = 4
	// mostHidden is how many a listed plate may have beyond the edge for the evidence to fit it; firstHidden the chance that
	// one is there at all, and eachHidden that each of the others is.
	mostHidden  = 4
	firstHidden = 0.9
	eachHidden  = 0.5
)

// cutEnds finds out which ends the edge of a w×h picture cuts off from what was read.
func (l *look) cutEnds(w, h int) ends {
	r, ok := l.ruler(w, h)
	if !ok {
		return ends{}
	}
	wide, high := sides(l.quad)
	street := !fills(l.quad, w)
	cut := func(end, last, sign float64) bool {
		over := -r.ahead(end, sign) * r.pitch / wide
		if over < -nearEdge {
			return false
		}
		room := r.ahead(last, sign)
		odds := cutBias + cutRoom*min(max(room, -0.5), 2) + cutAspect*min(max(wide/high, 1.5), 2.1) + cutOver*min(over, 0.06)
		if street {
			odds += cutStreet + cutInk*l.ink(&r, room, sign)
		}
		return odds > 0
	}
	return ends{left: cut(0, r.first, -1), right: cut(1, r.last, 1)}
}

// ink is how many characters, at most one, stand between the outermost that is spelt, room from the picture's edge, and that edge.
func (l *look) ink(r *ruler, room, sign float64) float64 {
	most := 0.0
	for i, p := range l.evidence {
		sum := 0.0
		for c := range p.Columns() {
			if far := r.ahead(along(c, p.Columns(), l.margins[i]), sign); far > -0.6 && far < room-0.35 {
				sum += 1 - math.Exp(float64(p.Row(c)[alpr.Blank]))
			}
		}
		most = max(most, min(sum, 1))
	}
	return most
}

// trim leaves only what can be read of a look that is cut: of what the edge halves nothing is spelt.
func (l *look) trim(cut ends, w, h int) {
	r, ok := l.ruler(w, h)
	if !ok {
		return
	}
	l.cut, l.texts = cut, nil
	for i, p := range l.evidence {
		p.Log, p.Hidden = slices.Clone(p.Log), slices.Clone(p.Hidden)
		for c := range p.Columns() {
			u := along(c, p.Columns(), l.margins[i])
			if cut.left && r.ahead(u, -1) < halved || cut.right && r.ahead(u, 1) < halved {
				nothing(p.Row(c))
				if p.Hidden != nil {
					p.Hidden[c] = 0
				}
			}
		}
		l.evidence[i] = p
		l.offer(p)
	}
	l.own = believe(l.evidence, l.texts, nil)
}

// nothing makes a column say that no character stands there.
func nothing(row []float32) {
	for i := range row {
		row[i] = float32(math.Log(least))
	}
	row[alpr.Blank] = 0
}

// mark writes into the read of a cut plate that it goes on beyond the edge: in its texts, its lattice, and its evidence, where a
// listed plate with some more characters fits at one in 36 for each.
func (c ends) mark(r *alpr.Read) {
	star := string(alpr.Beyond)
	open := func(text string) string {
		if c.left {
			text = star + text
		}
		if c.right {
			text += star
		}
		return text
	}
	shift := func(at []int) []int {
		if !c.left {
			return at
		}
		out := slices.Clone(at)
		for i := range out {
			out[i]++
		}
		return out
	}
	r.Plate, r.Partial, r.Small = alpr.NewSeen(open(r.Plate.Text())), true, shift(r.Small)
	for i, t := range r.Candidates {
		r.Candidates[i].Text, r.Candidates[i].Small = open(t.Text), shift(t.Small)
	}
	beyond := alpr.Lattice{{{Text: star, P: 1}}}
	evidence := make(alpr.Evidence, len(r.Evidence))
	for i, p := range r.Evidence {
		evidence[i] = c.widen(p)
	}
	r.Evidence = evidence
	if c.left {
		r.Lattice = append(beyond, r.Lattice...)
	}
	if c.right {
		r.Lattice = append(slices.Clone(r.Lattice), beyond...)
	}
}

// widen puts columns at the cut ends that may hold up to mostHidden characters, any.
func (c ends) widen(p alpr.Posterior) alpr.Posterior {
	const columns = 2 * mostHidden // a blank one behind each, so that the same character may follow
	beyond := make([]float32, columns*alpr.Classes)
	for t := range columns {
		row := beyond[t*alpr.Classes:][:alpr.Classes]
		nothing(row)
		if t%2 == 0 {
			there := eachHidden
			if t == 0 {
				there = firstHidden
			}
			for i := range row {
				row[i] = float32(math.Log(there / float64(alpr.Classes-1)))
			}
			row[alpr.Blank] = float32(math.Log(1 - there))
		}
	}
	grow := func(values, by []float32) []float32 {
		if values == nil {
			return nil
		}
		var out []float32
		if c.left {
			out = append(out, by...)
		}
		out = append(out, values...)
		if c.right {
			out = append(out, by...)
		}
		return out
	}
	none := make([]float32, columns)
	p.Log, p.Small, p.Hidden = grow(p.Log, beyond), grow(p.Small, none), grow(p.Hidden, none)
	return p
}

// visible is how many characters of the best text can be read.
func (b belief) visible() int {
	return len(b.best()) - strings.Count(b.best(), string(alpr.Unreadable))
}

// along is where on a plate the middle of a column lies, 0 to 1 from its left to its right end.
func along(column, columns int, margin float64) float64 {
	return (float64(column)+0.5)/float64(columns)*(1+2*margin) - margin
}

// ruler measures along a plate's middle line, in pitches.
type ruler struct {
	to          *projection
	w, h        float64 // of the picture
	pitch       float64 // pixels
	first, last float64 // where the outermost characters' middles are, 0 to 1
}

// ruler for what the look's best text is made of, in a w×h picture; none for a look without text.
func (l *look) ruler(w, h int) (ruler, bool) {
	cols := l.evidence[0].Align(l.own.best())
	wide, high := sides(l.quad)
	if len(cols) == 0 || wide < 1 || high < 1 {
		return ruler{}, false
	}
	at := make([]float64, len(cols))
	for i, c := range cols {
		at[i] = along(c, l.evidence[0].Columns(), l.margins[0])
	}
	r := ruler{to: homography(l.quad), w: float64(w), h: float64(h), pitch: 0.24 * high, first: at[0], last: at[len(at)-1]} // 1.45 of 6 inches
	if len(at) > 2 {
		steps := make([]float64, len(at)-1)
		for i := range steps {
			steps[i] = distance(r.point(at[i]), r.point(at[i+1]))
		}
		slices.Sort(steps)
		r.pitch = max((steps[len(steps)/2]+steps[(len(steps)-1)/2])/2, 0.15*high)
	}
	return r, true
}

func (r *ruler) point(u float64) alpr.Point {
	x, y := r.to.apply(u, 0.5)
	return alpr.Point{X: x, Y: y}
}

// ahead is how far the picture's edge is from u, to the right (sign 1) or left (-1) along the plate; below 0 where u lies
// outside.
func (r *ruler) ahead(u, sign float64) float64 {
	at, a, b := r.point(u), r.point(0), r.point(1)
	n := distance(a, b) * sign
	least := math.Inf(1)
	to := func(at, step, most float64) {
		if step > 0 {
			least = min(least, (most-at)/step)
		} else if step < 0 {
			least = min(least, at/-step)
		}
	}
	to(at.X, (b.X-a.X)/n, r.w)
	to(at.Y, (b.Y-a.Y)/n, r.h)
	return least / r.pitch
}
