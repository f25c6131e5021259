package match

import (
	"errors"
	"math/bits"
	"sort"
)

// trie is a sorted list of codes, told apart by their first characters: the first three lead into a directory, the fourth is
// a byte of its own, and six more fit into 32 bits. It takes 4 bytes a plate and little more, and a plate's place is its
// ordinal in the order of the codes.
type trie struct {
	dir    []uint32 // 38³+1: where the fourth characters behind each three begin, in fourth
	fourth []uint8  // ascending behind each three
	starts []uint32 // len(fourth)+1: where the rests behind each four begin, in rest
	rest   []uint32 // ascending behind each four; the same plate twice stands twice
}

const dirSize = base*base*base + 1

// newTrie packs codes that ascend.
func newTrie(codes []uint64) trie {
	fours := 0
	last := ^uint64(0)
	for _, c := range codes {
		if four := c / powers[tail]; four != last {
			fours, last = fours+1, four
		}
	}
	t := trie{dir: make([]uint32, dirSize), fourth: make([]uint8, 0, fours), starts: make([]uint32, 0, fours+1), rest: make([]uint32, len(codes))}
	last = ^uint64(0)
	next := uint64(0) // the first three that dir doesn't know yet
	for i, c := range codes {
		four := c / powers[tail]
		if four != last {
			last = four
			for ; next <= four/base; next++ {
				t.dir[next] = uint32(len(t.fourth))
			}
			t.fourth = append(t.fourth, uint8(four%base))
			t.starts = append(t.starts, uint32(i))
		}
		t.rest[i] = uint32(c % powers[tail])
	}
	for ; next < dirSize; next++ {
		t.dir[next] = uint32(len(t.fourth))
	}
	t.starts = append(t.starts, uint32(len(codes)))
	return t
}

// find is where a code stands: positions from, up to but not including to.
func (t *trie) find(code uint64) (from, to int) {
	four, rest := code/powers[tail], uint32(code%powers[tail])
	a, b := t.dir[four/base], t.dir[four/base+1]
	for ; a < b; a++ {
		if uint64(t.fourth[a]) == four%base {
			block := t.rest[t.starts[a]:t.starts[a+1]]
			i := sort.Search(len(block), func(i int) bool { return block[i] >= rest })
			j := i
			for j < len(block) && block[j] == rest {
				j++
			}
			return int(t.starts[a]) + i, int(t.starts[a]) + j
		}
	}
	return 0, 0
}

// node is a prefix that some plate begins with.
type node struct {
	depth  int
	prefix uint64 // its digits, as a number of base 38
	lo, hi uint32 // of fourth at depth three, of rest below; nothing above
}

// child is the node one character further, false when no plate goes on so; character 0 is the plate's end.
func (t *trie) child(n node, d uint64) (node, bool) {
	c := node{depth: n.depth + 1, prefix: n.prefix*base + d}
	switch {
	case n.depth < top:
		span := powers[top-c.depth]
		c.lo, c.hi = t.dir[c.prefix*span], t.dir[(c.prefix+1)*span]
	case n.depth == top:
		for i := n.lo; i < n.hi; i++ {
			if uint64(t.fourth[i]) == d {
				c.lo, c.hi = t.starts[i], t.starts[i+1]
				break
			}
		}
	default:
		unit := powers[maxText-c.depth]
		begin := uint32(c.prefix * unit % powers[tail])
		block := t.rest[n.lo:n.hi]
		c.lo = n.lo + uint32(sort.Search(len(block), func(i int) bool { return block[i] >= begin }))
		c.hi = n.lo + uint32(sort.Search(len(block), func(i int) bool { return uint64(block[i]) >= uint64(begin)+unit }))
	}
	return c, c.lo < c.hi
}

func (t *trie) bytes() int { return 4*(len(t.dir)+len(t.starts)+len(t.rest)) + len(t.fourth) }

var errTrie = errors.New("the packed plates are damaged")

// check refuses what would lead a search out of bounds or astray.
func (t *trie) check() error {
	fours, n := uint32(len(t.fourth)), uint32(len(t.rest))
	if t.dir[0] != 0 || t.dir[dirSize-1] != fours || t.starts[0] != 0 || t.starts[fours] != n {
		return errTrie
	}
	for p := range dirSize - 1 {
		a, b := t.dir[p], t.dir[p+1]
		if a > b || b > fours {
			return errTrie
		}
		for i := a; i < b; i++ {
			if t.fourth[i] >= base || i > a && t.fourth[i] <= t.fourth[i-1] || t.starts[i] >= t.starts[i+1] || t.starts[i+1] > n {
				return errTrie
			}
		}
	}
	return nil
}

// inverses are 2^64 through the powers of 38 from 38⁵ down, by the depth of the character that they tell.
var inverses = func() (m [maxText]uint64) {
	for depth := top + 1; depth < maxText-1; depth++ {
		m[depth] = ^uint64(0)/powers[maxText-1-depth] + 1
	}
	return
}()

// digitOf is the first character of what remains of a rest at a depth from four on.
func digitOf(x uint32, depth int) uint32 {
	if depth == maxText-1 {
		return x
	}
	d, _ := bits.Mul64(uint64(x), inverses[depth]) // exact: the inverse is off by less than 2^-37 of it
	return uint32(d)
}
