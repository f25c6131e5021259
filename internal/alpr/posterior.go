package alpr

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"math"
	"strings"
)

// Alphabet holds the characters a posterior speaks of, in column order.
const Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

// Classes is the width of a posterior: the alphabet and, last, the CTC blank.
const (
	Classes = len(Alphabet) + 1
	Blank   = len(Alphabet)
)

// What is written in a text of which not all is seen: Unreadable where one character stands that can't be read, Beyond at an
// end that the picture's edge cuts off, where any number of characters may stand.
const (
	Unreadable = '?'
	Beyond     = '*'
)

// hidden is the class that extend gives Unreadable; it has no column of its own.
const hidden = Classes

// Posterior is what the recogniser saw in one rectified frame: for each of T columns, left to right, the log
// probability of each class. Small tells for each column how likely a character there is a small stacked one.
type Posterior struct {
	Log   []float32 // T×37, natural logarithms, each row sums to one in probability
	Small []float32 // T, 0..1; nil when the recogniser doesn't tell

	// Hidden tells for each column how likely a character stands there that can't be read: behind a hitch, under mud, cut
	// by the picture's edge. Log spreads this evenly over the alphabet, so any listed character fits there, at one in 36;
	// a text's Unreadable takes it whole. T, 0..1; nil when the recogniser doesn't tell, or no longer.
	Hidden []float32

	// Weight is how much of an independent look this is, 0..1: two margins around one frame's plate share a look, and a
	// blurred frame counts less. Zero stands for 1.
	Weight float32
}

// Columns is T.
func (p Posterior) Columns() int { return len(p.Log) / Classes }

// Row is the log probabilities of column t.
func (p Posterior) Row(t int) []float32 { return p.Log[t*Classes : (t+1)*Classes] }

// class is the column of a character, or -1.
func class(c byte) int {
	if c == Unreadable {
		return hidden
	}
	return strings.IndexByte(Alphabet, c)
}

// at is the log probability of a class that extend gave in column t.
func (p Posterior) at(t, class int) float64 {
	if class != hidden {
		return float64(p.Log[t*Classes+class])
	}
	if p.Hidden == nil || p.Hidden[t] <= 0 {
		return math.Inf(-1)
	}
	return math.Log(float64(p.Hidden[t]))
}

// extend writes text as classes with a blank before, between and after its characters.
func extend(text string) ([]int, bool) {
	s := make([]int, 2*len(text)+1)
	for i := range s {
		s[i] = Blank
	}
	for i := range len(text) {
		k := class(text[i])
		if k < 0 {
			return nil, false
		}
		s[2*i+1] = k
	}
	return s, true
}

// Score is the CTC forward score: the natural logarithm of the probability that the columns spell exactly text,
// summed over every alignment (Graves et al. 2006, eq. 6). It is -Inf for a text that can't be spelt. Unreadable in text
// stands for a character that is there and can't be read, not for any character.
func (p Posterior) Score(text string) float64 {
	s, ok := extend(text)
	T := p.Columns()
	if !ok || T == 0 {
		return math.Inf(-1)
	}
	// Probabilities, not logarithms: a fifth of the time. What would vanish is carried in scale.
	n, scale := len(s), 0.0
	a, b := make([]float64, n), make([]float64, n)
	a[0] = math.Exp(p.at(0, Blank))
	if n > 1 {
		a[1] = math.Exp(p.at(0, s[1]))
	}
	for t := 1; t < T; t++ {
		blank, top := math.Exp(p.at(t, Blank)), 0.0
		for i := range s {
			v := a[i]
			if i > 0 {
				v += a[i-1]
			}
			if i&1 == 0 {
				v *= blank
			} else if v += before(a, s, i); v > 0 {
				v *= math.Exp(p.at(t, s[i]))
			}
			b[i] = v
			top = max(top, v)
		}
		if top < 1e-100 {
			if top == 0 {
				return math.Inf(-1)
			}
			scale += math.Log(top)
			for i := range b {
				b[i] /= top
			}
		}
		a, b = b, a
	}
	v := a[n-1]
	if n > 1 {
		v += a[n-2]
	}
	return math.Log(v) + scale
}

