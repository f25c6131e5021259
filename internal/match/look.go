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
// begins with the prefix. That number never grows as the prefix grows, so it prunes, and it is exact, so pruning loses
// nothing: missing, extra and substituted characters all are what the matrix says they are.
type look struct {
	columns int
	char    []float64 // 36 rows of columns: char[k*columns+t]
	rest    []float64 // 36 rows of columns+1: the sum of char from t on
	blank   []float64 // columns
	over    float64   // rows that sum to more than one would break the bound by at most this factor
	power   float64   // exponent of this look in the fused score
	slop    float64   // what tiny and gone may leave out of a probability
	left    float64   // probability that the read's own candidates leave
}

const (
	// tiny is what a column's probability must reach to be more than nothing, and gone what a state's must.
	tiny = 1e-10
	gone = 1e-13
)

func newLook(p alpr.Posterior, power float64) look {
	const chars = len(alpr.Alphabet)
	T := p.Columns()
	l := look{columns: T, power: power, over: 1}
	// A text has at most ten characters and the blank in any column, so this much of it at most goes through cells that
	// are taken for nothing; the same number of states may be.
	l.slop = float64(T) * (maxText + 1) * (tiny + gone)
	mem := make([]float64, chars*T+chars*(T+1)+2*T)
	l.char, l.rest, l.blank, mem = mem[:chars*T], mem[chars*T:chars*(2*T+1)], mem[chars*(2*T+1):chars*(2*T+1)+T], mem[chars*(2*T+1)+T:]
	sums := mem
	for k := range chars {
		row, rest := l.char[k*T:(k+1)*T], l.rest[k*(T+1):(k+1)*(T+1)]
		for t := T - 1; t >= 0; t-- {
			q := probability(p.Log[t*alpr.Classes+k])
			row[t] = q
			rest[t] = rest[t+1] + q
			sums[t] += q
		}
	}
	above := 1.0
	for t := T - 1; t >= 0; t-- {
		l.over = max(l.over, above)
		l.blank[t] = probability(p.Log[t*alpr.Classes+alpr.Blank])
		above *= sums[t] + l.blank[t]
	}
	l.over *= 1 + 1e-6 // probability's own error, over all columns
	return l
}

var logTiny = float32(math.Log(tiny))

// exps are 2 to the i/256.
var exps = func() (e [256]float64) {
	for i := range e {
		e[i] = math.Exp2(float64(i) / 256)
	}
	return
}()

// probability is exp(v) to nine digits at a fifth of math.Exp's time; most of a match is spent here. NaN is nothing.
func probability(v float32) float64 {
	if !(v > logTiny) {
		return 0
	}
	x := float64(min(v, 1)) * (256 / math.Ln2)
	n := math.Floor(x)
	r := (x - n) * (math.Ln2 / 256)
	i := int(n)
	return math.Float64frombits(uint64(1023+(i>>8))<<52) * exps[i&255] * (1 + r*(1+r*(0.5+r/6)))
}

// state is one prefix in one look. any and blank are indexed by columns consumed, 0 to columns, and mean nothing outside
// from…to.
type state struct {
	any      []float64
	blank    []float64 // of any, the part that ends in a blank
	from, to int
	top      float64 // largest of any
	bound    float64 // power times the logarithm of the robust probability that the whole begins with the prefix
}

// empty starts a walk: nothing consumed, or blanks only.
func (l *look) empty(s *state) {
	p := 1.0
	s.from, s.to, s.top = 0, 0, 1
	for t := 0; t <= l.columns && p > gone; t++ {
		s.any[t], s.blank[t], s.to = p, p, t
		if t < l.columns {
			p *= l.blank[t]
		}
	}
	s.bound = l.power * robust(1)
}

// begins bounds the probability that the whole begins with the prefix of s and then character k; same tells that k is the
// prefix's last character.
func (l *look) begins(s *state, k int, same bool) float64 {
	phi := s.any
	if same {
		phi = s.blank
	}
	to := min(s.to, l.columns-1)
	if to < s.from {
		return l.slop
	}
	row := l.char[k*l.columns : (k+1)*l.columns]
	var sum float64
	for t := s.from; t <= to; t++ {
		sum += row[t] * phi[t]
	}
	return sum*l.over + l.slop
}

// atMost is a bound on begins in one load.
func (l *look) atMost(s *state, k int) float64 {
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
	var char, blank float64
	for t := s.from + 1; t <= l.columns; t++ {
		in := 0.0
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
func (l *look) complete(s *state) float64 {
	if s.to < l.columns || s.from > s.to {
		return 0
	}
	return s.any[l.columns]
}
