package ocr

import (
	"math"
	"testing"

	"alprd/internal/alpr"
)

// A vehicle drives in, stands in the traffic for ten seconds, creeps on, stands again and leaves: one event, told early once, and
// everything of its way belongs to it.
func TestStopAndGo(t *testing.T) {
	s := newScript()
	x, seq := 60.0, uint64(1)
	for _, leg := range []struct {
		frames int
		dx     float64
	}{{12, 9}, {150, 0}, {10, 6}, {150, 0}, {14, 9}} {
		for range leg.frames {
			s.shows[seq] = []show{{upright(x, 150+x/10, 60+x/20, 30+x/40), "ABC1234", "ABC1234", 0.97}}
			x += leg.dx
			seq++
		}
	}
	reads := s.play(seq+60, tick)
	expectFinals(t, reads, "ABC1234")
	if len(reads) > 2 {
		t.Errorf("told %d times", len(reads))
	}
	last := reads[len(reads)-1]
	if d := last.LastAt.Sub(last.FirstAt); d < 300*tick || last.Direction != alpr.Rightward {
		t.Errorf("it was there for %v and went %q", d, last.Direction)
	}
	if s.reads > 80 {
		t.Errorf("read %d times in %d frames", s.reads, seq)
	}
}

// A vehicle turns off: its plate narrows until hardly a text is right. One event with the text that it had when it was seen straight.
func TestTurningCar(t *testing.T) {
	s := newScript()
	for i := range uint64(30) {
		turn := max(0, float64(i)-8) / 22 * 75 * math.Pi / 180
		w := 80 * math.Cos(turn)
		at := show{upright(420-0.5*float64(i*i), 150, w, 40), "ABC1234", "ABC1234", 0.98}
		if w < 45 {
			at.says, at.sure = []string{"ABC123", "A8C1Z34", "BC1234", "ABCI34"}[i%4], 0.8
		}
		if at.quad[0].X > 0 {
			s.shows[i+1] = []show{at}
		}
	}
	reads := s.play(90, tick)
	expectFinals(t, reads, "ABC1234")
	if last := reads[len(reads)-1]; last.Direction != alpr.Leftward || last.Confidence < 0.95 {
		t.Errorf("it went %q, confidence %.3f", last.Direction, last.Confidence)
	}
}

// A lorry hides a vehicle for nearly two seconds while it drives on. It comes out with the end of its plate first, where it is expected,
// and is misread then. Nothing is told meanwhile, and it is one event.
func TestHiddenByALorry(t *testing.T) {
	s := newScript()
	for i := range uint64(60) {
		if i >= 10 && i < 37 {
			continue // 1.8 s
		}
		x, w := 100+6*float64(i), 60+float64(i)/2
		at := show{upright(x, 150+float64(i), w, w/2), "ABC1234", "ABC1234", 0.97}
		switch {
		case i >= 37 && i < 41:
			out := 0.5 + 0.12*float64(i-37)
			at = show{upright(x+(1-out)*w/2, 150+float64(i), out*w, w/2), "1234", []string{"1234", "1234", "C1234", "BC1234"}[i-37], 0.99}
		case i >= 41 && i < 44:
			at.says, at.sure = "ABG1284", 0.85
		}
		s.shows[i+1] = []show{at}
	}
	reads := s.play(120, tick)
	expectFinals(t, reads, "ABC1234")
	if d := reads[len(reads)-1]; d.LastAt.Sub(d.FirstAt) < 55*tick {
		t.Errorf("the event covers %v of the way", d.LastAt.Sub(d.FirstAt))
	}
}

// The speed that is told is the plate's in the picture when the frame shown was taken, in pixels a second.
func TestSpeed(t *testing.T) {
	for _, dx := range []float64{0, 3, 12} {
		s := newScript()
		for i := range uint64(24) {
			s.shows[i+1] = []show{{upright(100+dx*float64(i), 150, 80, 40), "ABC1234", "ABC1234", 0.97}}
		}
		reads := s.play(60, tick)
		expectFinals(t, reads, "ABC1234")
		want := dx / tick.Seconds()
		if got := reads[len(reads)-1].Speed; math.Abs(got-want) > 1 {
			t.Errorf("%.0f pixels a second, want %.0f", got, want)
		}
	}
}

// A codec has eaten the plate: each look says something else, much alike, and is sure of nothing. The vehicle is still an event,
// of hardly any confidence. A sign that is read as badly and stands is none, nor is what the finder is unsure of.
func TestUnreadVehicleIsAnEvent(t *testing.T) {
	says := []string{"KDZ5801", "KDZ5811", "VCZ5811", "VOZ5814", "KOZ5811", "KDL5811", "VCZ5511", "WCZ5661"}
	play := func(dx, heat float64) []alpr.Read {
		s := newScript()
		s.heat = heat
		for i := range uint64(9) {
			s.shows[i+1] = []show{{upright(200+dx*float64(i), 150, 60, 30), says[i%8], says[i%8], 0.4}}
		}
		return s.play(60, tick)
	}
	reads := play(12, 0.9)
	checkReads(t, reads)
	if len(reads) != 1 || !reads[0].Final || reads[0].Confidence > 0.05 || len(reads[0].Candidates) == 0 {
		t.Errorf("%d reads of an unread vehicle, %q", len(reads), finals(reads))
	}
	if reads := play(0, 0.9); len(reads) != 0 {
		t.Errorf("%d reads of an unread sign", len(reads))
	}
	if reads := play(12, 0.6); len(reads) != 0 {
		t.Errorf("%d reads of what the finder is unsure of", len(reads))
	}
}

// A plate that is only ever seen cut off by the picture's edge is told when it has left, as the part that it is. One that was seen
// whole before or afterwards is told whole and once; what shows too little, or once only, isn't told.
func TestPlateSeenInPart(t *testing.T) {
	along := func(s *script, from, frames uint64, says string) { // the left edge cuts it
		for i := range frames {
			s.shows[from+i] = []show{{upright(20, 100+8*float64(i), 100, 50), "ABC1234", says, 0.97}}
		}
	}
	s := newScript()
	along(s, 1, 10, "C1234")
	reads := s.play(60, tick)
	checkReads(t, reads)
	if len(reads) != 1 || reads[0].Plate.Text() != "*C1234" || !reads[0].Partial || reads[0].Confidence < 0.5 {
		t.Errorf("%d reads of a plate seen in part, %q", len(reads), finals(reads))
	}
	for _, c := range []struct {
		frames uint64
		says   string
	}{{10, "234"}, {1, "C1234"}} {
		s := newScript()
		along(s, 1, c.frames, c.says)
		if reads := s.play(60, tick); len(reads) != 0 {
			t.Errorf("%d reads of %q seen in %d frames", len(reads), c.says, c.frames)
		}
	}
	for _, dx := range []float64{10, -10} { // comes in, drives out
		s := newScript()
		for i := range uint64(16) {
			x := 80 + dx*(float64(i)-8)
			says := "ABC1234"
			if x < 44 {
				says = says[min(4, int(44-x)/14+1):]
			}
			s.shows[i+1] = []show{{upright(x, 150+3*float64(i), 100, 50), "ABC1234", says, 0.97}}
		}
		reads := s.play(90, tick)
		expectFinals(t, reads, "ABC1234")
		for _, r := range reads {
			if r.Partial {
				t.Errorf("by %+.0f: partial", dx)
			}
		}
	}
}
