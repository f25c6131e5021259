package ocr

import (
	"cmp"
	"math"
	"slices"

	"alprd/internal/alpr"
)

const (
	beamWidth   = 12 // prefixes kept after each column
	beamClasses = 6  // classes tried in a column
	longest     = 10 // characters of a plate, small ones included: no North American plate has more

	// leastHidden is how likely a column must hold a character that can't be read for a text to hold a wildcard there.
	leastHidden = 0.05
)

// prefix is what was spelt so far, with the probability of all paths to it that end in a blank, and that end in its last
// character.
type prefix struct {
	text         string
	blank, other float64
}

func (p prefix) total() float64 { return p.blank + p.other }

// beam finds the texts that a posterior most probably spells, best first, by prefix beam search (Hannun et al. 2014,
// arXiv:1408.2873, without a language model). The empty text is among them where it is likely.
func beam(p alpr.Posterior, most int) []string {
	live := []prefix{{blank: 1}}
	next := map[string]*prefix{}
	var tried [beamClasses]int
	grown := func(text string) *prefix {
		q := next[text]
		if q == nil {
			q = &prefix{text: text}
			next[text] = q
		}
		return q
	}
	for t := range p.Columns() {
		row := p.Row(t)
		classes := likely(row, &tried)
		clear(next)
		for _, b := range live {
			for _, c := range classes {
				v := math.Exp(float64(row[c]))
				if c == alpr.Blank {
					grown(b.text).blank += b.total() * v
					continue
				}
				char := alpr.Alphabet[c]
				if n := len(b.text); n > 0 && b.text[n-1] == char {
					grown(b.text).other += b.other * v
					if n < longest {
						grown(b.text + string(char)).other += b.blank * v
					}
				} else if n < longest {
					grown(b.text + string(char)).other += b.total() * v
				}
			}
			if p.Hidden != nil && p.Hidden[t] > leastHidden {
				v := float64(p.Hidden[t])
				if n := len(b.text); n > 0 && b.text[n-1] == alpr.Unreadable {
					grown(b.text).other += b.other * v
					if n < longest {
						grown(b.text + string(alpr.Unreadable)).other += b.blank * v
					}
				} else if n < longest {
					grown(b.text + string(alpr.Unreadable)).other += b.total() * v
				}
			}
		}
		live = live[:0]
		var sum float64
		for _, q := range next {
			live = append(live, *q)
			sum += q.total()
		}
		sortPrefixes(live)
		live = live[:min(len(live), beamWidth)]
		if sum == 0 {
			return nil
		}
		for i := range live { // keeps the numbers away from nothing
			live[i].blank /= sum
			live[i].other /= sum
		}
	}
	texts := make([]string, 0, most)
	for _, b := range live[:min(len(live), most)] {
		texts = append(texts, b.text)
	}
	return texts
}

func sortPrefixes(ps []prefix) {
	slices.SortFunc(ps, func(a, b prefix) int {
		return cmp.Or(cmp.Compare(b.total(), a.total()), cmp.Compare(a.text, b.text))
	})
}

// likely is a column's most probable classes, leaving out what can't matter.
func likely(row []float32, out *[beamClasses]int) []int {
	n := 0
	for c, v := range row {
		if v < -14 { // less than one in a million
			continue
		}
		i := n
		for i > 0 && row[out[i-1]] < v {
			i--
		}
		if i == beamClasses {
			continue
		}
		n = min(n+1, beamClasses)
		copy(out[i+1:n], out[i:n-1])
		out[i] = c
	}
	return out[:n]
}
