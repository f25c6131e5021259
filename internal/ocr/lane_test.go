package ocr

import (
	"cmp"
	"fmt"
	"image"
	"math/rand/v2"
	"testing"
	"time"

	"alprd/internal/alpr"
)

// script is an eye that sees what a test wrote down, plates drawn as noise that belongs to each text.
type script struct {
	shows    map[uint64][]show // by frame sequence
	reads    int               // plates
	searches int               // frames
	heat     float64           // of the finder; .9 when zero
}

// show is a plate in a frame: where, what stands on it, what the recogniser takes it for, and how sure.
type show struct {
	quad  alpr.Quad
	truth string
	says  string
	sure  float64
}

const (
	sceneW = 640
	sceneH = 360
)

// at is the eye for one frame.
type at struct {
	*script
	seq uint64
}

func (a at) search(plane, []view) []find {
	a.script.searches++
	var found []find
	for _, v := range a.shows[a.seq] {
		found = append(found, find{quad: v.quad, score: cmp.Or(a.heat, 0.9)})
	}
	return found
}

func (a at) read(f *alpr.Frame, _ plane, c find, _ func(string) float64) *look {
	a.script.reads++
	for _, v := range a.shows[a.seq] {
		if v.quad == c.quad {
			l := lookAt(f, c.quad, v.sure, v.says, v.says)
			l.score = c.score
			if !whole(c.quad, sceneW, sceneH) {
				x0, _, x1, _ := c.quad.Bounds()
				l.cut = ends{left: x0 < 0, right: x1 > sceneW}
			}
			return l
		}
	}
	return nil
}

// frame draws what the script shows.
func (s *script) frame(seq uint64, every time.Duration) alpr.Frame {
	img := image.NewYCbCr(image.Rect(0, 0, sceneW, sceneH), image.YCbCrSubsampleRatio420)
	for _, v := range s.shows[seq] {
		var seed uint64
		for _, c := range v.truth {
			seed = seed*131 + uint64(c)
		}
		rng := rand.New(rand.NewPCG(seed, 1))
		var cells [8][20]uint8
		for y := range cells {
			for x := range cells[y] {
				cells[y][x] = uint8(rng.IntN(256))
			}
		}
		x0, y0, x1, y1 := v.quad.Bounds()
		for y := max(0, int(y0)); y < min(sceneH, int(y1)); y++ {
			for x := max(0, int(x0)); x < min(sceneW, int(x1)); x++ {
				cy, cx := int(8*(float64(y)-y0)/(y1-y0)), int(20*(float64(x)-x0)/(x1-x0))
				img.Y[y*img.YStride+x] = cells[min(max(cy, 0), 7)][min(max(cx, 0), 19)]
			}
		}
	}
	return alpr.Frame{Camera: "cam", Seq: seq, At: time.Unix(5000, 0).UTC().Add(time.Duration(seq) * every), Image: img}
}

// play shows frames 1..n to a lane and gives all it tells, the flush included.
func (s *script) play(n uint64, every time.Duration) []alpr.Read {
	lane := newLane(at{s, 0}, LaneOptions{})
	var out []alpr.Read
	for seq := uint64(1); seq <= n; seq++ {
		lane.eye = at{s, seq}
		out = append(out, lane.See(s.frame(seq, every))...)
	}
	return append(out, lane.Flush()...)
}

// finals are the events: one a vehicle pass.
func finals(reads []alpr.Read) []string {
	var out []string
	for _, r := range reads {
		if r.Final {
			out = append(out, r.Plate.Text())
		}
	}
	return out
}

func expectFinals(t *testing.T, reads []alpr.Read, want ...string) {
	t.Helper()
	if got := finals(reads); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("events %q, want %q", got, want)
	}
	checkReads(t, reads)
}

// checkReads proves what holds for everything a lane tells: revisions count up from 1, nothing follows a final read,
// passes are counted without gaps, and the picture shown was read.
func checkReads(t *testing.T, reads []alpr.Read) {
	t.Helper()
	last := map[string]alpr.Read{}
	passes := uint64(0)
	for _, r := range reads {
		before, known := last[r.ID]
		if !known {
			if passes++; r.Pass != passes {
				t.Errorf("pass %d after %d", r.Pass, passes-1)
			}
		}
		if before.Final {
			t.Errorf("pass %d tells more after its final read", r.Pass)
		}
		if r.Revision != before.Revision+1 || known && r.Pass != before.Pass {
			t.Errorf("pass %d revision %d follows pass %d revision %d", r.Pass, r.Revision, before.Pass, before.Revision)
		}
		if r.Best == nil || r.Best.Image == nil || r.Best.At.Before(r.FirstAt) || r.Best.At.After(r.LastAt) || !r.At.Equal(r.Best.At) {
			t.Errorf("pass %d shows a frame outside of it", r.Pass)
		}
		if len(r.Evidence) == 0 || len(r.Evidence) > 8 {
			t.Errorf("pass %d carries %d posteriors", r.Pass, len(r.Evidence))
		}
		last[r.ID] = r
	}
}

