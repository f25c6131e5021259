package ocr

import (
	"math"
	"slices"
	"time"

	"alprd/internal/alpr"
)

const (
	// remembered is how many sayings a track keeps: more would let a long stay drown what a vehicle shows as it leaves.
	remembered = 64
	// retraced is how many places it keeps, to tell how fast the plate was when its best picture was taken.
	retraced = 256
	// settling is after how many sights a track's first place is taken: the first ones are the roughest.
	settling = 3
	// sureVisible and shortPlate say what an unread vehicle's plate is: the finder's heat, and a text that is longer; see visible.
	sureVisible = 0.75
	shortPlate  = 4
	// stands is how far a plate may be from where it was first seen, in widths, for its vehicle to have stood since.
	stands = 0.3
)

// track is one vehicle's plate over a camera's frames.
type track struct {
	id       string
	pass     uint64 // 0 until something is reported
	revision int
	told     string  // the text reported last
	toldSure float64 // and how sure it was
	changes  int     // how often the told text has changed
	closed   bool    // its final read is out; kept to recognise the vehicle if it shows again

	born        time.Time // when it was first seen
	first, last time.Time // of the pass, or of its latest part
	start, quad alpr.Quad // early on and at last
	motion      motion
	hits        int       // frames the plate was found in
	trail       []spot    // where it was, the latest at the end
	missed      bool      // it wasn't found in the last frame that was searched where it was
	tries       int       // searches of a part that is over that didn't find it
	kept        bool      // what was seen of it is kept: the next look begins another part
	patch       []float32 // the rectified plate when it was last read
	readAt      time.Time // when that was

	frames int            // frames the plate was read in
	texts  map[string]int // how many of them said what
	said   []saying       // what each said, the latest at the end
	looks  []*look        // the best ones, best first
	fused  belief         // what they say together
	region string         // whose plate it is; see name

	beside    int    // frames in which a longer text stood on the same vehicle
	under     *track // where it came up, this one was expected …
	underSeen int    // … which had been found so often then
}

// spot is where the plate's middle was at a time.
type spot struct {
	at time.Time
	c  alpr.Point
}

// saying is the text of one look and the plate's width in it.
type saying struct {
	text  string
	width float64
}

// add takes one more look at the plate.
func (t *track) add(l *look, patch []float32, serial func(string) float64) {
	t.move(l.quad, l.frame.At)
	t.patch = append(t.patch[:0], patch...)
	t.readAt = l.frame.At
	switch {
	case l.cut.any() && len(t.looks) > 0 && !t.cut():
		return // the whole plate was read before
	case !l.cut.any() && t.cut():
		t.forget() // what was read of a part
	}
	t.frames++
	if t.texts == nil {
		t.texts = map[string]int{}
	}
	t.texts[l.own.best()]++
	wide, _ := sides(l.quad)
	t.said = append(t.said, saying{l.own.best(), wide})
	if len(t.said) > remembered {
		t.said = t.said[1:]
	}
	t.keep(l)
	t.fused = believe(t.evidence(), t.offered(), t.serials(serial))
}

// move notes where the plate is now.
func (t *track) move(q alpr.Quad, at time.Time) {
	if t.hits == 0 {
		t.born, t.first, t.motion = at, at, startMotion(q, at)
	} else {
		t.motion.saw(q, at)
	}
	t.hits++
	if t.hits <= settling {
		t.start = t.motion.quad()
	}
	if t.trail = append(t.trail, spot{at, q.Centre()}); len(t.trail) > retraced {
		t.trail = t.trail[retraced/4:]
	}
	t.quad, t.last, t.missed, t.tries = q, at, false, 0
}

// speed is how fast the plate moved around a time, pixels a second; 0 where it was seen once only.
func (t *track) speed(around time.Time) float64 {
	const window = 300 * time.Millisecond
	i, _ := slices.BinarySearchFunc(t.trail, around, func(s spot, at time.Time) int { return s.at.Compare(at) })
	if i == len(t.trail) {
		return 0
	}
	a, b := i, i
	for a > 0 && (a == i || around.Sub(t.trail[a-1].at) <= window) {
		a--
	}
	for b < len(t.trail)-1 && (b == i || t.trail[b+1].at.Sub(around) <= window) {
		b++
	}
	dt := t.trail[b].at.Sub(t.trail[a].at).Seconds()
	if dt <= 0 {
		return 0
	}
	return distance(t.trail[a].c, t.trail[b].c) / dt
}

