package ocr

import (
	"math"
	"slices"
	"time"

	"alprd/internal/alpr"
)

const (
	keptLooks = 4 // of a pass; two margins each make eight posteriors

	// byChance is how often two plates have the same character at the same place: letters and digits have their places, and
	// some are frequent there.
	byChance = 0.12
	// mostDoubts caps how many wrong characters a poor look explains: one that explains anything would join everything.
	mostDoubts = 1.5
)

// track is one vehicle's plate over a camera's frames.
type track struct {
	id       string
	pass     uint64 // 0 until something is reported
	revision int
	told     string // the text reported last
	closed   bool   // its final read is out; kept to recognise the vehicle if it shows again

	first, last time.Time
	start, quad alpr.Quad // at first and at last
	vx, vy      float64   // of the centre, pixels a second
	stray       float64   // how far from where it was expected it came lately, pixels
	hits        int       // frames the plate was found in
	missed      bool      // it wasn't found in the last frame that was searched where it was
	patch       []float32 // the rectified plate when it was last read

	frames int            // frames the plate was read in
	texts  map[string]int // how many of them said what
	said   []saying       // what each said, the latest at the end
	looks  []*look        // the best ones, best first
	fused  belief         // what they say together
	region string         // whose plate it is; see name
}

// saying is the text of one look and the plate's width in it.
type saying struct {
	text  string
	width float64
}

// remembered is how many sayings a track keeps: more would let a long stay drown what a vehicle shows as it leaves.
const remembered = 64

