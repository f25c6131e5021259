package match

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"alprd/internal/alpr"
)

// A rendered reader: what a CTC network's matrices look like without the network. Certain characters are sharp peaks between
// blanks; uncertain ones share a peak with look-alikes, the truth not always on top; doubled characters run into each
// other; now and then a character half vanishes or a stray one half appears.

var lookAlikes = map[byte]string{
	'0': "DQ86", 'D': "0OQ", 'Q': "0O", 'O': "0DQ", '1': "I7L", 'I': "1LT", '2': "Z7", 'Z': "27", '5': "S6", 'S': "58",
	'8': "B36", 'B': "8ER3", '6': "G80", 'G': "6C", '7': "12T", 'C': "G0", 'E': "FB", 'F': "EP", 'M': "NW", 'N': "MH",
	'H': "NM", 'V': "YU", 'Y': "VT", 'U': "VJ", 'W': "M", 'K': "XR", 'X': "KY", 'R': "BP", 'P': "RF", 'T': "71", 'L': "1I",
	'J': "UI", '3': "8B", '4': "A", 'A': "4", '9': "8P",
}

type synth struct{ *rand.Rand }

func newSynth(seed uint64) synth { return synth{rand.New(rand.NewPCG(seed, 7))} }

func (r synth) letters(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[r.IntN(26)]
	}
	return string(b)
}

func (r synth) digits(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = '0' + byte(r.IntN(10))
	}
	return string(b)
}

// plate draws from a mix of layouts: North Carolina's, other states', short and personalised ones.
func (r synth) plate() string {
	switch r.IntN(10) {
	case 0, 1, 2, 3:
		return r.letters(3) + r.digits(4)
	case 4:
		return r.digits(1) + r.letters(3) + r.digits(3)
	case 5:
		return r.letters(2) + r.digits(5)
	case 6:
		return r.letters(3) + r.digits(3)
	case 7:
		return r.digits(3) + r.letters(3)
	case 8:
		return r.letters(2+r.IntN(4)) + r.digits(r.IntN(3))
	}
	return r.letters(1+r.IntN(2)) + r.digits(1+r.IntN(8))
}

// common draws as a national list is mixed: standard layouts of six and seven characters, and one in twenty personalised.
func (r synth) common() string {
	switch n := r.IntN(20); {
	case n < 8:
		return r.letters(3) + r.digits(4)
	case n < 11:
		return r.digits(1) + r.letters(3) + r.digits(3)
	case n < 13:
		return r.letters(2) + r.digits(5)
	case n < 16:
		return r.letters(3) + r.digits(3)
	case n < 18:
		return r.digits(3) + r.letters(3)
	case n < 19:
		return r.letters(1) + r.digits(2) + r.letters(3)
	}
	return r.letters(4+r.IntN(4)) + r.digits(r.IntN(3))
}

// near is a plate that a reader could take another for: a look-alike, a character lost, doubled or put in.
func (r synth) near(p string) string {
	b := []byte(p)
	i := r.IntN(len(b))
	switch r.IntN(5) {
	case 0, 1, 2:
		if s := lookAlikes[b[i]]; s != "" {
			b[i] = s[r.IntN(len(s))]
		}
	case 3:
		if len(b) > 1 {
			b = slices.Delete(b, i, i+1)
		}
	case 4:
		if len(b) < maxText {
			b = slices.Insert(b, i, b[i])
		}
	}
	return string(b)
}

// list draws n entries, a quarter of them near others, so that a read may well fit several.
func (r synth) list(n int) []alpr.Entry {
	out := make([]alpr.Entry, n)
	for i := range out {
		p := r.plate()
		if i > 4 && r.IntN(4) == 0 {
			p = r.near(out[r.IntN(i)].Plate.Text())
		}
		out[i] = alpr.Entry{ID: fmt.Sprintf("V%09d", i), Plate: alpr.NewPlate(p), Region: "us-nc", Class: "stolen_vehicle", Priority: 30, Make: "FORD", Colour: "RED"}
	}
	return out
}

