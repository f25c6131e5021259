package ocr

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"math"
	"slices"

	"alprd/internal/alpr"
)

const (
	large  = len(alpr.Alphabet)       // the recogniser's classes: the alphabet, …
	signs  = 2 * large                // … the alphabet again as small stacked characters, the blank, …
	unread = 2*len(alpr.Alphabet) + 1 // … and, in weights that know it, a character that can't be read
)

// recogniser spells rectified plates. It belongs to one goroutine.
type recogniser struct {
	net     network
	classes int // unread, or unread + 1
	input   []float32
}

func newRecogniser(net network, classes int) *recogniser {
	return &recogniser{net: net, classes: classes, input: make([]float32, plateW*plateH)}
}

// classesOf is how many classes the recogniser tells apart, from the description beside its weights.
func classesOf(weights fs.FS) (int, error) {
	const name = "weights/recogniser.json"
	raw, err := fs.ReadFile(weights, name)
	if err != nil {
		return 0, err
	}
	var about struct{ Output []int } // 1, columns, classes
	if err := json.Unmarshal(raw, &about); err != nil {
		return 0, fmt.Errorf("%s: %w", name, err)
	}
	if n := len(about.Output); n != 3 || about.Output[2] != unread && about.Output[2] != unread+1 {
		return 0, fmt.Errorf("%s: output is %v, want [1, columns, %d or %d]", name, about.Output, unread, unread+1)
	}
	return about.Output[2], nil
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
	return posterior(out[0], r.classes), nil
}

// posterior turns T×classes logits into the vocabulary's 37 classes: large and small characters are the same character,
// Small keeps how much of a column's characters is small, and Hidden how much is there and can't be read.
func posterior(z []float32, classes int) alpr.Posterior {
	T := len(z) / classes
	p := alpr.Posterior{Log: make([]float32, T*alpr.Classes), Small: make([]float32, T)}
	if classes > unread {
		p.Hidden = make([]float32, T)
	}
	var e [unread + 1]float64
	for t := range T {
		row := z[t*classes : (t+1)*classes]
		top := slices.Max(row)
		var sum, small, chars float64
		for i, v := range row {
			e[i] = math.Exp(float64(v-top) / temperature)
			sum += e[i]
		}
		if p.Hidden != nil {
			p.Hidden[t] = float32(e[unread] / sum)
		}
		out := p.Row(t)
		for c := range large {
			small += e[large+c]
			chars += e[c] + e[large+c]
			out[c] = float32(math.Log(max((e[c]+e[large+c]+e[unread]/float64(large))/sum, least)))
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
