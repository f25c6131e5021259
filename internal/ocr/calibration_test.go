package ocr

import (
	"math"
	"testing"
	"testing/fstest"

	"alprd/internal/alpr"
)

// Without coefficients a confidence is what it was; those that would make a likelier text less sure are refused at start.
func TestCalibrationOf(t *testing.T) {
	for text, ok := range map[string]bool{
		`{"bias":0.1,"share":0.6,"second":-0.2,"fitted_on":"closeups"}`: true,
		`{"bias":0,"share":1,"second":0}`:                               true,
		`{"bias":0.1,"share":-0.6,"second":-0.2}`:                       false,
		`{"bias":0.1,"share":0.6,"second":0.2}`:                         false,
		`{}`:                                                            false,
		`[`:                                                             false,
	} {
		if _, err := calibrationOf(fstest.MapFS{calibrationFile: {Data: []byte(text)}}); (err == nil) != ok {
			t.Errorf("%s: %v", text, err)
		}
	}
	c, err := calibrationOf(fstest.MapFS{})
	if err != nil {
		t.Fatal(err)
	}
	for _, share := range []float64{0, 1e-9, 0.3, 0.999999999} {
		if p := c.probability(Signs{Share: share, Second: 0.2}); p != share {
			t.Errorf("uncalibrated, a share of %v is a probability of %v", share, p)
		}
	}
	if _, err := calibrationOf(shipped); err != nil {
		t.Errorf("the shipped coefficients: %v", err)
	}
}

// Whatever the coefficients, the candidates still share what there is, keep their order, and the best text stays best.
func TestCalibratedBelief(t *testing.T) {
	raw := belief{empty: 0.02, candidates: []alpr.Candidate{{Text: "ABO1234", Confidence: 0.3}, {Text: "XYZ", Confidence: 0.29}, {Text: "AB01234", Confidence: 0.25}, {Text: "ABC", Confidence: 0.05}}}
	s := Signs{Share: 0.55, Second: 0.29, kin: map[string]bool{"ABO1234": true, "AB01234": true}}
	for _, c := range []calibration{{}, {Bias: 2, Share: 0.6, Second: -0.2}, {Bias: -3, Share: 0.6}, {Share: 3}} {
		b, p := raw.calibrated(c, s)
		if want := c.probability(s); p != want || p <= 0 || p >= 1 {
			t.Errorf("%+v: confidence %v, want %v", c, p, want)
		}
		if b.best() != "ABO1234" {
			t.Errorf("%+v: %s overtook the best text", c, b.best())
		}
		sum, kin := b.empty, 0.0
		for i, x := range b.candidates {
			sum += x.Confidence
			if s.kin[x.Text] {
				kin += x.Confidence
			}
			if i > 0 && x.Confidence > b.candidates[i-1].Confidence {
				t.Errorf("%+v: %v is out of order", c, b.candidates)
			}
		}
		if sum > 1+1e-9 || math.Abs(kin-p) > 1e-9 {
			t.Errorf("%+v: all hold %v, the text and its kin %v of it, want %v", c, sum, kin, p)
		}
	}
	if raw.candidates[0].Confidence != 0.3 {
		t.Error("the look's own belief was changed")
	}
	if b, p := (belief{}).calibrated(calibration{Bias: 5, Share: 1}, Signs{}); p != 0 || len(b.candidates) != 0 {
		t.Errorf("nothing read is %v sure", p)
	}
}

// Texts that differ in O, Q and 0, in I and 1, or in small stacked characters, are one as far as a picture tells.
func TestCore(t *testing.T) {
	for _, c := range []struct {
		text  string
		small []int
		want  string
	}{{"ABO1I34", nil, "AB01134"}, {"QO0", nil, "000"}, {"CR164081", []int{0, 1}, "164081"}, {"2678MH", []int{4, 5}, "2678"}, {"", nil, ""}} {
		if got := core(c.text, c.small); got != c.want {
			t.Errorf("core(%q, %v) = %q, want %q", c.text, c.small, got, c.want)
		}
	}
}

// What a picture can't tell, O from 0, costs the text's own confidence and its place in the lattice, not the confidence that
// the read is right.
func TestOhAndZeroDontMakeAReadUnsure(t *testing.T) {
	p := columns(map[byte]float64{'A': 1}, map[byte]float64{'_': 1}, map[byte]float64{'0': 0.55, 'O': 0.45}, map[byte]float64{'_': 1},
		map[byte]float64{'7': 1}, map[byte]float64{'_': 1}, map[byte]float64{'8': 1})
	l := &look{frame: &alpr.Frame{}, evidence: alpr.Evidence{p}, texts: beam(p, tried)}
	l.own = believe(l.evidence, l.texts, nil)
	r := l.still()
	if r.Confidence < 0.97 || r.Candidates[0].Confidence > 0.6 || r.Weakest > 0.6 {
		t.Errorf("confidence %.2f, of the text as written %.2f, weakest %.2f", r.Confidence, r.Candidates[0].Confidence, r.Weakest)
	}
}
