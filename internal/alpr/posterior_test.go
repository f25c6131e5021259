package alpr

import (
	"math"
	"math/rand/v2"
	"testing"
)

// random makes a posterior over few columns with all mass on the first k letters and the blank.
func random(rng *rand.Rand, T, k int) Posterior {
	p := Posterior{Log: make([]float32, T*Classes)}
	for t := range T {
		row, sum := p.Row(t), 0.0
		w := make([]float64, Classes)
		for c := range Classes {
			if c < k || c == Blank {
				w[c] = rng.Float64() + 0.05
			} else {
				w[c] = 1e-9
			}
			sum += w[c]
		}
		for c := range row {
			row[c] = float32(math.Log(w[c] / sum))
		}
	}
	return p
}

// collapse is the CTC rule: repeated classes are one, blanks are dropped.
func collapse(path []int) string {
	var out []byte
	last := -1
	for _, c := range path {
		if c != last && c != Blank {
			out = append(out, Alphabet[c])
		}
		last = c
	}
	return string(out)
}

// The forward score must equal the sum over every path that collapses to the text.
func TestScoreEqualsSumOverAllPaths(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const T, k = 5, 2
	for range 20 {
		p := random(rng, T, k)
		want := map[string]float64{}
		classes := []int{0, 1, Blank}
		for n := range int(math.Pow(3, T)) {
			path, lp := make([]int, T), 0.0
			for i, m := 0, n; i < T; i, m = i+1, m/3 {
				path[i] = classes[m%3]
				lp += float64(p.Row(i)[path[i]])
			}
			want[collapse(path)] += math.Exp(lp)
		}
		for text, w := range want {
			if got := math.Exp(p.Score(text)); math.Abs(got-w) > 1e-6 {
				t.Errorf("Score(%q) = %.8f, sum over paths %.8f", text, got, w)
			}
		}
	}
}

func TestScoreOfWhatCannotBeSpelt(t *testing.T) {
	p := random(rand.New(rand.NewPCG(3, 4)), 3, 2)
	for _, text := range []string{"a", "É", "0000", "A-B"} { // 0000 needs seven columns
		if s := p.Score(text); !math.IsInf(s, -1) && s > -20 {
			t.Errorf("Score(%q) = %v, want practically nothing", text, s)
		}
	}
	if s := (Posterior{}).Score("A"); !math.IsInf(s, -1) {
		t.Errorf("empty posterior scores %v", s)
	}
}

func TestAlignFindsTheColumns(t *testing.T) {
	p := Posterior{Log: make([]float32, 8*Classes)}
	put := map[int]byte{1: 'A', 3: 'A', 6: '7'}
	for t := range 8 {
		for c := range Classes {
			p.Row(t)[c] = -10
		}
		if ch, ok := put[t]; ok {
			p.Row(t)[class(ch)] = -0.01
		} else {
			p.Row(t)[Blank] = -0.01
		}
	}
	got := p.Align("AA7")
	if len(got) != 3 || got[0] != 1 || got[1] != 3 || got[2] != 6 {
		t.Errorf("Align = %v, want [1 3 6]", got)
	}
}

func TestHalfRoundTrip(t *testing.T) {
	p := random(rand.New(rand.NewPCG(5, 6)), 40, 30)
	q, err := ParseHalf(p.Half())
	if err != nil {
		t.Fatal(err)
	}
	for i := range p.Log {
		a, b := math.Exp(float64(p.Log[i])), math.Exp(float64(q.Log[i]))
		if math.Abs(a-b) > 1e-3*a+1e-6 {
			t.Fatalf("entry %d: %g became %g", i, a, b)
		}
	}
	if _, err := ParseHalf("AAAA"); err == nil {
		t.Error("three bytes passed as a posterior")
	}
}