const tick = 66 * time.Millisecond // fifteen frames a second

// drive moves a plate through the picture, growing as it comes near.
func drive(s *script, from, frames uint64, text string, x, dx float64, misread func(i uint64) (string, float64)) {
	for i := range frames {
		says, sure := text, 0.98
		if misread != nil {
			says, sure = misread(i)
		}
		w := 60 + 2*float64(i)
		s.shows[from+i] = append(s.shows[from+i], show{upright(x+dx*float64(i), 150+4*float64(i), w, w/2), text, says, sure})
	}
}

func newScript() *script { return &script{shows: map[uint64][]show{}} }

func TestOneVehicleIsOneEvent(t *testing.T) {
	s := newScript()
	drive(s, 3, 20, "ABC1234", 150, 15, nil)
	reads := s.play(60, tick)
	expectFinals(t, reads, "ABC1234")
	if len(reads) != 2 || reads[0].Final || reads[0].Revision != 1 {
		t.Fatalf("%d reads; want an early one and a final one", len(reads))
	}
	if early := reads[0].LastAt.Sub(reads[0].FirstAt); early > 2*tick {
		t.Errorf("the early read came %v after the vehicle", early)
	}
	final := reads[1]
	if final.Frames < 6 || final.Agreeing != final.Frames || final.Confidence < 0.99 {
		t.Errorf("final read: %d of %d frames agree, confidence %.3f", final.Agreeing, final.Frames, final.Confidence)
	}
}

// Far away the plate is misread in ever other ways; near it is read rightly. Fusion gets it right, in one event.
func TestFusionBeatsMisreads(t *testing.T) {
	s := newScript()
	drive(s, 1, 12, "ABC1234", 150, 15, func(i uint64) (string, float64) {
		if i < 4 {
			return []string{"ABC1284", "A8C1234", "ABG1234", "ABC1Z34"}[i], 0.8
		}
		return "ABC1234", 0.9
	})
	expectFinals(t, s.play(50, tick), "ABC1234")
}

// A belief that was told early and changes is told again before the vehicle is gone.
func TestRevision(t *testing.T) {
	s := newScript()
	drive(s, 1, 14, "ABC1234", 150, 15, func(i uint64) (string, float64) {
		if i < 2 {
			return "ABC1284", 0.99
		}
		return "ABC1234", 0.999
	})
	reads := s.play(50, tick)
	expectFinals(t, reads, "ABC1234")
	if len(reads) != 3 || reads[0].Plate.Text() != "ABC1284" || reads[1].Plate.Text() != "ABC1234" || reads[1].Final {
		t.Fatalf("%d reads; want the early error, its revision, and the final read", len(reads))
	}
	if got := reads[2].Agreeing; got != reads[2].Frames-2 {
		t.Errorf("%d of %d frames agree", got, reads[2].Frames)
	}
}

// The eye misses the plate in some frames: still one vehicle.
func TestMissedFrames(t *testing.T) {
	s := newScript()
	drive(s, 1, 25, "ABC1234", 100, 12, nil)
	for _, seq := range []uint64{5, 6, 7, 8, 12, 17, 18} {
		delete(s.shows, seq)
	}
	expectFinals(t, s.play(60, tick), "ABC1234")
}

func TestTwoPlatesAtOnceStayTwo(t *testing.T) {
	s := newScript()
	drive(s, 1, 20, "ABC1234", 120, 8, nil)
	drive(s, 1, 20, "XYZ9876", 330, 8, nil)
	expectFinals(t, s.play(60, tick), "ABC1234", "XYZ9876")
}

// Two vehicles of the same company, one close behind the other, with plates that follow each other.
func TestNeighbouringSerialsStayTwo(t *testing.T) {
	s := newScript()
	drive(s, 1, 20, "ABC1234", 300, 8, nil)
	drive(s, 1, 20, "ABC1235", 120, 8, nil)
	if got := finals(s.play(60, tick)); len(got) != 2 {
		t.Errorf("events %q", got)
	}
}

