package match

import (
	"math"

	"alprd/internal/alpr"
)

// support is the probability that the looks must give a text, in their geometric mean, before it can match at all. Below
// it a text is one among thousands and only the robust floor speaks for it, however little the looks say for others.
const support = 1e-4

// query is a read prepared for searching: O written as 0, the looks, and what the read's own candidates hold.
type query struct {
	evidence alpr.Evidence // folded
	texts    []string      // the candidates' texts, folded, each once
	looks    []look
	named    float64 // the sum of the candidates' exp(score)
	rest     float64 // exp(score) of what nobody named
	shares   float64 // looks that count as independent, at most 3
	states   []state // maxText+1 times looks
	own      []alpr.Candidate
}

func newQuery(read alpr.Read) (*query, bool) {
	q := &query{evidence: foldEvidence(evidenceOf(read))}
	if len(q.evidence) == 0 {
		return nil, false
	}
	seen := map[string]bool{}
	name := func(text string) {
		if t := fold(text); t != "" && !seen[t] {
			seen[t] = true
			q.texts = append(q.texts, t)
		}
	}
	for _, c := range read.Candidates {
		name(c.Text)
	}
	name(read.Plate.Text())

	columns := 0
	for i, x := range q.evidence.Powers() {
		q.looks = append(q.looks, newLook(q.evidence[i], x))
		q.shares += x
		columns += q.looks[i].columns + 1
	}
	n := len(q.looks)
	q.states = make([]state, (maxText+1)*n)
	mem := make([]float64, (maxText+1)*columns*2)
	for d := range maxText + 1 {
		for i := range q.looks {
			T := q.looks[i].columns + 1
			s := &q.states[d*n+i]
			s.any, s.blank, mem = mem[:T], mem[T:2*T], mem[2*T:]
		}
	}
	for i := range q.looks {
		q.looks[i].empty(&q.states[i])
	}
	q.weighOwn()
	return q, true
}

// weighOwn sums up what the read's own candidates hold: the share of the belief that a listed plate has to compete with.
func (q *query) weighOwn() {
	left := make([]float64, len(q.looks))
	for i := range left {
		left[i] = 1
	}
	for _, t := range q.texts {
		var score float64
		for i, p := range q.spell(t) {
			score += q.looks[i].power * alpr.Robust(p)
			left[i] -= p
		}
		q.named += math.Exp(score)
	}
	for i := range q.looks {
		q.looks[i].left = max(left[i], 0)
	}
	q.rest = math.Exp(q.evidence.Unnamed(left))
}

// spell walks along a text and tells each look's probability for it.
func (q *query) spell(text string) []float64 {
	n := len(q.looks)
	out := make([]float64, n)
	if _, ok := encode(text); !ok { // no list can hold it, but it takes its share
		for i, p := range q.evidence {
			out[i] = math.Exp(p.Score(text))
		}
		return out
	}
	for i := range q.looks {
		last := -1
		for d := range len(text) {
			k := int(digit(text[d])) - 1
			q.looks[i].extend(&q.states[d*n+i], &q.states[(d+1)*n+i], k, k == last)
			last = k
		}
		out[i] = q.looks[i].complete(&q.states[len(text)*n+i])
	}
	return out
}

// bounds are the log scores below which no text can reach threshold. With c the candidates, a listed text's share of the
// belief is s / (c + s + rest without it), or s / (c + rest) when it is a candidate itself. If it takes at most half of what
// every look leaves, the rest keeps at least 2^-shares of its weight, and s must reach always; if it takes more in some
// look, s must reach heavy.
func (q *query) bounds(threshold float64) (always, heavy float64) {
	const slack = 1e-6 // what rounding may cost
	least := 0.0
	for i := range q.looks {
		least += q.looks[i].power * alpr.Robust(support)
	}
	always = math.Log(threshold * (q.named + q.rest*math.Exp2(-q.shares)))
	heavy = math.Log(threshold * q.named)
	return max(always, least) - slack, max(heavy, least) - slack
}

// posterior is how sure the read is of a folded text: its share among the read's own candidates and all the plates that
// nobody named, listed or not. What else is listed doesn't change it. It is 0 for a text without support.
func (q *query) posterior(text string) float64 {
	least := 0.0
	for _, l := range q.looks {
		least += l.power * alpr.Robust(support)
	}
	if q.evidence.Score(text) < least {
		return 0
	}
	if q.own == nil {
		q.own = q.evidence.Weigh(q.texts)
	}
	for _, c := range q.own {
		if c.Text == text {
			return c.Confidence
		}
	}
	all := q.evidence.Weigh(append(q.texts[:len(q.texts):len(q.texts)], text))
	return all[len(all)-1].Confidence
}

// evidenceOf is the read's evidence, or what can be made of less: a lattice is a posterior whose columns are its slots.
func evidenceOf(read alpr.Read) alpr.Evidence {
	var e alpr.Evidence
	for _, p := range read.Evidence {
		if p.Columns() > 0 {
			e = append(e, p)
		}
	}
	if len(e) > 0 {
		return e
	}
	lattice := read.Lattice
	if len(lattice) == 0 {
		lattice = alpr.NewLattice(read.Candidates)
	}
	if len(lattice) == 0 {
		lattice = alpr.NewLattice([]alpr.Candidate{{Text: read.Plate.Text(), Confidence: 1}})
	}
	if len(lattice) == 0 {
		return nil
	}
	return alpr.Evidence{fromLattice(lattice)}
}

// fromLattice writes each slot as a column, with a blank column behind it so that the same character may follow itself.
func fromLattice(l alpr.Lattice) alpr.Posterior {
	p := alpr.Posterior{Log: make([]float32, 2*len(l)*alpr.Classes)}
	nothing := float32(math.Inf(-1))
	for i := range p.Log {
		p.Log[i] = nothing
	}
	for i, slot := range l {
		var sum float64
		var row [alpr.Classes]float64
		for _, c := range slot {
			k := alpr.Blank
			if c.Text != "" {
				d := digit(c.Text[0])
				if d == 0 {
					continue
				}
				k = int(d) - 1
			}
			row[k] += c.P
			sum += c.P
		}
		if sum <= 0 {
			row[alpr.Blank], sum = 1, 1
		}
		for k, v := range row {
			p.Row(2 * i)[k] = float32(math.Log(v / sum))
		}
		p.Row(2*i + 1)[alpr.Blank] = 0
	}
	return p
}

// foldEvidence gives the digit 0 what the letter O has (R23).
func foldEvidence(e alpr.Evidence) alpr.Evidence {
	const zero, oh = 0, 24 // columns of "0" and "O"
	out := make(alpr.Evidence, len(e))
	for i, p := range e {
		p.Log = append([]float32(nil), p.Log...)
		p.Small = nil
		for t := range p.Columns() {
			row := p.Row(t)
			row[zero] = float32(math.Log(math.Exp(float64(row[zero])) + math.Exp(float64(row[oh]))))
			row[oh] = float32(math.Inf(-1))
		}
		out[i] = p
	}
	return out
}
