package match

import (
	"sort"
	"strings"
)

const (
	// maxText is the longest plate a code holds: ten characters of base 37 need 52.1 bits (NCIC's field has ten).
	maxText = 10
	base    = 37
)

// powers[i] is 37 to the i.
var powers = func() (p [maxText + 1]uint64) {
	p[0] = 1
	for i := 1; i <= maxText; i++ {
		p[i] = p[i-1] * base
	}
	return
}()

// encode packs a folded plate, the first character in the highest place: 0 is "nothing more", 1–10 the digits, 11–36 the
// letters, so that codes sort as texts do. ok is false for what doesn't fit.
func encode(text string) (code uint64, ok bool) {
	if len(text) == 0 || len(text) > maxText {
		return 0, false
	}
	for i := range len(text) {
		d := digit(text[i])
		if d == 0 {
			return 0, false
		}
		code = code*base + d
	}
	return code * powers[maxText-len(text)], true
}

func decode(code uint64) string {
	var b [maxText]byte
	n := 0
	for n < maxText && code > 0 {
		d := code / powers[maxText-1-n]
		code -= d * powers[maxText-1-n]
		b[n] = letters[d]
		n++
	}
	return string(b[:n])
}

const letters = " 0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

func digit(c byte) uint64 {
	switch {
	case c >= '0' && c <= '9':
		return uint64(c-'0') + 1
	case c >= 'A' && c <= 'Z':
		return uint64(c-'A') + 11
	}
	return 0
}

func fold(text string) string { return strings.ReplaceAll(text, "O", "0") }

// codes is the plates of one list: sorted, one for each entry, with a directory over their first characters.
type codes struct {
	sorted []uint64
	dir    []uint32 // dir[p] is the first position whose leading characters are p or more; one longer than there are prefixes
	depth  int      // characters the directory covers
}

func newCodes(sorted []uint64) codes {
	c := codes{sorted: sorted}
	// The directory pays while it is smaller than the codes: 200 KB at three characters, 7.5 MB at four.
	switch n := len(sorted); {
	case n >= 1<<20:
		c.depth = 4
	case n >= 1<<13:
		c.depth = 3
	default:
		c.depth = 2
	}
	c.dir = make([]uint32, powers[c.depth]+1)
	unit, i := powers[maxText-c.depth], 0
	for p := range c.dir {
		for i < len(sorted) && sorted[i] < uint64(p)*unit {
			i++
		}
		c.dir[p] = uint32(i)
	}
	return c
}

// find is where a code stands: positions from, up to but not including to.
func (c codes) find(code uint64) (from, to int) {
	p := code / powers[maxText-c.depth]
	lo, hi := int(c.dir[p]), int(c.dir[p+1])
	from = lo + sort.Search(hi-lo, func(i int) bool { return c.sorted[lo+i] >= code })
	to = from
	for to < hi && c.sorted[to] == code {
		to++
	}
	return from, to
}

func (c codes) bytes() int { return 8*len(c.sorted) + 4*len(c.dir) }
