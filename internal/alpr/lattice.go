package alpr

import (
	"encoding/json"
	"fmt"
	"sort"
)

// Lattice is the confusion network of a read's candidates: slot by slot, the characters that may stand there, the
// most probable first.
type Lattice [][]Char

// Char is one alternative of a slot. Text is one character, or "" for nothing there.
type Char struct {
	Text string
	P    float64
}

// MarshalJSON writes ["T",0.998].
func (c Char) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, "[%q,%.4g]", c.Text, c.P), nil
}

// UnmarshalJSON reads ["T",0.998].
func (c *Char) UnmarshalJSON(b []byte) error {
	pair := [2]any{&c.Text, &c.P}
	return json.Unmarshal(b, &pair)
}

// NewLattice aligns the candidates to the first, which must be the best, by least edits, and adds up their confidences
// slot by slot.
func NewLattice(candidates []Candidate) Lattice {
	if len(candidates) == 0 || candidates[0].Text == "" {
		return nil
	}
	// slots[i] belongs to character i of the best text; gaps[i] to what others put before it.
	base := candidates[0].Text
	slots := make([]map[string]float64, len(base))
	gaps := make([]map[string]float64, len(base)+1)
	var total float64
	for _, c := range candidates {
		total += c.Confidence
	}
	if total <= 0 {
		total = 1
	}
	add := func(m *map[string]float64, k string, v float64) {
		if *m == nil {
			*m = map[string]float64{}
		}
		(*m)[k] += v
	}
	for _, c := range candidates {
		p := c.Confidence / total
		filled := map[int]bool{}
		for _, s := range align(base, c.Text) {
			switch {
			case s.base < 0:
				if !filled[s.at] {
					add(&gaps[s.at], string(s.char), p)
					filled[s.at] = true
				}
			case s.char == 0:
				add(&slots[s.base], "", p)
			default:
				add(&slots[s.base], string(s.char), p)
			}
		}
	}
	var l Lattice
	for i := 0; i <= len(base); i++ {
		if gaps[i] != nil {
			var sum float64
			for _, v := range gaps[i] {
				sum += v
			}
			gaps[i][""] = max(0, 1-sum)
			l = append(l, slot(gaps[i]))
		}
		if i < len(base) {
			l = append(l, slot(slots[i]))
		}
	}
	return l
}

func slot(m map[string]float64) []Char {
	out := make([]Char, 0, len(m))
	for t, p := range m {
		out = append(out, Char{t, p})
	}
	sort.Slice(out, func(i, j int) bool {
		if out[i].P != out[j].P {
			return out[i].P > out[j].P
		}
		return out[i].Text < out[j].Text
	})
	return out
}

// step is one move of an alignment: a character of the base with its partner (0 for none), or, with base < 0, a
// character put in before position at.
type step struct {
	base, at int
	char     byte
}

// align finds a least-edit alignment of b to a.
func align(a, b string) []step {
	n, m := len(a), len(b)
	d := make([][]int, n+1)
	for i := range d {
		d[i] = make([]int, m+1)
		d[i][0] = i
	}
	for j := range d[0] {
		d[0][j] = j
	}
	for i := 1; i <= n; i++ {
		for j := 1; j <= m; j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d[i][j] = min(d[i-1][j-1]+cost, d[i-1][j]+1, d[i][j-1]+1)
		}
	}
	var out []step
	for i, j := n, m; i > 0 || j > 0; {
		cost := 1
		if i > 0 && j > 0 && a[i-1] == b[j-1] {
			cost = 0
		}
		switch {
		case i > 0 && j > 0 && d[i][j] == d[i-1][j-1]+cost:
			i, j = i-1, j-1
			out = append(out, step{base: i, char: b[j]})
		case i > 0 && d[i][j] == d[i-1][j]+1:
			i--
			out = append(out, step{base: i})
		default:
			j--
			out = append(out, step{base: -1, at: i, char: b[j]})
		}
	}
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	return out
}
