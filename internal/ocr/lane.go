package ocr

import (
	"image"
	"math"
	"slices"
	"time"

	"alprd/internal/alpr"
)

// LaneOptions say how a camera is followed. The zero value suits a camera that looks at one or two lanes from near.
type LaneOptions struct {
	WorkingSize int           // long side of what the finder sees, pixels; 0: 640. Wide views need 1280
	Gone        time.Duration // a vehicle not seen for so long has left; 0: 1.5 s
	MaxReads    int           // plates read in one frame at most; 0: 4. What is left over waits for the next frame

	// Serial, which may be nil, says how much more a text is to be expected than others: the unit's own state's serial
	// formats (see Serial).
	Serial func(text string) float64
}

const (
	// sureOnce and sureTwice are how sure the text must be to be told before the vehicle is gone, after one frame and after
	// two that agree; sureOther, to tell that the belief has changed.
	sureOnce  = 0.98
	sureTwice = 0.90
	sureOther = 0.60

	// settled is after how long a vehicle that stands is told as well as it could be read: it may stand for hours.
	settled = 5 * time.Second

	// alike is how much two rectified plates must correlate to be the same picture, which needs no second reading.
	alike = 0.92

	// again is how long the same text on the same camera is the same pass that was hidden for a while; parked, how long for
	// a car that shows again where it stood.
	again  = 10 * time.Second
	parked = 2 * time.Minute

	// sameText is the log odds from which two texts are the same plate wherever they are: six or seven characters, all alike.
	sameText = 12
	// nearLane is the long side of what the finder sees unless told otherwise, pixels.
	nearLane = 640

	// samePicture is the log odds that what looks the same at the same place is the same.
	samePicture = 3
)

// Lane follows the vehicles of one camera: one event a vehicle, from as many of its frames as help. It is not safe for
// use by several goroutines, and shares its engine with nobody.
type Lane struct {
	eye    eye
	opts   LaneOptions
	tracks []*track
	closed []*track // for vehicles that show again
	passes uint64
	usual  float64 // in how many frames the plates of the last vehicles were found, about
	patch  [plateW * plateH]float32

	searched, spelled int // how often the finder ran, and plates the recogniser read
}

// eye is what a lane needs of an engine.
type eye interface {
	search(p plane, views []view) []find
	read(f *alpr.Frame, p plane, c find, serial func(string) float64) *look
}

// Lane starts following a camera.
func (e *Engine) Lane(o LaneOptions) *Lane { return newLane(e, o) }

func newLane(e eye, o LaneOptions) *Lane {
	if o.WorkingSize <= 0 {
		o.WorkingSize = nearLane
	}
	if o.Gone <= 0 {
		o.Gone = 1500 * time.Millisecond
	}
	if o.MaxReads <= 0 {
		o.MaxReads = 4
	}
	return &Lane{eye: e, opts: o}
}

// Work is what the lane has cost so far: frames the finder searched, and plates the recogniser spelled.
func (l *Lane) Work() (searched, spelled int) { return l.searched, l.spelled }

// Glance reads one frame of a camera by itself, as a reader would that knows nothing of vehicles: what a lane
// is to be compared with. workingSize is that of LaneOptions.
func (e *Engine) Glance(f alpr.Frame, workingSize int) []alpr.Read {
	p := luma(f.Image)
	if workingSize <= 0 {
		workingSize = nearLane
	}
	var reads []alpr.Read
	for _, s := range e.study(&f, p, e.search(p, []view{laneView(p.w, p.h, workingSize)})) {
		if s.verdict == Reported {
			reads = append(reads, s.look.still())
		}
	}
	return reads
}

// sight is one find of a frame on its way to a track.
type sight struct {
	find  find
	look  *look // nil while it isn't read
	patch []float32
	alike *track // whose plate looked the same at this place when it was last read; nil if none
	track *track
}

// See takes the camera's next frame and tells what it makes known: an early read as soon as a text is sure enough, a
// revision when the belief changes, and the final read (Final) of each vehicle that is gone. regions, where given, are
// the parts of the picture where something moved, as a motion gate names them: what was found elsewhere is still there.
// If they are all empty, no network runs. With none given the whole picture is looked at.
func (l *Lane) See(f alpr.Frame, regions ...image.Rectangle) []alpr.Read {
	p := luma(f.Image)
	for _, t := range l.tracks {
		if t.hits > 0 && !t.missed && !within(t.quad, regions) {
			t.last = f.At // nothing moved there: it stands
		}
	}
	if len(regions) > 0 && !slices.ContainsFunc(regions, func(r image.Rectangle) bool { return !r.Empty() }) {
		return l.report(f.At)
	}
	l.searched++
	found := l.eye.search(p, []view{laneView(p.w, p.h, l.opts.WorkingSize)})
	var sights []*sight
	for _, c := range found {
		if whole(c.quad, p.w, p.h) && within(c.quad, regions) {
			sights = append(sights, &sight{find: c})
		}
	}
	l.read(&f, p, sights)
	for _, s := range sights {
		if s.look != nil {
			s.look.others = except(found, s.find.quad)
		}
	}
	for _, t := range l.tracks {
		t.missed = t.missed || within(t.quad, regions)
	}
	l.assign(f.At, p, sights)
	return l.report(f.At)
}

