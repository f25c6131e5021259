package ocr

import (
	"fmt"
	"image"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"alprd/internal/alpr"
)

// Vehicles come and go as they like, near and far, two or three at a time, on crossing ways and hidden for up to two seconds; the
// finder jitters and misses, the recogniser misreads. Each is one event with its own text.
func TestEveryVehicleIsOneEvent(t *testing.T) {
	const seeds = 12
	vehicles, events, right := 0, 0, 0
	for seed := range uint64(seeds) {
		rng := rand.New(rand.NewPCG(seed, 87))
		s := newScript()
		var want []string
		for from, n := uint64(5), 0; n < 4; n++ {
			text := fmt.Sprintf("%c%c%c%04d", 'A'+rng.IntN(26), 'A'+rng.IntN(26), 'A'+rng.IntN(26), rng.IntN(10000))
			want = append(want, text)
			wander(s, rng, from, text)
			from += uint64(8 + rng.IntN(40))
		}
		reads := s.play(260, tick)
		checkReads(t, reads)
		got := finals(reads)
		vehicles, events = vehicles+len(want), events+len(got)
		for _, text := range want {
			if n := count(got, text); n == 1 {
				right++
			} else {
				t.Logf("seed %d: %s has %d events: %q", seed, text, n, got)
			}
		}
	}
	if events > vehicles*102/100 || right < vehicles*98/100 {
		t.Errorf("%d vehicles, %d of them one event with their text, %d events", vehicles, right, events)
	}
}

func count(texts []string, text string) int {
	n := 0
	for _, x := range texts {
		if x == text {
			n++
		}
	}
	return n
}

// wander lets a vehicle drive away or come near along one of five rows of the scene, so that plates meet but don't cover one
// another.
func wander(s *script, rng *rand.Rand, from uint64, text string) {
	row := float64(60 + 60*rng.IntN(5))
	x, dx := 60+60*rng.Float64(), 4+6*rng.Float64()
	if rng.IntN(2) == 0 {
		x, dx = sceneW-x, -dx
	}
	wide, grows := 60+30*rng.Float64(), 1+0.012*(rng.Float64()-0.5)
	hidden, until := uint64(20+rng.IntN(20)), uint64(0)
	if rng.IntN(3) == 0 {
		until = hidden + 8 + uint64(rng.IntN(22))
	}
	for i := range uint64(20 + until) {
		if x < 45 || x > sceneW-45 {
			return
		}
		at := show{upright(x+rng.NormFloat64(), row+0.5*rng.NormFloat64(), wide*(1+0.03*rng.NormFloat64()), wide/2*(1+0.03*rng.NormFloat64())), text, text, 0.97}
		if rng.IntN(5) == 0 {
			at.sure, at.says = 0.7, misread(rng, text)
		}
		busy := slices.ContainsFunc(s.shows[from+i], func(o show) bool {
			union, _ := overlap(o.quad, at.quad)
			return union > 0
		})
		if !busy && rng.IntN(8) > 0 && (i < hidden || i >= until) {
			s.shows[from+i] = append(s.shows[from+i], at)
		}
		x += dx
		wide *= grows
	}
}

// misread changes one character.
func misread(rng *rand.Rand, text string) string {
	b := []byte(text)
	b[rng.IntN(len(b))] = alpr.Alphabet[rng.IntN(len(alpr.Alphabet))]
	return string(b)
}

// Two plates drive towards each other in neighbouring rows and pass: neither takes the other's text, though the recogniser
// is tired of both by then.
func TestPassingPlatesKeepTheirTexts(t *testing.T) {
	s := newScript()
	for i := range uint64(60) {
		s.shows[i+1] = []show{
			{upright(100+7*float64(i), 150, 80, 40), "ABC1234", "ABC1234", 0.98},
			{upright(540-7*float64(i), 195, 80, 40), "XYZ9876", "XYZ9876", 0.98},
		}
	}
	reads := s.play(120, tick)
	expectFinals(t, reads, "ABC1234", "XYZ9876")
	for _, r := range reads {
		if want := map[string]alpr.Direction{"ABC1234": alpr.Rightward, "XYZ9876": alpr.Leftward}[r.Plate.Text()]; r.Final && (r.Direction != want || r.Agreeing != r.Frames) {
			t.Errorf("pass %d goes %q, %d of %d frames agree", r.Pass, r.Direction, r.Agreeing, r.Frames)
		}
	}
	if s.reads > 50 {
		t.Errorf("two plates in 60 frames were read %d times", s.reads)
	}
}

// A sticker on the bumper beside the plate is always read alike, from the first vehicle on: it is no event.
func TestStickerBesideAPlateIsNoEvent(t *testing.T) {
	s := newScript()
	drive(s, 1, 12, "ABC1234", 150, 12, nil)
	drive(s, 1, 12, "OBX", 290, 12, nil)
	expectFinals(t, s.play(60, tick), "ABC1234")
}

