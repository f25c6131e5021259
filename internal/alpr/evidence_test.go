package alpr

import (
	"math"
	"testing"
)

// spell makes a posterior that says each character in its own column, blanks between, with probability sure; the rest of
// a column goes to the character's rival.
func spell(text, rivals string, sure float64) Posterior {
	p := Posterior{Log: make([]float32, (2*len(text)+1)*Classes)}
	for i := range p.Log {
		p.Log[i] = float32(math.Log(1e-9))
	}
	for t := range p.Columns() {
		if t%2 == 0 {
			p.Row(t)[Blank] = 0
			continue
		}
		p.Row(t)[class(text[t/2])] = float32(math.Log(sure))
		p.Row(t)[class(rivals[t/2])] = float32(math.Log(1 - sure))
	}
	return p
}

func TestOneFrameKeepsItsProbability(t *testing.T) {
	e := Evidence{spell("AB1", "XY7", 0.9)}
	for _, c := range e.Weigh([]string{"AB1", "XB1"}) {
		want := math.Exp(e[0].Score(c.Text))
		if math.Abs(c.Confidence-want) > 0.01 {
			t.Errorf("%s: confidence %.3f, the frame says %.3f", c.Text, c.Confidence, want)
		}
	}
}

// Two margins around one frame's plate are one look: saying it twice must not make it surer.
func TestMarginsShareALook(t *testing.T) {
	p := spell("AB1", "XY7", 0.9)
	once := Evidence{p}.Weigh([]string{"AB1", "XB1"})[0].Confidence
	p.Weight = 0.5
	twice := Evidence{p, p}.Weigh([]string{"AB1", "XB1"})[0].Confidence
	if math.Abs(once-twice) > 1e-6 {
		t.Errorf("one look: %.4f, the same look as two halves: %.4f", once, twice)
	}
}

// Neighbouring frames share their light and blur: thirty of them are not thirty times as sure as one.
func TestManyFramesAreCapped(t *testing.T) {
	p := spell("AB1", "XY7", 0.7)
	var e Evidence
	var last float64
	for n := 1; n <= 30; n++ {
		e = append(e, p)
		c := e.Weigh([]string{"AB1", "XB1"})[0].Confidence
		if c < last-1e-9 {
			t.Errorf("%d agreeing frames are less sure than %d", n, n-1)
		}
		if n > 3 && c > last+1e-6 {
			t.Errorf("frame %d still made it surer: %.4f after %.4f", n, c, last)
		}
		last = c
	}
}

// One blurred frame that is sure of another plate must not veto three good ones.
func TestOneBadFrameHasNoVeto(t *testing.T) {
	good, bad := spell("AB1", "XY7", 0.95), spell("QQ9", "RR3", 0.99)
	c := Evidence{good, bad, good, good}.Weigh([]string{"AB1", "QQ9"})
	if c[0].Confidence < 0.7 || c[1].Confidence > 0.05 {
		t.Errorf("three against one: %v", c)
	}
}

func TestNoEvidenceNoBelief(t *testing.T) {
	if s := (Evidence{}).Score("AB1"); !math.IsInf(s, -1) {
		t.Errorf("score without a frame: %v", s)
	}
}
