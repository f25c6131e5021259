package ocr

import (
	"math"
	"slices"
	"time"

	"alprd/internal/alpr"
)

const (
	// alike is how much two rectified plates must correlate to be the same picture, which needs no second reading.
	alike = 0.92

	// sameText is the log odds from which two texts are the same plate wherever they are: six or seven characters, all alike.
	sameText = 12
	// samePicture is the log odds that what looks the same at the same place is the same.
	samePicture = 3

	// A plate whose text is wholeSure, said by agreed looks, is read again only where it is by enlarged larger than before, or
	// every recheck: as long as no other plate may be meant, by log odds of alone.
	wholeSure = 0.99
	agreed    = 3
	enlarged  = 1.1
	recheck   = 400 * time.Millisecond
	alone     = 8
)

// sight is one find of a frame on its way to a track.
type sight struct {
	find  find
	look  *look // nil while it isn't read
	patch []float32
	alike *track // whose plate looked the same at this place when it was last read; nil if none
	track *track
}

// read spells the plates that need it: those that no track knows yet or that look different from when they were last
// read, unless there is nothing more to learn of them. New ones come first where there are more than one frame may cost.
func (l *Lane) read(f *alpr.Frame, p plane, sights []*sight) {
	l.foresee(sights)
	var fresh, known []*sight
	for _, s := range sights {
		if s.track != nil {
			continue
		}
		p.rectify(s.find.quad, 0, l.patch[:])
		s.patch = slices.Clone(l.patch[:])
		s.alike = l.lookalike(s)
		switch {
		case s.alike == nil:
			fresh = append(fresh, s)
		case l.enough(s.alike, s.find.quad):
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

// foresee gives sights to tracks by place alone where the track's text is sure and nothing else can be meant: reading them
// again would teach nothing.
func (l *Lane) foresee(sights []*sight) {
	if l.opts.Tireless {
		return
	}
	type pair struct {
		s    *sight
		t    *track
		odds float64
	}
	var pairs []pair
	for _, s := range sights {
		for _, t := range l.tracks {
			if odds := t.nearness(s.find.quad, l.now, l.w, l.h); odds > -alone {
				pairs = append(pairs, pair{s, t, odds})
			}
		}
	}
	for _, p := range pairs {
		if p.odds < 0 || !l.learnt(p.t, p.s.find.quad) {
			continue
		}
		rival := slices.ContainsFunc(pairs, func(o pair) bool {
			return o != p && (o.s == p.s || o.t == p.t) && o.odds > p.odds-alone
		})
		if !rival {
			p.s.track = p.t
		}
	}
}

// learnt reports whether reading a plate in q would teach the track nothing.
func (l *Lane) learnt(t *track, q alpr.Quad) bool {
	return !t.cut() && t.texts[t.fused.best()] >= agreed && t.fused.confidence() >= wholeSure && l.now.Sub(t.readAt).Abs() < recheck && l.enough(t, q)
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

// enough reports whether a further look at the plate in q would teach nothing: the best looks are taken, and one that is not smaller
// says what all together say.
func (l *Lane) enough(t *track, q alpr.Quad) bool {
	if l.opts.Tireless || t.frames < keptLooks || l.over(t) {
		return false
	}
	w, _ := sides(q)
	return slices.ContainsFunc(t.looks, func(k *look) bool {
		kept, _ := sides(k.quad)
		return w <= enlarged*kept && k.own.best() == t.fused.best()
	})
}

// assign gives each sight to the track it most probably belongs to, or to a new one. It gives the reads of parts that ended
// with it.
func (l *Lane) assign(sights []*sight) []alpr.Read {
	var reads []alpr.Read
	taken := map[*track]bool{}
	for _, s := range sights {
		if s.track != nil && !taken[s.track] {
			taken[s.track] = true
			s.track.move(s.find.quad, l.now)
		}
	}
	add := func(t *track, s *sight) {
		if t.hits > 0 && l.over(t) {
			reads = append(reads, l.part(t)...)
		}
		t.add(s.look, s.patch, l.opts.Serial)
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
				near, kin := t.nearness(s.find.quad, l.now, l.w, l.h), t.kinship(s.look)
				if t == s.alike {
					kin = max(kin, samePicture) // whatever it reads like this time
				}
				if kin >= sameText {
					near = max(near, -sameText/2) // the same plate twice in the world: it moved, however far
				}
				o := near + kin
				if o < samePicture && t.uncovers(s.look) {
					o = samePicture
				}
				if o > odds {
					best, to, odds = s, t, o
				}
			}
		}
		if best == nil {
			break
		}
		taken[to], best.track = true, to
		add(to, best)
	}
	for _, s := range sights {
		if s.track != nil || s.look == nil || len(s.look.own.best()) < shortest {
			continue
		}
		t := l.reopen(s)
		if t == nil {
			t = &track{id: alpr.NewID(l.now)}
			t.under = l.expected(s.find.quad, taken)
			if t.under != nil {
				t.underSeen = t.under.hits
			}
		}
		taken[t] = true
		l.tracks = append(l.tracks, t)
		add(t, s)
	}
	return reads
}

// expected is the track whose plate should be at a place and wasn't taken for it; nil if none should.
func (l *Lane) expected(q alpr.Quad, taken map[*track]bool) *track {
	for _, t := range l.tracks {
		if taken[t] || t.hits < 2 {
			continue
		}
		m := t.motion.to(l.now)
		if union, _ := overlap(m.quad(), q); union > 0.3 {
			return t
		}
	}
	return nil
}

// reopen finds the closed track that a sight goes on with: the same text a little later, or a parked car that was
// hidden.
func (l *Lane) reopen(s *sight) *track {
	for i, t := range l.closed {
		if len(t.looks) == 0 {
			continue
		}
		kin := t.kinship(s.look)
		union, _ := overlap(t.quad, s.find.quad)
		if kin >= sameText && l.now.Sub(t.last).Abs() < again || t.still() && union > 0.4 && kin > 0 {
			l.closed = slices.Delete(l.closed, i, i+1)
			t.motion, t.tries = startMotion(s.find.quad, l.now), 0
			return t
		}
	}
	return nil
}

// adopt makes a track that nothing was told of the continuation of one that said the same a little earlier: a vehicle that came out
// from behind another and was misread at first.
func (l *Lane) adopt(t *track) {
	text := t.fused.best()
	if t.told != "" || len(text) < common {
		return
	}
	same := func(o *track) bool {
		before := t.born.Sub(o.last)
		return o != t && o.told == text && before >= 0 && before < again
	}
	for _, from := range []*[]*track{&l.closed, &l.tracks} {
		i := slices.IndexFunc(*from, same)
		if i < 0 {
			continue
		}
		o := (*from)[i]
		t.id, t.pass, t.revision, t.changes, t.told, t.toldSure, t.closed = o.id, o.pass, o.revision, o.changes, o.told, o.toldSure, o.closed
		t.first, t.start, t.hits = o.first, o.start, t.hits+o.hits
		if from == &l.closed {
			l.closed = slices.Delete(l.closed, i, i+1)
		} else {
			o.closed = true // what it would tell is told by the other one
		}
		return
	}
}

// compare notes which short texts stand beside longer ones on the same vehicle.
func (l *Lane) compare() {
	for _, t := range l.tracks {
		if !t.last.Equal(l.now) || len(t.fused.best()) >= common {
			continue
		}
		if slices.ContainsFunc(l.tracks, func(o *track) bool {
			return o != t && o.last.Equal(l.now) && len(o.fused.best()) >= common && sameVehicle(o.quad, t.quad)
		}) {
			t.beside++
		}
	}
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