// before is what reaches character i straight from the character before it: nothing if they are the same, for then a
// blank must stand between them.
func before(a []float64, s []int, i int) float64 {
	if i < 2 || s[i] == s[i-2] {
		return 0
	}
	return a[i-2]
}

// Align is the most probable column of each character of text (Viterbi); nil when text can't be spelt.
func (p Posterior) Align(text string) []int {
	s, ok := extend(text)
	T, n := p.Columns(), len(s)
	if !ok || T == 0 || len(text) == 0 {
		return nil
	}
	inf := math.Inf(-1)
	a, b := make([]float64, n), make([]float64, n)
	back := make([]uint8, T*n)
	for i := range a {
		a[i] = inf
	}
	a[0], a[1] = p.at(0, s[0]), p.at(0, s[1])
	for t := 1; t < T; t++ {
		for i := range s {
			v, step := a[i], uint8(0)
			if i > 0 && a[i-1] > v {
				v, step = a[i-1], 1
			}
			if i > 1 && s[i] != Blank && s[i] != s[i-2] && a[i-2] > v {
				v, step = a[i-2], 2
			}
			b[i], back[t*n+i] = v+p.at(t, s[i]), step
		}
		a, b = b, a
	}
	i := n - 1
	if a[n-2] > a[n-1] {
		i = n - 2
	}
	if math.IsInf(a[i], -1) {
		return nil
	}
	cols := make([]int, len(text))
	best := make([]float64, len(text))
	for k := range best {
		best[k] = inf
	}
	for t := T - 1; t >= 0; t-- {
		if s[i] != Blank {
			if v := p.at(t, s[i]); v > best[i/2] {
				best[i/2], cols[i/2] = v, t
			}
		}
		i -= int(back[t*n+i])
	}
	return cols
}

// Half encodes the probabilities (not logarithms) as base64 of little-endian IEEE 754 half floats, T rows of 37: the
// `posteriors` of `alprd read --posteriors`.
func (p Posterior) Half() string {
	out := make([]byte, 0, 2*len(p.Log))
	for _, v := range p.Log {
		out = binary.LittleEndian.AppendUint16(out, toHalf(float32(math.Exp(float64(v)))))
	}
	return base64.StdEncoding.EncodeToString(out)
}

// ParseHalf is the reverse of Half, to about three decimal digits.
func ParseHalf(s string) (Posterior, error) {
	raw, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return Posterior{}, err
	}
	if len(raw)%(2*Classes) != 0 {
		return Posterior{}, errors.New("alpr: a posterior has 37 half floats a row")
	}
	p := Posterior{Log: make([]float32, len(raw)/2)}
	for i := range p.Log {
		v := fromHalf(binary.LittleEndian.Uint16(raw[2*i:]))
		p.Log[i] = float32(math.Log(max(float64(v), 1e-8)))
	}
	return p, nil
}

// toHalf rounds a number in 0..1 to half precision.
func toHalf(f float32) uint16 {
	b := math.Float32bits(f)
	e := int(b>>23&0xff) - 127 + 15
	m := b & 0x7fffff
	if e >= 31 {
		return 0x7bff
	}
	if e <= 0 {
		if e < -10 {
			return 0
		}
		m |= 0x800000
		shift := uint(14 - e)
		return uint16((m + 1<<(shift-1)) >> shift)
	}
	return uint16((uint32(e)<<10 | m>>13) + (m >> 12 & 1))
}

func fromHalf(h uint16) float32 {
	e, m := int(h>>10&0x1f), float64(h&0x3ff)
	if e == 0 {
		return float32(math.Ldexp(m, -24))
	}
	return float32(math.Ldexp(1+m/1024, e-15))
}
