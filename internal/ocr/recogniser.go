package ocr

import (
	"fmt"
	"math"

	"alprd/internal/alpr"
)

const (
	large  = len(alpr.Alphabet)       // the recogniser's classes: the alphabet, …
	signs  = 2 * large                // … the alphabet again as small stacked characters, …
	logits = 2*len(alpr.Alphabet) + 1 // … and the blank
)

// recogniser spells rectified plates. It belongs to one goroutine.
type recogniser struct {
	net   network
	input []float32
}

func newRecogniser(net network) *recogniser {
	return &recogniser{net: net, input: make([]float32, plateW*plateH)}
}

// spell reads the plate in quad with a margin around it.
func (r *recogniser) spell(p plane, q alpr.Quad, margin float64) (alpr.Posterior, error) {
	p.rectify(q, margin, r.input)
	return r.spellInput()
}

func (r *recogniser) spellInput() (alpr.Posterior, error) {
	out, err := r.net.run(r.input, plateH, plateW)
	if err != nil {
		return alpr.Posterior{}, fmt.Errorf("recognise: %w", err)
	}
	return posterior(out[0]), nil
}

// posterior turns T×73 logits into the vocabulary's 37 classes: large and small characters are the same character, and
// Small keeps how much of a column's characters is small.
func posterior(z []float32) alpr.Posterior {
	T := len(z) / logits
	p := alpr.Posterior{Log: make([]float32, T*alpr.Classes), Small: make([]float32, T)}
	var e [logits]float64
	for t := range T {
		row := z[t*logits : (t+1)*logits]
		top := row[0]
		for _, v := range row {
			top = max(top, v)
		}
		var sum, small, chars float64
		for i, v := range row {
			e[i] = math.Exp(float64(v-top) / temperature)
			sum += e[i]
		}
		out := p.Row(t)
		for c := range large {
			small += e[large+c]
			chars += e[c] + e[large+c]
			out[c] = float32(math.Log(max((e[c]+e[large+c])/sum, least)))
		}
		out[alpr.Blank] = float32(math.Log(max(e[signs]/sum, least)))
		if chars > 0 {
			p.Small[t] = float32(small / chars)
		}
	}
	return p
}

const (
	// temperature softens the recogniser's logits.
	temperature = 1.0
	// least keeps logarithms finite.
	least = 1e-9
)
