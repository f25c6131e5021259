package ocr

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"math"

	"alprd/internal/alpr"
)

// states reads what is printed above and below a registration and tells whose plate it is: its network spells both bands
// (training/state/network.py), and each jurisdiction's name and mottoes are looked for in what it says
// (docs/decisions/0077). It belongs to one goroutine.
type states struct {
	net   network
	know  stateKnowledge
	input []float32
	text  texts
	err   error // the first failure
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

	// How words become a belief: training/state/words.py.
	Chance    float64 // of a letter being said where it isn't written
	Unknown   float64 // how often what names nobody says a word, as a multiple of the chance of all its letters
	Another   float64 // how often what is plainly read is another's word: a county or a club of that name
	Elsewhere float64 // of a word's share, in the other band than the one where it is usual

	Floor float64 // the confidence below which no state is named

	Words map[string][]struct { // by region
		Text  string
		Where string  // "t" above, "b" below the registration, "tb" either
		Share float64 // of the region's plates that bear it there
	}
}

const (
	stateH = 96 // the state reader's input: two bands, one over the other
	stateW = 320
)

func stateModel() model {
	return model{file: "state.onnx", outputs: []string{"logits"}, h: stateH, w: stateW}
}

// openStates loads the state reader and runs it once.
func openStates(b backend, weights fs.FS) (*states, error) {
	const name = "weights/state.json"
	about, err := fs.ReadFile(weights, name)
	if err != nil {
		return nil, err
	}
	s := &states{}
	if err := json.Unmarshal(about, &s.know); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if s.know.Width != stateW || s.know.BandHeight != stateH/2 {
		return nil, fmt.Errorf("%s: bands of %d×%d, want %d×%d", name, s.know.Width, s.know.BandHeight, stateW, stateH/2)
	}
	if s.text, err = newTexts(&s.know); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if s.net, err = stateModel().load(b, weights); err != nil {
		return nil, err
	}
	s.input = make([]float32, stateH*stateW)
	if _, err := s.weigh(); err != nil {
		s.net.close()
		return nil, err
	}
	return s, nil
}

// naming is how much more one look speaks for each region than for a plate on which nothing tells it, in the order of
// texts.regions.
type naming []float64

// look reads the bands of the plate in q. A large one that names nobody is looked at again out of focus: the network knows running hands
// from plates as cameras see them.
func (s *states) look(p plane, q alpr.Quad) (naming, error) {
	const size, large = stateH / 2 * stateW, 160
	for i, v := range s.know.Bands {
		p.part(q, -s.know.Side, 1+s.know.Side, v[0], v[1], stateW, stateH/2, s.input[i*size:(i+1)*size])
	}
	n, err := s.weigh()
	if wide, _ := sides(q); err != nil || wide < large {
		return n, err
	}
	if at, _ := s.believe([]naming{n}); at != "" {
		return n, nil
	}
	for i := range s.know.Bands {
		soften(s.input[i*size:(i+1)*size], stateW)
	}
	return s.weigh()
}

// soften blurs rows of w values, twice by 1 4 6 4 1 in both directions: a Gaussian of 1.4 pixels, about.
func soften(pix []float32, w int) {
	h := len(pix) / w
	line := make([]float32, max(w, h))
	along := func(start, step, n int) {
		for range 2 {
			for i := range n {
				line[i] = pix[start+i*step]
			}
			for i := range n {
				a, b, c, d := line[max(i-2, 0)], line[max(i-1, 0)], line[min(i+1, n-1)], line[min(i+2, n-1)]
				pix[start+i*step] = (a + 4*b + 6*line[i] + 4*c + d) / 16
			}
		}
	}
	for y := range h {
		along(y*w, 1, w)
	}
	for x := range w {
		along(x, w, h)
	}
}

