package ocr

import (
	"encoding/json"
	"image"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"alprd/internal/alpr"
)

const testSigns = "ABCDEFGHIJKLMNOPQRSTUVWXYZ# "

// aFewStates knows enough to be mistaken: names inside names, and a motto.
func aFewStates(t testing.TB) texts {
	t.Helper()
	know := stateKnowledge{Signs: testSigns, Chance: 0.11, Unknown: 7, Another: 1e-3, Elsewhere: 0.05}
	if err := json.Unmarshal([]byte(`{
		"dc": [{"text": "WASHINGTON DC", "where": "t", "share": 0.9}],
		"wa": [{"text": "WASHINGTON", "where": "t", "share": 0.9}, {"text": "EVERGREEN STATE", "where": "b", "share": 0.8}],
		"ks": [{"text": "KANSAS", "where": "t", "share": 0.9}],
		"ar": [{"text": "ARKANSAS", "where": "t", "share": 0.9}],
		"id": [{"text": "IDAHO", "where": "t", "share": 0.9}, {"text": "SCENIC IDAHO", "where": "t", "share": 0.6}],
		"ga": [{"text": "GEORGIA", "where": "t", "share": 0.9}]}`), &know.Words); err != nil {
		t.Fatal(err)
	}
	x, err := newTexts(&know)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// band spells text on n columns, each sign sure with the given probability, the rest spread over all other classes.
func band(text string, sure float64, n int) [][]float64 {
	const blank = len(testSigns)
	var classes []int
	for i := range len(text) {
		classes = append(classes, strings.IndexByte(testSigns, text[i]), blank)
	}
	rows := make([][]float64, n)
	for t := range rows {
		c := blank
		if k := t - 3; k >= 0 && k < len(classes) {
			c = classes[k]
		}
		rows[t] = make([]float64, blank+1)
		for i := range rows[t] {
			rows[t][i] = (1 - sure) / float64(blank)
		}
		rows[t][c] = sure
	}
	return rows
}

func (t *texts) tell(n naming) string {
	best, name := 1.0, ""
	for i, w := range n {
		if w > best {
			best, name = w, t.regions[i]
		}
	}
	return name
}

func TestNamesInWhatIsPrinted(t *testing.T) {
	x := aFewStates(t)
	for _, c := range []struct{ above, below, want string }{
		{"WASHINGTON", "", "wa"},
		{"WASHINGTON DC", "", "dc"},
		{"WASHINGTONDC", "", "dc"}, // the space is easily lost
		{"KANSAS", "", "ks"},
		{"ARKANSAS", "", "ar"},
		{"SCENIC IDAHO", "FAMOUS POTATOES", "id"},
		{"MY IDAHO ##", "", "id"},
		{"", "EVERGREEN STATE", "wa"},
		{"GEORGIA", "WASHINGTON", "ga"}, // a county of that name
		{"", "", ""},
		{"IN GOD WE TRUST", "DISABLED VETERAN", ""},
		{"GEORGE", "RIDAY", ""},
		{"KANSA", "", "ks"},    // a lost letter is likelier than that something else says so much of it
		{"WASH", "INGTON", ""}, // hidden halves are no name
	} {
		if got := x.tell(x.weigh(band(c.above, 0.9999, 50), band(c.below, 0.9999, 50))); got != c.want {
			t.Errorf("%q over %q is %q, want %q", c.above, c.below, got, c.want)
		}
	}
}

// The probability of a word is that of all paths that hold it: on a few columns all paths can be listed.
func TestProbabilityOfAWord(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	const signs = "AB "
	for _, text := range []string{"A", "AB", "AA", "ABA", "A B"} {
		w, err := newWord(text, signs)
		if err != nil {
			t.Fatal(err)
		}
		for range 20 {
			rows := make([][]float64, 6)
			for i := range rows {
				rows[i] = make([]float64, 4)
				var sum float64
				for c := range rows[i] {
					rows[i][c] = math.Exp(rng.NormFloat64() * 2)
					sum += rows[i][c]
				}
				for c := range rows[i] {
					rows[i][c] /= sum
				}
			}
			var want float64
			for path := range 1 << (2 * len(rows)) { // a class in every two bits
				p, said, last := 1.0, "", -1
				for i := range rows {
					c := path >> (2 * i) & 3
					p *= rows[i][c]
					if c != last && c < 3 {
						said += signs[c : c+1]
					}
					last = c
				}
				if text == "A B" { // any gap between words
					said = strings.ReplaceAll(said, " ", "")
				}
				for i := range said {
					if strings.HasPrefix(said[i:], strings.ReplaceAll(text, " ", "")) {
						want += p // a text that says it twice counts twice
					}
				}
			}
			if got := w.probability(rows, 3); math.Abs(got-min(1, want)) > 1e-9 {
				t.Errorf("%q: %.6f, listed %.6f", text, got, want)
			}
		}
	}
}

func TestBeliefOverAPass(t *testing.T) {
	x := aFewStates(t)
	s := states{text: x, know: stateKnowledge{Floor: 0.8}}
	sure := x.weigh(band("GEORGIA", 0.5, 40), band("", 0.98, 40))
	blurred := x.weigh(band("", 0.98, 40), band("", 0.98, 40))
	other := x.weigh(band("KANSAS", 0.52, 40), band("", 0.98, 40))
	if r, c := s.believe([]naming{sure}); r != "us-ga" || c < 0.8 {
		t.Errorf("one look: %s %.3f", r, c)
	}
	_, once := s.believe([]naming{sure})
	if r, c := s.believe([]naming{sure, sure, sure}); r != "us-ga" || c <= once {
		t.Errorf("three looks: %s %.3f, one %.3f", r, c, once)
	}
	if r, _ := s.believe([]naming{blurred}); r != "" {
		t.Errorf("nothing readable is %s", r)
	}
	if r, _ := s.believe([]naming{sure, other}); r != "" {
		t.Errorf("two looks that disagree are %s", r)
	}
	if r, c := s.believe(nil); r != "" || c != 0 {
		t.Error("no look at all names a state")
	}
	s.know.Floor = 0.9999999
	if r, c := s.believe([]naming{sure}); r != "" || c != 0 {
		t.Errorf("below the floor: %s %.3f", r, c)
	}
}

// Drawn plates, 360 pixels wide: the name is read, in either band; where it is hidden or something else stands
// there, the state is unknown.
func TestStatesOfDrawnPlates(t *testing.T) {
	e := openEngine(t)
	for _, c := range []struct{ file, want string }{
		{"virginia", "us-va"},
		{"oregon", "us-or"},
		{"hidden", ""},
		{"slogan", ""},
	} {
		p := drawn(t, "testdata/state-"+c.file+".png")
		q := alpr.Quad{{X: 60, Y: 50}, {X: 420, Y: 50}, {X: 420, Y: 230}, {X: 60, Y: 230}}
		n, err := e.states.look(p, q)
		if err != nil {
			t.Fatal(err)
		}
		if got, sure := e.states.believe([]naming{n}); got != c.want {
			t.Errorf("%s is %q (%.2f), want %q", c.file, got, sure, c.want)
		}
	}
}

// drawnPlates are plates that training/drawing/plates.py drew, 256 pixels wide, one under the other in testdata/states.png.
var drawnPlates = [...]struct{ region, text string }{
	{"us-nc", "HDT2904"}, {"us-va", "RAM3608"}, {"us-tx", "KAA0806"}, {"us-wa", "601ULJ"}, {"us-ga", "CFF6683"}, {"us-ny", "RLC1578"}, {"us-ct", "500AUR"},
	{"us-mn", "ZZG669"},
}

// drawnPlate is the picture of one of them, scaled, and its corners.
func drawnPlate(t testing.TB, n int, wide float64) (*image.YCbCr, alpr.Quad) {
	t.Helper()
	p, k := drawn(t, "testdata/states.png"), wide/256
	size := image.Rect(0, 0, int(320*k), int(180*k))
	m := image.NewYCbCr(size, image.YCbCrSubsampleRatio420)
	for y := range size.Dy() {
		for x := range size.Dx() { // all of the source's pixels count
			var sum, count float64
			for sy := int(float64(y) / k); sy < max(int(float64(y+1)/k), int(float64(y)/k)+1); sy++ {
				for sx := int(float64(x) / k); sx < max(int(float64(x+1)/k), int(float64(x)/k)+1); sx++ {
					sum, count = sum+float64(p.pix[(180*n+sy)*p.stride+sx]), count+1
				}
			}
			m.Y[y*m.YStride+x] = uint8(sum/count + 0.5)
		}
	}
	for i := range m.Cb {
		m.Cb[i], m.Cr[i] = 128, 128
	}
	x0, y0, x1, y1 := 32*k, 26*k, 288*k, 154*k
	return m, alpr.Quad{{X: x0, Y: y0}, {X: x1, Y: y0}, {X: x1, Y: y1}, {X: x0, Y: y1}}
}

// Whole plates of eight states: named from 110 pixels on, never wrongly at any size, and not asked for where it can't pay.
func TestStatesAtManySizes(t *testing.T) {
	e := openEngine(t)
	for _, wide := range []float64{256, 160, 110, 85, 65, leastNamed - 1} {
		named := 0
		for n, c := range drawnPlates {
			m, q := drawnPlate(t, n, wide)
			l := &look{frame: &alpr.Frame{Image: m}, quad: q, states: e.states}
			got, sure := region([]*look{l}, leastNamed)
			switch {
			case got == c.region:
				named++
			case got != "":
				t.Errorf("%s, %v px wide: %s (%.2f)", c.region, wide, got, sure)
			}
			if wide < leastNamed && l.naming != nil {
				t.Errorf("%s, %v px wide, was asked for", c.region, wide)
			}
		}
		if least := map[float64]int{256: 8, 160: 8, 110: 7, 85: 4}[wide]; named < least {
			t.Errorf("%v px wide: %d of %d named, want %d", wide, named, len(drawnPlates), least)
		}
	}
}

// Looks that say nothing cost a state little; what is well known isn't asked again.
func TestNoMoreLooksThanNeeded(t *testing.T) {
	e := openEngine(t)
	var looks []*look
	for range mostNamed + 2 {
		m, q := drawnPlate(t, 0, 256)
		looks = append(looks, &look{frame: &alpr.Frame{Image: m}, quad: q, states: e.states})
	}
	asked := func() (n int) {
		for _, l := range looks {
			if l.naming != nil {
				n++
			}
		}
		return n
	}
	if at, sure := region(looks, leastNamed); at != "us-nc" || sure < wellNamed || asked() != 1 {
		t.Errorf("%s %.3f after %d looks", at, sure, asked())
	}
	if at, _ := region(append([]*look{looks[1]}, looks[0]), leastNamed); at != "us-nc" || asked() != 1 {
		t.Errorf("a better look of what is known: %q, %d looks asked", at, asked())
	}
	blank := make(naming, len(e.states.text.regions))
	if at, sure := e.states.believe([]naming{looks[0].naming, blank}); at != "us-nc" {
		t.Errorf("beside a look that says nothing: %q %.3f", at, sure)
	}
	for _, l := range looks {
		for i := range l.frame.Image.Y {
			l.frame.Image.Y[i] = 128
		}
		l.naming = nil
	}
	if at, _ := region(looks, leastNamed); at != "" || asked() != mostNamed {
		t.Errorf("blank looks: %q after %d", at, asked())
	}
}

// A point becomes a Gaussian of variance 2 in both directions; the edges keep what is even even.
func TestSoften(t *testing.T) {
	const w, h = 31, 21
	pix := make([]float32, w*h)
	pix[10*w+15] = 1
	soften(pix, w)
	var sum, xx, yy float64
	for i, v := range pix {
		x, y := float64(i%w-15), float64(i/w-10)
		sum, xx, yy = sum+float64(v), xx+float64(v)*x*x, yy+float64(v)*y*y
	}
	if math.Abs(sum-1) > 1e-5 || math.Abs(xx-2) > 1e-4 || math.Abs(yy-2) > 1e-4 {
		t.Errorf("sum %.5f, variances %.4f and %.4f", sum, xx, yy)
	}
	for i := range pix {
		pix[i] = 0.5
	}
	if soften(pix, w); pix[0] != 0.5 || pix[len(pix)-1] != 0.5 {
		t.Errorf("an even picture became %v … %v", pix[0], pix[len(pix)-1])
	}
}

// drawn is a grey PNG.
func drawn(t testing.TB, path string) plane {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	g, ok := m.(*image.Gray)
	if !ok {
		t.Fatalf("%s is %T", path, m)
	}
	return plane{pix: g.Pix, stride: g.Stride, w: g.Rect.Dx(), h: g.Rect.Dy()}
}

func BenchmarkState(b *testing.B) {
	e := openEngine(b)
	p := drawn(b, "testdata/state-oregon.png")
	q := alpr.Quad{{X: 60, Y: 50}, {X: 420, Y: 50}, {X: 420, Y: 230}, {X: 60, Y: 230}}
	for b.Loop() {
		if _, err := e.states.look(p, q); err != nil {
			b.Fatal(err)
		}
	}
}
