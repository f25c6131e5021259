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
	var told []study
	for _, s := range e.study(&f, p, e.explore(p)) {
		if s.verdict == Reported {
			told = append(told, s)
		}
	}
	sort.SliceStable(told, func(i, j int) bool { return told[i].look.own.confidence() > told[j].look.own.confidence() })
	reads := make([]alpr.Read, 0, len(told))
	for i, s := range told {
		r := s.look.still()
		r.Pass = uint64(i + 1)
		reads = append(reads, r)
	}
	return reads
}

// study is what became of one place that the finder proposed.
type study struct {
	find    find
	look    *look // nil where nothing was read
	verdict Verdict
}

// study reads what was found in a still and decides what of it is a plate.
func (e *Engine) study(f *alpr.Frame, p plane, found []find) []study {
	var all []study
	for _, c := range found {
		s := study{find: c, verdict: CutOff}
		if tall(c.quad, p.w, p.h) {
			if s.look = e.read(f, p, c, nil); s.look == nil {
				continue // a network failed: Err tells
			}
			s.verdict = s.look.judge()
			s.look.others = except(found, c.quad)
		}
		all = append(all, s)
	}
	return all
}

// still is the read of a look that stands alone.
func (l *look) still() alpr.Read {
	at := l.frame.At
	r := alpr.Read{ID: alpr.NewID(at), Pass: 1, Revision: 1, Final: true, FirstAt: at, LastAt: at, Frames: 1, Agreeing: 1}
	if !l.cut.any() { // its name is cut, too
		r.Region, r.RegionConfidence = region([]*look{l}, leastNamedStill)
	}
	own := l.own
	if r.Region != "" {
		own = believe(l.evidence, l.texts, ownSerial(r.Region))
	}
	own.fill(&r, l.evidence, l)
	return r
}

// read spells a found plate at every margin, and what is left of it where the picture's edge cuts it. It is nil where a network failed.
func (e *Engine) read(f *alpr.Frame, p plane, c find, serial func(string) float64) *look {
	l := &look{frame: f, quad: c.quad, score: c.score, calibration: e.calibration, states: e.states}
	for _, m := range margins {
		post, err := e.recogniser.spell(p, c.quad, m)
		if e.failed(err) {
			return nil
		}
		if len(l.evidence) == 0 {
			l.quality = measure(c.quad, e.recogniser.input, m)
		}
		post.Weight = worthOfMargins / float32(len(margins))
		l.evidence = append(l.evidence, post)
		l.offer(post)
		l.margins = append(l.margins, m)
	}
	l.own = believe(l.evidence, l.texts, serial)
	if cut := l.cutEnds(p.w, p.h); cut.any() {
		l.trim(cut, p.w, p.h)
	}
	if l.bare() {
		l.score = min(l.score, bareHeat)
	}
	return l
}

// offer adds the texts that a posterior most probably spells to those that are weighed.
func (l *look) offer(p alpr.Posterior) {
	texts := beam(p, tried)
	l.texts = append(l.texts, texts...)
	if len(texts) > 0 {
		l.texts = append(l.texts, asListed(texts[0]))
	}
}

const (
	// leastHeat is how sure the finder must be of a plate for the recogniser to look at it.
	leastHeat = 0.4
	// A plate is reported when the finder is sureHeat that it is one and the text at least hopeless: most texts that unsure are
	// wrong in a character, and their lattice still finds the right one. A text alone, however sure, is no plate: shops and
	// parking signs are legible too.
	sureHeat = 0.5
	hopeless = 0.01
	// Texts shorter than common are rare on plates and frequent on signs and stickers: text and finder must both be sure. Of one
	// that is just as long the finder must be surer than of others.
	common    = 4
	sureShort = 0.5
	shortHeat = 0.75
	fourHeat  = 0.7
	// Something is written, drawn or stuck above or below a plate's characters: of 300 real plates the plainest had furniture of .05,
	// drawn stickers and boards of up to four characters have less. bareHeat is as sure as the finder can be of those.
	furnished = 0.06
	bareHeat  = 0.45

	// outside is how much of a plate's width or height its corners may lie outside the picture: the corners' own error.
	outside = 0.06
	// closeUp is the share of the picture's width from which a plate is the picture's subject, and cropped on purpose.
	closeUp = 0.75
)

// Verdict says whether a place that the finder proposed is reported as a plate, and if not, why.
type Verdict string

const (
	Reported Verdict = "reported"
	Faint    Verdict = "faint"    // the finder is not sure enough that this is a plate; it was not read
	CutOff   Verdict = "cut off"  // the picture's edge cuts it, and leaves too little or only the tops of its characters
	Blank    Verdict = "blank"    // nothing can be read there
	TooShort Verdict = "short"    // two or three characters, not surely a plate
	Bare     Verdict = "bare"     // nothing stands there but a few characters, as on a sticker or a board
	Doubtful Verdict = "doubtful" // there is a text, but the finder is not sure enough that it is a plate's
	Unsure   Verdict = "unsure"   // hardly any text is more likely than another
)

// isPlate decides whether what was read is reported, given how sure the finder is: badges, signs and burnt-in text are no
// plates.
func (b belief) isPlate(heat float64) bool { return b.judge(heat) == Reported }

// bare reports whether nothing stands there but a few characters, as on a sticker or a board and no plate.
func (l *look) bare() bool {
	return l.own.visible() <= common && l.quality.Furniture < furnished
}

// judge is isPlate, and why not, for a look that may show a part of a plate.
func (l *look) judge() Verdict {
	if l.cut.any() && l.own.visible() < leastVisible {
		return CutOff
	}
	if l.bare() {
		return Bare
	}
	return l.own.judge(l.score)
}

func (b belief) judge(heat float64) Verdict {
	c, n := b.confidence(), b.visible()
	switch {
	case n < shortest:
		return Blank
	case n < common && (c < sureShort || heat < shortHeat):
		return TooShort
	case heat < sureHeat, n == common && heat < fourHeat:
		return Doubtful
	case c < hopeless:
		return Unsure
	}
	return Reported
}

// whole reports whether a plate lies in a w×h picture.
func whole(q alpr.Quad, w, h int) bool {
	x0, _, x1, _ := q.Bounds()
	across := max(-x0, x1-float64(w)) / (x1 - x0)
	return fills(q, w) || across <= outside && tall(q, w, h)
}

// tall reports whether a plate's whole height lies in a w×h picture, whatever is cut off at its ends.
func tall(q alpr.Quad, w, h int) bool {
	_, y0, _, y1 := q.Bounds()
	down := max(-y0, y1-float64(h)) / (y1 - y0)
	return fills(q, w) || down <= 2*outside
}

// fills reports whether a plate is what a picture w wide was taken or cut out for.
func fills(q alpr.Quad, w int) bool {
	x0, _, x1, _ := q.Bounds()
	return x1-x0 >= closeUp*float64(w)
}
