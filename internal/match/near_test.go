package match

import (
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strconv"
	"testing"

	"alprd/internal/alpr"
)

// lattice draws what a reader may think of a plate, as the measurements in docs/benchmarks.md take it: three places in doubt
// between three to six characters, the right one on top of seven in ten of them, the others certain to 0.99; now and then a
// character half gone, or lost, or one too many.
func (r synth) lattice(truth string, indel float64) alpr.Lattice {
	b := []byte(truth)
	if r.Float64() < indel {
		if i := r.IntN(len(b)); r.IntN(2) == 0 && len(b) > 1 {
			b = slices.Delete(b, i, i+1)
		} else {
			b = slices.Insert(b, i, alpr.Alphabet[r.IntN(36)])
		}
	}
	doubtful := r.Perm(len(b))[:min(3, len(b))]
	var l alpr.Lattice
	for i, c := range b {
		others := []byte(lookAlikes[c])
		for len(others) < 5 {
			others = append(others, alpr.Alphabet[r.IntN(36)])
		}
		others = slices.DeleteFunc(others, func(o byte) bool { return o == c })
		slices.Sort(others)
		others = slices.Compact(others)
		r.Shuffle(len(others), func(i, j int) { others[i], others[j] = others[j], others[i] })
		p := map[string]float64{}
		if slices.Contains(doubtful, i) {
			others = others[:min(len(others), 2+r.IntN(4))]
			best := 0.4 + 0.4*r.Float64()
			all := append([]byte{c}, others...)
			if r.Float64() < 0.3 {
				k := 1 + r.IntN(len(all)-1)
				all[0], all[k] = all[k], all[0]
			}
			var sum float64
			shares := make([]float64, len(all)-1)
			for j := range shares {
				shares[j] = r.ExpFloat64()
				sum += shares[j]
			}
			p[string(all[0])] = best
			for j, v := range shares {
				p[string(all[j+1])] += (1 - best) * v / sum
			}
			if r.IntN(20) == 0 {
				p[""] = 0.2 * r.Float64()
			}
		} else {
			p[string(c)] = 0.99
		}
		var slot []alpr.Char
		for _, t := range slices.Sorted(maps.Keys(p)) {
			slot = append(slot, alpr.Char{Text: t, P: p[t]})
		}
		slices.SortStableFunc(slot, func(a, b alpr.Char) int { return -cmpFloat(a.P, b.P) })
		l = append(l, slot)
	}
	return l
}

// judge is the oracle: how likely a lattice takes a text, with at most one edit where edit allows, by the best of all
// alignments.
type judge struct {
	slots [][256]float64 // 0 for nothing there
	best  []float64      // of the characters
}

func newJudge(l alpr.Lattice) judge {
	j := judge{make([][256]float64, len(l)), make([]float64, len(l))}
	for i, slot := range l {
		for _, c := range slot {
			if c.Text == "" {
				j.slots[i][0] += c.P
			} else {
				j.slots[i][fold(c.Text)[0]] += c.P
			}
		}
		j.best[i] = slices.Max(j.slots[i][1:])
	}
	return j
}

// likelihood is 0 where it is below least.
func (o judge) likelihood(text string, edit bool, least float64) float64 {
	n, m := len(o.slots), len(text)
	var at [2][16]float64 // by edits and characters used up
	at[0][0] = 1
	for i := 0; ; i++ {
		if edit { // a character of the plate that the lattice lacks
			for j := range m {
				at[1][j+1] = max(at[1][j+1], at[0][j]*slip)
			}
		}
		if i == n {
			break
		}
		var next [2][16]float64
		top := 0.0
		for j := range m + 1 {
			for e := range 2 {
				p := at[e][j]
				if p < least {
					continue
				}
				next[e][j] = max(next[e][j], p*o.slots[i][0])
				if j < m {
					next[e][j+1] = max(next[e][j+1], p*o.slots[i][text[j]])
				}
				if e == 0 && edit {
					next[1][j] = max(next[1][j], p*slip*o.best[i])
				}
				top = max(top, next[e][j], next[e][min(j+1, 15)], next[1][j])
			}
		}
		if top < least {
			return 0
		}
		at = next
	}
	if v := max(at[0][m], at[1][m]); v >= least {
		return v
	}
	return 0
}

