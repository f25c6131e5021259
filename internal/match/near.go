package match

import (
	"cmp"
	"math/bits"
	"slices"
	"sort"

	"alprd/internal/alpr"
)

// near is a listed plate that a lattice allows, and its likelihood: the product of the alternatives of the best way to spell it.
// Where one edit is allowed, a character that the lattice lacks counts as slip, and one that it has too many as slip and its slot's
// likeliest.
type near struct {
	code       uint64
	likelihood float64
}

// mesh is a lattice prepared for searching, in the direction of the walk.
type mesh struct {
	slots []meshSlot
	solid int       // no slot from here on may be nothing
	best  []float64 // best[i] bounds what slots from i on can hold; one longer than slots
}

type meshSlot struct {
	p         [base]float64 // by character
	none      float64       // for nothing there
	likeliest float64       // of the characters
	mask      uint64        // the characters that it may be
}

func (m *mesh) prepare(l alpr.Lattice, mirrored bool) {
	m.slots = slices.Grow(m.slots[:0], len(l))[:len(l)]
	m.best = slices.Grow(m.best[:0], len(l)+1)[:len(l)+1]
	for i, slot := range l {
		if mirrored {
			slot = l[len(l)-1-i]
		}
		s := &m.slots[i]
		*s = meshSlot{}
		for _, c := range slot {
			switch {
			case c.Text == "" || c.Text[0] == alpr.Beyond:
				s.none += c.P
			case c.Text[0] == alpr.Unreadable:
				for d := range s.p {
					if columnOf[d] >= 0 {
						s.p[d] += c.P
					}
				}
			default:
				char := c.Text[0]
				if char == 'O' {
					char = '0'
				}
				if d := digits[char]; d > 0 {
					s.p[d] += c.P
				}
			}
		}
		for d, p := range s.p {
			if p > 0 {
				s.mask |= 1 << d
				s.likeliest = max(s.likeliest, p)
			}
		}
	}
	m.best[len(l)], m.solid = 1, len(l)
	for m.solid > 0 && m.slots[m.solid-1].none == 0 {
		m.solid--
	}
	for i := len(l) - 1; i >= 0; i-- {
		m.best[i] = m.best[i+1] * max(m.slots[i].likeliest, m.slots[i].none)
	}
}

// searcher has the memory for searches, one after another.
type searcher struct {
	ahead, back reach
	found       []near
}

// search finds every plate whose likelihood is at least least, with at most one character missing or extra where edit allows.
// What it returns is overwritten by the next search.
//
// The edit is tried in the half of the lattice that is far from where the walk begins, once in each direction: there, few
// plates are left to try it on.
func (s *searcher) search(p *Plates, l alpr.Lattice, least float64, edit bool) []near {
	n := len(l)
	s.found = s.found[:0]
	switch {
	case n == 0 || n > maxSlots:
	case !edit && doubtfulFirst(l):
		s.back.walk(&p.backward, l, true, least, n+1, n+1, false)
		s.add(&s.back, true)
	case !edit:
		s.ahead.walk(&p.forward, l, false, least, n+1, n+1, false)
		s.add(&s.ahead, false)
	default:
		half := (n + 1) / 2
		s.ahead.walk(&p.forward, l, false, least, half, half, false)
		s.add(&s.ahead, false)
		// The place between the halves is the other walk's, the slot before it this one's.
		s.back.walk(&p.backward, l, true, least, n-half+1, n-half, true)
		s.add(&s.back, true)
		// A plate may be reached from both ends; the better way counts.
		slices.SortFunc(s.found, func(a, b near) int {
			return cmp.Or(cmp.Compare(a.code, b.code), cmp.Compare(b.likelihood, a.likelihood))
		})
		s.found = slices.CompactFunc(s.found, func(a, b near) bool { return a.code == b.code })
	}
	return s.found
}

func (s *searcher) add(r *reach, mirrored bool) {
	for _, f := range r.found {
		if mirrored {
			f.code = backward(f.code)
		}
		s.found = append(s.found, f)
	}
}

// slip is how likely a reader is to have lost or made up a character of which its lattice has no trace.
const slip = 0.01

// maxSlots is more than any plate's lattice has: ten characters and doubts between them.
const maxSlots = 20

// reach walks a list's plates as far as a lattice allows.
type reach struct {
	mesh
	*trie
	least  float64
	from   int  // a character that the lattice lacks may stand before this slot and behind
	skip   int  // this slot and the later ones may be too many
	edited bool // only what needs the edit is told
	states [maxText + 1]spelt
	found  []near
}