// anew begins another part of a long pass: what was seen before belongs to the part before.
func (t *track) anew(at time.Time) {
	t.first, t.trail, t.kept = at, nil, false
	t.forget()
}

// forget lets go what the plate was read as.
func (t *track) forget() {
	t.looks, t.said, t.frames = nil, nil, 0
	clear(t.texts)
}

// still reports whether the plate has stayed where it was first seen: a parked car.
func (t *track) still() bool {
	w, _ := sides(t.quad)
	return t.hits > 2 && distance(t.start.Centre(), t.quad.Centre()) < stands*w
}

// stood reports whether it has been still for long enough to be parked.
func (t *track) stood() bool { return t.still() && t.last.Sub(t.first) >= settled }

// nearness is the log odds that a plate in q at a time is this track's and not another one's somewhere in a w×h picture,
// by place and size alone.
func (t *track) nearness(q alpr.Quad, at time.Time, w, h int) float64 {
	m := t.motion.to(at)
	area := float64(w) * float64(h) / 4 // vehicles come where the lane is
	return m.fit(q) + math.Log(area)
}

// sure reports whether the text can be told before the vehicle is gone. Where more looks are coming, two must agree.
func (t *track) sure(moreToCome bool) bool {
	c := t.fused.confidence()
	if t.cut() && !t.stood() {
		return false // the rest of it may come
	}
	once := c >= sureOnce && !moreToCome
	twice := c >= sureTwice && t.texts[t.fused.best()] > 1
	return (once || twice || t.stood()) && t.plausible()
}

// changed reports whether the belief differs from what was told by enough to be told again. Each change makes the next one
// harder, so that a plate between two readings in a queue isn't told over and over.
func (t *track) changed() bool {
	need := min(sureOther+0.1*float64(t.changes), mostOther)
	return t.told != "" && t.told != t.fused.best() && t.fused.confidence() >= need
}

// plausible decides whether a pass is reported at all.
func (t *track) plausible() bool {
	heat := 0.0
	for _, k := range t.looks {
		heat = max(heat, k.score)
	}
	if t.cut() && (t.fused.visible() < leastVisible || t.fused.confidence() < sureOther || t.texts[t.fused.best()] < 2) {
		return false
	}
	return t.fused.isPlate(heat) && t.steady() && !t.sticker()
}

// visible reports whether a plate drove by that could hardly be read: there was a vehicle, and what was seen of its text may yet be
// enough for a list. The finder must have been sure of it in every look that is kept, it must have moved, and its looks must have
// more of a text in common than a hedge's or a sign's have.
func (t *track) visible() bool {
	const least, common = 5, 0.5
	text := t.fused.best()
	if len(t.said) < least || len(t.looks) < keptLooks || t.still() || len(text) <= shortPlate || t.sticker() {
		return false
	}
	for _, k := range t.looks {
		if k.score < sureVisible {
			return false
		}
	}
	differ := 0
	for _, s := range t.said {
		differ += edits(s.text, text)
	}
	return float64(differ) <= common*float64(len(t.said)*len(text))
}

// sticker reports whether a short text mostly stood beside a longer one on the same vehicle.
func (t *track) sticker() bool { return len(t.fused.best()) < common && 2*t.beside > t.hits }

// misread reports whether the track was another one's misread: it came up where that one was expected, and that one
// was found more often afterwards.
func (t *track) misread() bool { return t.under != nil && t.under.hits-t.underSeen > t.hits }

// sameVehicle reports whether two plates of one frame are too near each other to be on two vehicles: a car is six plates wide.
func sameVehicle(a, b alpr.Quad) bool {
	wa, _ := sides(a)
	wb, _ := sides(b)
	p, q := a.Centre(), b.Centre()
	wide := max(wa, wb)
	return min(wa, wb) > 0.4*wide && math.Abs(p.X-q.X) < 3.5*wide && math.Abs(p.Y-q.Y) < 2.5*wide
}

// steady reports whether the looks that saw the plate about as large as the best one did say much the same as all of them
// together. The best looks of a hundred at a sign or a branch may be sure of something by luck; a plate says the same
// each time.
func (t *track) steady() bool {
	const enough, share = 4, 0.25
	if t.cut() {
		return true // each of its looks shows another part
	}
	best := t.fused.best()
	wide, _ := sides(t.shown().quad)
	comparable, same := 0, 0
	for _, s := range t.said {
		if s.width >= 0.8*wide {
			comparable++
			if edits(s.text, best) <= 1 {
				same++
			}
		}
	}
	return comparable < enough || float64(same) >= share*float64(comparable)
}
