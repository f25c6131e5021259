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

// Quality is what a technician can change about a plate's picture: where the camera stands, its lens, shutter and light.
type Quality struct {
	Width, Height float64 // of the plate, pixels
	CharPx        float64 // height of the characters, pixels
	Contrast      float64 // between ink and ground, 0..255
	Clipped       float64 // part of the plate's pixels that are wholly white or black, 0..1
	Edge          float64 // width of the strokes' edges, pixels of the picture; a sharp one takes 1 to 2
	Roll          float64 // of the plate's lines against the picture's, degrees, clockwise
	Shear         float64 // how far its sides lean against its lines from a right angle, degrees
	Aspect        float64 // width by height; a US plate seen straight has 2
}

const (
	// faintest is the heat below which an explanation doesn't mention a place either.
	faintest = 0.1
	// mostFaint is how many places that weren't even read an explanation shows.
	mostFaint = 8
)

// Explain does what Still does and tells all of it. Reads have no evidence of earlier pictures; it takes several times
// as long.
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
	var x Explanation
	for _, s := range all {
		if s.look == nil {
			if s.look = e.read(&f, p, s.find, nil); s.look == nil {
				continue
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
	out := Place{Corners: s.find.quad, Heat: s.find.score, Verdict: s.verdict, Quality: p.quality(s.find.quad), Read: s.look.still()}
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

// quality measures the plate in q. The figures are of the straightened plate without a margin.
func (p plane) quality(q alpr.Quad) Quality {
	var out Quality
	out.Width, out.Height = sides(q)
	out.CharPx = out.Height * characterShare
	if out.Height > 0 {
		out.Aspect = out.Width / out.Height
	}
	top, side := math.Atan2(q[1].Y-q[0].Y+q[2].Y-q[3].Y, q[1].X-q[0].X+q[2].X-q[3].X), math.Atan2(q[3].Y-q[0].Y+q[2].Y-q[1].Y, q[3].X-q[0].X+q[2].X-q[1].X)
	out.Roll = top * 180 / math.Pi
	out.Shear = (side-top)*180/math.Pi - 90
	grey := make([]float32, plateW*plateH)
	p.rectify(q, 0, grey)
	// The characters' band: frames, bolts and what lies around the plate say nothing of its ink.
	const x0, x1, y0, y1 = plateW / 16, plateW * 15 / 16, plateH / 4, plateH * 3 / 4
	var values, steps []float64
	clipped := 0
	for y := y0; y < y1; y++ {
		for x := x0; x < x1; x++ {
			v := float64(grey[y*plateW+x])*64 + 127.5
			values = append(values, v)
			if v <= 1 || v >= 254 {
				clipped++
			}
			steps = append(steps, math.Abs(float64(grey[y*plateW+x+1]-grey[y*plateW+x-1]))*64/2)
		}
	}
	sort.Float64s(values)
	sort.Float64s(steps)
	at := func(s []float64, part float64) float64 { return s[int(part*float64(len(s)-1))] }
	out.Contrast = at(values, 0.95) - at(values, 0.05)
	out.Clipped = float64(clipped) / float64(len(values))
	if steep := at(steps, 0.97); steep > 0.5 {
		out.Edge = out.Contrast / steep * out.Width / plateW
	}
	return out
}