func (s *states) weigh() (naming, error) {
	out, err := s.net.run(s.input, stateH, stateW)
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

const (
	// worthOfNamings caps how many independent looks the frames of one pass count for: they show the same dirt and the same
	// stickers.
	worthOfNamings = 1.5
	// mostNamed is how many of a pass's looks, the best first, the state reader is shown each time the pass is told; wellNamed
	// is how sure it must be for no more to be shown.
	mostNamed = 3
	wellNamed = 0.98
	// misnamed is the chance of an error that all looks share: a dealer's frame names another state than the plate.
	misnamed = 2e-3
	// silence is how a look that names nobody weighs against each state: small and blurred names often can't be read.
	silence = 0.3
	// leastNamed is the width of a plate below which its state isn't asked for, pixels: of smaller ones one in ten can be named. A
	// still pays for its look whatever it shows, half as much as for all the rest, and asks from leastNamedStill on.
	leastNamed      = 56
	leastNamedStill = 100
)

// named is what the state reader says of a look, asked once; nil where there is none, or no picture any more, or one less than
// least pixels wide.
func (l *look) named(least float64) naming {
	if wide, _ := sides(l.quad); wide < least {
		return nil
	}
	if l.naming == nil && l.states != nil && l.pictured() {
		n, err := l.states.look(luma(l.frame.Image), l.quad)
		if err != nil {
			if l.states.err == nil {
				l.states.err = err
			}
			return nil
		}
		l.naming = n
	}
	return l.naming
}

// region tells whose plate the looks, best first, show, "us-nc", from what is printed on it, and how sure that is; "" and 0
// where that isn't known. It asks no more of them than it needs, and none whose plate is less than least pixels wide.
func region(looks []*look, least float64) (at string, sure float64) {
	var all []naming
	for _, l := range looks {
		if l.naming != nil {
			all = append(all, l.naming)
		}
	}
	if len(all) > 0 {
		if at, sure = looks[0].states.believe(all); sure >= wellNamed {
			return at, sure
		}
	}
	all, at, sure = nil, "", 0
	for _, l := range looks {
		n := l.named(least)
		if n == nil {
			continue
		}
		all = append(all, n)
		at, sure = l.states.believe(all)
		if sure >= wellNamed || len(all) == mostNamed {
			break
		}
	}
	return at, sure
}

// name tells whose plate the track shows. That state's serials then decide what its dies write alike.
func (t *track) name() (string, float64) {
	at, sure := region(t.looks, leastNamed)
	if at != "" && at != t.region {
		t.fused = believe(t.evidence(), t.offered(), ownSerial(at))
	}
	t.region = at
	return at, sure
}

// serials are those to be expected on a track's plate: its own state's, once that is known, or else the unit's.
func (t *track) serials(unit func(string) float64) func(string) float64 {
	if t.region != "" {
		return ownSerial(t.region)
	}
	return unit
}

// believe tells the region that all looks together show, and how sure that is; an empty region below the floor.
func (s *states) believe(all []naming) (region string, confidence float64) {
	share := min(float64(len(all)), worthOfNamings) / float64(len(all))
	best, top, rest := -1, 0.0, 1.0 // the weight of nobody being named is 1
	for i := range s.text.regions {
		sum, said := 0.0, false
		for _, n := range all {
			said = said || n[i] > silence
			sum += share * math.Log(max(n[i], silence))
		}
		if w := math.Exp(sum); said && w > top {
			best, top, rest = i, w, rest+top
		} else if said {
			rest += w
		}
	}
	if best < 0 || top/(top+rest) < s.know.Floor {
		return "", 0
	}
	return "us-" + s.text.regions[best], min(top/(top+rest), 1-misnamed)
}

// part straightens a part of the plate in q, from u0 to u1 of its width and v0 to v1 of its height, to w×h values of
// (grey - 127.5) / 64.
func (p plane) part(q alpr.Quad, u0, u1, v0, v1 float64, w, h int, out []float32) {
	m := homography(q)
	nx := min(samples(max(distance(q[0], q[1]), distance(q[3], q[2]))*(u1-u0)/float64(w)), 4)
	ny := min(samples(max(distance(q[0], q[3]), distance(q[1], q[2]))*(v1-v0)/float64(h)), 4)
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
