package ocr

import (
	"math"
	"strings"

	"alprd/internal/alpr"
)

// Signs are what tells a text that is right from one that isn't, before any calibration.
type Signs struct {
	Share   float64 // of the belief that the text holds together with its kin: texts with the same core
	Own     float64 // of Share, what the text holds as it is written
	Second  float64 // share of the next core
	Empty   float64 // share of nothing being written there
	Least   float64 // forward score of the text and its kin at the margin that believes them least
	Best    float64 // and most
	Agree   float64 // part of the looks that give them more than half
	Weakest float64 // of its least certain place
	Hidden  float64 // most that any column holds for a character that can't be read
	Heat    float64 // the finder's
	Chars   int     // characters of the text
	Quality Quality // of the best look

	kin map[string]bool
}

// core is what two readings of a plate must share to be the same as far as its picture can tell and labels say: its large
// characters, O and Q written as 0 and I as 1, which most dies don't tell apart.
func core(text string, small []int) string {
	out := make([]byte, 0, len(text))
	for i := range len(text) {
		if len(small) > 0 && small[0] == i {
			small = small[1:]
			continue
		}
		switch c := text[i]; c {
		case 'O', 'Q':
			out = append(out, '0')
		case 'I':
			out = append(out, '1')
		default:
			out = append(out, c)
		}
	}
	return string(out)
}

// asListed is a text the way lists write what most dies don't tell apart: O as 0 and I as 1. Such a spelling stands among
// a read's candidates, whatever the recogniser thinks of it.
func asListed(text string) string {
	return strings.NewReplacer("O", "0", "I", "1").Replace(text)
}

// signs of a look that stands alone.
func (l *look) signs() Signs { return signsOf(l.own, l.evidence, l) }

// signsOf a belief, from its evidence. best is the look whose frame is shown.
func signsOf(b belief, e alpr.Evidence, best *look) Signs {
	text := b.best()
	s := Signs{Chars: len(text), Empty: b.empty, Heat: best.score, Quality: best.quality, Least: 1}
	if text == "" {
		return s
	}
	mesh := b.candidates[:min(len(b.candidates), meshed)]
	kind := core(text, small(e, text))
	s.kin = map[string]bool{}
	others := map[string]float64{}
	for _, c := range mesh {
		if k := core(c.Text, small(e, c.Text)); k == kind {
			s.Share += c.Confidence
			s.kin[c.Text] = true
		} else {
			others[k] += c.Confidence
			s.Second = max(s.Second, others[k])
		}
	}
	s.Own = b.candidates[0].Confidence / s.Share
	s.Weakest = weakest(mesh, alpr.NewLattice(mesh))
	for _, p := range e {
		var v float64
		for t := range s.kin {
			v += math.Exp(p.Score(t))
		}
		s.Least, s.Best = min(s.Least, v), max(s.Best, v)
		if v > 0.5 {
			s.Agree += 1 / float64(len(e))
		}
		for _, h := range p.Hidden {
			s.Hidden = max(s.Hidden, float64(h))
		}
	}
	return s
}
