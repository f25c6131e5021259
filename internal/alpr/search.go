package alpr

import "math"

// What a search over very many texts needs to know about Score and Weigh, so that it can bound them without calling them.

// Robust is the logarithm of a look's probability for a text, such that one bad look can't veto the others.
func Robust(p float64) float64 { return robust(p) }

// Powers is what each look counts for: Score(text) is the sum of Powers[i]·Robust(exp(e[i].Score(text))).
func (e Evidence) Powers() []float64 {
	out := make([]float64, len(e))
	for i, p := range e {
		// fuse is linear in its argument.
		out[i] = e.fuse(p.weight())
	}
	return out
}

// Unnamed is the log score that Weigh gives to what nobody named, when the named texts leave left[i] of look i's probability.
func (e Evidence) Unnamed(left []float64) float64 {
	var sum float64
	for i, p := range e {
		sum += p.weight() * robust(max(left[i], 0)/unnamed)
	}
	return e.fuse(sum) + math.Log(unnamed)
}
