package alpr

import (
	"math"
	"math/rand/v2"
	"testing"
)

// A search prunes by these: they must be what Score and Weigh compute, to the last digits.
func TestSearchTerms(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var e Evidence
		for range 1 + r.IntN(5) {
			p := Posterior{Weight: []float32{0, 0.5, 0.25, 1}[r.IntN(4)]}
			for range 8 {
				var row [Classes]float64
				var sum float64
				for k := range row {
					row[k] = math.Exp(8 * r.Float64())
					sum += row[k]
				}
				for k := range row {
					p.Log = append(p.Log, float32(math.Log(row[k]/sum)))
				}
			}
			e = append(e, p)
		}
		texts := []string{"A1", "B22", "C"}
		left := make([]float64, len(e))
		for i := range left {
			left[i] = 1
		}
		total := 0.0
		for _, text := range texts {
			var sum float64
			for i, x := range e.Powers() {
				p := math.Exp(e[i].Score(text))
				left[i] -= p
				sum += x * Robust(p)
			}
			if got := e.Score(text); math.Abs(got-sum) > 1e-9 {
				t.Fatalf("Score %v, by parts %v", got, sum)
			}
			total += math.Exp(sum)
		}
		total += math.Exp(e.Unnamed(left))
		for i, c := range e.Weigh(texts) {
			if want := math.Exp(e.Score(texts[i])) / total; math.Abs(c.Confidence-want) > 1e-9 {
				t.Fatalf("Weigh %v, by parts %v", c.Confidence, want)
			}
		}
	}
}