// Flush ends every track, as when the camera's stream ends, and gives the final reads.
func (l *Lane) Flush() []alpr.Read {
	var reads []alpr.Read
	for _, t := range l.tracks {
		reads = append(reads, l.finish(t)...)
	}
	l.tracks, l.closed = nil, nil
	return reads
}

func within(q alpr.Quad, regions []image.Rectangle) bool {
	c := q.Centre()
	return len(regions) == 0 || slices.ContainsFunc(regions, func(r image.Rectangle) bool {
		return image.Pt(int(c.X), int(c.Y)).In(r)
	})
}

// read spells the plates that need it: those that no track knows yet or that look different from when they were last
// read. New ones come first where there are more than one frame may cost.
func (l *Lane) read(f *alpr.Frame, p plane, sights []*sight) {
	var fresh, known []*sight
	for _, s := range sights {
		p.rectify(s.find.quad, 0, l.patch[:])
		s.patch = slices.Clone(l.patch[:])
		s.alike = l.lookalike(s)
		switch {
		case s.alike == nil:
			fresh = append(fresh, s)
		case s.alike.enough(s.find.quad):
			s.track = s.alike
		default:
			known = append(known, s)
		}
	}
	left := l.opts.MaxReads
	for _, s := range append(fresh, known...) {
		if left == 0 {
			s.track = s.alike
			continue
		}
		left--
		l.spelled++
		s.look = l.eye.read(f, p, s.find, l.opts.Serial)
	}
}

// lookalike is the track whose plate looked the same at the same place when it was last read.
func (l *Lane) lookalike(s *sight) *track {
	for _, t := range l.tracks {
		if union, _ := overlap(t.quad, s.find.quad); union > 0.2 && correlation(t.patch, s.patch) >= alike {
			return t
		}
	}
	return nil
}

// enough reports whether a further look at the plate in q would teach nothing: the best looks are taken, and this one is
// not larger.
func (t *track) enough(q alpr.Quad) bool {
	if len(t.looks) < keptLooks {
		return false
	}
	w, _ := sides(q)
	for _, k := range t.looks {
		if kept, _ := sides(k.quad); w > 1.1*kept {
			return false
		}
	}
	return true
}

// assign gives each sight to the track it most probably belongs to, or to a new one.
func (l *Lane) assign(at time.Time, p plane, sights []*sight) {
	taken := map[*track]bool{}
	for _, s := range sights {
		if s.track != nil {
			taken[s.track] = true
			s.track.move(s.find.quad, at)
		}
	}
	for {
		var best *sight
		var to *track
		odds := 0.0
		for _, s := range sights {
			if s.track != nil || s.look == nil {
				continue
			}
			for _, t := range l.tracks {
				if taken[t] {
					continue
				}
				near, kin := t.nearness(s.find.quad, at, p.w, p.h), t.kinship(s.look)
				if t == s.alike {
					kin = max(kin, samePicture) // whatever it reads like this time
				}
				if kin >= sameText {
					near = max(near, -sameText/2) // the same plate twice in the world: it moved, however far
				}
				if o := near + kin; o > odds {
					best, to, odds = s, t, o
				}
			}
		}
		if best == nil {
			break
		}
		taken[to], best.track = true, to
		to.add(best.look, best.patch, l.opts.Serial)
	}
	for _, s := range sights {
		if s.track != nil || s.look == nil || len(s.look.own.best()) < shortest {
			continue
		}
		t := l.reopen(s, at)
		if t == nil {
			t = &track{id: alpr.NewID(at)}
		}
		l.tracks = append(l.tracks, t)
		t.add(s.look, s.patch, l.opts.Serial)
	}
}

// reopen finds the closed track that a sight goes on with: the same text a little later, or a parked car that was
// hidden.
func (l *Lane) reopen(s *sight, at time.Time) *track {
	for i, t := range l.closed {
		kin := t.kinship(s.look)
		union, _ := overlap(t.quad, s.find.quad)
		if kin >= sameText && at.Sub(t.last).Abs() < again || t.still() && union > 0.4 && kin > 0 {
			l.closed = slices.Delete(l.closed, i, i+1)
			return t
		}
	}
	return nil
}

