package alpr

import "math"

// Evidence is the posteriors of one pass's best frames (or of one frame's margins). It is what a listed plate is
// rescored against, exactly, long after the pictures are gone.
type Evidence []Posterior

const (
	// doubt is the uniform share mixed into each frame's probability, so that one bad frame can't veto the others
	// (2 %: design note on reading, fusion over a pass).
	doubt = 0.02
	// floor is the probability of a text that a frame excludes, of the order of one plate among all that could be.
	floor = 1e-7
	// independent caps what neighbouring frames may count for: they share light, blur and angle (same source, 3–4).
	independent = 3.0
)

// Score is the fused natural log score of text: the mean of the frames' robust forward scores times the number of
// frames that count as independent. It ranks texts; Confidence makes it a probability.
func (e Evidence) Score(text string) float64 {
	if len(e) == 0 {
		return math.Inf(-1)
	}
	var sum float64
	for _, p := range e {
		sum += math.Log((1-doubt)*math.Exp(p.Score(text)) + floor)
	}
	n := float64(len(e))
	return sum / n * min(n, independent)
}

// Weigh turns the texts into candidates, best first not guaranteed: each one's share of the probability among them and
// among the texts nobody named, which together are given what the named ones leave of each frame's mass.
func (e Evidence) Weigh(texts []string) []Candidate {
	out := make([]Candidate, len(texts))
	scores := make([]float64, len(texts))
	top := math.Inf(-1)
	for i, t := range texts {
		scores[i] = e.Score(t)
		top = max(top, scores[i])
	}
	rest := e.unnamed(texts)
	top = max(top, rest)
	total := math.Exp(rest - top)
	for _, s := range scores {
		total += math.Exp(s - top)
	}
	for i, t := range texts {
		out[i] = Candidate{Text: t, Confidence: math.Exp(scores[i]-top) / total}
	}
	return out
}

// unnamed scores the best text nobody named as if it held all the mass the named texts leave in every frame.
func (e Evidence) unnamed(texts []string) float64 {
	var sum float64
	for _, p := range e {
		left := 1.0
		for _, t := range texts {
			left -= math.Exp(p.Score(t))
		}
		sum += math.Log((1-doubt)*max(left, 0) + floor)
	}
	n := float64(len(e))
	return sum / n * min(n, independent)
}

// Candidate is a text and its share of the belief, 0..1.
type Candidate struct {
	Text       string  `json:"text"`
	Confidence float64 `json:"confidence"`
	Small      []int   `json:"small,omitempty"` // positions from 0 of small stacked characters
}
