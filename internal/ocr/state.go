package ocr

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"
	"strings"

	"alprd/internal/alpr"
)

// states reads what is printed above and below a registration and tells whose plate it is: its network spells both bands
// (training/state_reader.py), and each jurisdiction's name and mottoes are looked for in what it says
// (docs/decisions/0077). It belongs to one goroutine.
type states struct {
	net   network
	know  stateKnowledge
	input []float32
	text  texts
}

// stateKnowledge is weights/state.json: what goes in and comes out, and what is known of the jurisdictions.
type stateKnowledge struct {
	Signs       string // of the network's classes; the CTC blank is one more
	Columns     int    // of a band
	Bands       [2][2]float64
	Side        float64 // shown on each side of the plate, plate widths
	Width       int     // of a band, pixels
	BandHeight  int     `json:"band_height"`
	Temperature float64

	// How words become a belief: training/state_words.py.
	SomethingElse float64 `json:"something_else"`
	Elsewhere     float64
	Unknown       float64
	// Confidence is 1 / (1 + exp(-(Slope·log odds + Offset))), fitted on development pictures; below Floor no state is named.
	Slope, Offset, Floor float64

	Words map[string][]struct { // by region
		Text  string
		Where string  // "t" above, "b" below the registration, "tb" either
		Share float64 // of the region's plates that bear it there
	}
}

// openStates loads the state reader. It is nil where these weights have none: then no state is named.
func openStates(b backend, weights fs.FS) (*states, error) {
	model, err := fs.ReadFile(weights, "weights/state.onnx")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	s := &states{}
	about, err := fs.ReadFile(weights, "weights/state.json")
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(about, &s.know); err != nil {
		return nil, fmt.Errorf("state.json: %w", err)
	}
	if s.text, err = newTexts(&s.know); err != nil {
		return nil, fmt.Errorf("state.json: %w", err)
	}
	if s.net, err = b.open(model, "logits"); err != nil {
		return nil, fmt.Errorf("state.onnx: %w", err)
	}
	s.input = make([]float32, 2*s.know.BandHeight*s.know.Width)
	if _, err := s.weigh(); err != nil {
		s.net.close()
		return nil, err
	}
	return s, nil
}

// naming is the evidence of one look for each region, and, last, for a plate on which nothing tells it: weights, in
// the order of texts.regions.
type naming []float64

// look reads the bands of the plate in q.
func (s *states) look(p plane, q alpr.Quad) (naming, error) {
	k := &s.know
	size := k.BandHeight * k.Width
	for i, v := range k.Bands {
		p.part(q, -k.Side, 1+k.Side, v[0], v[1], k.Width, k.BandHeight, s.input[i*size:(i+1)*size])
	}
	return s.weigh()
}

func (s *states) weigh() (naming, error) {
	out, err := s.net.run(s.input, 2*s.know.BandHeight, s.know.Width)
	if err != nil {
		return nil, fmt.Errorf("name the state: %w", err)
	}
	classes := len(s.know.Signs) + 1
	if want := 2 * s.know.Columns * classes; len(out[0]) != want {
		return nil, fmt.Errorf("the state reader says %d values, not %d", len(out[0]), want)
	}
	half := s.know.Columns * classes
	return s.text.weigh(softmax(out[0][:half], classes, s.know.Temperature), softmax(out[0][half:], classes, s.know.Temperature)), nil
}

// softmax turns rows of logits into probabilities.
func softmax(z []float32, classes int, temperature float64) [][]float64 {
	rows := make([][]float64, len(z)/classes)
	for t := range rows {
		row, top, sum := make([]float64, classes), math.Inf(-1), 0.0
		for c := range row {
			row[c] = float64(z[t*classes+c]) / temperature
			top = max(top, row[c])
		}
		for c := range row {
			row[c] = math.Exp(row[c] - top)
			sum += row[c]
		}
		for c := range row {
			row[c] /= sum
		}
		rows[t] = row
	}
	return rows
}

// worthOfNamings caps how many independent looks the frames of one pass count for: they show the same dirt and the same
// stickers.
const worthOfNamings = 1.5