// searchAll compares the search with a look at every plate. For speed it passes over plates that have two characters or more
// that the lattice has nowhere.
func searchAll(t *testing.T, size, lattices int, seed uint64) {
	r := newSynth(seed)
	codes := make([]uint64, size)
	for i := range codes {
		codes[i], _ = encode(fold(r.plate()))
		if i > 4 && r.IntN(4) == 0 {
			codes[i], _ = encode(fold(r.near(decode(codes[r.IntN(i)]))))
		}
	}
	slices.Sort(codes)
	sample := make([]string, 1000)
	for i := range sample {
		sample[i] = decode(codes[r.IntN(size)])
	}
	// Each plate's set of characters.
	unique := slices.Compact(slices.Clone(codes))
	sets, texts := make([]uint64, len(unique)), make([]string, len(unique))
	for i, c := range unique {
		texts[i] = decode(c)
		for _, b := range []byte(texts[i]) {
			sets[i] |= 1 << digits[b]
		}
	}
	p := packSorted(codes)
	var s searcher
	total, edited := 0, 0
	for i := range lattices {
		truth := r.plate()
		if i%2 == 0 {
			truth = sample[r.IntN(len(sample))]
		}
		l := r.lattice(truth, 0.1)
		edit := i%4 > 0
		const least = 1e-4
		want := map[uint64]float64{}
		var has uint64
		for _, slot := range l {
			for _, c := range slot {
				if c.Text != "" {
					has |= 1 << digits[fold(c.Text)[0]]
				}
			}
		}
		oracle := newJudge(l)
		for i, set := range sets {
			lacks := set &^ has
			if lacks&(lacks-1) != 0 {
				continue
			}
			if v := oracle.likelihood(texts[i], edit, least); v > 0 {
				want[unique[i]] = v
			}
		}
		got := s.search(p, l, least, edit)
		for _, g := range got {
			if v, ok := want[g.code]; !ok || math.Abs(v-g.likelihood) > 1e-12 {
				t.Fatalf("seed %d, lattice %d, edit %t: %s has %v by the search, %v by a look at every plate", seed, i, edit, decode(g.code), g.likelihood, v)
			}
		}
		if len(got) != len(want) {
			t.Fatalf("seed %d, lattice %d, edit %t: %d found, %d there are", seed, i, edit, len(got), len(want))
		}
		total += len(want)
		for c := range want {
			if edit && oracle.likelihood(decode(c), false, least) == 0 {
				edited++
			}
		}
	}
	t.Logf("%d lattices at %d plates: %d found, %d of them by an edit; every set and likelihood identical", lattices, size, total, edited)
	if total < lattices/2 || edited < lattices/10 {
		t.Errorf("the lattices lead to too little to prove anything: %d found, %d by an edit", total, edited)
	}
}

// The search finds what looking at every plate finds, neither more nor less, with the same likelihoods.
//
//	ALPR_BENCH_PLATES=10000000 go test -run SearchIsExact -v -timeout 2h ./internal/match
func TestSearchIsExact(t *testing.T) {
	n := 10_000
	if testing.Short() {
		n = 300
	}
	t.Run("100000", func(t *testing.T) { searchAll(t, 100_000, n, 91) })
	if size, _ := strconv.Atoi(os.Getenv("ALPR_BENCH_PLATES")); size > 0 {
		t.Run(fmt.Sprint(size), func(t *testing.T) { searchAll(t, size, 300, 92) })
	}
}

// What a rival finds who tries every text that the lattice allows, and each with one character more or less, is found.
func TestSearchFindsWhatProbingFinds(t *testing.T) {
	r := newSynth(93)
	codes := make([]uint64, 50_000)
	for i := range codes {
		codes[i], _ = encode(fold(r.plate()))
	}
	slices.Sort(codes)
	listed := map[uint64]bool{}
	for _, c := range codes {
		listed[c] = true
	}
	truths := make([]string, 200)
	for i := range truths {
		truths[i] = decode(codes[r.IntN(len(codes))])
	}
	p := packSorted(codes)
	var s searcher
	found := 0
	for i, truth := range truths {
		l := r.lattice(truth, 0.3)
		edit := i%4 > 0
		want := map[uint64]bool{}
		for _, c := range enumerate(l, 1e-4, edit) {
			if listed[c] {
				want[c] = true
			}
		}
		got := map[uint64]bool{}
		for _, g := range s.search(p, l, 1e-4, edit) {
			got[g.code] = true
		}
		if !maps.Equal(want, got) {
			t.Fatalf("lattice %d, edit %t: %d found, probing finds %d", i, edit, len(got), len(want))
		}
		found += len(got)
	}
	if found < len(truths)/2 {
		t.Errorf("only %d found", found)
	}
}

// enumerate spells every text that the lattice allows with at least the likelihood, and where edit says so each with one
// character missing or put in.
func enumerate(l alpr.Lattice, likely float64, edit bool) []uint64 {
	var out []uint64
	add := func(text []byte) {
		var code uint64
		if len(text) == 0 || len(text) > maxText {
			return
		}
		for _, c := range text {
			if c == 'O' {
				c = '0'
			}
			code = code*base + uint64(digits[c])
		}
		out = append(out, code*powers[maxText-len(text)])
	}
	text := make([]byte, 0, 32)
	var spell func(i int, p float64)
	spell = func(i int, p float64) {
		if p < likely {
			return
		}
		n := len(text)
		if i < len(l) {
			for _, c := range l[i] {
				text = append(text[:n], c.Text...)
				spell(i+1, p*c.P)
			}
			text = text[:n]
			return
		}
		add(text)
		if edit && p*slip >= likely {
			var other [40]byte
			for i := range n {
				add(append(append(other[:0], text[:i]...), text[i+1:]...))
			}
			for i := range n + 1 {
				for _, c := range []byte(alpr.Alphabet) {
					if c != 'O' {
						add(append(append(append(other[:0], text[:i]...), c), text[i:]...))
					}
				}
			}
		}
	}
	spell(0, 1)
	return out
}