// A parked car is one event, then quiet, however long it stands, and is not read over and over.
func TestParkedCar(t *testing.T) {
	s := newScript()
	for seq := uint64(1); seq <= 900; seq++ { // a minute
		s.shows[seq] = []show{{upright(300, 200, 100, 50), "ABC1234", "ABC1234", 0.97}}
	}
	reads := s.play(900, tick)
	expectFinals(t, reads, "ABC1234")
	if s.reads > 20 {
		t.Errorf("read %d times in a minute", s.reads)
	}
	if len(reads) != 2 {
		t.Errorf("%d reads of one parked car", len(reads))
	}
}

// Somebody stands before the parked car for ten seconds, or a lorry for a minute: no second event.
func TestParkedCarHiddenForAWhile(t *testing.T) {
	for _, hidden := range []uint64{150, 900} {
		s := newScript()
		for seq := uint64(1); seq <= 300+hidden; seq++ {
			if seq < 150 || seq > 150+hidden {
				s.shows[seq] = []show{{upright(300, 200, 100, 50), "ABC1234", "ABC1234", 0.97}}
			}
		}
		expectFinals(t, s.play(300+hidden, tick), "ABC1234")
	}
}

// The next car stops at the same place: a new pass.
func TestNextCarAtTheSamePlace(t *testing.T) {
	s := newScript()
	for seq := uint64(1); seq <= 200; seq++ {
		switch {
		case seq < 80:
			s.shows[seq] = []show{{upright(300, 200, 100, 50), "ABC1234", "ABC1234", 0.97}}
		case seq > 90:
			s.shows[seq] = []show{{upright(301, 202, 99, 50), "XKB7209", "XKB7209", 0.97}}
		}
	}
	expectFinals(t, s.play(200, tick), "ABC1234", "XKB7209")
}

// A folder of pictures as a camera: every frame is another vehicle, at much the same place.
func TestEveryFrameAnotherVehicle(t *testing.T) {
	for _, every := range []time.Duration{40 * time.Millisecond, 200 * time.Millisecond, time.Second} {
		s := newScript()
		rng := rand.New(rand.NewPCG(3, 3))
		var want []string
		for seq := uint64(1); seq <= 40; seq++ {
			text := ""
			for range 7 {
				text += string(alpr.Alphabet[rng.IntN(len(alpr.Alphabet))])
			}
			want = append(want, text)
			s.shows[seq] = []show{{upright(300+rng.Float64()*60, 200+rng.Float64()*40, 80+rng.Float64()*20, 42), text, text, 0.95 + 0.049*rng.Float64()}}
		}
		reads := s.play(40, every)
		checkReads(t, reads)
		seen := map[string]int{}
		for _, text := range finals(reads) {
			seen[text]++
		}
		for _, text := range want {
			if seen[text] != 1 {
				t.Errorf("a picture every %v: a vehicle has %d events", every, seen[text])
			}
		}
	}
}

// A sign that the finder takes for a plate: each look is fairly sure of something else. However long it stands there, it is
// no event.
func TestBabbleIsNoEvent(t *testing.T) {
	s := newScript()
	rng := rand.New(rand.NewPCG(11, 11))
	for seq := uint64(1); seq <= 200; seq++ {
		text := ""
		for range 5 {
			text += string(alpr.Alphabet[rng.IntN(len(alpr.Alphabet))])
		}
		s.shows[seq] = []show{{upright(300+rng.Float64(), 200, 100, 50), "a sign", text, 0.95}}
	}
	if reads := s.play(200, tick); len(reads) != 0 {
		t.Errorf("%d reads of a sign: %q", len(reads), finals(reads))
	}
}

// On a camera that sees its vehicles many times, an unsure text seen in one frame is no vehicle.
func TestFlickerIsNoEvent(t *testing.T) {
	s := newScript()
	drive(s, 1, 15, "ABC1234", 150, 15, nil)
	s.shows[60] = []show{{upright(500, 100, 60, 30), "leaves", "THAWH", 0.8}}
	drive(s, 80, 3, "OBX", 500, 5, nil) // a sticker: always read the same
	s.shows[70] = []show{{upright(500, 100, 60, 30), "a badge", "NORVIK", 0.999}}
	drive(s, 90, 12, "XYZ9876", 150, 15, nil)
	expectFinals(t, s.play(150, tick), "ABC1234", "XYZ9876")
}

// What is found and can't be read, a badge, is no event.
func TestNoTextNoEvent(t *testing.T) {
	s := newScript()
	for seq := uint64(1); seq <= 30; seq++ {
		s.shows[seq] = []show{{upright(100+5*float64(seq), 200, 60, 20), "badge", "", 0.9}}
	}
	if reads := s.play(60, tick); len(reads) != 0 {
		t.Errorf("%d reads", len(reads))
	}
}

