package ocr

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"alprd/internal/alpr"
)

// columns makes a posterior from rows of class→probability; what a row leaves is spread over the rest.
func columns(rows ...map[byte]float64) alpr.Posterior {
	p := alpr.Posterior{Log: make([]float32, len(rows)*alpr.Classes), Small: make([]float32, len(rows))}
	for t, row := range rows {
		left := 1.0
		for _, v := range row {
			left -= v
		}
		for c := range alpr.Classes {
			name := byte('_')
			if c != alpr.Blank {
				name = alpr.Alphabet[c]
			}
			v, named := row[name]
			if !named {
				v = left / float64(alpr.Classes-len(row))
			}
			p.Row(t)[c] = float32(math.Log(max(v, 1e-9)))
		}
	}
	return p
}

// say makes a posterior that spells text, each character sure with the given probability, its rest going to the next
// character of the alphabet.
func say(text string, sure float64) alpr.Posterior {
	rows := []map[byte]float64{{'_': 0.999}}
	for i := range len(text) {
		rival := alpr.Alphabet[(slices.Index([]byte(alpr.Alphabet), text[i])+7)%36]
		rows = append(rows, map[byte]float64{text[i]: sure, rival: 1 - sure}, map[byte]float64{'_': 0.999})
	}
	return columns(rows...)
}

// The beam must find what an exhaustive search over all texts finds.
func TestBeamFindsTheMostProbableTexts(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	var all []string // every text of up to three of three characters
	for _, a := range []string{"", "0", "1", "2"} {
		for _, b := range []string{"", "0", "1", "2"} {
			for _, c := range []string{"", "0", "1", "2"} {
				if s := a + b + c; !slices.Contains(all, s) {
					all = append(all, s)
				}
			}
		}
	}
	for range 50 {
		var rows []map[byte]float64
		for range 3 {
			w := []float64{rng.Float64(), rng.Float64(), rng.Float64(), rng.Float64()}
			sum := w[0] + w[1] + w[2] + w[3]
			rows = append(rows, map[byte]float64{'0': w[0] / sum, '1': w[1] / sum, '2': w[2] / sum, '_': w[3] / sum})
		}
		p := columns(rows...)
		slices.SortFunc(all, func(a, b string) int {
			if p.Score(a) > p.Score(b) {
				return -1
			}
			return 1
		})
		if got := beam(p, 3); !slices.Equal(got, all[:3]) {
			t.Errorf("beam found %q, the best are %q", got, all[:3])
		}
	}
}

// 800002 must not become 80002: the same character twice needs a blank between, and the beam keeps both.
func TestBeamKeepsDoubledCharacters(t *testing.T) {
	if got := beam(say("800002", 0.99), 1); got[0] != "800002" {
		t.Errorf("beam found %q", got)
	}
	weak := columns(map[byte]float64{'8': 0.9, '_': 0.1}, map[byte]float64{'0': 0.9, '_': 0.1},
		map[byte]float64{'_': 0.55, '0': 0.45}, map[byte]float64{'0': 0.9, '_': 0.1})
	if got := beam(weak, 2); !slices.Contains(got, "80") || !slices.Contains(got, "800") {
		t.Errorf("with an unsure gap the beam offers %q, not both readings", got)
	}
}

func TestBeamOfNothingWritten(t *testing.T) {
	blank := columns(map[byte]float64{'_': 0.99}, map[byte]float64{'_': 0.99}, map[byte]float64{'_': 0.99})
	if got := beam(blank, 3); got[0] != "" {
		t.Errorf("an empty plate reads %q", got)
	}
}

func TestBeamStopsAtTheLongestPlate(t *testing.T) {
	for _, s := range beam(say("20200522080434", 0.95), 5) {
		if len(s) > longest {
			t.Errorf("%d characters", len(s))
		}
	}
}

func BenchmarkBeam(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	z := make([]float32, 80*unread)
	for i := range z {
		z[i] = float32(rng.NormFloat64() * 3)
	}
	p := posterior(z, unread)
	for b.Loop() {
		beam(p, tried)
	}
}

// A place that can't be read is a wildcard, and the rest of the text stands: neither guessed whole nor dropped. What is there is
// not doubted for it.
func TestHiddenPlacesAreWildcards(t *testing.T) {
	p := say("ABC1234", 0.99)
	p.Hidden = make([]float32, p.Columns())
	hide := func(column int, sure float64) {
		for c := range alpr.Classes {
			v := sure / 36
			if c == alpr.Blank {
				v = 1 - sure
			}
			p.Row(column)[c] = float32(math.Log(max(v, 1e-9)))
		}
		p.Hidden[column] = float32(sure)
	}
	hide(1+2*3, 0.97) // the 1
	l := &look{frame: &alpr.Frame{}, evidence: alpr.Evidence{p}, texts: beam(p, tried)}
	l.own = believe(l.evidence, l.texts, nil)
	r := l.still()
	if got := r.Plate.Text(); got != "ABC?234" || r.Plate.Open() != 1 {
		t.Fatalf("a plate whose fourth character is hidden reads %q", got)
	}
	if r.Confidence < 0.5 || l.own.judge(0.9) != Reported {
		t.Errorf("what is legible is %.2f sure", r.Confidence)
	}
	hide(1, 0.97)
	hide(3, 0.97)
	hide(5, 0.97)
	hide(9, 0.97)
	hide(11, 0.97)
	l = &look{frame: &alpr.Frame{}, evidence: alpr.Evidence{p}, texts: beam(p, tried)}
	l.own = believe(l.evidence, l.texts, nil)
	if v := l.own.judge(0.9); v == Reported {
		t.Errorf("a plate of which one character shows is %s as %q", v, l.own.best())
	}
}
