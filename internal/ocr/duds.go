package ocr

import (
	"math"
	"slices"
)

// duds are the places of a camera's picture that a second look found to be nothing. What always stands there (a hydrant, a
// marking) is as hot in every frame, and need not be looked at in every one: when it is nothing again it is left alone for a frame,
// and each further time for twice as many. A place that is hotter or colder than it was, or has moved, is another one. nil remembers nothing.
type duds []dud

type dud struct {
	find
	left int // frames for which it is left alone
	last int // for how many it was left alone the last time
}

const (
	mostLeft = 5   // frames for which a dud is left alone at most: a third of a second at 15 a second
	dudUnion = 0.8 // of its box that a place shares with the one it was
	dudHeat  = 0.1 // by which its heat may differ
)

// without begins a frame: it gives the finds that are worth a second look.
func (d *duds) without(found []find) []find {
	if d == nil {
		return found
	}
	for i := range *d {
		(*d)[i].left--
	}
	*d = slices.DeleteFunc(*d, func(k dud) bool { return k.left < -mostLeft }) // it is no longer there
	return slices.DeleteFunc(found, func(f find) bool {
		i := d.index(f)
		return i >= 0 && (*d)[i].left >= 0
	})
}

// add notes that a second look at f found nothing.
func (d *duds) add(f find) {
	if d == nil {
		return
	}
	k := dud{find: f}
	if i := d.index(f); i >= 0 {
		k.last = min(max(2*(*d)[i].last, 1), mostLeft)
		k.left = k.last
		(*d)[i] = k
		return
	}
	*d = append(*d, k)
}

func (d *duds) index(f find) int {
	return slices.IndexFunc(*d, func(k dud) bool {
		union, _ := overlap(k.quad, f.quad)
		return union >= dudUnion && math.Abs(k.score-f.score) <= dudHeat
	})
}

// watcher is an engine that looks at one camera.
type watcher struct {
	*Engine
	duds duds
}

func (w *watcher) search(p plane, views []view) []find { return w.searchAgain(p, views, &w.duds) }
