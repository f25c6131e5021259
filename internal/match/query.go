package match

import (
	"math"
	"slices"

	"alprd/internal/alpr"
)

// support is the probability that the looks must give a text, in their geometric mean, before it can match at all. Below
// it a text is one among thousands and only the robust floor speaks for it, however little the looks say for others.
const support = 1e-4

// query is a read prepared for searching: the looks, and what the read's own candidates hold. One after another may use the
// same memory.
type query struct {
	evidence alpr.Evidence
	mirrored bool     // the looks are walked from their last column on
	texts    []string // the candidates' texts, folded, each once, in order; mirrored as the looks are
	looks    []look
	scorer   *scorer
	named    float64      // the sum of the candidates' exp(score), at least
	unnamed  float64      // exp(score) of what nobody named, at least
	shares   float64      // looks that count as independent, at most 3
	states   []state      // maxText+1 times looks
	own      *own         // once it was needed
	lattice  alpr.Lattice // what is left of a read without matrices
	searcher searcher

	mem  []float32
	need []float32
	hits []uint64
}

// own is what the read's own candidates hold, exactly.
type own struct {
	texts  []string // as they are read
	scores []float64
	sum    float64   // of scores
	left   []float64 // of each look, what they leave
}

// prepare makes q of a read; false when there is nothing to search for.
func (q *query) prepare(read alpr.Read) bool {
	q.own, q.scorer = nil, nil
	q.evidence, q.lattice = evidenceOf(read)
	if len(q.evidence) == 0 {
		return false
	}
	q.mirrored = doubtfulFirst(read.Lattice)
	q.texts = q.texts[:0]
	name := func(text string) {
		if t := fold(text); t != "" {
			if q.mirrored {
				t = mirror(t)
			}
			q.texts = append(q.texts, t)
		}
	}
	for _, c := range read.Candidates {
		name(c.Text)
	}
	name(read.Plate.Text())
	slices.Sort(q.texts)
	q.texts = slices.Compact(q.texts)

	powers := q.evidence.Powers()
	n, numbers := len(powers), 0
	for _, p := range q.evidence {
		numbers += memory(p.Columns()) + (maxText+1)*2*(p.Columns()+1)
	}
	q.looks = slices.Grow(q.looks[:0], n)[:n]
	q.states = slices.Grow(q.states[:0], (maxText+1)*n)[:(maxText+1)*n]
	q.need = slices.Grow(q.need[:0], (maxText+1)*n)[:(maxText+1)*n]
	q.mem = slices.Grow(q.mem[:0], numbers)[:numbers]
	mem := q.mem
	q.shares = 0
	for i, x := range powers {
		q.looks[i] = look{}
		mem = q.looks[i].prepare(q.evidence[i], x, q.mirrored, mem)
		q.shares += x
	}
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
	return true
}

// doubtfulFirst reports whether a search from the lattice's end meets fewer plates than one from its beginning: where doubts
// come late, few plates are left to have them about.
func doubtfulFirst(l alpr.Lattice) bool {
	from := func(at func(i int) []alpr.Char) float64 {
		nodes, sum := 1.0, 0.0
		for i := range min(len(l), top+1) {
			switch slot := at(i); {
			case len(slot) == 0 || slot[0].P <= 0:
			case slot[0].Text == string(alpr.Unreadable):
				nodes *= base
			case slot[0].Text == string(alpr.Beyond):
				nodes *= base * base
			default:
				nodes /= min(slot[0].P, 1)
			}
			sum += nodes
		}
		return sum
	}
	return from(func(i int) []alpr.Char { return l[i] }) > from(func(i int) []alpr.Char { return l[len(l)-1-i] })
}

// weighOwn bounds from below what the read's own candidates hold: the share of the belief that a listed plate has to compete
// with.
func (q *query) weighOwn() {
	n := len(q.looks)
	left := make([]float64, n)
	for i := range left {
		left[i] = 1
	}
	q.named = 0
	last := ""
	for _, t := range q.texts {
		var score float64
		if !walkable(t) { // no list can hold it, but it takes its share
			if q.mirrored {
				t = mirror(t)
			}
			q.named += math.Exp(q.exactly().score(t, left))
			continue
		}
		// What it has in common with the one before is spelt already.
		from := 0
		for from < min(len(t), len(last)) && t[from] == last[from] {
			from++
		}
		last = t
		for d := from; d < len(t); d++ {
			for i := range q.looks {
				q.looks[i].extend(&q.states[d*n+i], &q.states[(d+1)*n+i], class(t[d]), d > 0 && t[d] == t[d-1])
			}
		}
		for i := range q.looks {
			p := float64(q.looks[i].complete(&q.states[len(t)*n+i]))
			// Rounded up, so that left is rounded down; named must be rounded down as well.
			score += q.looks[i].power * alpr.Robust(p*math.Exp(-0.8e-3*float64(q.looks[i].columns)))
			left[i] -= p
		}
		q.named += math.Exp(score)
	}
	for i := range q.looks {
		left[i] = max(left[i]-float64(q.looks[i].slop)*float64(len(q.texts)), 0)
		q.looks[i].left = left[i]
	}
	q.unnamed = math.Exp(q.evidence.Unnamed(left))
}

