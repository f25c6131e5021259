package ocr

import (
	"math"
	"strings"
)

const (
	// byChance is how often two plates have the same character at the same place: letters and digits have their places, and
	// some are frequent there.
	byChance = 0.12
	// mostDoubts caps how many wrong characters a poor look explains: one that explains anything would join everything.
	mostDoubts = 1.5
)

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

// uncovers reports whether a look shows more, or less, of the track's plate than was seen before: its text begins or ends with the
// other one, and the smaller box lies in the larger. So a plate comes out from behind another vehicle.
func (t *track) uncovers(l *look) bool {
	long, short := t.fused.best(), l.own.best()
	if len(long) < len(short) {
		long, short = short, long
	}
	if len(short) < shortest || len(long) == len(short) || !strings.HasPrefix(long, short) && !strings.HasSuffix(long, short) {
		return false
	}
	m := t.motion.to(l.frame.At)
	_, part := overlap(m.quad(), l.quad)
	return part > 0.6
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