// believe tells the region that all looks together show, "us-nc", and how sure that is; an empty region below the floor.
func (s *states) believe(all []naming) (region string, confidence float64) {
	if len(all) == 0 {
		return "", 0
	}
	const least = 1e-7 // keeps one unreadable look from ruling out everything
	share := min(float64(len(all)), worthOfNamings) / float64(len(all))
	sum := make([]float64, len(all[0]))
	for _, n := range all {
		for i, w := range n {
			sum[i] += share * math.Log(w+least)
		}
	}
	best := 0
	for i := range s.text.regions {
		if sum[i] > sum[best] {
			best = i
		}
	}
	top, rest := sum[best], math.Inf(-1)
	for i, v := range sum {
		if i != best {
			rest = max(rest, v) + math.Log1p(math.Exp(-math.Abs(rest-v)))
		}
	}
	confidence = 1 / (1 + math.Exp(-(s.know.Slope*(top-rest) + s.know.Offset)))
	if confidence < s.know.Floor {
		return "", 0
	}
	return "us-" + s.text.regions[best], confidence
}

// part straightens a part of the plate in q, from u0 to u1 of its width and v0 to v1 of its height, to w×h values of
// (grey - 127.5) / 64.
func (p plane) part(q alpr.Quad, u0, u1, v0, v1 float64, w, h int, out []float32) {
	m := homography(q)
	nx := samples(max(distance(q[0], q[1]), distance(q[3], q[2])) * (u1 - u0) / float64(w))
	ny := samples(max(distance(q[0], q[3]), distance(q[1], q[2])) * (v1 - v0) / float64(h))
	for y := range h {
		for x := range w {
			var sum float64
			for j := range ny {
				v := v0 + (v1-v0)*(float64(y)+(float64(j)+0.5)/float64(ny))/float64(h)
				for i := range nx {
					u := u0 + (u1-u0)*(float64(x)+(float64(i)+0.5)/float64(nx))/float64(w)
					sum += p.at(m.apply(u, v))
				}
			}
			out[y*w+x] = float32((sum/float64(nx*ny) - 127.5) / 64)
		}
	}
}

// ---- words ----

// texts are all words of all regions, ready to be looked for.
type texts struct {
	regions []string // "al", "ak", … in order
	words   []word
	uses    []use
	blank   int

	somethingElse, elsewhere, unknown float64
}

// word is one text that is looked for.
type word struct {
	text   string
	path   []int // CTC classes from its first sign to its last, blanks between
	gap    []int // of a blank between two words, the class of the space, which may stand there too; -1 elsewhere
	signs  []int // which classes it needs
	longer []int // words that contain it: WASHINGTON DC for WASHINGTON
}

// use says that a region's plates bear a word.
type use struct {
	region, word int
	share        [2]float64 // above, below
	ownLonger    []bool     // of word.longer, those that are the region's own: SCENIC IDAHO says IDAHO too
}

func newTexts(k *stateKnowledge) (texts, error) {
	t := texts{blank: len(k.Signs), somethingElse: k.SomethingElse, elsewhere: k.Elsewhere, unknown: k.Unknown}
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

// weigh gives each region's weight, and last the weight of no region being named, from the probabilities of both bands'
// columns. A band of a region's plate shows one of the region's words or something else.
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
		for i, w := range t.words {
			said[i] = 0
			if w.possible(top) {
				said[i] = w.probability(rows, t.blank)
			}
		}
		for _, u := range t.uses {
			w := &t.words[u.word]
			other := 0.0
			for i, j := range w.longer {
				if !u.ownLonger[i] {
					other = max(other, said[j])
				}
			}
			mine := max(0, said[u.word]-other)
			shown[band][u.region] = max(shown[band][u.region], mine*u.share[band])
		}
	}
	n := make(naming, len(t.regions)+1)
	for r := range t.regions {
		n[r] = (t.somethingElse+shown[0][r])*(t.somethingElse+shown[1][r]) - t.somethingElse*t.somethingElse
	}
	n[len(t.regions)] = t.unknown * t.somethingElse
	return n
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