// walkable reports whether a text is one that a list of whole plates can hold.
func walkable(text string) bool {
	for i := range len(text) {
		if k := class(text[i]); k < 0 || k == hidden {
			return false
		}
	}
	return len(text) <= maxText
}

// exactly is the read's scorer.
func (q *query) exactly() *scorer {
	if q.scorer == nil {
		q.scorer = newScorer(q.evidence, q.evidence.Powers())
	}
	return q.scorer
}

// bounds are the log scores below which no text can reach threshold. With c the candidates, a listed text's share of the
// belief is s / (c + s + rest without it), or s / (c + rest) when it is a candidate itself. If it takes at most half of what
// every look leaves, the rest keeps at least 2^-shares of its weight, and s must reach always; if it takes more in some
// look, s must reach heavy.
func (q *query) bounds(weight, threshold float64) (always, heavy float64) {
	const slack = 1e-6 // what rounding may cost
	least := 0.0
	for i := range q.looks {
		least += q.looks[i].power * alpr.Robust(support)
	}
	// The list's weight moves all that; where the text is a candidate itself, it counts whole among them.
	threshold /= weight*(1-threshold) + threshold
	always = math.Log(threshold * (q.named + q.unnamed*math.Exp2(-q.shares)))
	heavy = math.Log(threshold * q.named)
	return max(always, least) - slack, max(heavy, least) - slack
}

// weigh scores the read's own candidates.
func (q *query) weigh() *own {
	if q.own != nil {
		return q.own
	}
	o := &own{left: make([]float64, len(q.evidence)), scores: make([]float64, len(q.texts))}
	for i := range o.left {
		o.left[i] = 1
	}
	for i, t := range q.texts {
		if q.mirrored {
			t = mirror(t)
		}
		o.texts = append(o.texts, t)
		o.scores[i] = math.Exp(q.exactly().score(t, o.left))
		o.sum += o.scores[i]
	}
	q.own = o
	return o
}

// posterior is how sure the read is of a folded text that a list of such a weight holds: its share among the read's own candidates
// and all the plates that nobody named, listed or not. What else is listed doesn't change it. It is 0 for a text without
// support.
func (q *query) posterior(text string, weight float64) float64 {
	o := q.weigh()
	least := 0.0
	for _, l := range q.looks {
		least += l.power * alpr.Robust(support)
	}
	left, others := slices.Clone(o.left), o.sum
	var score float64
	if i := slices.Index(o.texts, text); i >= 0 {
		score = math.Log(o.scores[i])
		others -= o.scores[i]
	} else {
		score = q.exactly().score(text, left)
	}
	if score < least {
		return 0
	}
	s := math.Exp(score) * weight
	return s / (s + others + math.Exp(q.evidence.Unnamed(left)))
}

// share is how sure the read is of one of its own candidates, listed or not.
func (q *query) share(i int) float64 {
	o := q.weigh()
	return o.scores[i] / (o.sum + math.Exp(q.evidence.Unnamed(o.left)))
}

// evidenceOf is the read's evidence, or what can be made of less: a lattice, which is a posterior whose columns are its slots.
func evidenceOf(read alpr.Read) (alpr.Evidence, alpr.Lattice) {
	var e alpr.Evidence
	for i, p := range read.Evidence {
		if p.Columns() == 0 {
			e = slices.Clone(read.Evidence[:i])
			for _, p := range read.Evidence[i:] {
				if p.Columns() > 0 {
					e = append(e, p)
				}
			}
			break
		}
		e = read.Evidence[:i+1]
	}
	if len(e) > 0 {
		return e, nil
	}
	lattice := read.Lattice
	if len(lattice) == 0 {
		lattice = alpr.NewLattice(read.Candidates)
	}
	if len(lattice) == 0 {
		lattice = alpr.NewLattice([]alpr.Candidate{{Text: read.Plate.Text(), Confidence: 1}})
	}
	if len(lattice) == 0 {
		return nil, nil
	}
	return alpr.Evidence{fromLattice(lattice)}, lattice
}

// slips are the plates, beside those found, that a read without matrices may mean with a character lost or made up: matrices tell of
// such slips themselves, a lattice of ten candidates has no trace of most.
func (q *query) slips(p *Plates, found []uint64) []near {
	if q.lattice == nil {
		return nil
	}
	return slices.DeleteFunc(q.searcher.search(p, q.lattice, support, true), func(n near) bool { return slices.Contains(found, n.code) })
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
				if k = class(c.Text[0]); k < 0 {
					continue
				}
			}
			if k == hidden {
				for k := range alpr.Blank {
					row[k] += c.P / float64(alpr.Blank)
				}
			} else {
				row[k] += c.P
			}
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