// spelt is what of the lattice a prefix may have used up: p[e][i] is the likelihood of the first i slots with e edits.
type spelt struct {
	p      [2][maxSlots + 1]float64
	lo, hi int // the slots between which something stands
}

func (r *reach) walk(t *trie, l alpr.Lattice, mirrored bool, least float64, from, skip int, edited bool) {
	r.mesh.prepare(l, mirrored)
	r.trie, r.least, r.from, r.skip, r.edited = t, least, from, skip, edited
	r.found = r.found[:0]
	s := &r.states[0]
	*s = spelt{}
	s.p[0][0] = 1
	if r.settle(s) {
		r.upper(0, 0)
	}
}

// settle adds what may be left out of the lattice, and drops what can't reach least any more; false when nothing remains.
func (r *reach) settle(s *spelt) bool {
	n := len(r.slots)
	lo, hi := n+1, -1
	for i := s.lo; i <= s.hi; i++ {
		for e := range s.p {
			p := s.p[e][i]
			if p == 0 {
				continue
			}
			if p*r.best[i] < r.least {
				s.p[e][i] = 0
				continue
			}
			lo, hi = min(lo, i), i
			if i == n {
				continue
			}
			if none := r.slots[i].none; none > 0 {
				s.p[e][i+1] = max(s.p[e][i+1], p*none)
				s.hi = max(s.hi, i+1)
			}
			if e == 0 && i >= r.skip {
				s.p[1][i+1] = max(s.p[1][i+1], p*slip*r.slots[i].likeliest)
				s.hi = max(s.hi, i+1)
			}
		}
	}
	s.lo, s.hi = lo, hi
	return hi >= 0
}

// wanted are the characters that may come next.
func (r *reach) wanted(s *spelt) uint64 {
	var mask uint64
	for i := s.lo; i <= s.hi; i++ {
		if i >= r.from && s.p[0][i]*slip*r.best[i] >= r.least {
			return ^uint64(0)
		}
		if i < len(r.slots) && (s.p[0][i] > 0 || s.p[1][i] > 0) {
			mask |= r.slots[i].mask
		}
	}
	return mask
}

// step makes next of s and one more character; false when the lattice doesn't allow it.
func (r *reach) step(s, next *spelt, d uint64) bool {
	n := len(r.slots)
	clear(next.p[0][s.lo : n+1])
	clear(next.p[1][s.lo : n+1])
	for i := s.lo; i <= s.hi; i++ {
		p, q := s.p[0][i], s.p[1][i]
		if i < n {
			if v := r.slots[i].p[d]; v > 0 {
				next.p[0][i+1] = p * v
				next.p[1][i+1] = max(next.p[1][i+1], q*v)
			}
		}
		if i >= r.from {
			next.p[1][i] = max(next.p[1][i], p*slip)
		}
	}
	next.lo, next.hi = s.lo, min(s.hi+1, n)
	return r.settle(next)
}

// ends is at a listed plate.
func (r *reach) ends(s *spelt, code uint64) {
	n := len(r.slots)
	if s.hi < n || s.lo > n {
		return
	}
	p := s.p[1][n]
	if !r.edited {
		p = max(p, s.p[0][n])
	}
	if p >= r.least {
		r.found = append(r.found, near{code, p})
	}
}

// columns are the characters of whole plates.
const columns = 1<<base - 1 - 1 - 1<<1 - 1<<12 // not the end, * and ?

func (r *reach) upper(depth int, prefix uint64) {
	s, next := &r.states[depth], &r.states[min(depth+1, maxText)]
	if depth == top {
		r.middle(prefix)
		return
	}
	span := powers[top-1-depth]
	if depth > 0 {
		if a := r.dir[prefix*base*span]; a < r.dir[prefix*base*span+1] && r.fourth[a] == 0 {
			r.ends(s, prefix*powers[maxText-depth])
		}
	}
	for mask := r.wanted(s) & columns; mask != 0; mask &= mask - 1 {
		d := uint64(bits.TrailingZeros64(mask))
		if p := prefix*base + d; r.dir[p*span] < r.dir[(p+1)*span] && r.step(s, next, d) {
			r.upper(depth+1, p)
		}
	}
}

