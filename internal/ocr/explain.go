package ocr

import (
	"image"
	"math"
	"slices"
	"sort"

	"alprd/internal/alpr"
)

// Explanation is all that Still considered in a picture.
type Explanation struct {
	Places []Place // what is reported first, then by the finder's heat
}

// Place is a place where the finder saw something like a plate, and what became of it.
type Place struct {
	Corners alpr.Quad
	Heat    float64 // the finder's, 0..1
	Verdict Verdict
	Quality Quality
	Signs   Signs

	// Views are what the recogniser was shown. Where the verdict is Faint or CutOff they were made for the explanation
	// only.
	Views []View
	Read  alpr.Read // what the place says, reported or not
}

// View is one look of the recogniser: the straightened plate with a margin.
type View struct {
	Margin    float64     // around the finder's corners, part of the plate's width and height
	Grey      *image.Gray // 160×64
	Posterior alpr.Posterior
	Best      string // the text it would give alone
	Score     float64
	Columns   []int // of Best's characters, in the posterior
}

const (
	// faintest is the heat below which an explanation doesn't mention a place either.
	faintest = 0.1
	// mostFaint is how many places that weren't even read an explanation shows.
	mostFaint = 8
)

// Explain does what Still does and tells all of it, and what the finder thought of and let go. It takes several times as
// long.
func (e *Engine) Explain(f alpr.Frame) Explanation {
	p := luma(f.Image)
	found := e.explore(p)
	all := e.study(&f, p, found)
	e.least = faintest
	faint := e.explore(p)
	e.least = leastHeat
	faint = slices.DeleteFunc(faint, func(c find) bool { return c.score >= leastHeat || onOne(c.quad, found) })
	for _, c := range faint[:min(len(faint), mostFaint)] {
		all = append(all, study{find: c, verdict: Faint})
	}
	return e.explain(&f, p, all)
}

// Study is Explain without what the finder let go.
func (e *Engine) Study(f alpr.Frame) Explanation {
	p := luma(f.Image)
	return e.explain(&f, p, e.study(&f, p, e.explore(p)))
}

func (e *Engine) explain(f *alpr.Frame, p plane, all []study) Explanation {
	var x Explanation
	for _, s := range all {
		if s.look == nil {
			if s.look = e.read(f, p, s.find, nil); s.look == nil {
				continue // a network failed: Err tells
			}
		}
		x.Places = append(x.Places, s.place(p))
	}
	sort.SliceStable(x.Places, func(i, j int) bool {
		a, b := x.Places[i], x.Places[j]
		if (a.Verdict == Reported) != (b.Verdict == Reported) {
			return a.Verdict == Reported
		}
		if a.Verdict == Reported {
			return a.Read.Confidence > b.Read.Confidence
		}
		return a.Heat > b.Heat
	})
	return x
}

func (s study) place(p plane) Place {
	out := Place{Corners: s.find.quad, Heat: s.find.score, Verdict: s.verdict, Quality: s.look.quality, Signs: s.look.signs(), Read: s.look.still()}
	in := make([]float32, plateW*plateH)
	for i, post := range s.look.evidence {
		v := View{Margin: s.look.margins[i], Posterior: post}
		p.rectify(s.find.quad, v.Margin, in)
		v.Grey = image.NewGray(image.Rect(0, 0, plateW, plateH))
		for k, g := range in {
			v.Grey.Pix[k] = uint8(min(255, max(0, math.Round(float64(g)*64+127.5))))
		}
		if texts := beam(post, 1); len(texts) > 0 {
			v.Best = texts[0]
			v.Score = math.Exp(post.Score(v.Best))
			v.Columns = post.Align(v.Best)
		}
		out.Views = append(out.Views, v)
	}
	return out
}
