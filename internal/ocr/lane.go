package ocr

import (
	"image"
	"slices"
	"strings"
	"time"

	"alprd/internal/alpr"
)

// LaneOptions say how a camera is followed. The zero value suits a camera that looks at one or two lanes from near.
type LaneOptions struct {
	WorkingSize int           // long side of what the finder sees, pixels; 0: 640. Wide views need 1280
	Gone        time.Duration // a vehicle not seen for so long has left; 0: 1.5 s. Hidden and parked ones are given longer
	MaxReads    int           // plates read in one frame at most; 0: 4. What is left over waits for the next frame
	Zone        alpr.Zone     // where plates are looked for; empty: everywhere

	// Serial, which may be nil, says how much more a text is to be expected than others: the unit's own state's serial
	// formats (see Serial).
	Serial func(text string) float64

	// Tireless reads every plate in every frame, also where it teaches nothing: for measuring what that costs and gives.
	Tireless bool
}

const (
	// nearLane is the long side of what the finder sees unless told otherwise, pixels.
	nearLane = 640

	// sureOnce and sureTwice are how sure the text must be to be told before the vehicle is gone, after one frame and after
	// two that agree; sureOther, to tell that the belief has changed for the first time, and mostOther for the nth.
	sureOnce  = 0.98
	sureTwice = 0.90
	sureOther = 0.60
	mostOther = 0.95

	// settled is after how long a vehicle that stands is told as well as it could be read: it may stand for hours.
	settled = 5 * time.Second

	// A plate that vanishes where it isn't about to leave the picture is hidden, most likely: its vehicle gets vanished. One
	// that was parked gets screened: people and lorries stop before it.
	vanished = 2500 * time.Millisecond
	screened = 20 * time.Second

	// again is how long the same text on the same camera is the same pass that was hidden for a while; parked, how long for
	// a car that shows again where it stood.
	again  = 10 * time.Second
	parked = 2 * time.Minute

	// partLife is how long a pass may last before what was seen of it is kept and the rest becomes another part of it
	// (docs/decisions/0088); partTries is how often a standing plate is looked for at the end of one before it counts as gone,
	// and partPause how long there is between tries.
	partLife  = time.Hour
	partTries = 10
	partPause = 2 * time.Second
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

	now  time.Time // of the latest frame
	w, h int       // of its picture

	watched image.Rectangle // the part of it that is searched
	paused  bool            // nothing came since Pause
	sought  time.Time       // when the end of a part was last reason to search

	searched, spelled int // how often the finder ran, and plates the recogniser read
}

// eye is what a lane needs of an engine.
type eye interface {
	search(p plane, views []view) []find
	read(f *alpr.Frame, p plane, c find, serial func(string) float64) *look
}

// Lane starts following a camera.
func (e *Engine) Lane(o LaneOptions) *Lane { return newLane(&watcher{Engine: e}, o) }

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

