package match

import (
	"math"

	"alprd/internal/alpr"
)

// found is a plate of the list that the looks may support: the positions of its entries.
type found struct{ from, to int }

// walk visits the prefixes of a list's plates, depth first, as far as the looks still allow a text that begins with them.
type walk struct {
	*query
	codes
	always, heavy float64 // see query.bounds
	need          []float64
	floor         float64 // exp(robust(0))
	certain       float64 // exp(robust(1))
	hits          []found
	nodes         int
}

// search finds every plate of c whose share of the belief can reach threshold, and maybe some that can't: posterior tells.
func (q *query) search(c codes, threshold float64) *walk {
	w := &walk{query: q, codes: c, need: make([]float64, (maxText+1)*len(q.looks)), floor: math.Exp(robust(0)), certain: math.Exp(robust(1))}
	w.always, w.heavy = q.bounds(threshold)
	if len(c.sorted) > 0 {
		w.node(0, 0, 0, len(c.sorted), -1)
	}
	return w
}

// node is at a prefix of depth characters, which the plates from lo up to but not including hi begin with. prefix is its
// digits as a number of base 37.
func (w *walk) node(depth int, prefix uint64, lo, hi int, last int) {
	w.nodes++
	n := len(w.looks)
	at := w.states[depth*n : (depth+1)*n]
	code := prefix * powers[maxText-depth]
	i := lo
	for i < hi && w.sorted[i] == code {
		i++
	}
	if i > lo && w.ends(at) {
		w.hits = append(w.hits, found{lo, i})
	}
	if i == hi || depth == maxText {
		return
	}
	need := w.need[depth*n : (depth+1)*n]
	w.needs(at, need)
	unit := powers[maxText-depth-1]
	if depth < w.depth {
		span := powers[w.depth-depth-1]
		for d := uint64(1); d < base; d++ {
			k := int(d) - 1
			if w.atMost(at, need, k) {
				p := prefix*base + d
				if a, b := int(w.dir[p*span]), int(w.dir[(p+1)*span]); a < b {
					w.child(depth, p, a, b, k, last)
				}
			}
		}
		return
	}
	for i < hi {
		d := (w.sorted[i] - code) / unit
		p := prefix*base + d
		j := w.behind(i, hi, (p+1)*unit)
		if k := int(d) - 1; w.atMost(at, need, k) {
			w.child(depth, p, i, j, k, last)
		}
		i = j
	}
}

// behind is the first position after i, at most hi, whose code is end or more.
func (w *walk) behind(i, hi int, end uint64) int {
	step := 1
	for i+step < hi && w.sorted[i+step] < end {
		step *= 2
	}
	lo, hi := i+step/2, min(i+step, hi) // sorted[lo] < end; hi is hi or behind
	for lo+1 < hi {
		if m := (lo + hi) / 2; w.sorted[m] < end {
			lo = m
		} else {
			hi = m
		}
	}
	return hi
}

// child goes one character further where the looks together allow it.
func (w *walk) child(depth int, prefix uint64, lo, hi int, k, last int) {
	n := len(w.looks)
	at, next := w.states[depth*n:(depth+1)*n], w.states[(depth+1)*n:(depth+2)*n]
	need := w.need[depth*n : (depth+1)*n]
	var sum float64
	mostly := false
	for i := range w.looks {
		p := w.looks[i].begins(&at[i], k, k == last)
		if p < need[i] {
			return
		}
		mostly = mostly || p > w.looks[i].left/2
		// Rounding and slop may lift a bound above its parent's; the parent's holds as well.
		next[i].bound = min(at[i].bound, w.looks[i].power*robust(p))
		sum += next[i].bound
	}
	if sum < w.heavy || sum < w.always && !mostly {
		return
	}
	for i := range w.looks {
		w.looks[i].extend(&at[i], &next[i], k, k == last)
	}
	w.node(depth+1, prefix, lo, hi, k)
}

// needs is what each look must give any longer text, all others giving what they can.
func (w *walk) needs(at []state, need []float64) {
	var sum float64
	for i := range at {
		sum += at[i].bound
	}
	for i := range at {
		// robust is log(a·p + b).
		b := w.floor
		need[i] = (math.Exp((w.heavy-(sum-at[i].bound))/w.looks[i].power) - b) / (w.certain - b) * (1 - 1e-9)
	}
}

func (w *walk) atMost(at []state, need []float64, k int) bool {
	for i := range w.looks {
		if w.looks[i].atMost(&at[i], k) < need[i] {
			return false
		}
	}
	return true
}

// ends reports whether the prefix may be the whole text.
func (w *walk) ends(at []state) bool {
	var sum float64
	mostly := false
	for i := range at {
		p := w.looks[i].complete(&at[i]) + w.looks[i].slop
		sum += w.looks[i].power * robust(p)
		mostly = mostly || p > w.looks[i].left/2
	}
	return sum >= w.always || sum >= w.heavy && mostly
}

func robust(p float64) float64 { return alpr.Robust(p) }
