package ocr

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"alprd/internal/alpr"
)

const (
	tried    = 8  // texts a beam offers
	reported = 10 // candidates a read carries at most
	meshed   = 24 // candidates the lattice is made of at most

	// shortest is the length below which a text is no plate: one lone character is nearly always a bolt or a badge.
	shortest = 2
	// characterShare is the height of the characters as a share of a plate's: 2.6 of 6 inches.
	characterShare = 0.43
)

// systematic is the chance of an error that all of a pass's frames share: a bolt, a frame's edge, dirt. No number of looks takes
// it away.
const systematic = 1e-3

// coveredUp is how much less a text with one more unreadable place is to be expected than one without: what looks like a hidden
// character is an emblem beside the serial more often than something that stands before it.
const coveredUp = 0.25

// look is one plate in one frame, read.
type look struct {
	frame   *alpr.Frame
	quad    alpr.Quad
	score   float64 // the finder's
	quality Quality

	calibration calibration   // of the engine that made it
	evidence    alpr.Evidence // a posterior for each margin; together they weigh as much as the look is worth
	margins     []float64     // of each posterior
	texts       []string      // what its beams offer
	own         belief        // what it says by itself
	others      []alpr.Quad   // the other plates found in the frame

	cut ends // the picture's edge takes away; what is read of it is only the rest

	states *states // of the engine that made it
	naming naming  // what it says of the look, once it was asked
}

// belief is what some evidence says.
type belief struct {
	candidates []alpr.Candidate // best first; the empty text is not among them
	empty      float64          // probability that nothing is written there
}

// best is the most probable text, or "" where there is none.
func (b belief) best() string {
	if len(b.candidates) == 0 {
		return ""
	}
	return b.candidates[0].Text
}

func (b belief) confidence() float64 {
	if len(b.candidates) == 0 {
		return 0
	}
	return b.candidates[0].Confidence
}

// believe weighs the texts, which may repeat, by the evidence. serial, which may be nil, says how much more a text is to
// be expected than others.
func believe(e alpr.Evidence, texts []string, serial func(text string) float64) belief {
	texts = slices.Clone(texts)
	slices.Sort(texts)
	texts = slices.Compact(texts)
	weighed := e.Weigh(texts)
	expect(weighed, func(text string) float64 {
		k := math.Pow(coveredUp, float64(strings.Count(text, "?")))
		if serial != nil {
			k *= serial(text)
		}
		return k
	})
	var b belief
	for _, c := range weighed {
		c.Confidence *= 1 - systematic
		if c.Text == "" {
			b.empty = c.Confidence
		} else {
			b.candidates = append(b.candidates, c)
		}
	}
	sortCandidates(b.candidates)
	return b
}

func sortCandidates(cs []alpr.Candidate) {
	slices.SortFunc(cs, func(x, y alpr.Candidate) int {
		return cmp.Or(cmp.Compare(y.Confidence, x.Confidence), cmp.Compare(x.Text, y.Text))
	})
}

// expect multiplies each candidate's odds by what serial expects of it and shares their sum anew.
func expect(cs []alpr.Candidate, serial func(string) float64) {
	var before, after float64
	for i, c := range cs {
		before += c.Confidence
		cs[i].Confidence *= serial(c.Text)
		after += cs[i].Confidence
	}
	if total := after + 1 - before; total > 0 {
		for i := range cs {
			cs[i].Confidence /= total
		}
	}
}

// except are the places of all finds but one.
func except(found []find, this alpr.Quad) []alpr.Quad {
	var others []alpr.Quad
	for _, f := range found {
		if f.quad != this {
			others = append(others, f.quad)
		}
	}
	return others
}

// fill writes the belief of the looks into a read. best is the look whose frame is shown.
func (b belief) fill(r *alpr.Read, e alpr.Evidence, best *look) {
	b, r.Confidence = b.calibrated(best.calibration, signsOf(b, e, best))
	mesh := b.candidates[:min(len(b.candidates), meshed)]
	r.Plate = alpr.NewSeen(b.best())
	r.Partial = strings.ContainsRune(b.best(), alpr.Unreadable)
	r.Candidates = b.reported()
	for i := range r.Candidates {
		r.Candidates[i].Small = small(e, r.Candidates[i].Text)
	}
	if len(r.Candidates) > 0 {
		r.Small = r.Candidates[0].Small
	}
	r.Lattice = alpr.NewLattice(mesh)
	r.Weakest = weakest(mesh, r.Lattice)
	r.Evidence = e
	r.Corners = best.quad
	_, h := sides(best.quad)
	r.CharPx = h * characterShare
	r.At, r.Clock, r.Camera = best.frame.At, best.frame.Clock, best.frame.Camera
	r.Best, r.Others = best.frame, best.others
	if best.cut.any() {
		best.cut.mark(r)
	}
}

// reported are the best candidates, the best text as lists spell it among them.
func (b belief) reported() []alpr.Candidate {
	out := slices.Clone(b.candidates[:min(len(b.candidates), reported)])
	listed := asListed(b.best())
	is := func(c alpr.Candidate) bool { return c.Text == listed }
	if i := slices.IndexFunc(b.candidates, is); i >= len(out) {
		out[len(out)-1] = b.candidates[i]
	}
	return out
}

// weakest is the probability of the best text's least certain place, its gaps included. What nobody named counts against
// it, so it errs on the low side; it is never below the confidence of the whole.
func weakest(candidates []alpr.Candidate, l alpr.Lattice) float64 {
	if len(l) == 0 {
		return 0
	}
	var total float64
	for _, c := range candidates {
		total += c.Confidence
	}
	low := 1.0
	for _, slot := range l {
		low = min(low, slot[0].P)
	}
	return min(1, max(candidates[0].Confidence, low*total))
}

// small are the positions of text that most of the evidence sees as small stacked characters.
func small(e alpr.Evidence, text string) []int {
	if !slices.ContainsFunc(e, stacked) {
		return nil
	}
	votes := make([]float32, len(text))
	var n float32
	for _, p := range e {
		cols := p.Align(text)
		if p.Small == nil || cols == nil {
			continue
		}
		n++
		for i, c := range cols {
			votes[i] += p.Small[c]
		}
	}
	var at []int
	for i, v := range votes {
		if v > n/2 {
			at = append(at, i)
		}
	}
	return at
}

// stacked reports whether a posterior sees small characters anywhere.
func stacked(p alpr.Posterior) bool {
	const little = 0.02 // of a column that is a small character: less adds up to nothing
	for t, v := range p.Small {
		if float64(v)*(1-math.Exp(float64(p.Row(t)[alpr.Blank]))) > little {
			return true
		}
	}
	return false
}