func (r *reach) middle(prefix uint64) {
	s, next := &r.states[top], &r.states[top+1]
	mask := r.wanted(s) & columns
	for i, end := r.dir[prefix], r.dir[prefix+1]; i < end; i++ {
		d := r.fourth[i]
		if d == 0 {
			r.ends(s, prefix*powers[maxText-top])
		} else if mask>>d&1 == 1 && r.step(s, next, uint64(d)) {
			r.lower(top+1, (prefix*base+uint64(d))*powers[tail], 0, r.rest[r.starts[i]:r.starts[i+1]])
		}
	}
}

func (r *reach) lower(depth int, head uint64, prefix uint32, rest []uint32) {
	s := &r.states[depth]
	if s.lo == s.hi && s.p[0][s.lo] == 0 && s.lo >= r.solid && len(rest) <= some {
		r.exactly(depth, head, prefix, rest, s.lo, s.p[1][s.lo]) // the edit is used up, and there is but one way on
		return
	}
	if len(rest) <= few {
		r.each(depth, head, prefix, rest)
		return
	}
	i := 0
	if rest[0] == prefix {
		r.ends(s, head+uint64(prefix))
		for i < len(rest) && rest[i] == prefix {
			i++
		}
	}
	if i == len(rest) || depth == maxText {
		return
	}
	next := &r.states[depth+1]
	mask := r.wanted(s) & columns
	unit := uint32(powers[maxText-1-depth])
	if bits.OnesCount64(mask) <= 3 && len(rest) > 4 {
		// Looking for a few characters is quicker than passing them all.
		for ; mask != 0; mask &= mask - 1 {
			d := uint32(bits.TrailingZeros64(mask))
			begin := prefix + d*unit
			i += sort.Search(len(rest)-i, func(k int) bool { return rest[i+k] >= begin })
			if i == len(rest) {
				return
			}
			if rest[i]-begin < unit {
				j := behind(rest, i, begin, unit)
				if r.step(s, next, uint64(d)) {
					r.lower(depth+1, head, begin, rest[i:j])
				}
				i = j
			}
		}
		return
	}
	slot, p, expected := r.putIn(s)
	for i < len(rest) {
		d := digitOf(rest[i]-prefix, depth)
		begin := prefix + d*unit
		j := behind(rest, i, begin, unit)
		if slot >= 0 && expected>>d&1 == 0 {
			r.exactly(depth+1, head, begin, rest[i:j], slot, p)
		} else if mask>>d&1 == 1 && r.step(s, next, uint64(d)) {
			r.lower(depth+1, head, begin, rest[i:j])
		}
		i = j
	}
}

// putIn tells what becomes of a character that the lattice doesn't expect here and lacks, where there is but one way: the slot that
// must follow it and the likelihood up to there. slot is negative where there are several ways or none.
func (r *reach) putIn(s *spelt) (slot int, p float64, expected uint64) {
	slot = -1
	for i := s.lo; i <= s.hi; i++ {
		if i < len(r.slots) && (s.p[0][i] > 0 || s.p[1][i] > 0) {
			expected |= r.slots[i].mask
		}
		if s.p[0][i] == 0 || i < r.from {
			continue
		}
		if slot >= 0 || i < r.solid {
			return -1, 0, 0
		}
		slot, p = i, s.p[0][i]*slip
	}
	return slot, p, expected
}

// exactly finds those of the plates that go on just as the lattice does from a slot on.
func (r *reach) exactly(depth int, head uint64, prefix uint32, rest []uint32, slot int, p float64) {
	for k, v := range rest {
		if k > 0 && v == rest[k-1] {
			continue
		}
		x, q, i := v-prefix, p, slot
		for at := depth; x > 0 && i < len(r.slots); at++ {
			d := digitOf(x, at)
			if q *= r.slots[i].p[d]; q*r.best[i+1] < r.least {
				break
			}
			x -= d * uint32(powers[maxText-1-at])
			i++
		}
		if x == 0 && i == len(r.slots) && q >= r.least {
			r.found = append(r.found, near{head + uint64(v), q})
		}
	}
}

// few plates are quicker spelt one by one than walked; so are some, where there is but one way to spell them.
const few, some = 4, 40

// each is lower for few plates.
func (r *reach) each(depth int, head uint64, prefix uint32, rest []uint32) {
	for i, v := range rest {
		if i > 0 && v == rest[i-1] {
			continue
		}
		x := v - prefix
		for at := depth; ; at++ {
			if x == 0 {
				r.ends(&r.states[at], head+uint64(v))
				break
			}
			d := digitOf(x, at)
			x -= d * uint32(powers[maxText-1-at])
			if columns>>d&1 == 0 || !r.step(&r.states[at], &r.states[at+1], uint64(d)) {
				break
			}
		}
	}
}