func entries(list []alpr.Entry) func(func(alpr.Entry, error) bool) {
	return func(yield func(alpr.Entry, error) bool) {
		for _, e := range list {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// slots is what each character's place may hold: probabilities by class, the blank included.
type slots [][alpr.Classes]float64

// see makes the slots of a plate seen so well: about three of seven characters are uncertain at 1, none at 0.
func (r synth) see(truth string, doubt float64) slots {
	var out slots
	for i := range len(truth) {
		var s [alpr.Classes]float64
		k := column(truth[i])
		left := 0.01 * r.Float64()
		if r.Float64() < 0.43*doubt {
			left = 0.2 + 0.4*r.Float64()
			alike := lookAlikes[truth[i]]
			n := 1 + r.IntN(4)
			shares := make([]float64, n)
			var sum float64
			for j := range shares {
				shares[j] = r.ExpFloat64()
				sum += shares[j]
			}
			for j, v := range shares {
				c := r.IntN(36)
				if j < len(alike) {
					c = column(alike[j])
				}
				s[c] += left * v / sum
			}
			if r.Float64() < 0.3 { // the truth is not on top
				for c := range s {
					s[c] /= left
				}
				left = 0.4 + 0.4*r.Float64()
				for c := range s {
					s[c] *= left
				}
			}
		}
		s[k] += 1 - left
		if r.Float64() < 0.05*doubt { // half gone
			gone := 0.1 + 0.7*r.Float64()
			for c := range s {
				s[c] *= 1 - gone
			}
			s[alpr.Blank] += gone
		}
		out = append(out, s)
		if r.Float64() < 0.03*doubt { // a stray stroke
			var s [alpr.Classes]float64
			s[[]int{1, 18, 21}[r.IntN(3)]] = 0.1 + 0.5*r.Float64()
			s[alpr.Blank] = 1 - s[1] - s[18] - s[21]
			out = append(out, s)
		}
	}
	return out
}

// look renders the slots as a matrix, with noise of its own.
func (r synth) look(s slots, columns int, weight float32) alpr.Posterior {
	p := alpr.Posterior{Log: make([]float32, columns*alpr.Classes), Weight: weight}
	rows := make([][alpr.Classes]float64, columns)
	for t := range rows {
		for k := range rows[t] {
			rows[t][k] = 1e-6 * r.ExpFloat64()
		}
		rows[t][alpr.Blank] = 1
	}
	step := float64(columns) / float64(len(s)+1)
	for i, slot := range s {
		t := int(step*(float64(i)+0.7) + 0.6*step*r.Float64())
		t = max(min(t, columns-1), 0)
		for k, v := range slot {
			// The same doubt seen in another light: probabilities jitter from look to look.
			rows[t][k] += 30 * v * math.Exp(0.4*r.NormFloat64())
		}
		rows[t][alpr.Blank] += 30*slot[alpr.Blank] - 1 + 0.05*r.Float64()
		if t+1 < columns && r.IntN(2) == 0 { // a peak two columns wide; its blank is what keeps doubles apart
			for k, v := range slot[:alpr.Blank] {
				rows[t+1][k] += r.Float64() * v
			}
		}
	}
	for t, row := range rows {
		var sum float64
		for _, v := range row {
			sum += v
		}
		for k, v := range row {
			p.Row(t)[k] = float32(math.Log(v / sum))
		}
	}
	return p
}

// read is what a reader reports of truth: its evidence, and the best of the texts that its slots spell.
func (r synth) read(truth string, doubt float64, looks int) alpr.Read {
	s := r.see(truth, doubt)
	var e alpr.Evidence
	for range looks {
		e = append(e, r.look(s, 32+r.IntN(9), []float32{0, 1, 0.5}[r.IntN(3)]))
	}
	return readOf(e, s)
}

func readOf(e alpr.Evidence, s slots) alpr.Read {
	type beam struct {
		text string
		p    float64
	}
	beams := []beam{{"", 1}}
	for _, slot := range s {
		var next []beam
		for _, b := range beams {
			for k, v := range slot {
				if v > 1e-4 {
					c := ""
					if k != alpr.Blank {
						c = alpr.Alphabet[k : k+1]
					}
					next = append(next, beam{b.text + c, b.p * v})
				}
			}
		}
		slices.SortStableFunc(next, func(a, b beam) int { return -cmpFloat(a.p, b.p) })
		beams = next[:min(len(next), 40)]
	}
	var texts []string
	for _, b := range beams {
		if b.text != "" && !slices.Contains(texts, b.text) {
			texts = append(texts, b.text)
		}
	}
	c := e.Weigh(texts)
	slices.SortStableFunc(c, func(a, b alpr.Candidate) int { return -cmpFloat(a.Confidence, b.Confidence) })
	c = c[:min(len(c), 10)]
	return alpr.Read{
		ID: "r", Camera: "c", Plate: alpr.NewPlate(c[0].Text), Confidence: c[0].Confidence, Candidates: c,
		Lattice: alpr.NewLattice(c), Evidence: e, Region: "us-nc", RegionConfidence: 1,
	}
}

func cmpFloat(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// certain is a read without doubt.
func certain(text, region string) alpr.Read {
	r := newSynth(uint64(len(text)))
	read := r.read(text, 0, 2)
	read.Region = region
	return read
}

// torn is a read whose character at position i is a with probability p and b otherwise, all else certain.
func torn(text string, i int, b byte, p float64) alpr.Read {
	r := newSynth(3)
	s := r.see(text, 0)
	s[i] = [alpr.Classes]float64{}
	s[i][column(text[i])] = p
	s[i][column(b)] = 1 - p
	var e alpr.Evidence
	for range 2 {
		e = append(e, r.look(s, 36, 0.5))
	}
	return readOf(e, s)
}

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func index(t testing.TB, threshold float64, es ...alpr.Entry) *Index {
	t.Helper()
	x, err := Build([]List{{Info: alpr.ListInfo{Name: "test"}, Rules: Rules{Threshold: threshold}, Entries: entries(es)}})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func entry(id, plate, region string) alpr.Entry {
	e := alpr.Entry{ID: id, Plate: alpr.NewPlate(plate), Region: region, Class: "stolen_vehicle", Priority: 30}
	if strings.ContainsAny(plate, "?*") {
		e.Plate = alpr.NewPattern(plate)
	}
	return e
}

// column is a character's place in a posterior.
func column(c byte) int { return strings.IndexByte(alpr.Alphabet, c) }
