package ocr

import (
	"math"
	"slices"
	"testing"
	"time"

	"alprd/internal/alpr"
)

// The same mistake said by fifty looks at a car that doesn't move is one look's mistake; said by looks near and far, it is hardly
// one any more.
func TestLooksAtOneViewShareTheirVote(t *testing.T) {
	const sure = 0.98 // of a character: .87 of the text
	from := func(place func(i int) alpr.Quad) (*track, *look) {
		var tr track
		var l *look
		for i := range 50 {
			f := &alpr.Frame{Seq: uint64(i), At: time.Unix(5000, 0).Add(time.Duration(i) * tick)}
			l = lookAt(f, place(i), sure, "VMP5683", "VMP5683")
			tr.add(l, nil, nil)
		}
		return &tr, l
	}
	parked, one := from(func(i int) alpr.Quad { return upright(200+0.2*math.Sin(float64(i)), 150, 50, 25) })
	passing, _ := from(func(i int) alpr.Quad {
		return upright(100+8*float64(i), 100+3*float64(i), 40+3*float64(i), 20+1.5*float64(i))
	})
	alone, still, moved := 1-one.own.confidence(), 1-parked.fused.confidence(), 1-passing.fused.confidence()
	if still < alone/3 || still > alone {
		t.Errorf("a doubt of %.3f in each of fifty looks at a parked car leaves %.3f", alone, still)
	}
	if moved > still/3 {
		t.Errorf("looks from near and far leave a doubt of %.4f, those at one view %.4f", moved, still)
	}
	if len(parked.looks) != keptLooks || len(passing.looks) != keptLooks {
		t.Errorf("%d and %d looks are kept", len(parked.looks), len(passing.looks))
	}
}

// A car stops and stands for long: of its way there something stays, beside the best look where it stands.
func TestKeptLooksDiffer(t *testing.T) {
	var tr track
	for i := range 60 {
		f := &alpr.Frame{Seq: uint64(i), At: time.Unix(5000, 0).Add(time.Duration(i) * tick)}
		way := float64(min(i, 20)) // then it stands
		tr.add(lookAt(f, upright(100+10*way, 150, 60+2*way, 30+way), 0.97, "ABC1234", "ABC1234"), nil, nil)
	}
	far := slices.ContainsFunc(tr.looks, func(l *look) bool { return l.frame.Seq < 10 })
	near := slices.ContainsFunc(tr.looks, func(l *look) bool { return l.frame.Seq >= 20 })
	if !far || !near {
		t.Errorf("from afar %v, from where it stands %v", far, near)
	}
}

// A look shares all with itself, much with one at the next frame, and always something with one of the same plate.
func TestShares(t *testing.T) {
	at := func(x, w float64) *look { return &look{quad: upright(x, 100, w, w/2)} }
	l := at(100, 60)
	last := 1.0
	for _, o := range []*look{at(101, 60), at(106, 61), at(130, 66), at(200, 90), at(600, 200)} {
		s := l.shares(o)
		if s >= last || s < sharedByAll || math.Abs(s-o.shares(l)) > 1e-12 {
			t.Errorf("at %.0f, %.1f: %.3f and %.3f after %.3f", o.quad.Centre().X, o.quad[1].X-o.quad[0].X, s, o.shares(l), last)
		}
		last = s
	}
	if l.shares(l) != 1 || last > sharedByAll+0.01 {
		t.Errorf("with itself %.2f, with the farthest %.2f", l.shares(l), last)
	}
}
