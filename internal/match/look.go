package match

import (
	"math"

	"alprd/internal/alpr"
)

// look is one posterior prepared for walking: probabilities instead of logarithms, a row for each character.
//
// A state of the walk is a prefix of a plate and, for each number of columns t, how probable it is that the first t columns
// spell exactly that prefix (CTC forward variables, Graves et al. 2006; ending in a blank or not is kept apart because a
// doubled character needs a blank between). From it follows how probable it is that the whole spells *some* text that
// begins with the prefix. That number never grows as the prefix grows, so it prunes: missing, extra and substituted
// characters all are what the matrix says they are.
//
// All of it is rounded up, by less than a thousandth a column, so that nothing is lost and preparing is cheap; what is found is
// scored exactly (scorer).
type look struct {
	columns int
	char    []float32 // 36 rows of columns: char[k*columns+t]; O is in 0
	rest    []float32 // 36 rows of columns+1: the sum of char from t on
	blank   []float32 // columns
	over    float32   // rows that sum to more than one would break the bound by at most this factor
	power   float64   // exponent of this look in the fused score
	slop    float32   // what tiny and gone may leave out of a probability
	left    float64   // probability that the read's own candidates leave, at least
}

const (
	// tiny is what a column's probability must reach to be more than nothing, and gone what a state's must.
	tiny = 1e-10
	gone = 1e-10

	zero, oh = 0, 24 // columns of 0 and O
)

// prepare makes a look of p; backward walks it from its last column on.
func (l *look) prepare(p alpr.Posterior, power float64, mirrored bool, mem []float32) []float32 {
	const chars = len(alpr.Alphabet)
	T := p.Columns()
	l.columns, l.power, l.over = T, power, 1
	// A text has at most ten characters and the blank in any column, so this much of it at most goes through cells that
	// are taken for nothing; the same number of states may be.
	l.slop = float32(T) * (maxText + 1) * (tiny + gone)
	l.char, l.rest, l.blank, mem = mem[:chars*T], mem[chars*T:chars*(2*T+1)], mem[chars*(2*T+1):chars*(2*T+1)+T], mem[chars*(2*T+1)+T:]
	for k := range chars {
		l.rest[k*(T+1)+T] = 0
	}
	above := float32(1)
	for t := T - 1; t >= 0; t-- {
		l.over = max(l.over, above)
		row := p.Row(t)
		if mirrored {
			row = p.Row(T - 1 - t)
		}
		row = row[:alpr.Classes]
		b := roundedUp(row[alpr.Blank])
		l.blank[t] = b
		sum := b
		o := roundedUp(row[oh])
		for k := range chars {
			q := float32(0)
			if k != oh {
				q = roundedUp(row[k])
			}
			if k == zero {
				q += o
			}
			l.char[k*T+t] = q
			at := k*(T+1) + t
			l.rest[at] = l.rest[at+1] + q
			sum += q
		}
		above *= sum
	}
	l.over *= 1 + 1e-5 // float32's own rounding, over all columns
	return mem
}

// memory is how many numbers prepare takes for so many columns.
func memory(columns int) int { return len(alpr.Alphabet)*(2*columns+1) + columns }

var logTiny = float32(math.Log(tiny))

// steps are the mantissas of 2 to the i/1024, of the next step up.
var steps = func() (m [1024]uint32) {
	for i := range m {
		m[i] = math.Float32bits(float32(math.Exp2(float64(i+1)/1024))) & (1<<23 - 1)
	}
	m[1023] = 1<<23 - 1
	return
}()

// roundedUp is exp(v), or up to a thousandth above; most of a match is spent here. NaN is nothing.
func roundedUp(v float32) float32 {
	if !(v > logTiny) {
		return 0
	}
	n := int32(min(v, 1)*(1024/math.Ln2)+(64<<10)) - 64<<10 // the floor
	return math.Float32frombits(uint32(n>>10+127)<<23 | steps[n&1023])
}

// state is one prefix in one look. any and blank are indexed by columns consumed, 0 to columns, and mean nothing outside
// from…to.
type state struct {
	any      []float32
	blank    []float32 // of any, the part that ends in a blank
	from, to int
	top      float32 // largest of any
	bound    float64 // power times the logarithm of the robust probability that the whole begins with the prefix
}

// empty starts a walk: nothing consumed, or blanks only.
func (l *look) empty(s *state) {
	p := float32(1)
	s.from, s.to, s.top = 0, 0, 1
	for t := 0; t <= l.columns && p > gone; t++ {
		s.any[t], s.blank[t], s.to = p, p, t
		if t < l.columns {
			p *= l.blank[t]
		}
	}
	s.bound = l.power * alpr.Robust(1)
}

// begins bounds the probability that the whole begins with the prefix of s and then character k; same tells that k is the
// prefix's last character.
func (l *look) begins(s *state, k int, same bool) float32 {
	phi := s.any
	if same {
		phi = s.blank
	}
	to := min(s.to, l.columns-1)
	if to < s.from {
		return l.slop
	}
	row := l.char[k*l.columns+s.from : k*l.columns+to+1]
	phi = phi[s.from : to+1]
	var sum float32
	for t, v := range row {
		sum += v * phi[t]
	}
	return sum*l.over + l.slop
}

// atMost is a bound on begins in one load.
func (l *look) atMost(s *state, k int) float32 {
	return s.top*l.rest[k*(l.columns+1)+min(s.from, l.columns)]*l.over + l.slop
}

// extend makes n the state of s's prefix and character k.
func (l *look) extend(s, n *state, k int, same bool) {
	phi := s.any
	if same {
		phi = s.blank
	}
	row := l.char[k*l.columns : (k+1)*l.columns]
	n.from, n.to, n.top = l.columns+1, l.columns, 0
	var char, blank float32
	for t := s.from + 1; t <= l.columns; t++ {
		in := float32(0)
		if t-1 <= s.to {
			in = phi[t-1]
		}
		char, blank = row[t-1]*(in+char), l.blank[t-1]*(char+blank)
		both := char + blank
		if both > gone {
			n.from, n.top = min(n.from, t), max(n.top, both)
		} else if t > s.to {
			n.to = t
			n.any[t], n.blank[t] = both, blank
			break
		}
		n.any[t], n.blank[t] = both, blank
	}
}

// complete is the probability that the whole spells exactly the prefix.
func (l *look) complete(s *state) float32 {
	if s.to < l.columns || s.from > s.to {
		return 0
	}
	return s.any[l.columns]
}