// See takes the camera's next frame and tells what it makes known: an early read as soon as a text is sure enough, a
// revision when the belief changes, the Part of a vehicle that has stood for an hour, and the final read (Final) of each
// vehicle that is gone. regions, where given, are the parts of the picture where something moved, as a motion gate names
// them: what was found elsewhere is still there. If they are all empty, no network runs. With none given the whole picture
// is looked at. A frame that is Still is one in whose picture nothing moved anywhere, if it has one.
func (l *Lane) See(f alpr.Frame, regions ...image.Rectangle) []alpr.Read {
	if f.Still {
		regions = []image.Rectangle{{}}
	}
	l.wake(f.At)
	l.now = f.At
	for _, t := range l.tracks {
		if t.hits > 0 && !t.missed && !t.kept && !within(t.quad, regions) {
			t.last = f.At // nothing moved there: it stands
		}
	}
	if f.Image == nil {
		return l.report()
	}
	p := luma(f.Image)
	l.w, l.h = p.w, p.h
	l.watched = l.opts.Zone.Bounds(p.w, p.h).Inset(-p.w / zoneRim).Intersect(image.Rect(0, 0, p.w, p.h))
	if l.partsOver() {
		regions = nil
	}
	if len(regions) > 0 && !slices.ContainsFunc(regions, func(r image.Rectangle) bool { return !r.Empty() }) {
		return l.report()
	}
	l.searched++
	found := l.search(p)
	var sights []*sight
	for _, c := range found {
		if tall(c.quad, p.w, p.h) && within(c.quad, regions) {
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
	reads := l.assign(sights)
	l.compare()
	return append(reads, l.report()...)
}

// zoneRim is the part of the picture's width by which more than the zone is searched: a plate whose middle lies in the zone is
// seen whole, and with something around it.
const zoneRim = 16

// search looks for the plates whose middle lies in the zone.
func (l *Lane) search(p plane) []find {
	r := l.watched
	found := l.eye.search(p.window(r), []view{laneView(p.w, p.h, l.opts.WorkingSize)})
	if len(l.opts.Zone) == 0 {
		return found
	}
	in := found[:0]
	for _, f := range found {
		cut := !whole(f.quad, r.Dx(), r.Dy())
		for k := range f.quad {
			f.quad[k].X += float64(r.Min.X)
			f.quad[k].Y += float64(r.Min.Y)
		}
		if c := f.quad.Centre(); !cut && l.opts.Zone.Holds(c.X/float64(p.w), c.Y/float64(p.h)) {
			in = append(in, f)
		}
	}
	return in
}

// Flush ends every track, as when the camera's stream ends, and gives the final reads.
func (l *Lane) Flush() []alpr.Read {
	var reads []alpr.Read
	for _, t := range l.tracks {
		reads = append(reads, l.finish(t)...)
	}
	l.tracks, l.closed, l.paused = nil, nil, false
	return reads
}

// Pause tells what is known without waiting for further frames: the camera has fallen silent. A vehicle that was driving by gets
// its final read. One that stood may stand there still when the camera comes back: what was seen of it is kept as a Part, and its
// pass goes on.
func (l *Lane) Pause() []alpr.Read {
	var reads []alpr.Read
	stay := l.tracks[:0]
	for _, t := range l.tracks {
		if t.stood() {
			reads = append(reads, l.keep(t)...)
			stay = append(stay, t)
			continue
		}
		reads = append(reads, l.finish(t)...)
		t.release()
		l.closed = append(l.closed, t)
	}
	clear(l.tracks[len(stay):])
	l.tracks, l.paused = stay, true
	return reads
}

// wake takes the camera's silence out of the time for which parked cars are remembered, and out of what they may have moved in.
func (l *Lane) wake(at time.Time) {
	if !l.paused {
		return
	}
	l.paused = false
	for _, t := range l.tracks {
		t.motion = startMotion(t.quad, at)
	}
	if silence := at.Sub(l.now); silence > 0 && silence < partLife {
		for _, t := range l.closed {
			if t.stood() {
				t.last = t.last.Add(silence)
			}
		}
	}
}

func within(q alpr.Quad, regions []image.Rectangle) bool {
	c := q.Centre()
	return len(regions) == 0 || slices.ContainsFunc(regions, func(r image.Rectangle) bool {
		return image.Pt(int(c.X), int(c.Y)).In(r)
	})
}

// over reports whether a track's next look begins another part of its pass: it has lasted so long, or its camera was silent.
func (l *Lane) over(t *track) bool { return t.kept || l.now.Sub(t.first) >= partLife }

// partsOver reports whether a part is over and it is time to look for its plate, whatever moves.
func (l *Lane) partsOver() bool {
	if !slices.ContainsFunc(l.tracks, l.over) || l.now.Sub(l.sought).Abs() < partPause {
		return false
	}
	l.sought = l.now
	for _, t := range l.tracks {
		if l.over(t) {
			t.tries++
		}
	}
	return true
}

// gone reports whether a vehicle has left.
func (l *Lane) gone(t *track) bool {
	unseen := l.now.Sub(t.last).Abs() // also after a clock was set back
	switch {
	case t.tries > partTries:
		return true
	case t.kept: // looked for until then
		return false
	case unseen <= l.opts.Gone:
		return false
	case t.stood():
		return unseen > screened
	case t.hits < settling || t.closed:
		return true
	}
	// On its way out of the picture, or to where it is too small to be found?
	m := t.motion.to(l.now)
	q := m.quad()
	wide, _ := sides(q)
	c := q.Centre()
	inside := c.X > float64(l.watched.Min.X)+wide && c.Y > float64(l.watched.Min.Y)+wide && c.X < float64(l.watched.Max.X)-wide && c.Y < float64(l.watched.Max.Y)-wide
	return !inside || wide < leastWide || unseen > max(l.opts.Gone, vanished)
}

// leastWide is the width below which a plate is as good as out of sight, pixels.
const leastWide = 36

// report tells what the frame made known, and closes the tracks of vehicles that are gone.
func (l *Lane) report() []alpr.Read {
	var reads []alpr.Read
	live := l.tracks[:0]
	for _, t := range l.tracks {
		if l.gone(t) {
			reads = append(reads, l.finish(t)...)
			t.release()
			l.closed = append(l.closed, t)
			continue
		}
		live = append(live, t)
		if t.closed {
			if t.told == t.fused.best() || t.fused.confidence() < max(sureOnce, t.toldSure) || !t.plausible() {
				continue // a vehicle that showed again: its event is out
			}
			// It was told with another text, finally; this one could be listed, so it is an event of its own.
			t.id, t.pass, t.revision, t.changes, t.told, t.closed = alpr.NewID(l.now), 0, 0, 0, "", false
		}
		tellable := t.told == "" && t.sure(l.usual >= 3) && !l.sticker(t) && !t.misread()
		if tellable {
			l.adopt(t)
			tellable = t.told == ""
		}
		if tellable || t.changed() {
			reads = append(reads, l.tell(t))
		}
	}
	clear(l.tracks[len(live):])
	l.tracks = live
	l.closed = slices.DeleteFunc(l.closed, func(t *track) bool {
		gone := l.now.Sub(t.last).Abs()
		return gone > parked || gone > again && !t.still() // as reopen looks for them
	})
	return reads
}

// finish gives the final read of a track, unless it was never a plate or its event is out.
func (l *Lane) finish(t *track) []alpr.Read {
	if t.closed {
		return nil
	}
	if t.told == "" && (!t.plausible() && !t.visible() || t.misread() || l.flicker(t) || l.remnant(t)) {
		return nil
	}
	if l.adopt(t); t.closed {
		return nil
	}
	seen := float64(min(t.hits, 50)) // a parked car is not the measure
	if l.usual == 0 {
		l.usual = seen
	}
	l.usual += 0.2 * (seen - l.usual)
	r := l.tell(t)
	r.Final, t.closed = true, true
	return []alpr.Read{r}
}

// part keeps what was seen of a vehicle that has been there for long, so that what is seen from now on has a life of
// its own.
func (l *Lane) part(t *track) []alpr.Read {
	reads := l.keep(t)
	t.anew(l.now)
	return reads
}

// keep tells a pass as a Part, once; nothing where nothing was told of it, or its event is out.
func (l *Lane) keep(t *track) []alpr.Read {
	if t.kept {
		return nil
	}
	t.kept = true
	if t.closed || t.told == "" {
		return nil
	}
	r := l.tell(t)
	r.Part = true
	return []alpr.Read{r}
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

// remnant reports whether a plate that was never seen whole is the rest of one that was told, by another track.
func (l *Lane) remnant(t *track) bool {
	whole := func(o *track) bool {
		text := t.fused.best()
		return o != t && (strings.HasPrefix(o.told, text) || strings.HasSuffix(o.told, text)) && t.born.Sub(o.last) < again && o.born.Sub(t.last) < again
	}
	return t.cut() && (slices.ContainsFunc(l.tracks, whole) || slices.ContainsFunc(l.closed, whole))
}

// sticker reports whether a short text was seen for a fraction of what vehicles' plates are: more likely a sticker beside
// one.
func (l *Lane) sticker(t *track) bool {
	return len(t.fused.best()) < common && l.usual >= 4*float64(t.hits)
}

func (l *Lane) tell(t *track) alpr.Read {
	if t.pass == 0 {
		l.passes++
		t.pass = l.passes
	}
	var region string
	var regionSure float64
	if !t.cut() { // its name is cut, too
		region, regionSure = t.name()
	}
	if t.told != "" && t.told != t.fused.best() {
		t.changes++
	}
	t.revision++
	t.told, t.toldSure = t.fused.best(), t.fused.confidence()
	best := t.shown()
	r := alpr.Read{
		ID: t.id, Pass: t.pass, Revision: t.revision, FirstAt: t.first, LastAt: t.last,
		Frames: t.frames, Agreeing: t.texts[t.told],
		Direction: direction(t.start, t.quad, l.w), Speed: t.speed(best.frame.At),
	}
	r.Region, r.RegionConfidence = region, regionSure
	t.fused.fill(&r, t.evidence(), best)
	return r
}
