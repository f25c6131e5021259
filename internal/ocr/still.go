package ocr

import (
	"sort"

	"alprd/internal/alpr"
)

// margins are how far around the finder's corners the recogniser looks, as parts of the plate's width and height. The
// corners are a few per cent wrong; two looks are right more often than either (docs/decisions/0021).
var margins = [...]float64{0.04, 0.12}

// worthOfMargins is how many independent looks both margins of one frame count for. It is the one constant that makes
// confidences honest: with it, closeups at 0.9 are right nine times in ten.
const worthOfMargins = 1.25

// Still reads one picture: the reads of its plates, best first.
func (e *Engine) Still(f alpr.Frame) []alpr.Read {
	p := luma(f.Image)
	var looks []*look
	found := e.explore(p)
	for _, c := range found {
		if !whole(c.quad, p.w, p.h) {
			continue
		}
		if l := e.read(&f, p, c, nil); l != nil && l.own.isPlate(c.score) {
			l.others = except(found, c.quad)
			looks = append(looks, l)
		}
	}
	sort.SliceStable(looks, func(i, j int) bool { return looks[i].own.confidence() > looks[j].own.confidence() })
	reads := make([]alpr.Read, 0, len(looks))
	for i, l := range looks {
		r := alpr.Read{
			ID: alpr.NewID(f.At), Pass: uint64(i + 1), Revision: 1, Final: true,
			FirstAt: f.At, LastAt: f.At, Frames: 1, Agreeing: 1,
		}
		l.own.fill(&r, l.evidence, l)
		reads = append(reads, r)
	}
	return reads
}

// read spells a found plate at every margin. It is nil where a network failed.
func (e *Engine) read(f *alpr.Frame, p plane, c find, serial func(string) float64) *look {
	l := &look{frame: f, quad: c.quad, score: c.score}
	for _, m := range margins {
		post, err := e.recogniser.spell(p, c.quad, m)
		if e.failed(err) {
			return nil
		}
		post.Weight = worthOfMargins / float32(len(margins))
		l.evidence = append(l.evidence, post)
		l.texts = append(l.texts, beam(post, tried)...)
	}
	l.own = believe(l.evidence, l.texts, serial)
	return l
}

const (
	// leastHeat is how sure the finder must be of a plate for the recogniser to look at it.
	leastHeat = 0.4
	// A plate is reported when its text is at least leastConfidence sure, or when the finder is sureHeat that it is one and
	// the text at least hopeless: most such texts are wrong in a character, and their lattice still finds the right one.
	leastConfidence = 0.1
	sureHeat        = 0.5
	hopeless        = 0.01
	// Texts shorter than common are rare on plates and frequent on signs: finder and text must both be sure.
	common    = 4
	sureShort = 0.5

	// outside is how much of a plate's width its corners may lie outside the picture: the corners' own error.
	outside = 0.06
	// closeUp is the share of the picture's width from which a plate is the picture's subject, and cropped on purpose.
	closeUp = 0.75
)

// isPlate decides whether what was read is reported, given how sure the finder is: badges, signs and burnt-in text are no
// plates.
func (b belief) isPlate(heat float64) bool {
	c, n := b.confidence(), len(b.best())
	switch {
	case n < shortest:
		return false
	case n < common:
		return c >= sureShort && heat >= sureHeat
	}
	return c >= leastConfidence || c >= hopeless && heat >= sureHeat
}

// whole reports whether a plate lies in a w×h picture: what the edge cuts off is never read as if it were all.
func whole(q alpr.Quad, w, h int) bool {
	x0, y0, x1, y1 := q.Bounds()
	if x1-x0 >= closeUp*float64(w) {
		return true
	}
	across := max(-x0, x1-float64(w)) / (x1 - x0)
	down := max(-y0, y1-float64(h)) / (y1 - y0)
	return across <= outside && down <= 2*outside
}