// report tells what the frame made known, and closes the tracks of vehicles that are gone.
func (l *Lane) report(now time.Time) []alpr.Read {
	var reads []alpr.Read
	live := l.tracks[:0]
	for _, t := range l.tracks {
		if now.Sub(t.last).Abs() > l.opts.Gone { // also after a clock was set back
			reads = append(reads, l.finish(t)...)
			t.release()
			l.closed = append(l.closed, t)
			continue
		}
		live = append(live, t)
		if t.closed {
			if t.told == t.fused.best() || t.fused.confidence() < sureTwice {
				continue // a vehicle that showed again: its event is out
			}
			// It was told with another text, finally; this one could be listed, so it is an event of its own.
			t.id, t.pass, t.revision, t.told, t.closed = alpr.NewID(now), 0, 0, "", false
		}
		if t.told == "" && t.sure(l.usual >= 3) && !l.sticker(t) || t.told != "" && t.told != t.fused.best() && t.fused.confidence() >= sureOther {
			reads = append(reads, l.tell(t, false))
		}
	}
	l.tracks = live
	l.closed = slices.DeleteFunc(l.closed, func(t *track) bool {
		gone := now.Sub(t.last).Abs()
		return gone > parked || gone > again && !t.still() // as reopen looks for them
	})
	return reads
}

// sure reports whether the text can be told before the vehicle is gone. Where more looks are coming, two must agree.
func (t *track) sure(moreToCome bool) bool {
	c := t.fused.confidence()
	once := c >= sureOnce && !moreToCome
	twice := c >= sureTwice && t.texts[t.fused.best()] > 1
	stands := t.still() && t.last.Sub(t.first) >= settled
	return (once || twice || stands) && t.plausible()
}

// plausible decides whether a pass is reported at all.
func (t *track) plausible() bool {
	heat := 0.0
	for _, k := range t.looks {
		heat = max(heat, k.score)
	}
	return t.fused.isPlate(heat) && t.steady()
}

// finish gives the final read of a track, unless it was never a plate or its event is out.
func (l *Lane) finish(t *track) []alpr.Read {
	if t.closed || t.told == "" && !t.plausible() {
		return nil
	}
	if t.told == "" && l.flicker(t) {
		return nil
	}
	seen := float64(min(t.hits, 50)) // a parked car is not the measure
	if l.usual == 0 {
		l.usual = seen
	}
	l.usual += 0.2 * (seen - l.usual)
	return []alpr.Read{l.tell(t, true)}
}

// flicker reports whether a track is too short to be a vehicle on this camera. Where vehicles are usually seen in several
// frames, an unsure text seen in one is none; where they are seen in many, two frames must agree; and what is seen for a
// fraction of the usual must be rather sure. A folder of pictures shows every vehicle once.
func (l *Lane) flicker(t *track) bool {
	c, agree := t.fused.confidence(), t.texts[t.fused.best()]
	switch {
	case l.sticker(t):
		return true
	case t.hits == 1:
		return l.usual >= 3 && c < sureOther || l.usual >= 12 && agree < 2
	case t.hits <= 3 && l.usual >= 12 && agree < 2:
		return true
	case l.usual == 0 && t.hits <= 5, l.usual >= 4*float64(t.hits):
		return c < sureTwice && (c < sureOther || agree < 2)
	}
	return false
}

// sticker reports whether a short text was seen for a fraction of what vehicles' plates are: more likely a sticker beside
// one.
func (l *Lane) sticker(t *track) bool {
	return len(t.fused.best()) < common && l.usual >= 4*float64(t.hits)
}

func (l *Lane) tell(t *track, final bool) alpr.Read {
	if t.pass == 0 {
		l.passes++
		t.pass = l.passes
	}
	t.revision++
	region, regionSure := t.name()
	t.told, t.closed = t.fused.best(), final
	r := alpr.Read{
		ID: t.id, Pass: t.pass, Revision: t.revision, Final: final, FirstAt: t.first, LastAt: t.last,
		Frames: t.frames, Agreeing: t.texts[t.told],
	}
	r.Region, r.RegionConfidence = region, regionSure
	t.fused.fill(&r, t.evidence(), t.shown())
	return r
}

// shown is the best look that says what the track says: the picture beside the text is one it was read in.
func (t *track) shown() *look {
	best := t.looks[0]
	for _, k := range t.looks {
		switch {
		case !k.pictured():
		case k.own.best() == t.fused.best():
			return k
		case !best.pictured():
			best = k
		}
	}
	return best
}

// correlation of two rectified plates, -1..1.
func correlation(a, b []float32) float64 {
	if len(a) != len(b) || len(a) == 0 {
		return 0
	}
	var sa, sb, saa, sbb, sab float64
	for i := range a {
		x, y := float64(a[i]), float64(b[i])
		sa, sb, saa, sbb, sab = sa+x, sb+y, saa+x*x, sbb+y*y, sab+x*y
	}
	n := float64(len(a))
	va, vb := saa-sa*sa/n, sbb-sb*sb/n
	if va <= 0 || vb <= 0 {
		return 0
	}
	return (sab - sa*sb/n) / math.Sqrt(va*vb)
}
