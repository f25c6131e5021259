package match

import (
	"math"
	"slices"

	"alprd/internal/alpr"
)

// scorer gives each look's probability for a text, exactly as alpr.Posterior.Score, with 0 and O taken together; each
// logarithm becomes a probability at most once.
type scorer struct {
	looks []exact
	a, b  []float64
	rows  [][]float64
}

// exact is one look's probabilities, as far as they were asked for.
type exact struct {
	p     alpr.Posterior
	power float64
	rows  [alpr.Classes + 1][]float64 // the last is of places that can't be read
}

func newScorer(e alpr.Evidence, powers []float64) *scorer {
	s := &scorer{looks: make([]exact, len(e))}
	for i := range e {
		s.looks[i] = exact{p: e[i], power: powers[i]}
	}
	return s
}

// class is a character's column; hidden for a place that can't be read, -1 for what no look can hold.
func class(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c == 'O':
		return zero
	case c >= 'A' && c <= 'Z':
		return int(c-'A') + 10
	case c == alpr.Unreadable:
		return hidden
	}
	return -1
}

const hidden = alpr.Classes

// row is the probabilities of a class, column by column.
func (x *exact) row(class int) []float64 {
	if x.rows[class] != nil {
		return x.rows[class]
	}
	out := x.exps(class)
	switch class {
	case zero:
		for t, v := range x.exps(oh) {
			out[t] += v
		}
	case hidden:
		for t := range min(len(out), len(x.p.Hidden)) {
			out[t] = max(float64(x.p.Hidden[t]), 0)
		}
	}
	x.rows[class] = out
	return out
}

func (x *exact) exps(class int) []float64 {
	out := make([]float64, x.p.Columns())
	if class == hidden {
		return out
	}
	for t := range out {
		if v := float64(x.p.Log[t*alpr.Classes+class]); v > -700 { // NaN is nothing
			out[t] = math.Exp(v)
		}
	}
	return out
}

// probability is that of the look's columns spelling exactly text.
func (s *scorer) probability(look int, text string) float64 {
	x := &s.looks[look]
	T, n := x.p.Columns(), len(text)
	if T == 0 {
		return 0
	}
	rows := s.rows[:0]
	for i := range n {
		k := class(text[i])
		if k < 0 {
			return 0
		}
		rows = append(rows, x.row(k))
	}
	s.rows = rows
	s.a, s.b = slices.Grow(s.a[:0], 2*n+1), slices.Grow(s.b[:0], 2*n+1)
	// a[2i] is ending in the blank before character i, a[2i+1] in the character.
	a, b := s.a[:2*n+1], s.b[:2*n+1]
	clear(a)
	blank := x.row(alpr.Blank)
	a[0] = blank[0]
	if n > 0 {
		a[1] = rows[0][0]
	}
	for t := 1; t < T; t++ {
		// The text's end must be reached, and its beginning left.
		lo, hi := max(0, n-(T-t)), min(n, t+1)
		clear(b)
		for i := lo; i <= hi; i++ {
			v := a[2*i]
			if i > 0 {
				v += a[2*i-1]
			}
			b[2*i] = v * blank[t]
			if i < n {
				w := a[2*i+1] + a[2*i]
				if i > 0 && text[i] != text[i-1] {
					w += a[2*i-1]
				}
				b[2*i+1] = w * rows[i][t]
			}
		}
		a, b = b, a
	}
	if n == 0 {
		return a[0]
	}
	return a[2*n] + a[2*n-1]
}

// score is the fused log score of a text, as alpr.Evidence.Score; each look's probability is taken from left.
func (s *scorer) score(text string, left []float64) float64 {
	var sum float64
	for i := range s.looks {
		p := s.probability(i, text)
		left[i] -= p
		sum += s.looks[i].power * alpr.Robust(p)
	}
	return sum
}
