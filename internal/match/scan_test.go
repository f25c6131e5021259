package match

import (
	"math"
	"os"
	"strconv"
	"testing"

	"alprd/internal/alpr"
)

// scanned is a list as the oracle takes it: every plate once, folded, with its entries' ids.
type scanned struct {
	texts  []string
	digits [][]uint8 // columns of each text's characters
	ids    [][]string
}

func scannable(list []alpr.Entry) *scanned {
	s, at := &scanned{}, map[string]int{}
	for _, e := range list {
		text := e.Plate.Fold()
		i, ok := at[text]
		if !ok {
			i = len(s.texts)
			at[text] = i
			var d []uint8
			for _, c := range []byte(text) {
				d = append(d, uint8(column(c)))
			}
			s.texts, s.digits, s.ids = append(s.texts, text), append(s.digits, d), append(s.ids, nil)
		}
		s.ids[i] = append(s.ids[i], e.ID)
	}
	return s
}

// scan is the oracle: it looks at every plate, and takes nothing but alpr.Evidence for the truth. For speed only, and where
// filter says so, it leaves out texts that have, in every single look, a character whose column sum is below the support
// (a text can't be more probable than that its character stands somewhere).
func (s *scanned) scan(read alpr.Read, weight, threshold float64, filter bool) map[string]float64 {
	all, _ := evidenceOf(read)
	e := foldEvidence(all)
	var texts []string
	for _, c := range append(read.Candidates, alpr.Candidate{Text: read.Plate.Text()}) {
		if t := fold(c.Text); t != "" && !contains(texts, t) {
			texts = append(texts, t)
		}
	}
	var supported float64
	for _, x := range e.Powers() {
		supported += x * alpr.Robust(support)
	}
	sums := make([][36]float64, len(e))
	for i, look := range e {
		for t := range look.Columns() {
			for k := range 36 {
				sums[i][k] += math.Exp(float64(look.Row(t)[k]))
			}
		}
	}
	possible := func(digits []uint8) bool {
	looks:
		for i := range sums {
			for _, d := range digits {
				if sums[i][d] < support*(1-1e-9) {
					continue looks
				}
			}
			return true
		}
		return false
	}
	hits := map[string]float64{}
	for i, text := range s.texts {
		if filter && !possible(s.digits[i]) || e.Score(text) < supported {
			continue
		}
		// Its own weight, the others', and that of what nobody named.
		all := texts
		if !contains(all, text) {
			all = append(all[:len(all):len(all)], text)
		}
		left := make([]float64, len(e))
		for i := range left {
			left[i] = 1
		}
		var mine, others float64
		for _, t := range all {
			for i := range e {
				left[i] -= math.Exp(e[i].Score(t))
			}
			if w := math.Exp(e.Score(t)); t == text {
				mine = w * weight
			} else {
				others += w
			}
		}
		if share := mine / (mine + others + math.Exp(e.Unnamed(left))); share >= threshold {
			for _, id := range s.ids[i] {
				hits[id] = share
			}
		}
	}
	return hits
}

func contains(texts []string, t string) bool {
	for _, s := range texts {
		if s == t {
			return true
		}
	}
	return false
}

// compare runs reads of listed plates, of plates near listed ones and of strangers through the index and the oracle.
func compare(t *testing.T, size, reads int, seed uint64, filter bool) {
	weight := []float64{1, 0.4}[seed%2]
	r := newSynth(seed)
	list := r.list(size)
	oracle := scannable(list)
	total, inexact := 0, 0
	for _, threshold := range []float64{0.1, 0.003} {
		x := index(t, threshold, list...)
		x.lists[0].weight = weight // as if it were longer
		for i := range reads / 2 {
			truth := list[r.IntN(size)].Plate.Text()
			switch i % 4 {
			case 1:
				truth = r.near(truth)
			case 2:
				truth = r.plate()
			}
			doubt := []float64{0, 1, 1, 1, 2.3}[r.IntN(5)]
			read := r.read(truth, doubt, 1+r.IntN(4))
			if i%16 == 0 {
				read.Evidence = nil // all that is left is the lattice
			}
			want := oracle.scan(read, x.lists[0].weight, threshold, filter)
			got := map[string]float64{}
			for _, h := range x.Match(read, now) {
				if _, ok := want[h.Entry.ID]; !ok && read.Evidence == nil && h.Posterior <= slip {
					continue // a slip of which the lattice has no trace
				}
				got[h.Entry.ID] = h.Posterior
				if h.How != alpr.Exact {
					inexact++
				}
			}
			total += len(want)
			for id, p := range want {
				if g, ok := got[id]; !ok || math.Abs(g-p) > 1e-7 {
					t.Fatalf("seed %d, read %d, threshold %v: entry %s has %v by scan and %v by the index", seed, i, threshold, id, p, g)
				}
			}
			for id, g := range got {
				if _, ok := want[id]; !ok {
					t.Fatalf("seed %d, read %d, threshold %v: entry %s matches with %v by the index only", seed, i, threshold, id, g)
				}
			}
		}
	}
	t.Logf("%d reads against %d entries: %d hits, %d of them inexact; every set identical", reads, size, total, inexact)
	if total < reads/4 || inexact < reads/20 {
		t.Errorf("the reads hit too little to prove anything: %d hits, %d inexact", total, inexact)
	}
}

