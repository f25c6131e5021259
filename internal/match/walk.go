package match

import (
	"math"

	"alprd/internal/alpr"
)

// walk visits the prefixes of a list's plates, depth first, as far as the looks still allow a text that begins with them.
type walk struct {
	*query
	*trie
	always, heavy float64 // see query.bounds
	floor         float64 // exp(robust(0))
	certain       float64 // exp(robust(1))
	nodes         int
}

// search finds every plate whose posterior can reach threshold, and maybe some that can't: posterior tells. The codes
// that it returns are of plates as they are read, each once, and are the query's to overwrite.
func (q *query) search(p *Plates, weight, threshold float64) (codes []uint64, nodes int) {
	w := &walk{query: q, trie: &p.forward, floor: math.Exp(alpr.Robust(0)), certain: math.Exp(alpr.Robust(1))}
	if q.mirrored {
		w.trie = &p.backward
	}
	w.always, w.heavy = q.bounds(weight, threshold)
	q.hits = q.hits[:0]
	w.node(0, 0, -1)
	if q.mirrored {
		for i, c := range q.hits {
			q.hits[i] = backward(c)
		}
	}
	return q.hits, w.nodes
}

// columns of the places in letters; -1 for what is no character.
var columnOf = func() (c [base]int) {
	for d := range c {
		c[d] = -1
		if letters[d] != '?' && letters[d] != '*' && d > 0 {
			c[d] = class(letters[d])
		}
	}
	return
}()

// node is at a prefix of up to three characters, which some plate begins with. prefix is its digits as a number of base 38.
func (w *walk) node(depth int, prefix uint64, last int) {
	if depth == top {
		w.middle(prefix, last)
		return
	}
	w.nodes++
	span := powers[top-1-depth]
	if depth > 0 {
		if a := w.dir[prefix*base*span]; a < w.dir[prefix*base*span+1] && w.fourth[a] == 0 {
			w.ends(depth, prefix*powers[maxText-depth])
		}
	}
	need := w.needs(depth)
	for d := uint64(1); d < base; d++ {
		k := columnOf[d]
		if k >= 0 && w.atMost(depth, need, k) {
			if p := prefix*base + d; w.dir[p*span] < w.dir[(p+1)*span] && w.enter(depth, need, k, last) {
				w.node(depth+1, p, k)
			}
		}
	}
}

// middle is at a prefix of three characters.
func (w *walk) middle(prefix uint64, last int) {
	w.nodes++
	need := w.needs(top)
	for i, end := w.dir[prefix], w.dir[prefix+1]; i < end; i++ {
		d := w.fourth[i]
		if d == 0 {
			w.ends(top, prefix*powers[maxText-top])
			continue
		}
		if k := columnOf[d]; k >= 0 && w.atMost(top, need, k) && w.enter(top, need, k, last) {
			w.lower(top+1, (prefix*base+uint64(d))*powers[tail], 0, w.rest[w.starts[i]:w.starts[i+1]], k)
		}
	}
}

// lower is at a prefix of four characters or more: head is the first four's code, prefix the code of the others, and rest what
// begins with it.
func (w *walk) lower(depth int, head uint64, prefix uint32, rest []uint32, last int) {
	w.nodes++
	i := 0
	if rest[0] == prefix {
		w.ends(depth, head+uint64(prefix))
		for i < len(rest) && rest[i] == prefix {
			i++
		}
	}
	if i == len(rest) || depth == maxText {
		return
	}
	need := w.needs(depth)
	unit := uint32(powers[maxText-1-depth])
	for i < len(rest) {
		d := digitOf(rest[i]-prefix, depth)
		begin := prefix + d*unit
		j := behind(rest, i, begin, unit)
		if k := columnOf[d]; k >= 0 && w.atMost(depth, need, k) && w.enter(depth, need, k, last) {
			w.lower(depth+1, head, begin, rest[i:j], k)
		}
		i = j
	}
}

// behind is the first place after i whose rest is begin+unit or more.
func behind(rest []uint32, i int, begin, unit uint32) int {
	step := 1
	for i+step < len(rest) && rest[i+step]-begin < unit {
		step *= 2
	}
	lo, hi := i+step/2, min(i+step, len(rest)) // lo is before; hi is the end or behind
	for lo+1 < hi {
		if m := (lo + hi) / 2; rest[m]-begin < unit {
			lo = m
		} else {
			hi = m
		}
	}
	return hi
}

// enter goes one character further where the looks together allow it.
func (w *walk) enter(depth int, need []float32, k, last int) bool {
	n := len(w.looks)
	at, next := w.states[depth*n:(depth+1)*n], w.states[(depth+1)*n:(depth+2)*n]
	var sum float64
	mostly := false
	for i := range w.looks {
		p := w.looks[i].begins(&at[i], k, k == last)
		if p < need[i] {
			return false
		}
		mostly = mostly || float64(p) > w.looks[i].left/2
		// Rounding and slop may lift a bound above its parent's; the parent's holds as well.
		next[i].bound = min(at[i].bound, w.looks[i].power*alpr.Robust(float64(p)))
		sum += next[i].bound
	}
	if sum < w.heavy || sum < w.always && !mostly {
		return false
	}
	for i := range w.looks {
		w.looks[i].extend(&at[i], &next[i], k, k == last)
	}
	return true
}

// needs is what each look must give any longer text, all others giving what they can.
func (w *walk) needs(depth int) []float32 {
	n := len(w.looks)
	at, need := w.states[depth*n:(depth+1)*n], w.need[depth*n:(depth+1)*n]
	var sum float64
	for i := range at {
		sum += at[i].bound
	}
	for i := range at {
		// robust is log(a·p + b).
		b := w.floor
		need[i] = float32((math.Exp((w.heavy-(sum-at[i].bound))/w.looks[i].power) - b) / (w.certain - b) * (1 - 1e-5))
	}
	return need
}

func (w *walk) atMost(depth int, need []float32, k int) bool {
	n := len(w.looks)
	at := w.states[depth*n : (depth+1)*n]
	for i := range w.looks {
		if w.looks[i].atMost(&at[i], k) < need[i] {
			return false
		}
	}
	return true
}

// ends is at a plate that is listed: it is found if the prefix may be the whole text.
func (w *walk) ends(depth int, code uint64) {
	n := len(w.looks)
	at := w.states[depth*n : (depth+1)*n]
	var sum float64
	mostly := false
	for i := range at {
		p := float64(w.looks[i].complete(&at[i]) + w.looks[i].slop)
		sum += w.looks[i].power * alpr.Robust(p)
		mostly = mostly || p > w.looks[i].left/2
	}
	if sum >= w.always || sum >= w.heavy && mostly {
		w.hits = append(w.hits, code)
	}
}
