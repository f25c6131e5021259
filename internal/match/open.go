package match

import (
	"iter"

	"alprd/internal/alpr"
)

// open yields the listed plates that leave characters open and fit something that the read thinks of, with how sure it is of
// some plate that fits: the sum over the read's own candidates that do. What the read didn't think of holds little, and
// counting it could only add.
func (q *query) open(p *Plates) iter.Seq2[uint64, float64] {
	return func(yield func(uint64, float64) bool) {
		if p.open == 0 {
			return
		}
		t := &p.forward
		sums := map[uint64]float64{}
		var order []uint64
		for i := range q.texts {
			text := q.texts[i]
			if q.mirrored {
				text = mirror(text)
			}
			seen := map[uint64]bool{} // a text may fit a pattern in several ways
			t.fitting(node{hi: 1}, text, false, func(code uint64) {
				if seen[code] {
					return
				}
				seen[code] = true
				if _, ok := sums[code]; !ok {
					order = append(order, code)
				}
				sums[code] += q.share(i)
			})
		}
		for _, code := range order {
			if !yield(code, sums[code]) {
				return
			}
		}
	}
}

// fitting visits the plates below n that leave characters open and that text fits: each ? is one of its characters, each * any
// number of them.
func (t *trie) fitting(n node, text string, open bool, visit func(code uint64)) {
	if text == "" && open {
		if n.depth == maxText {
			visit(n.prefix)
		} else if _, ok := t.child(n, 0); ok {
			visit(n.prefix * powers[maxText-n.depth])
		}
	}
	if n.depth == maxText {
		return
	}
	if c, ok := t.child(n, uint64(digits[alpr.Beyond])); ok {
		for i := range len(text) + 1 {
			t.fitting(c, text[i:], true, visit)
		}
	}
	if text == "" {
		return
	}
	if c, ok := t.child(n, uint64(digits[alpr.Unreadable])); ok {
		t.fitting(c, text[1:], true, visit)
	}
	if d := digits[text[0]]; d > 0 && text[0] != alpr.Unreadable && text[0] != alpr.Beyond {
		if c, ok := t.child(n, uint64(d)); ok {
			t.fitting(c, text[1:], open, visit)
		}
	}
}
