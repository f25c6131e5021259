package match

import "math"

// prior is how much more or less a text is to be expected than another before anything is seen, as far as a list can tell.
//
// The more a list holds, the less each of its plates is to be expected beside a plate that isn't on it: a list's vehicles pass
// more rarely the farther away they come from. And a form that the list's own plates often have is more common on the road
// than one they rarely have (docs/decisions/0111).
type prior struct {
	listed float64 // weight of a listed text beside one that isn't, at most 1
	shapes map[shape]float64
	rare   float64 // weight of a shape that the list doesn't have
}

const (
	// even is the list of which a plate is as likely as one of the same form that nobody lists.
	even = 1_000_000
	// sampled are the plates whose forms stand for the list's, and telling how many it must have to say something.
	sampled, telling = 4096, 2000
	// expectance bounds what a form can do for a text or against it: what the recogniser is sure of stays.
	expectance = 4
	// fade is the share of a form's logarithm that counts: the recogniser has learned from plates of such forms, too.
	fade = 0.5
)

// listedWeight is what is expected of a plate of a list of n beside a text that nobody lists: one vehicle in so many is listed,
// and the more plates share in that, the less has each. It never speaks for a plate: a short list is no reason to doubt a reader.
func listedWeight(n int) float64 { return min(1, even/float64(max(n, 1))) }

// shape tells digits from letters: a bit for each character, 1 for a digit, below a leading 1.
type shape uint16

// shapeOf is the form of a folded text, 0 of one that has none. The letter O looks like a digit there, and is taken for one.
func shapeOf(text string) shape {
	if len(text) > maxText {
		return 0
	}
	s := shape(1)
	for i := range len(text) {
		switch k := class(text[i]); {
		case k < 0 || k == hidden:
			return 0
		case k < 10:
			s = s<<1 | 1
		default:
			s <<= 1
		}
	}
	return s
}

// room is the logarithm of how many texts have the form.
func (s shape) room() float64 {
	var sum float64
	for ; s > 1; s >>= 1 {
		if s&1 == 1 {
			sum += math.Log(10)
		} else {
			sum += math.Log(25)
		}
	}
	return sum
}

// newPrior learns from a list's own plates.
func newPrior(p *Plates) prior {
	n := p.Len()
	out := prior{listed: listedWeight(n), rare: 1}
	if n < telling {
		return out
	}
	counts := map[shape]float64{}
	total := 0.0
	for i := range sampled {
		if s := shapeOf(p.at(int(uint64(i) * uint64(n) / sampled))); s != 0 {
			counts[s]++
			total++
		}
	}
	// The density of each form's plates among its texts, beside that of the typical plate.
	typical := 0.0
	for s, c := range counts {
		typical += c / total * (math.Log(c) - s.room())
	}
	out.shapes = make(map[shape]float64, len(counts))
	weight := func(log float64) float64 {
		return math.Exp(min(max(fade*log, -math.Log(expectance)), math.Log(expectance)))
	}
	for s, c := range counts {
		out.shapes[s] = weight(math.Log(c) - s.room() - typical)
	}
	out.rare = 1 / float64(expectance)
	return out
}

// of is the weight of a text's form.
func (p *prior) of(text string) float64 {
	if p.shapes == nil {
		return 1
	}
	s := shapeOf(text)
	if s == 0 {
		return 1 // a text that can't be read whole has the form of many
	}
	if w, ok := p.shapes[s]; ok {
		return w
	}
	return p.rare
}

// most is the largest weight of a form.
func (p *prior) most() float64 {
	most := p.rare
	for _, w := range p.shapes {
		most = max(most, w)
	}
	return most
}

// doubtedState is how often, at least, a state is another than the read or the list says, however sure the reader is: lists and
// readers both err.
const doubtedState = 0.1

// stateFactor is how likely an entry's state is that of the plate in view: unknown is unknown, on either side.
func stateFactor(read string, confidence float64, listed string) float64 {
	if agrees := agree(read, listed); agrees == nil || *agrees {
		return 1
	}
	return min(max(1-confidence, doubtedState), 1)
}