// The vehicle's plate comes into view from behind another: its last characters alone are another plate's to a reader. It is
// still one event, and the whole text's.
func TestPlateThatComesIntoViewIsOneEvent(t *testing.T) {
	s := newScript()
	for i := range uint64(40) {
		at := show{upright(300+float64(i), 150, 80, 40), "ABC1234", "ABC1234", 0.98}
		if i < 3 {
			at.quad, at.says = upright(325+float64(i), 150, 42, 40), "1234"
		}
		s.shows[i+1] = []show{at}
	}
	expectFinals(t, s.play(100, tick), "ABC1234")
}

// In a queue a plate lies between two readings: the alternation isn't told over and over.
func TestNoFloodOfRevisions(t *testing.T) {
	s := newScript()
	for i := range uint64(300) { // creeps
		says := []string{"ABC1234", "A8C1234"}[i/7%2]
		s.shows[i+1] = []show{{upright(200+0.3*float64(i), 150, 70+0.05*float64(i), 35), fmt.Sprint("ABC", i/5), says, 0.9}}
	}
	reads := s.play(330, tick)
	checkReads(t, reads)
	if len(finals(reads)) != 1 || len(reads) > 6 {
		t.Errorf("%d reads, %d of them events", len(reads), len(finals(reads)))
	}
}

// A car that stands for a day and two hours before a quiet road is one event, told once; what is kept of it is in parts of an hour,
// each with pictures of its own hour only, so that each can be forgotten by its own day.
func TestLongStandIsKeptInParts(t *testing.T) {
	s := newScript()
	lane := newLane(at{s, 0}, LaneOptions{})
	const every = 5 * time.Second
	img := image.NewYCbCr(image.Rect(0, 0, sceneW, sceneH), image.YCbCrSubsampleRatio420)
	var reads []alpr.Read
	frames := uint64(26 * time.Hour / every)
	for seq := uint64(1); seq <= frames; seq++ {
		s.shows = map[uint64][]show{seq: {{upright(300, 200, 100, 50), "ABC1234", "ABC1234", 0.97}}}
		var regions []image.Rectangle
		if seq > 60 {
			regions = []image.Rectangle{{}} // the motion gate is closed
		}
		f := alpr.Frame{Camera: "cam", Seq: seq, At: time.Unix(5000, 0).UTC().Add(time.Duration(seq) * every), Image: img}
		lane.eye = at{s, seq}
		reads = append(reads, lane.See(f, regions...)...)
	}
	reads = append(reads, lane.Flush()...)
	expectFinals(t, reads, "ABC1234")
	parts := 0
	for i, r := range reads {
		if r.ID != reads[0].ID || r.Pass != 1 {
			t.Fatal("a second event")
		}
		if r.Part {
			parts++
		}
		if long := r.LastAt.Sub(r.FirstAt); long > partLife+time.Minute {
			t.Errorf("read %d covers %v", i, long)
		}
	}
	if parts < 24 || parts > 26 || len(reads) != parts+2 {
		t.Errorf("%d parts, %d reads", parts, len(reads))
	}
	if s.searches > 200 {
		t.Errorf("%d searches where nothing moves", s.searches)
	}
}

// A camera falls silent: what was driving by is told at once, and what stood is kept. A car that still stands there ten minutes
// later is no second event, one that comes meanwhile is.
func TestPause(t *testing.T) {
	s := newScript()
	for seq := uint64(1); seq <= 100; seq++ {
		s.shows[seq] = []show{{upright(300, 200, 100, 50), "ABC1234", "ABC1234", 0.97}}
	}
	drive(s, 95, 6, "XYZ9876", 100, 5, nil)
	drive(s, 120, 12, "KLM4321", 100, 12, nil)
	lane := newLane(at{s, 0}, LaneOptions{})
	var reads []alpr.Read
	for seq := uint64(1); seq <= 200; seq++ {
		f := s.frame(seq, tick)
		lane.eye = at{s, seq}
		if seq > 100 {
			s.shows[seq] = append(s.shows[seq], show{upright(300, 200, 100, 50), "ABC1234", "ABC1234", 0.97})
			f = s.frame(seq, tick)
			f.At = f.At.Add(10 * time.Minute)
		}
		reads = append(reads, lane.See(f)...)
		if seq == 100 {
			now := lane.Pause()
			if len(now) != 2 || !now[0].Part || now[0].Plate.Text() != "ABC1234" || !now[1].Final || len(lane.Pause()) != 0 {
				t.Errorf("%d reads, events %q, when the camera has fallen silent", len(now), finals(now))
			}
			reads = append(reads, now...)
		}
	}
	expectFinals(t, append(reads, lane.Flush()...), "XYZ9876", "KLM4321", "ABC1234")
}

