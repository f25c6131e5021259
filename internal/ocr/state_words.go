package ocr

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// texts are all words of all regions, ready to be looked for.
type texts struct {
	regions []string // "al", "ak", … in order
	words   []word
	uses    []use
	blank   int
	another float64
}

// word is one text that is looked for.
type word struct {
	text   string
	path   []int   // CTC classes from its first sign to its last, blanks between
	gap    []int   // of a blank between two words, the class of the space, which may stand there too; -1 elsewhere
	signs  []int   // which classes it needs
	longer []int   // words that contain it: WASHINGTON DC for WASHINGTON
	chance float64 // of its being said where it isn't written
}

// use says that a region's plates bear a word.
type use struct {
	region, word int
	share        [2]float64 // above, below
	ownLonger    []bool     // of word.longer, those that are the region's own: SCENIC IDAHO says IDAHO too
}

func newTexts(k *stateKnowledge) (texts, error) {
	t := texts{blank: len(k.Signs), another: k.Another}
	numbers := map[string]int{}
	for region := range k.Words {
		t.regions = append(t.regions, region)
	}
	slices.Sort(t.regions)
	for r, region := range t.regions {
		for _, w := range k.Words[region] {
			n, known := numbers[w.Text]
			if !known {
				n = len(t.words)
				numbers[w.Text] = n
				made, err := newWord(w.Text, k.Signs)
				if err != nil {
					return t, err
				}
				made.chance = k.Unknown * math.Pow(k.Chance, made.letters(k.Signs))
				t.words = append(t.words, made)
			}
			u := use{region: r, word: n}
			for band, letter := range []string{"t", "b"} {
				u.share[band] = w.Share
				if !strings.Contains(w.Where, letter) {
					u.share[band] *= k.Elsewhere
				}
			}
			t.uses = append(t.uses, u)
		}
	}
	for i := range t.words {
		for j := range t.words {
			if i != j && strings.Contains(t.words[j].text, t.words[i].text) {
				t.words[i].longer = append(t.words[i].longer, j)
			}
		}
	}
	owned := map[[2]int]bool{}
	for _, u := range t.uses {
		owned[[2]int{u.region, u.word}] = true
	}
	for i := range t.uses {
		u := &t.uses[i]
		for _, j := range t.words[u.word].longer {
			u.ownLonger = append(u.ownLonger, owned[[2]int{u.region, j}])
		}
	}
	return t, nil
}

func newWord(text, signs string) (word, error) {
	w := word{text: text}
	between := -1
	for i := range len(text) {
		c := strings.IndexByte(signs, text[i])
		if c < 0 {
			return w, fmt.Errorf("%q has a sign that the network doesn't know", text)
		}
		if text[i] == ' ' {
			between = c
			continue
		}
		if len(w.path) > 0 {
			w.path, w.gap = append(w.path, len(signs)), append(w.gap, between)
		}
		w.path, w.gap = append(w.path, c), append(w.gap, -1)
		w.signs, between = append(w.signs, c), -1
	}
	if len(w.signs) == 0 {
		return w, errors.New("an empty word")
	}
	return w, nil
}

// weigh gives each region's weight against that of no region being named, from the probabilities of both bands' columns. A
// band of a region's plate shows one of the region's words or something else, and something else says a word by chance, the
// more seldom the longer it is: IOWA comes up in what can't be read, NORTH CAROLINA doesn't.
func (t *texts) weigh(above, below [][]float64) naming {
	shown := [2][]float64{make([]float64, len(t.regions)), make([]float64, len(t.regions))}
	said := make([]float64, len(t.words))
	for band, rows := range [][][]float64{above, below} {
		top := make([]float64, t.blank+1)
		for _, row := range rows {
			for c, v := range row {
				top[c] = max(top[c], v)
			}
		}
		plain := 0.0
		for i, w := range t.words {
			said[i] = 0
			if w.possible(top) {
				said[i] = w.probability(rows, t.blank)
			}
			plain = max(plain, said[i])
		}
		another := t.another * math.Pow(plain, 4)
		for _, u := range t.uses {
			w := &t.words[u.word]
			other := 0.0
			for i, j := range w.longer {
				if !u.ownLonger[i] {
					other = max(other, said[j])
				}
			}
			mine := max(0, said[u.word]-other)
			shown[band][u.region] = max(shown[band][u.region], mine*u.share[band]/(w.chance+another))
		}
	}
	n := make(naming, len(t.regions))
	for r := range n {
		n[r] = (1+shown[0][r])*(1+shown[1][r]) - 1
	}
	return n
}

// letters counts the word's letters; any digit stands for a digit.
func (w *word) letters(signs string) float64 {
	n := 0
	for _, c := range w.signs {
		if signs[c] != '#' {
			n++
		}
	}
	return float64(n)
}

// possible reports whether the word's signs all show somewhere: most words of a band fail here.
func (w *word) possible(top []float64) bool {
	for _, c := range w.signs {
		if top[c] < 1e-4 {
			return false
		}
	}
	return true
}

// probability is how probable it is that the word stands somewhere in the band: a CTC forward pass (Graves et al. 2006)
// over the paths that say anything before and after it.
func (w *word) probability(rows [][]float64, blank int) float64 {
	n := len(w.path)
	a := make([]float64, n)
	first, last := w.path[0], w.path[n-1]
	after, before := 0.0, 0.0 // after: it was said; before: the previous column's probability of its first sign
	for t, row := range rows {
		after += a[n-1] * (1 - row[last])
		for j := n - 1; j >= 0; j-- {
			v := a[j]
			if j > 0 {
				v += a[j-1]
			}
			if j > 1 && w.path[j] != blank && w.path[j] != w.path[j-2] {
				v += a[j-2]
			}
			if j == 0 {
				v += 1 - before // what came before may not end in the first sign: that path is counted already
				if t == 0 {
					v = 1
				}
			}
			p := row[w.path[j]]
			if g := w.gap[j]; g >= 0 {
				p += row[g]
			}
			a[j] = v * p
		}
		before = row[first]
	}
	return min(1, after+a[n-1])
}