// add takes one more look at the plate.
func (t *track) add(l *look, patch []float32, serial func(string) float64) {
	t.move(l.quad, l.frame.At)
	t.patch = append(t.patch[:0], patch...)
	t.frames++
	if t.texts == nil {
		t.texts = map[string]int{}
	}
	t.texts[l.own.best()]++
	wide, _ := sides(l.quad)
	t.said = append(t.said, saying{l.own.best(), wide})
	if len(t.said) > remembered {
		t.said = t.said[1:]
	}
	t.looks = append(t.looks, l)
	slices.SortStableFunc(t.looks, func(a, b *look) int {
		switch x, y := a.worth(), b.worth(); {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return 0
	})
	if len(t.looks) > keptLooks {
		t.looks = t.looks[:keptLooks]
		if !slices.ContainsFunc(t.looks, (*look).pictured) { // it was released: this is the only picture there is
			t.looks[keptLooks-1] = l
		}
	}
	for _, k := range t.looks { // the best one counts fully, the others for how good they are beside it
		share := worthOfMargins * k.worth() / t.looks[0].worth() / float64(len(k.evidence))
		for i := range k.evidence {
			k.evidence[i].Weight = float32(share)
		}
	}
	t.fused = believe(t.evidence(), t.offered(), t.serials(serial))
}

// worth ranks looks: what is large and sure of its text comes first.
func (l *look) worth() float64 {
	w, _ := sides(l.quad)
	return (0.2 + 0.8*l.own.confidence()) * min(w/100, 1)
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

// move notes where the plate is now.
func (t *track) move(q alpr.Quad, at time.Time) {
	if t.hits == 0 {
		t.first, t.start = at, q
	} else if dt := at.Sub(t.last).Seconds(); dt > 0 {
		a, b := t.quad.Centre(), q.Centre()
		stray := distance(alpr.Point{X: a.X + t.vx*dt, Y: a.Y + t.vy*dt}, b)
		if t.hits == 1 {
			stray = 0
		}
		t.stray = 0.7*t.stray + 0.3*stray
		keep := 0.5
		if t.hits == 1 {
			keep = 0
		}
		t.vx = keep*t.vx + (1-keep)*(b.X-a.X)/dt
		t.vy = keep*t.vy + (1-keep)*(b.Y-a.Y)/dt
	}
	t.quad, t.last, t.missed = q, at, false
	t.hits++
}

// still reports whether the plate has stayed where it was first seen: a parked car.
func (t *track) still() bool {
	w, _ := sides(t.quad)
	return t.hits > 2 && distance(t.start.Centre(), t.quad.Centre()) < 0.3*w
}

// nearness is the log odds that a plate in q at a time is this track's and not another one's somewhere in a w×h picture,
// by place and size alone.
func (t *track) nearness(q alpr.Quad, at time.Time, w, h int) float64 {
	dt := max(0, at.Sub(t.last).Seconds())
	a, b := t.quad.Centre(), q.Centre()
	d := distance(alpr.Point{X: a.X + t.vx*dt, Y: a.Y + t.vy*dt}, b)
	wide, _ := sides(t.quad)
	now, _ := sides(q)
	// A track seen once may go anywhere; one that went as expected goes on so. Time widens both.
	spread := (wide*(0.15+0.5/float64(t.hits)) + t.stray) * (1 + dt/0.3)
	ratio := math.Log(now/wide) / (0.25 * (1 + dt/0.3))
	area := float64(w) * float64(h) / 4 // vehicles come where the lane is
	return math.Log(area/(2*math.Pi*spread*spread)) - d*d/(2*spread*spread) - ratio*ratio/2
}

// steady reports whether the looks that saw the plate about as large as the best one did say much the same as all of them
// together. The best looks of a hundred at a sign or a branch may be sure of something by luck; a plate says the same
// each time.
func (t *track) steady() bool {
	const enough, share = 4, 0.25
	best := t.fused.best()
	wide, _ := sides(t.shown().quad)
	comparable, same := 0, 0
	for _, s := range t.said {
		if s.width >= 0.8*wide {
			comparable++
			if edits(s.text, best) <= 1 {
				same++
			}
		}
	}
	return comparable < enough || float64(same) >= share*float64(comparable)
}

// kinship is the log odds that a look shows this track's plate and not another, by text alone: how likely the look makes the
// track's text or the track's looks make the look's, or how far their texts are apart, whichever speaks more for it. Even
// a sure no leaves room for a misread.
func (t *track) kinship(l *look) float64 {
	odds := -5.0
	for _, k := range t.looks {
		odds = max(odds, resemblance(k.own, l.own), math.Log(k.alike(l)))
	}
	return odds
}

// alike is how much more probable two looks make each other's texts than chance does.
func (l *look) alike(other *look) float64 {
	chance := func(text string) float64 { return math.Pow(byChance, float64(len(text))) }
	var here, there float64
	for _, c := range l.own.candidates[:min(tried, len(l.own.candidates))] {
		here += c.Confidence * other.probability(c.Text) / chance(c.Text)
	}
	for _, c := range other.own.candidates[:min(tried, len(other.own.candidates))] {
		there += c.Confidence * l.probability(c.Text) / chance(c.Text)
	}
	return max(here, there)
}

// resemblance is the log odds that two beliefs are of one plate and not of two: a Poisson count of differences, as many
// expected as their confidences say, against one where characters agree by chance only.
func resemblance(x, y belief) float64 {
	a, b := x.best(), y.best()
	n, k := float64(max(len(a), len(b))), float64(edits(a, b))
	if n == 0 {
		return 0
	}
	doubts := min(-math.Log(x.confidence()+1e-9), mostDoubts) + min(-math.Log(y.confidence()+1e-9), mostDoubts)
	lg := func(x float64) float64 { v, _ := math.Lgamma(x + 1); return v }
	same := k*math.Log(doubts+0.1) - (doubts + 0.1) - lg(k)
	other := lg(n) - lg(k) - lg(n-k) + k*math.Log(1-byChance) + (n-k)*math.Log(byChance)
	return same - other
}

// edits is the least number of characters to change, add or drop between two texts.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal, row[j+1] = row[j+1], min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// probability is how likely the look makes a text at its better margin.
func (l *look) probability(text string) float64 {
	best := math.Inf(-1)
	for _, p := range l.evidence {
		best = max(best, p.Score(text))
	}
	return math.Exp(best)
}