// A vehicle that drives in from outside is read only when its whole plate is in the picture.
func TestCutOffPlateWaits(t *testing.T) {
	s := newScript()
	for i := range uint64(20) {
		x := -40 + 20*float64(i)
		says := "ABC1234"
		if x < 50 {
			says = "1234"
		}
		s.shows[i+1] = []show{{upright(x, 200, 100, 50), "ABC1234", says, 0.97}}
	}
	reads := s.play(60, tick)
	expectFinals(t, reads, "ABC1234")
	for _, r := range reads {
		if x0, _, _, _ := r.Corners.Bounds(); x0 < -6 {
			t.Errorf("a cut-off plate was told")
		}
	}
}

// Regions of a motion gate: what lies outside isn't looked at.
func TestRegions(t *testing.T) {
	s := newScript()
	drive(s, 1, 10, "ABC1234", 150, 5, nil)
	lane := newLane(at{s, 1}, LaneOptions{})
	var reads []alpr.Read
	for seq := uint64(1); seq <= 10; seq++ {
		lane.eye = at{s, seq}
		reads = append(reads, lane.See(s.frame(seq, tick), image.Rect(400, 0, 640, 360))...)
	}
	if reads = append(reads, lane.Flush()...); len(reads) != 0 || s.reads != 0 {
		t.Errorf("%d reads, recogniser ran %d times", len(reads), s.reads)
	}
}

// A motion gate that sees nothing costs nothing: no network runs. A car that stopped stays one event, however long it
// stands; one that had left is told meanwhile.
func TestNoMotion(t *testing.T) {
	s := newScript()
	drive(s, 1, 12, "ABC1234", 100, 8, nil)  // drives in, stands from frame 13 on, drives on from 5001 on
	drive(s, 1, 10, "XYZ9876", 400, 15, nil) // drives out
	for seq := uint64(13); seq <= 14; seq++ {
		s.shows[seq] = append(s.shows[seq], show{upright(196, 198, 84, 42), "ABC1234", "ABC1234", 0.97})
	}
	drive(s, 5001, 10, "ABC1234", 196, 15, nil)
	lane := newLane(at{s, 0}, LaneOptions{})
	var reads []alpr.Read
	for seq := uint64(1); seq <= 5060; seq++ {
		var regions []image.Rectangle
		if seq > 30 && seq <= 5000 {
			regions = []image.Rectangle{{}}
		} else if seq > 14 && seq <= 30 {
			s.shows[seq] = s.shows[14] // the gate still sees the other car's shadow
		}
		lane.eye = at{s, seq}
		before := s.searches
		reads = append(reads, lane.See(s.frame(seq, tick), regions...)...)
		if regions != nil && s.searches != before {
			t.Fatal("a network ran though nothing moved")
		}
		if seq == 100 && len(finals(reads)) != 1 {
			t.Errorf("events %q while the car stands; the other one is gone", finals(reads))
		}
	}
	expectFinals(t, append(reads, lane.Flush()...), "XYZ9876", "ABC1234")
}

// What else is a plate in the shown frame is named, cut-off ones too: it is blanked where the picture leaves the unit.
func TestOthers(t *testing.T) {
	s := newScript()
	drive(s, 1, 5, "ABC1234", 150, 5, nil)
	cut := upright(630, 100, 80, 40)
	for seq := uint64(1); seq <= 5; seq++ {
		s.shows[seq] = append(s.shows[seq], show{cut, "XYZ9876", "XYZ", 0.9})
	}
	for _, r := range s.play(40, tick) {
		if len(r.Others) != 1 || r.Others[0] != cut {
			t.Errorf("others %v", r.Others)
		}
	}
}

// Many plates in one frame: the recogniser runs no more often than allowed, and every vehicle gets its turn.
func TestReadsAFrame(t *testing.T) {
	s := newScript()
	for seq := uint64(1); seq <= 12; seq++ {
		for i := range 9 {
			text := fmt.Sprintf("K%dL%d%d%d", i, 8-i, i*7%10, i*3%10)
			s.shows[seq] = append(s.shows[seq], show{upright(100+float64(i%3)*180, 80+float64(i/3)*90, 80, 40), text, text, 0.95})
		}
	}
	lane := newLane(at{s, 1}, LaneOptions{MaxReads: 3})
	var reads []alpr.Read
	for seq := uint64(1); seq <= 12; seq++ {
		before := s.reads
		lane.eye = at{s, seq}
		reads = append(reads, lane.See(s.frame(seq, tick))...)
		if n := s.reads - before; n > 3 {
			t.Errorf("frame %d: %d plates read", seq, n)
		}
	}
	if got := finals(append(reads, lane.Flush()...)); len(got) != 9 {
		t.Errorf("%d of 9 vehicles", len(got))
	}
}
