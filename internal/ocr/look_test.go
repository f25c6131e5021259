package ocr

import (
	"math"
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"alprd/internal/alpr"
)

func lookAt(f *alpr.Frame, q alpr.Quad, sure float64, texts ...string) *look {
	l := &look{frame: f, quad: q, score: 0.9}
	for _, text := range texts {
		p := say(text, sure)
		p.Weight = 1 / float32(len(texts))
		l.evidence = append(l.evidence, p)
		l.texts = append(l.texts, beam(p, tried)...)
	}
	l.own = believe(l.evidence, l.texts, nil)
	return l
}

func TestReadOfALook(t *testing.T) {
	f := &alpr.Frame{Camera: "north", At: time.Unix(1000, 0).UTC()}
	l := lookAt(f, upright(100, 100, 100, 50), 0.9, "ABC1234")
	var r alpr.Read
	l.own.fill(&r, l.evidence, l)
	if r.Plate.Text() != "ABC1234" || r.Camera != "north" || r.Best != f || !r.At.Equal(f.At) {
		t.Errorf("read %+v", r)
	}
	if want := math.Pow(0.9, 7); math.Abs(r.Confidence-want) > 0.02 {
		t.Errorf("confidence %.3f, seven characters at 0.9 make %.3f", r.Confidence, want)
	}
	// Each character is 0.9 sure; texts that nobody named count against it, so it may be said to be less, never more.
	if r.Weakest < 0.75 || r.Weakest > 0.91 {
		t.Errorf("weakest %.3f, each character is 0.9 sure", r.Weakest)
	}
	if len(r.Candidates) > reported || !slices.IsSortedFunc(r.Candidates, func(a, b alpr.Candidate) int {
		return int(math.Copysign(1, b.Confidence-a.Confidence))
	}) {
		t.Errorf("candidates %v", r.Candidates)
	}
	if r.CharPx < 20 || r.CharPx > 23 {
		t.Errorf("characters of a 50 px plate are %.1f px", r.CharPx)
	}
}

// Where the margins disagree, neither is sure.
func TestMarginsThatDisagree(t *testing.T) {
	l := lookAt(&alpr.Frame{}, upright(0, 0, 10, 5), 0.98, "ABC1234", "ABC7234")
	if c := l.own.confidence(); c > 0.7 {
		t.Errorf("confidence %.2f though the margins disagree", c)
	}
}

func TestSmallCharacters(t *testing.T) {
	p := say("AB12EQ", 0.95)
	for _, i := range []int{4, 5} {
		p.Small[2*i+1] = 0.9
	}
	if got := small(alpr.Evidence{p}, "AB12EQ"); !slices.Equal(got, []int{4, 5}) {
		t.Errorf("small at %v", got)
	}
	if got := small(alpr.Evidence{p}, "AB12"); len(got) != 0 {
		t.Errorf("a candidate without them has small at %v", got)
	}
}

// Large and small forms are one character to everyone else; how much of it is small is kept. With the class for what
// can't be read or without: the description beside the weights says which.
func TestPosteriorMergesLargeAndSmall(t *testing.T) {
	for _, classes := range []int{unread, unread + 1} {
		z := make([]float32, 2*classes)
		for i := range z {
			z[i] = -30
		}
		z[5], z[large+5] = float32(math.Log(0.25)), float32(math.Log(0.75)) // 5, rather small
		z[classes+signs] = 0                                                // blank
		p := posterior(z, classes)
		if v := math.Exp(float64(p.Row(0)[5])); math.Abs(v-1) > 1e-6 {
			t.Errorf("%d classes: probability %.4f", classes, v)
		}
		if math.Abs(float64(p.Small[0])-0.75) > 1e-6 {
			t.Errorf("%d classes: small share %.4f", classes, p.Small[0])
		}
		if v := math.Exp(float64(p.Row(1)[alpr.Blank])); math.Abs(v-1) > 1e-6 {
			t.Errorf("%d classes: blank %.4f", classes, v)
		}
		if (p.Hidden != nil) != (classes > unread) {
			t.Errorf("%d classes: hidden %v", classes, p.Hidden)
		}
	}
}

// A character that can't be read is any character to a hot list, and a wildcard to whoever asks for one.
func TestPosteriorSpreadsWhatCannotBeRead(t *testing.T) {
	z := make([]float32, 3*(unread+1))
	for i := range z {
		z[i] = -30
	}
	z[10], z[(unread+1)+signs], z[2*(unread+1)+unread] = 0, 0, 0 // A, blank, unreadable
	p := posterior(z, unread+1)
	for text, want := range map[string]float64{"A?": 1, "A7": 1. / 36, "AQ": 1. / 36, "A": 0, "??": 0, "?A": 0} {
		if got := math.Exp(p.Score(text)); math.Abs(got-want) > 1e-6 {
			t.Errorf("Score(%q) = %.6f, want %.6f", text, got, want)
		}
	}
	if at := p.Align("A?"); !slices.Equal(at, []int{0, 2}) {
		t.Errorf("A? stands in columns %v", at)
	}
}

// Weights whose description says something else are refused at start, not read askew.
func TestClassesOf(t *testing.T) {
	for text, want := range map[string]int{`{"output":[1,40,73]}`: 73, `{"output":[1,80,74]}`: 74, `{"output":[1,40,75]}`: 0, `{}`: 0, `[`: 0} {
		got, err := classesOf(fstest.MapFS{"weights/recogniser.json": {Data: []byte(text)}})
		if got != want || (err == nil) != (want > 0) {
			t.Errorf("%s: %d classes, %v", text, got, err)
		}
	}
	if _, err := classesOf(fstest.MapFS{}); err == nil {
		t.Error("no description, no error")
	}
}

// The prior tips what is undecided and never overrules what is seen.
func TestSerialPrior(t *testing.T) {
	undecided := columns(map[byte]float64{'A': 1}, map[byte]float64{'_': 1}, map[byte]float64{'B': 1}, map[byte]float64{'_': 1},
		map[byte]float64{'0': 0.55, 'O': 0.45}, map[byte]float64{'_': 1}, map[byte]float64{'1': 1}, map[byte]float64{'_': 1},
		map[byte]float64{'2': 1}, map[byte]float64{'_': 1}, map[byte]float64{'3': 1}, map[byte]float64{'_': 1}, map[byte]float64{'4': 1})
	e := alpr.Evidence{undecided}
	if b := believe(e, beam(undecided, tried), nil); b.best() != "AB01234" {
		t.Errorf("without a prior: %s", b.best())
	}
	if b := believe(e, beam(undecided, tried), Serial("us-nc")); b.best() != "ABO1234" {
		t.Errorf("with the state's format: %s", b.best())
	}
	clear := say("AB01234", 0.99)
	if b := believe(alpr.Evidence{clear}, append(beam(clear, tried), "ABO1234"), Serial("us-nc")); b.best() != "AB01234" {
		t.Errorf("what is clearly another format was overruled: %s", b.best())
	}
}