// The index reports exactly what a scan of all entries reports, neither more nor less.
func TestSameAsScan(t *testing.T) {
	t.Run("plain", func(t *testing.T) { compare(t, 1000, 120, 1, false) })
	t.Run("two characters of directory", func(t *testing.T) { compare(t, 5000, 300, 2, true) })
	t.Run("three characters of directory", func(t *testing.T) { compare(t, 100_000, 80, 3, true) })
	// ALPRD_LONG=10000 go test -run SameAsScan/long -v -timeout 1h ./internal/match
	if n, _ := strconv.Atoi(os.Getenv("ALPRD_LONG")); n > 0 {
		t.Run("long", func(t *testing.T) {
			compare(t, 100_000, n, 4, true)
			compare(t, 1_200_000, min(n, 300), 5, true)
		})
	}
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

// Whatever a matrix says, the index and the scan agree, and nothing panics.
func FuzzMatch(f *testing.F) {
	r := newSynth(71)
	list := r.list(300)
	for _, c := range []string{"7", "77", "AAAAAAAAAA", "0000000001", "ZZZZZZZZZZ", "O"} {
		list = append(list, entry(c, c, ""))
	}
	oracle := scannable(list)
	x := index(f, 0.01, list...)
	f.Add([]byte("ABC1234"), []byte("0000"), uint8(2))
	f.Add([]byte("7777"), []byte{255, 0, 128, 7}, uint8(1))
	f.Add([]byte("AB\x001O0Q"), []byte{}, uint8(3))
	f.Fuzz(func(t *testing.T, text, noise []byte, shape uint8) {
		// Each byte of text is a column's peak; noise lifts other cells, and weights the looks.
		if len(text) == 0 || len(text) > 40 || len(noise) > 400 {
			return
		}
		var e alpr.Evidence
		for look := range 1 + int(shape%3) {
			p := alpr.Posterior{Log: make([]float32, len(text)*alpr.Classes), Weight: float32(shape>>2) / 64}
			for i := range p.Log {
				p.Log[i] = -9
				if len(noise) > 0 {
					p.Log[i] -= float32(noise[(i*7+look*13)%len(noise)]) / 16
				}
			}
			for c, b := range text {
				k := column(b)
				if k < 0 {
					k = alpr.Blank
				}
				p.Row(c)[k] = 0
				var sum float64
				for _, v := range p.Row(c) {
					sum += math.Exp(float64(v))
				}
				for k := range p.Row(c) {
					p.Row(c)[k] -= float32(math.Log(sum))
				}
			}
			e = append(e, p)
		}
		read := alpr.Read{Plate: alpr.NewPlate(string(text)), Evidence: e}
		want := oracle.scan(read, x.lists[0].weight, 0.01, false)
		got := map[string]float64{}
		for _, h := range x.Match(read, now) {
			got[h.Entry.ID] = h.Posterior
		}
		if len(got) != len(want) {
			t.Fatalf("%d hits by the index, %d by scan", len(got), len(want))
		}
		for id, p := range want {
			if math.Abs(got[id]-p) > 1e-7 {
				t.Fatalf("entry %s has %v by scan, %v by the index", id, p, got[id])
			}
		}
	})
}