// A car stands for half an hour, its camera is silent for ten minutes, and the car stands for three hours more, all without
// motion but the first minute. It is one event, and everything of its stay but the silence is kept, in parts of an hour at most.
// Another one that left meanwhile is told when it isn't found.
func TestStandThroughASilenceIsKept(t *testing.T) {
	s := newScript()
	lane := newLane(at{s, 0}, LaneOptions{})
	const every = 5 * time.Second
	start := time.Unix(5000, 0).UTC()
	img := image.NewYCbCr(image.Rect(0, 0, sceneW, sceneH), image.YCbCrSubsampleRatio420)
	var reads []alpr.Read
	see := func(from, to time.Duration, both bool) {
		for after := from; after <= to; after += every {
			seq := uint64(after/every) + 1
			s.shows = map[uint64][]show{seq: {{upright(300, 200, 100, 50), "ABC1234", "ABC1234", 0.97}}}
			if both {
				s.shows[seq] = append(s.shows[seq], show{upright(500, 100, 80, 40), "XYZ9876", "XYZ9876", 0.97})
			}
			var regions []image.Rectangle
			if from > 0 || after > time.Minute {
				regions = []image.Rectangle{{}} // the motion gate is closed
			}
			lane.eye = at{s, seq}
			reads = append(reads, lane.See(alpr.Frame{Camera: "cam", Seq: seq, At: start.Add(after), Image: img}, regions...)...)
		}
	}
	const silent, back, end = 30 * time.Minute, 40 * time.Minute, 220 * time.Minute
	see(0, silent, true)
	reads = append(reads, lane.Pause()...)
	see(back, end, false)
	reads = append(reads, lane.Flush()...)
	expectFinals(t, reads, "XYZ9876", "ABC1234")
	var kept time.Duration
	for _, r := range reads {
		if r.Plate.Text() == "XYZ9876" {
			if r.LastAt.After(start.Add(silent)) {
				t.Errorf("what left during the silence was there until %v", r.LastAt.Sub(start))
			}
			continue
		}
		if long := r.LastAt.Sub(r.FirstAt); long > partLife+time.Minute {
			t.Errorf("a part of %v", long)
		} else if r.Part || r.Final {
			kept += long
		}
		if r.FirstAt.Before(start.Add(back)) && r.LastAt.After(start.Add(silent)) {
			t.Error("a read covers the silence")
		}
	}
	if want := silent + end - back; kept < want-time.Minute || kept > want+time.Minute {
		t.Errorf("%v of %v are kept", kept, want)
	}
}

// How a plate's place and size changed says where its vehicle went; jitter says nothing.
func TestDirection(t *testing.T) {
	for _, c := range []struct {
		from, to alpr.Quad
		want     alpr.Direction
	}{
		{upright(640, 500, 110, 55), upright(660, 300, 50, 25), alpr.Receding},
		{upright(660, 300, 50, 25), upright(640, 500, 110, 55), alpr.Approaching},
		{upright(200, 400, 80, 40), upright(1000, 380, 82, 41), alpr.Rightward},
		{upright(1000, 400, 80, 40), upright(200, 380, 78, 39), alpr.Leftward},
		{upright(900, 400, 60, 45), upright(300, 380, 78, 39), alpr.Leftward}, // seen aslant at first
		{upright(640, 400, 80, 40), upright(643, 402, 84, 41), ""},
		{upright(640, 400, 40, 20), upright(641, 400, 43, 21), ""},
	} {
		if got := direction(c.from, c.to, 1280); got != c.want {
			t.Errorf("from %v to %v: %q, want %q", c.from.Centre(), c.to.Centre(), got, c.want)
		}
	}
}

// The filter follows a plate that drives off steadily to within its own noise, knows its speed, and expects it where it comes
// out after a second behind something.
func TestMotionForesees(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	at := func(s float64) (alpr.Quad, float64) { // 12 m away, 10 m/s
		z := 12 + 10*s
		return upright(640+4000*1.2/z, 96+4000*1.4/z, 4000*.305/z, 4000*.1525/z), z
	}
	start := time.Unix(100, 0)
	var m motion
	for i := range 30 {
		s := float64(i) / 15
		q, _ := at(s)
		w, _ := sides(q)
		for k := range q {
			q[k].X += 0.03 * w * rng.NormFloat64()
			q[k].Y += 0.03 * w * rng.NormFloat64()
		}
		now := start.Add(time.Duration(s * 1e9))
		if i == 0 {
			m = startMotion(q, now)
		} else {
			m.saw(q, now)
		}
	}
	later := m.to(start.Add(time.Duration(2.93 * 1e9)))
	want, _ := at(2.93)
	w, _ := sides(want)
	q := later.quad()
	if d := distance(q.Centre(), want.Centre()); d > 1.5*w {
		t.Errorf("after a second it is expected %.1f widths beside its place", d/w)
	}
	if fit, far := later.fit(want), later.fit(upright(want.Centre().X+12*w, want.Centre().Y, w, w/2)); fit < far+2 || math.IsNaN(fit) {
		t.Errorf("its own place fits with %.1f, another with %.1f", fit, far)
	}
}
