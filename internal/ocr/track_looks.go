package ocr

import (
	"cmp"
	"math"
	"slices"

	"alprd/internal/alpr"
)

const (
	keptLooks = 4 // of a pass; two margins each make eight posteriors

	// What looks at one plate have in common, measured on rendered passes (docs/decisions/0099): sharedByAll of their errors always,
	// for the plate and the light stay the same; the rest less and less as the plate moves on, by sharedFor of its width, and as its
	// size changes, by sharedSize of its logarithm.
	sharedByAll = 0.3
	sharedFor   = 0.5
	sharedSize  = 0.15
)

// keep takes a look in. Of more than keptLooks those stay that together tell most: the best, then each time the one that is best for
// what it shows anew; its worth counts twice, or a poor look would stay because it is a different one. They are in order of worth.
func (t *track) keep(l *look) {
	if l.cut.any() {
		t.keepPart(l)
		return
	}
	left := append(t.looks, l)
	slices.SortStableFunc(left, func(a, b *look) int { return cmp.Compare(b.worth(), a.worth()) })
	t.looks = nil
	for len(left) > 0 && len(t.looks) < keptLooks {
		best, most := 0, -1.0
		for i, k := range left {
			if news := k.worth() * k.worth() * (1 - t.shared(k)); news > most {
				best, most = i, news
			}
		}
		t.looks = append(t.looks, left[best])
		left = slices.Delete(left, best, best+1)
	}
	if !slices.ContainsFunc(t.looks, (*look).pictured) { // it was released: this is the only picture there is
		t.looks[len(t.looks)-1] = l
	}
	slices.SortStableFunc(t.looks, func(a, b *look) int { return cmp.Compare(b.worth(), a.worth()) })
	t.weigh()
}

// cut reports whether only a part of the plate was ever seen, at the picture's edge.
func (t *track) cut() bool { return len(t.looks) > 0 && t.looks[0].cut.any() }

// keepPart takes a look at a part of the plate in. Looks at different parts don't say the same, so only the one stays that shows most.
func (t *track) keepPart(l *look) {
	if t.cut() {
		if k := t.looks[0]; k.pictured() && cmp.Or(cmp.Compare(k.own.visible(), l.own.visible()), cmp.Compare(k.worth(), l.worth())) >= 0 {
			return
		}
	}
	t.looks = []*look{l}
	t.weigh()
}

// weigh shares among the looks what they count for: all together as many looks as the variance of their weighted mean says that they
// are, so that ten looks at a parked car are one look.
func (t *track) weigh() {
	var sum, joint float64
	for _, a := range t.looks {
		sum += a.worth()
		for _, b := range t.looks {
			joint += a.worth() * b.worth() * a.shares(b)
		}
	}
	for _, k := range t.looks {
		weight := worthOfMargins * k.worth() * sum / joint / float64(len(k.evidence))
		for i := range k.evidence {
			k.evidence[i].Weight = float32(weight)
		}
	}
}

// worth ranks looks: what is large and sure of its text comes first. How blurred, dim or askew a plate is adds nothing: the
// recogniser's own sureness tells (docs/decisions/0090, 0099).
func (l *look) worth() float64 {
	w, _ := sides(l.quad)
	return (0.2 + 0.8*l.own.confidence()) * min(w/100, 1)
}

// shares is how much of its errors a look has in common with another at the same plate, 0..1.
func (l *look) shares(o *look) float64 {
	if l == o {
		return 1
	}
	a, _ := sides(l.quad)
	b, _ := sides(o.quad)
	apart := distance(l.quad.Centre(), o.quad.Centre())/(sharedFor*max(a, b)) + math.Abs(math.Log(a/b))/sharedSize
	return sharedByAll + (1-sharedByAll)*math.Exp(-apart)
}

// shared is the most that a look shares with one that is kept.
func (t *track) shared(l *look) float64 {
	most := 0.0
	for _, k := range t.looks {
		most = max(most, k.shares(l))
	}
	return most
}

func (t *track) evidence() alpr.Evidence {
	var e alpr.Evidence
	for _, l := range t.looks {
		e = append(e, l.evidence...)
	}
	return e
}

func (t *track) offered() []string {
	var texts []string
	for _, l := range t.looks {
		texts = append(texts, l.texts...)
	}
	return texts
}

// shown is the best look that says what the track says: the picture beside the text is one it was read in.
func (t *track) shown() *look {
	best := t.looks[0]
	for _, k := range t.looks {
		switch {
		case !k.pictured():
		case k.own.best() == t.fused.best():
			return k
		case !best.pictured():
			best = k
		}
	}
	return best
}
