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
	// unnamed is over how many texts the mass is thought to be spread that the named ones leave. It doesn't matter for
	// one look; in several, frames rarely leave their rests to the same text.
	unnamed = 30.0
)

// Score is the fused natural log score of text: the weighted mean of the frames' robust forward scores times the number
// of looks that count as independent. It ranks texts; Weigh makes probabilities of it.
func (e Evidence) Score(text string) float64 {
	var sum float64
	for _, p := range e {
		sum += p.weight() * robust(math.Exp(p.Score(text)))
	}
	return e.fuse(sum)
}

// Weigh turns the texts into candidates in the same order: each one's share of the probability among them and what
// nobody named, which holds the mass that the named ones leave, so a belief is strong only where the frames leave little
// else. Name a text once.
func (e Evidence) Weigh(texts []string) []Candidate {
	scores := make([]float64, len(texts)+1) // the last is for what nobody named
	for _, p := range e {
		left := 1.0
		for i, t := range texts {
			v := math.Exp(p.Score(t))
			left -= v
			scores[i] += p.weight() * robust(v)
		}
		scores[len(texts)] += p.weight() * robust(max(left, 0)/unnamed)
	}
	top := math.Inf(-1)
	for i := range scores {
		scores[i] = e.fuse(scores[i])
		if i == len(texts) {
			scores[i] += math.Log(unnamed)
		}
		top = max(top, scores[i])
	}
	var total float64
	for i := range scores {
		scores[i] = math.Exp(scores[i] - top)
		total += scores[i]
	}
	out := make([]Candidate, len(texts))
	for i, t := range texts {
		out[i] = Candidate{Text: t, Confidence: scores[i] / total}
	}
	return out
}

// robust is the logarithm of a probability that one bad frame can't make nothing of.
func robust(p float64) float64 { return math.Log((1-doubt)*p + floor) }

// fuse makes the weighted sum of the frames' logarithms one score.
func (e Evidence) fuse(sum float64) float64 {
	var looks float64
	for _, p := range e {
		looks += p.weight()
	}
	if looks == 0 {
		return math.Inf(-1)
	}
	return sum / looks * min(looks, independent)
}

func (p Posterior) weight() float64 {
	if p.Weight == 0 {
		return 1
	}
	return float64(p.Weight)
}

// Candidate is a text and its share of the belief, 0..1.
type Candidate struct {
	Text       string  `json:"text"`
	Confidence float64 `json:"confidence"`
	Small      []int   `json:"small,omitempty"` // positions from 0 of small stacked characters
}
